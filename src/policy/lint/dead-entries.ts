/**
 * Entries and rules that change nothing: repeated in another rule, shadowed, redundant, without effect.
 *
 * Entries come in classes, and each class is judged with the classes before it already gone; so all that is
 * reported can be deleted together, and nobody's access changes. (A wide entry may be shadowed by two halves
 * that are redundant because of it: deleting all three would change something. Only the wide one is reported.)
 * An entry that outlives the ones that make it useless today is not useless.
 */

import { formatPrefix, samePrefix } from "../../address/prefix.js";
import type { PolicyRule } from "../policy.js";
import { type LintContext, type LintEntry, placeOf } from "./context.js";
import { noParent } from "./nesting.js";
import { outlasts, Survivors } from "./survivors.js";

/** Reports entries whose prefix an earlier entry of the same type holds too; returns their indices. */
const repeatedInRules = (context: LintContext, survivors: Survivors): Set<number> => {
  const repeated = new Set<number>();
  const { entries } = context;
  let other: LintEntry | undefined;
  for (const index of context.order) {
    const entry = entries[index]!;
    if (other === undefined || !samePrefix(other.prefix, entry.prefix)) {
      other = entry;
      continue;
    }
    repeated.add(index);
    if (outlasts(other, entry)) survivors.remove(index);
    context.report(
      "same-prefix-in-rules",
      `${formatPrefix(entry.prefix)} stands in the rules \`${other.rule.name}\` and \`${entry.rule.name}\``,
      entry.entry.source,
      `Keep it in one of them; the other is in ${placeOf(other)}`,
    );
  }
  return repeated;
};

const describe = (entry: LintEntry): string =>
  `${formatPrefix(entry.prefix)} (${entry.type} rule \`${entry.rule.name}\`, ${placeOf(entry)})`;

/** Where deleting one alone would change who gets in. */
const togetherHint = "Delete both, or neither: alone, this one still decides";

const reportRule = (
  context: LintContext,
  { name, type, source }: PolicyRule,
  other: LintEntry | undefined,
): void => {
  const once = other === undefined ? "" : ` once ${describe(other)} is gone`;
  if (type === "deny") {
    context.report(
      "deny-without-effect",
      `The rule \`${name}\` denies nothing that would not be denied without it${once}`,
      source,
      other !== undefined
        ? togetherHint
        : context.map.defaultAllowed
          ? "Delete it, or see which entries around it or inside it take its place"
          : "Beside an allow list, what is not listed is denied anyway: delete it, or name parts of what is allowed",
    );
  } else {
    context.report(
      "allow-without-effect",
      `The rule \`${name}\` allows nothing that would not be allowed without it${once}`,
      source,
      other !== undefined
        ? togetherHint
        : "Delete it, or see which deny entries inside it, or allow entries around it, take its place",
    );
  }
};

/**
 * Rules that could go without any change of access, told by their entries together, one rule after another:
 * first those that decide nothing at all, then in file order. `decided` keeps, for each rule, the entries that
 * decided in the beginning and for whose addresses the rule decides now.
 */
const removeRulesWithoutEffect = (
  context: LintContext,
  survivors: Survivors,
  owners: readonly number[],
  eligible: (rule: PolicyRule) => boolean,
): void => {
  const { entries } = context;
  const decided = new Map<PolicyRule, number[]>();
  const assign = (owner: number): void => {
    const decider = survivors.decider(owner);
    if (decider === noParent) return;
    const { rule } = entries[decider]!;
    const list = decided.get(rule);
    if (list === undefined) decided.set(rule, [owner]);
    else list.push(owner);
  };
  for (const owner of owners) assign(owner);
  const own = new Map<PolicyRule, number[]>();
  entries.forEach(({ rule }, index) => {
    const list = own.get(rule);
    if (list === undefined) own.set(rule, [index]);
    else list.push(index);
  });
  const rules = context.policy.rules.filter((rule) => own.has(rule) && eligible(rule));
  const silent = rules.filter((rule) => !decided.has(rule));
  for (const rule of [...silent, ...rules.filter((other) => decided.has(other))]) {
    const list = decided.get(rule) ?? [];
    const indices = own.get(rule) ?? [];
    const superfluous = list.every((owner) => survivors.isSuperfluous(survivors.decider(owner), rule));
    if (!superfluous || (list.length === 0 && !indices.every((index) => survivors.isShadowedForGood(index))))
      continue;
    const other = indices.map((index) => survivors.leansOn(index, rule)).find((entry) => entry !== undefined);
    for (const index of indices) survivors.remove(index);
    for (const owner of list) assign(owner);
    reportRule(context, rule, other);
  }
};

const reportShadowed = (context: LintContext, survivors: Survivors, index: number): void => {
  const entry = context.entries[index]!;
  const covering = survivors.coverers(index);
  const more = covering.length > 3 ? ` and ${covering.length - 3} more` : "";
  context.report(
    "shadowed-entry",
    `${formatPrefix(entry.prefix)} never decides: more specific entries cover all of it`,
    entry.entry.source,
    `Delete it, or narrow ${covering.slice(0, 3).map(describe).join(", ")}${more}`,
  );
};

const reportRedundant = (context: LintContext, survivors: Survivors, index: number): void => {
  const entry = context.entries[index]!;
  const at = survivors.fallback(index);
  const verdict = context.map.defaultAllowed ? "allowed" : "denied";
  const because =
    at === noParent
      ? `without it, its addresses would be ${verdict} by default`
      : `${describe(context.entries[at]!)} says the same`;
  const other = survivors.leansOn(index);
  const once = other === undefined ? "" : ` once ${describe(other)} is gone`;
  context.report(
    "redundant-entry",
    `${formatPrefix(entry.prefix)} changes nothing${once}: ${because}`,
    entry.entry.source,
    other === undefined ? "Delete it" : togetherHint,
  );
};

export const lintDeadEntries = (context: LintContext): void => {
  const { entries, map } = context;
  const survivors = new Survivors(context);
  const repeated = repeatedInRules(context, survivors);
  const shadowed = new Set(map.shadowedEntries());
  const owners = [...entries.keys()].filter((index) => !shadowed.has(index));
  // Where no allow entry decides anything, deleting them all would turn "nobody" into "everybody".
  const allowsCanGo = map.defaultAllowed || owners.some((index) => entries[index]!.type === "allow");
  const repeating = new Set([...repeated].map((index) => entries[index]!.rule));
  removeRulesWithoutEffect(
    context,
    survivors,
    owners,
    (rule) => !repeating.has(rule) && (allowsCanGo || rule.type === "deny"),
  );
  const mayGo = (index: number): boolean =>
    !survivors.isGone(index) && !repeated.has(index) && (allowsCanGo || entries[index]!.type === "deny");
  const deciding = new Set(owners.map((owner) => survivors.decider(owner)));
  const hidden = [...entries.keys()].filter(
    (index) => mayGo(index) && !deciding.has(index) && survivors.isShadowedForGood(index),
  );
  for (const index of hidden) reportShadowed(context, survivors, index);
  for (const index of hidden) survivors.remove(index);
  // From wide to narrow, so that what an entry falls back to is known to stay.
  for (const index of context.order) {
    if (!mayGo(index) || !survivors.isSuperfluous(index)) continue;
    reportRedundant(context, survivors, index);
    survivors.remove(index);
  }
};
