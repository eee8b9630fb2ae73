/** Which entries are shown: by rule, by list, what changes, what expires soon. The tree and the table have the same. */
import { button, element, find } from "./dom.js";
import type { Entry, Picture } from "./picture.js";
import { accessWords, changeWords, isSoon, ruleName } from "./words.js";

export type Matches = (entry: Entry) => boolean;

interface When {
  readonly at: string | undefined;
  readonly soonDays: number;
}

const isChanged = (entry: Entry, picture: Picture): boolean =>
  changeWords(entry, picture) !== "" || accessWords(picture.nodeOf(entry)?.verdicts) !== "";

/** Values that are there, each once, as a reader looks for them. */
const optionsOf = (values: Iterable<readonly [value: string, label: string]>): HTMLOptionElement[] =>
  [...new Map(values)]
    .filter(([value]) => value !== "")
    .sort(([, a], [, b]) => a.localeCompare(b))
    .map(([value, label]) => element("option", { value }, label));

/**
 * Fills in the form of filters, and calls `apply` whenever it changes: with what matches, or with nothing where every
 * entry does. Returns what takes all filters away.
 */
export const wireFilters = (
  form: HTMLFormElement,
  picture: Picture,
  { at, soonDays }: When,
  apply: (matches: Matches | undefined) => void,
): (() => void) => {
  const rule = find(form, "select[name=rule]", HTMLSelectElement);
  const list = find(form, "select[name=list]", HTMLSelectElement);
  const changed = find(form, "input[name=changed]", HTMLInputElement);
  const soon = find(form, "input[name=soon]", HTMLInputElement);
  rule.append(...optionsOf(picture.entries.map((entry) => [String(entry.ruleNumber), ruleName(entry)])));
  list.append(...optionsOf(picture.entries.map((entry) => [entry.list, entry.list])));
  const state = find(form, "[data-count]", HTMLElement);
  const clear = button("Show all entries", () => {
    form.reset();
    update();
    rule.focus();
  });
  const update = (): void => {
    const active = rule.value !== "" || list.value !== "" || changed.checked || soon.checked;
    const matches: Matches = (entry) =>
      (rule.value === "" || String(entry.ruleNumber) === rule.value) &&
      (list.value === "" || entry.list === list.value) &&
      (!changed.checked || isChanged(entry, picture)) &&
      (!soon.checked || isSoon(entry.expires, at, soonDays));
    const count = picture.entries.filter(matches).length.toLocaleString("en-US");
    const all = picture.entries.length.toLocaleString("en-US");
    state.replaceChildren(
      active ? `${count} of ${all} entries ` : `${all} ${all === "1" ? "entry" : "entries"}`,
    );
    if (active) state.append(clear);
    apply(active ? matches : undefined);
  };
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
  return () => {
    form.reset();
    update();
  };
};
