/**
 * The question: an address or a prefix, and who gets in by each view, the entry that decides and those that lost. The
 * answer is that of `explain` (plan/explain.ts): the same function, on the same states.
 */
import { AddressSet } from "../../../address/address-set.js";
import { formatPrefix, mappedLength, type Prefix, parsePrefix } from "../../../address/prefix.js";
import { rangesText } from "../../../model/address-words.js";
import { addressCount } from "../../../model/words.js";
import type { Decider, RuleEntry } from "../../../plan/access-change.js";
import { type ExplainedPart, explain } from "../../../plan/explain.js";
import { type Child, element } from "./dom.js";
import type { Entry, Picture, View } from "./picture.js";
import { addressText, nameIn, untilWords } from "./words.js";

/** Parts of a prefix, entries that lost, and ranges of a part that an answer holds at most. */
const mostParts = 20;
const mostLost = 20;
const mostRanges = 6;

export interface Asking {
  readonly pictures: readonly Picture[];
  readonly at: string | undefined;
  readonly link: (picture: Picture, entry: Entry, text: string) => HTMLAnchorElement;
}

const verdictWord = (verdict: "allowed" | "blocked"): HTMLElement =>
  element(
    "strong",
    { class: `verdict ${verdict}` },
    element("span", { "aria-hidden": "true" }, verdict === "allowed" ? "✓ " : "✕ "),
    verdict,
  );

/** One view of a picture, being asked. */
interface Asked extends Asking {
  readonly picture: Picture;
  readonly view: number;
}

const entryWords = (
  { at, link, picture, view }: Asked,
  { rule, type, prefix }: RuleEntry,
): readonly Child[] => {
  const entry = picture.entryOf(rule, prefix);
  const text = `${type} ${formatPrefix(prefix)}`;
  if (entry === undefined) return [text];
  const notes = [entry.comment, untilWords(entry.expires, at), entry.list && `list ${entry.list}`]
    .filter((one) => one !== "")
    .join("; ");
  return [
    link(picture, entry, text),
    " of rule ",
    element("q", {}, nameIn(entry, view)),
    notes !== "" && element("span", { class: "faint" }, ` (${notes})`),
  ];
};

const deciderWords = (asked: Asked, decider: Decider): readonly Child[] => {
  switch (decider.kind) {
    case "entry":
      return ["by ", ...entryWords(asked, decider)];
    case "default":
      return [
        decider.allowed
          ? "no entry matches, and there are no allow rules"
          : "no entry matches, and there are allow rules",
      ];
    case "enforcement-off":
      return ["enforcement is off"];
  }
};

const partItem = (asked: Asked, part: ExplainedPart, single: boolean): HTMLElement => {
  const set = AddressSet.ofPrefixes(part.prefixes);
  const once = part.onceEnabled;
  const lost = part.lost.slice(0, mostLost);
  return element(
    "div",
    { class: "part" },
    element(
      "p",
      {},
      verdictWord(part.verdict),
      single ? ", " : ` ${rangesText(set, mostRanges)} (${addressCount(set.count())}), `,
      ...deciderWords(asked, part.decider),
    ),
    once !== undefined &&
      element(
        "p",
        { class: "once" },
        "once enforcement is on: ",
        verdictWord(once.verdict),
        ", ",
        ...deciderWords(asked, once.decider),
      ),
    lost.length > 0 &&
      element(
        "ul",
        { class: "lost" },
        ...lost.map((entry) => element("li", {}, "over ", ...entryWords(asked, entry))),
        part.lost.length > mostLost &&
          element("li", {}, `over ${(part.lost.length - mostLost).toLocaleString("en-US")} more`),
      ),
  );
};

const viewAnswer = (asked: Asked, { heading, state }: View, prefix: Prefix): HTMLElement => {
  const { parts, disabled } = explain(state, prefix);
  const all = new Set(parts.map(({ verdict }) => verdict));
  const shown = parts.slice(0, mostParts);
  const left = parts.length - shown.length;
  return element(
    "div",
    { class: "view" },
    element("p", { class: "heading" }, heading),
    all.size > 1 &&
      element("p", {}, element("strong", { class: "verdict" }, "partly allowed, partly blocked")),
    ...shown.map((part) => partItem(asked, part, parts.length === 1)),
    left > 0 &&
      element(
        "p",
        { class: "faint" },
        `… and ${left.toLocaleString("en-US")} more parts: ask for a narrower prefix`,
      ),
    disabled.length > 0 &&
      element(
        "ul",
        { class: "lost" },
        ...disabled
          .slice(0, mostLost)
          .map((entry) => element("li", {}, "disabled, without effect: ", ...entryWords(asked, entry))),
      ),
  );
};

/** What to say of a text that somebody types; nothing where there is none. */
export const answer = (asking: Asking, typed: string): readonly Child[] => {
  const text = typed.trim();
  if (text === "") return [];
  const parsed = parsePrefix(text);
  if (!parsed.ok)
    return [element("p", { class: "problem" }, `Not an address yet: ${parsed.problem.message}.`)];
  const meant = mappedLength(text, parsed.prefix);
  if (meant !== undefined)
    return [
      element("p", { class: "problem" }, `The length counts in IPv6 here. Write ${formatPrefix(meant)}.`),
    ];
  const { prefix } = parsed;
  return asking.pictures.map((picture) =>
    element(
      "div",
      { class: "answer" },
      element(
        "p",
        { class: "subject" },
        element("code", {}, addressText(prefix, formatPrefix(prefix))),
        picture.data.title !== undefined && ` in ${picture.data.title}`,
      ),
      element(
        "div",
        { class: "views" },
        ...picture.views.map((view, at) => viewAnswer({ ...asking, picture, view: at }, view, prefix)),
      ),
    ),
  );
};
