/** The page's script: reads the data of the page, draws trees and tables, and answers questions. It asks nobody else. */
import type { PageData, PictureData } from "../page-data.js";
import { type Asking, answer } from "./ask.js";
import { element, find } from "./dom.js";
import { type Matches, wireFilters } from "./filter.js";
import { type Entry, type Picture, pictureOf } from "./picture.js";
import { EntryTable } from "./table.js";
import { FamilyTree } from "./tree.js";

/** A picture and its section of the page. */
interface Section {
  readonly picture: Picture;
  readonly reveal: (entry: Entry) => void;
  readonly showAll: () => void;
}

const hashOf = (section: number, entry: Entry): string => `#${section + 1}/${entry.text}`;

const linkTo = (section: number, entry: Entry, text: string): HTMLAnchorElement =>
  element("a", { href: hashOf(section, entry) }, text);

const wireSection = (root: HTMLElement, data: PictureData, number: number, page: PageData): Section => {
  const picture = pictureOf(data);
  const trees = picture.families.map((family) => {
    const part = find(root, `[data-family=${family.name}]`, HTMLElement);
    const tree = new FamilyTree(family, picture, page.at, find(part, "tbody", HTMLTableSectionElement));
    return { family, part, tree };
  });
  const table = new EntryTable(find(root, "[data-entries]", HTMLElement), picture, (entry) =>
    linkTo(number, entry, entry.text),
  );
  const draw = (matches: Matches | undefined): void => {
    for (const { part, tree } of trees) part.classList.toggle("empty", tree.draw(matches) === 0);
    table.draw(matches);
  };
  const when = { at: page.at, soonDays: page.soonDays };
  const clear = wireFilters(find(root, "form[data-filters]", HTMLFormElement), picture, when, draw);
  const reveal = (entry: Entry): void => {
    const node = picture.nodeOf(entry);
    const tree = trees.find(
      ({ family }) => node !== undefined && [...family.nodes.values()].includes(node),
    )?.tree;
    if (node === undefined || tree === undefined || tree.reveal(node)) return;
    clear();
    tree.reveal(node);
  };
  return { picture, reveal, showAll: () => table.showAll() };
};

const page: PageData = JSON.parse(find(document, "script[type='application/json']", HTMLScriptElement).text);

const sections = page.pictures.map((data, number) =>
  wireSection(find(document, `[data-picture="${number}"]`, HTMLElement), data, number, page),
);

const goTo = (): void => {
  const [, number, text] = /^#(\d+)\/(.+)$/.exec(decodeURIComponent(location.hash)) ?? [];
  const section = sections[Number(number) - 1];
  const entry = section?.picture.entries.find((one) => one.text === text);
  if (entry !== undefined) section?.reveal(entry);
};

const wireQuestion = (form: HTMLFormElement): void => {
  const input = find(form, "input[name=address]", HTMLInputElement);
  const status = find(form, "[role=status]", HTMLElement);
  const asking: Asking = {
    pictures: sections.map(({ picture }) => picture),
    at: page.at,
    link: (picture, entry, text) => linkTo(asking.pictures.indexOf(picture), entry, text),
  };
  const reply = (): void => {
    const children = answer(asking, input.value).filter((child) => child !== undefined && child !== false);
    status.replaceChildren(...children);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    reply();
  });
  input.addEventListener("input", reply);
  const asked = page.pictures.find((data) => data.asked !== undefined)?.asked;
  if (asked !== undefined && input.value === "") input.value = asked;
  reply();
};

const question = document.querySelector("form[data-ask]");
if (question instanceof HTMLFormElement) wireQuestion(question);
window.addEventListener("hashchange", goTo);
// The same link a second time changes no hash.
document.addEventListener("click", ({ target }) => {
  if (target instanceof HTMLAnchorElement && target.hash === location.hash) goTo();
});
window.addEventListener("beforeprint", () => {
  for (const { showAll } of sections) showAll();
  for (const details of document.querySelectorAll("details")) details.open = true;
});
goTo();
