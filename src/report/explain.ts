/**
 * Why an address or each part of a prefix gets in or not: the entry that decides, what lost to it, the default.
 * Several views (the policy and the account, before and after a plan) are shown one under the other.
 */

import { AddressSet } from "../address/address-set.js";
import { formatAddress, formatPrefix, type Prefix } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { assertNever } from "../model/assert.js";
import { quoted, visible } from "../model/escape.js";
import type { AccountState, RuleType } from "../model/rule.js";
import { onOrAt } from "../model/time.js";
import { addressCount } from "../model/words.js";
import type { Decider } from "../plan/access-change.js";
import type { ExplainedPart, Explanation } from "../plan/explain.js";
import type { Policy } from "../policy/policy.js";
import { type RenderContext, wrap } from "./layout.js";
import { jointVerdict, type VerdictOf } from "./verdicts.js";

/** Where an entry is written: `policy.yaml:14`, `rule id 12`; undefined where nobody knows. */
export type ExplainPlaces = (rule: string, type: RuleType, prefix: Prefix) => string | undefined;

export interface ExplainView {
  /** What the answer is drawn from: `policy.yaml`, `the account`, `the account after the plan`. */
  readonly title: string;
  readonly explanation: Explanation;
  readonly places?: ExplainPlaces;
  /** Entries that would have a say if their date had not come. */
  readonly expired?: readonly ExpiredEntry[];
}

/** What questions about access are answered from. */
export interface AskedStates {
  readonly views: readonly { readonly title: string; readonly state: AccountState }[];
  /** For what its entries say of themselves. */
  readonly policy?: Policy;
}

export interface ExpiredEntry {
  readonly rule: string;
  readonly type: RuleType;
  readonly prefix: Prefix;
  /** ISO date. */
  readonly expires: string;
  readonly place: string;
}

export interface ExplainReport {
  readonly prefix: Prefix;
  readonly views: readonly ExplainView[];
}

export const explainVerdict = ({ parts }: Explanation): VerdictOf<"explain"> =>
  jointVerdict(parts.map(({ verdict }) => verdict));

/** One address without its length. */
export const shortPrefix = (prefix: Prefix): string =>
  prefix.length === 128 ? formatAddress(prefix.network) : formatPrefix(prefix);

const entryText = (
  rule: string,
  type: RuleType,
  prefix: Prefix,
  places: ExplainPlaces | undefined,
): string => {
  const place = places?.(rule, type, prefix);
  return `${type} ${formatPrefix(prefix)} of rule ${quoted(rule)}${place === undefined ? "" : ` (${visible(place)})`}`;
};

const deciderText = (decider: Decider, places: ExplainPlaces | undefined): string => {
  switch (decider.kind) {
    case "entry":
      return entryText(decider.rule, decider.type, decider.prefix, places);
    case "default":
      return decider.allowed
        ? "no entry matches, and there are no allow rules: every other address is allowed"
        : "no entry matches, and there are allow rules: every other address is blocked";
    case "enforcement-off":
      return "enforcement is off: every address is allowed";
    default:
      return assertNever(decider);
  }
};

const partLines = (
  part: ExplainedPart,
  single: boolean,
  { places }: ExplainView,
  look: RenderContext,
): string[] => {
  const indent = single ? "  " : "    ";
  const paint = part.verdict === "allowed" ? look.style.added : look.style.removed;
  const set = AddressSet.ofPrefixes(part.prefixes);
  const label = `  ${part.verdict} ${rangesText(set)} (${addressCount(set.count())})`;
  const [first = "", ...rest] = wrap(label, look.width, 6);
  const title = single ? [] : [first.replace(part.verdict, () => paint(part.verdict)), ...rest];
  const line = (word: string, text: string): string[] => {
    const lead = `${indent}${word} `;
    return wrap(text, look.width - lead.length, 0).map((each, index) =>
      index === 0 ? lead + each : " ".repeat(lead.length) + each,
    );
  };
  const once = part.onceEnabled;
  return [
    ...title,
    ...line("by  ", deciderText(part.decider, places)),
    ...(once === undefined
      ? []
      : line("once enabled:", `${once.verdict} by ${deciderText(once.decider, places)}`)),
    ...part.lost.flatMap(({ rule, type, prefix }) => line("over", entryText(rule, type, prefix, places))),
  ];
};

const viewLines = (prefix: Prefix, view: ExplainView, look: RenderContext): string[] => {
  const { explanation, title } = view;
  const verdict = explainVerdict(explanation);
  const words = verdict === "mixed" ? "partly allowed, partly blocked" : verdict;
  const { style } = look;
  const paint = verdict === "allowed" ? style.added : verdict === "blocked" ? style.removed : style.warning;
  const single = explanation.parts.length === 1;
  return [
    `${style.strong(shortPrefix(prefix))} is ${paint(words)} by ${visible(title)}`,
    ...explanation.parts.flatMap((part) => partLines(part, single, view, look)),
    ...explanation.disabled.flatMap(({ rule, type, prefix: own }) =>
      wrap(`  disabled, without effect: ${entryText(rule, type, own, view.places)}`, look.width, 4),
    ),
    ...(view.expired ?? []).flatMap(({ rule, type, prefix: own, expires, place }) =>
      wrap(`  expired ${onOrAt(expires)}: ${entryText(rule, type, own, () => place)}`, look.width, 4),
    ),
    "",
  ];
};

export const renderExplainText = (reports: readonly ExplainReport[], look: RenderContext): string =>
  reports.flatMap(({ prefix, views }) => views.flatMap((view) => viewLines(prefix, view, look))).join("\n");
