/** All entries in a table that sorts, a part of it drawn at a time; each prefix leads into the tree. */
import { comparePrefixes } from "../../../address/prefix.js";
import { button, element, find } from "./dom.js";
import type { Matches } from "./filter.js";
import type { Entry, Picture } from "./picture.js";
import { changeWords, nodeAccess, ruleName, sizeOf, typeOf } from "./words.js";

/** Rows that are drawn at once. */
const chunk = 100;

type Compare = (a: Entry, b: Entry) => number;

interface Column {
  readonly title: string;
  readonly text: (entry: Entry) => string;
  readonly compare?: Compare;
}

const byNumber: Compare = (a, b) => a.number - b.number;

const columnsOf = (picture: Picture): readonly Column[] => {
  const change = (entry: Entry): string =>
    [changeWords(entry, picture), nodeAccess(picture.nodeOf(entry))].filter((one) => one !== "").join(", ");
  const expires: Compare = (a, b) =>
    // Entries without a date come last, whatever the direction is worth.
    (a.expires === "" ? Number.MAX_VALUE : Date.parse(a.expires)) -
    (b.expires === "" ? Number.MAX_VALUE : Date.parse(b.expires));
  return [
    { title: "Prefix", text: ({ text }) => text, compare: (a, b) => comparePrefixes(a.prefix, b.prefix) },
    {
      title: "Addresses",
      text: ({ prefix }) => sizeOf(prefix).words,
      compare: (a, b) => b.prefix.length - a.prefix.length,
    },
    { title: "Type", text: typeOf },
    { title: "Rule", text: ruleName },
    ...(picture.views.length > 1 ? [{ title: "Change", text: change }] : []),
    { title: "Comment", text: ({ comment }) => comment },
    { title: "Expires", text: (entry) => entry.expires, compare: expires },
    { title: "List", text: ({ list }) => list },
  ];
};

export class EntryTable {
  readonly #columns: readonly Column[];
  readonly #picture: Picture;
  readonly #body: HTMLTableSectionElement;
  readonly #heads: readonly HTMLTableCellElement[];
  readonly #more: HTMLElement;
  readonly #link: (entry: Entry) => HTMLAnchorElement;
  #sorted = 0;
  #descending = false;
  #rows: readonly Entry[] = [];
  #matches: Matches | undefined;

  constructor(root: HTMLElement, picture: Picture, link: (entry: Entry) => HTMLAnchorElement) {
    this.#picture = picture;
    this.#columns = columnsOf(picture);
    this.#link = link;
    const table = find(root, "table", HTMLTableElement);
    this.#heads = this.#columns.map(({ title }, at) =>
      element(
        "th",
        { scope: "col" },
        button(title, () => this.#sort(at), { class: "sort" }),
      ),
    );
    this.#body = element("tbody", {});
    table.append(element("thead", {}, element("tr", {}, ...this.#heads)), this.#body);
    this.#more = find(root, "[data-more]", HTMLElement);
  }

  draw(matches: Matches | undefined): void {
    this.#matches = matches;
    const { entries } = this.#picture;
    const rows = matches === undefined ? [...entries] : entries.filter(matches);
    const column = this.#columns[this.#sorted]!;
    const compare = column.compare ?? ((a: Entry, b: Entry) => column.text(a).localeCompare(column.text(b)));
    const direction = this.#descending ? -1 : 1;
    this.#rows = rows.sort((a, b) => direction * compare(a, b) || byNumber(a, b));
    this.#heads.forEach((head, at) => {
      if (at === this.#sorted) head.setAttribute("aria-sort", this.#descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.#body.replaceChildren();
    this.showMore(chunk);
  }

  #sort(at: number): void {
    this.#descending = at === this.#sorted && !this.#descending;
    this.#sorted = at;
    this.draw(this.#matches);
  }

  /** Draws so many rows more. */
  showMore(count: number): void {
    const drawn = this.#body.rows.length;
    this.#body.append(...this.#rows.slice(drawn, drawn + count).map((entry) => this.#row(entry)));
    const left = this.#rows.length - this.#body.rows.length;
    this.#more.replaceChildren();
    if (left === 0) return;
    const next = Math.min(left, 5 * chunk).toLocaleString("en-US");
    this.#more.append(
      `${left.toLocaleString("en-US")} more are not shown. `,
      button(`Show the next ${next}`, () => this.showMore(5 * chunk)),
    );
  }

  /** Every row, for paper. */
  showAll(): void {
    this.showMore(this.#rows.length);
  }

  #row(entry: Entry): HTMLTableRowElement {
    const [, ...rest] = this.#columns;
    return element(
      "tr",
      {},
      element("th", { scope: "row", "data-label": "Prefix" }, this.#link(entry)),
      ...rest.map(({ title, text }) => element("td", { "data-label": title }, text(entry))),
    );
  }
}
