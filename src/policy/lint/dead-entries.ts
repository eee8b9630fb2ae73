/**
 * Entries and rules that change nothing: repeated in another rule, shadowed, redundant, without effect.
 *
 * Entries come in classes, and each class is judged with the classes before it already gone; so all that is
 * reported can be deleted together, and nobody's access changes. (A wide entry may be shadowed by two halves
 * that are redundant because of it: deleting all three would change something. Only the wide one is reported.)
 * An entry that outlives the ones that make it useless today is not useless.
 */

import { defaultOwner } from "../../address/access-map.js";
import { formatPrefix, isIPv4, samePrefix } from "../../address/prefix.js";
import { diagnostic, fileAndLine } from "../../model/diagnostic.js";
import { expiryTime } from "../../model/time.js";
import type { PolicyRule } from "../policy.js";
import { type LintContext, type LintEntry, noParent } from "./context.js";

const endOf = ({ entry: { expires } }: LintEntry): number =>
  expires === undefined ? Number.POSITIVE_INFINITY : expiryTime(expires);

/** Whether `other` is there for as long as `entry` is. */
const outlasts = (other: LintEntry, entry: LintEntry): boolean => endOf(other) >= endOf(entry);

/**
 * The entries that are left as findings come in, and who decides once the others are gone. Walks up the tree
 * of `fallbacksOf`, at most 128 entries at a time.
 */
class Survivors {
  readonly #context: LintContext;
  readonly #gone: Uint8Array;

  constructor(context: LintContext) {
    this.#context = context;
    this.#gone = new Uint8Array(context.entries.length);
  }

  remove(index: number): void {
    this.#gone[index] = 1;
  }

  isGone(index: number): boolean {
    return this.#gone[index] === 1;
  }

  /** The entry itself, or the one that decides in its place; `noParent` for the default. */
  decider(index: number): number {
    let at = index;
    while (at !== noParent && this.isGone(at)) at = this.#context.parents[at]!;
    return at;
  }

  /** What would decide without the entry; with `rule`, without any entry of it. */
  fallback(index: number, rule?: PolicyRule): number {
    const { entries, parents } = this.#context;
    let at = this.decider(parents[index]!);
    while (at !== noParent && entries[at]!.rule === rule) at = this.decider(parents[at]!);
    return at;
  }

  /**
   * Whether the entry could go: what would decide without it says the same, for as long. An IPv6 prefix does not
   * make an IPv4 entry superfluous, because only an assumption says that it holds IPv4 addresses (`ipv6-covers-ipv4`).
   */
  isSuperfluous(index: number, rule?: PolicyRule): boolean {
    const { entries, map } = this.#context;
    const entry = entries[index]!;
    const at = this.fallback(index, rule);
    const fallback = at === noParent ? undefined : entries[at]!;
    if (fallback !== undefined && isIPv4(entry.prefix) && !isIPv4(fallback.prefix)) return false;
    const allowed = fallback === undefined ? map.defaultAllowed : fallback.type === "allow";
    return allowed === (entry.type === "allow") && (fallback === undefined || outlasts(fallback, entry));
  }

  /**
   * The entry that would decide otherwise if this one (or all of `rule`) alone went: it is gone only because it is
   * reported itself. Then the finding holds for both together, and not for this one alone.
   */
  dependsOn(index: number, rule?: PolicyRule): LintEntry | undefined {
    const { entries, parents } = this.#context;
    const { type } = entries[index]!;
    let at = parents[index]!;
    while (at !== noParent && entries[at]!.rule === rule) at = parents[at]!;
    return at !== noParent && this.isGone(at) && entries[at]!.type !== type ? entries[at] : undefined;
  }

  /** The entries that decide for the addresses of one that decides for none of them. */
  coverers(index: number): LintEntry[] {
    const { entries, map } = this.#context;
    const deciders = new Set<number>();
    for (const { owner } of map.ranges(entries[index]!.prefix)) {
      if (owner !== defaultOwner) deciders.add(this.decider(owner));
    }
    deciders.delete(noParent);
    return [...deciders].map((decider) => entries[decider]!);
  }

  isShadowedForGood(index: number): boolean {
    const entry = this.#context.entries[index]!;
    return this.coverers(index).every((other) => outlasts(other, entry));
  }
}

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
      diagnostic(
        "same-prefix-in-rules",
        {
          prefix: formatPrefix(entry.prefix),
          rules: [other.rule.name, entry.rule.name],
          other: fileAndLine(other.entry.source),
        },
        entry.entry.source,
      ),
    );
  }
  return repeated;
};

const describe = (entry: LintEntry): string =>
  `${formatPrefix(entry.prefix)} (${entry.type} rule \`${entry.rule.name}\`, ${fileAndLine(entry.entry.source)})`;

/** Of the entries that cover another, so many are named. */
const mostNamed = 3;

const reportRule = (
  context: LintContext,
  { name, type, source }: PolicyRule,
  other: LintEntry | undefined,
): void => {
  const once = other && describe(other);
  if (type === "deny") {
    context.report(
      diagnostic("deny-without-effect", { rule: name, open: context.map.defaultAllowed, once }, source),
    );
  } else {
    context.report(diagnostic("allow-without-effect", { rule: name, once }, source));
  }
};

/**
 * Rules that could go without any change of access, judged by their entries together, one rule after another:
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
    const other = indices
      .map((index) => survivors.dependsOn(index, rule))
      .find((entry) => entry !== undefined);
    for (const index of indices) survivors.remove(index);
    for (const owner of list) assign(owner);
    reportRule(context, rule, other);
  }
};

/** What a vendor publishes, nobody can write otherwise: whether all of these are from one published list. */
const areOfOneList = (entries: readonly LintEntry[]): boolean => {
  const name = entries[0]?.entry.list?.name;
  return name !== undefined && entries.every(({ entry }) => entry.list?.name === name);
};

const reportShadowed = (context: LintContext, survivors: Survivors, index: number): void => {
  const entry = context.entries[index]!;
  const covering = survivors.coverers(index);
  if (areOfOneList([entry, ...covering])) return;
  const named = covering.slice(0, mostNamed);
  context.report(
    diagnostic(
      "shadowed-entry",
      { prefix: formatPrefix(entry.prefix), by: named.map(describe), more: covering.length - named.length },
      entry.entry.source,
    ),
  );
};

const reportRedundant = (context: LintContext, survivors: Survivors, index: number): void => {
  const entry = context.entries[index]!;
  const at = survivors.fallback(index);
  if (at !== noParent && areOfOneList([entry, context.entries[at]!])) return;
  const verdict = context.map.defaultAllowed ? "allowed" : "denied";
  const because =
    at === noParent
      ? `without it, its addresses would be ${verdict} by default`
      : `${describe(context.entries[at]!)} says the same`;
  const other = survivors.dependsOn(index);
  context.report(
    diagnostic(
      "redundant-entry",
      { prefix: formatPrefix(entry.prefix), because, once: other && describe(other) },
      entry.entry.source,
    ),
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
