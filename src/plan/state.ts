/**
 * From the account as fetched to what it means: names, types, descriptions, prefixes and enforcement, without
 * ids, spelling, order or timestamps. Accounts that cannot be understood for sure are refused, not guessed at.
 * Also the orders and lookups that the planner shares, and the hashes of states and policies.
 */
import { comparePrefixes, formatPrefix, type Prefix, prefixKey, samePrefix } from "../address/prefix.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import {
  type AccountState,
  contradicting,
  type Enforcement,
  type Rule,
  type RuleType,
} from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import type { Guards, Policy, PolicyEntry, PolicyRule } from "../policy/policy.js";

/** By code units, the same on every machine and in every locale. */
export const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  compareNames(a.name, b.name);

export const rulesByName = (rules: Iterable<Rule>): Map<string, Rule> => {
  const map = new Map<string, Rule>();
  for (const rule of rules) map.set(rule.name, rule);
  return map;
};

/** Whether two lists hold the same prefixes in the same order. */
export const samePrefixes = (a: readonly Prefix[], b: readonly Prefix[]): boolean =>
  a === b || (a.length === b.length && a.every((prefix, index) => samePrefix(prefix, b[index]!)));

/** Whether two rules are the same in all that a plan compares; so are two that are not there. */
export const sameRules = (a: Rule | undefined, b: Rule | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.name === b.name &&
    a.type === b.type &&
    a.description === b.description &&
    sameEntries(a, b));

export const prefixKeys = (prefixes: readonly Prefix[]): ReadonlySet<bigint> =>
  new Set(prefixes.map(prefixKey));

/** Prefixes of `a` that are not among those of `b`, in the order of `a`. */
export const withoutPrefixes = (a: readonly Prefix[], b: readonly Prefix[]): Prefix[] => {
  if (b.length === 0) return [...a];
  if (samePrefixes(a, b)) return [];
  const keys = prefixKeys(b);
  return a.filter((prefix) => !keys.has(prefixKey(prefix)));
};

/** Sorted, each prefix once. */
export const sortedPrefixes = (prefixes: Iterable<Prefix>): Prefix[] =>
  [...prefixes]
    .sort(comparePrefixes)
    .filter((prefix, index, all) => index === 0 || !samePrefix(prefix, all[index - 1]!));

/** The entries of a rule: those in force, and those that are disabled; one that is both is in force. */
export const entryFields = (
  inForce: readonly Prefix[],
  disabled: readonly Prefix[],
): Pick<Rule, "prefixes" | "disabled"> => {
  const prefixes = sortedPrefixes(inForce);
  const rest = disabled.length === 0 ? [] : withoutPrefixes(sortedPrefixes(disabled), prefixes);
  return { prefixes, ...(rest.length === 0 ? {} : { disabled: rest }) };
};

/** Whether two rules hold the same entries, in force and disabled. */
export const sameEntries = (
  a: Pick<Rule, "prefixes" | "disabled">,
  b: Pick<Rule, "prefixes" | "disabled">,
): boolean => samePrefixes(a.prefixes, b.prefixes) && samePrefixes(a.disabled ?? [], b.disabled ?? []);

/** All that a rule holds: what is in force, then what is disabled. */
export const allPrefixes = ({
  prefixes,
  disabled = [],
}: Pick<Rule, "prefixes" | "disabled">): readonly Prefix[] => [...prefixes, ...disabled];

export const prefixesOf = (entries: readonly { readonly prefix: Prefix }[]): Prefix[] =>
  entries.map(({ prefix }) => prefix);

/** What a rule of the account, or of a policy, means by itself. */
export const ruleOf = ({
  name,
  type,
  description,
  entries,
  disabled = [],
}: SnapshotRule | PolicyRule): Rule => ({
  name,
  type,
  description,
  ...entryFields(prefixesOf(entries), prefixesOf(disabled)),
});

const repeatedNames = (rules: readonly { readonly id: number; readonly name: string }[]): Diagnostic[] => {
  const ids = new Map<string, number[]>();
  for (const { id, name } of rules) ids.set(name, [...(ids.get(name) ?? []), id]);
  return [...ids]
    .filter(([, list]) => list.length > 1)
    .map(([rule, list]) => diagnostic("account-rule-name-repeated", { rule, ids: list }));
};

/** Errors for prefixes that one rule allows and another denies, whose verdict the API does not define. */
export const contradictions = (
  rules: readonly { readonly name: string; readonly type: RuleType; readonly prefixes: readonly Prefix[] }[],
  where: string,
): Diagnostic[] => {
  const entries = rules.flatMap(({ name, type, prefixes }) =>
    prefixes.map((prefix) => ({ name, type, prefix })),
  );
  return [...contradicting(entries)].map(([other, { name, type, prefix }]) => {
    const both = [
      { name: other.name, type: other.type },
      { name, type },
    ] as const;
    return diagnostic("prefix-allowed-and-denied", { prefix: formatPrefix(prefix), rules: both, where });
  });
};

/** Why nothing can be planned for this account; empty when all is clear. */
export const checkSnapshot = (snapshot: Snapshot): Diagnostic[] => [
  ...repeatedNames(snapshot.rules),
  ...contradictions(
    snapshot.rules.map(({ name, type, entries }) => ({
      name,
      type,
      prefixes: entries.map((entry) => entry.prefix),
    })),
    "of the account",
  ),
];

/**
 * What the snapshot means. Callers show the errors of `checkSnapshot` first.
 * @throws Failure where two rules share a name: there is no state that says what that means.
 */
export const stateOf = (snapshot: Snapshot): AccountState => {
  const repeated = repeatedNames(snapshot.rules);
  if (repeated.length > 0) throw new Failure(repeated);
  return { enforcement: snapshot.enforcement, rules: snapshot.rules.map(ruleOf).sort(byName) };
};

/** One text a prefix, and cheaper than the one for people: these are made for every entry of an account. */
const hashablePrefix = ({ network, length }: Prefix): string => `${network.toString(32)}/${length}`;

/** JSON escapes lone surrogates, so two different names never give the same bytes. */
const canonicalRule = ({ name, type, description, prefixes, disabled = [] }: Rule): string =>
  JSON.stringify([
    name,
    type,
    description,
    prefixes.map(hashablePrefix).join(),
    // Only where there is any, so that the hashes in older plans and receipts stay the same.
    ...(disabled.length === 0 ? [] : [disabled.map(hashablePrefix).join()]),
  ]);

/** Names spread over the buckets: any function of the name that is the same on every machine. */
const bucketOf = (name: string): number => {
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum = (31 * sum + name.charCodeAt(at)) & 0xffff;
  return sum & 0xff;
};

/** Rules by name, and their hash, made when it is asked for. */
class Bucket {
  readonly #rules = new Map<string, string>();
  #hash: string | undefined = "";

  get size(): number {
    return this.#rules.size;
  }

  set(rule: Rule): void {
    this.#rules.set(rule.name, canonicalRule(rule));
    this.#hash = undefined;
  }

  delete(name: string): void {
    this.#rules.delete(name);
    this.#hash = undefined;
  }

  hash(): string {
    this.#hash ??= this.size === 0 ? "" : sha256(JSON.stringify([...this.#rules.values()].sort()));
    return this.#hash;
  }
}

/**
 * The hash of an account's state: SHA-256, blind to order, spelling, ids and timestamps, since none of them is
 * part of a state. Rules are kept in 256 buckets by their name, so that after a step only one bucket and the root
 * are hashed again: a plan of 10,000 steps stays cheap.
 */
export class StateHash {
  readonly #buckets: readonly Bucket[] = Array.from({ length: 256 }, () => new Bucket());

  constructor(rules: Iterable<Rule>) {
    for (const rule of rules) this.set(rule);
  }

  set(rule: Rule): void {
    this.#buckets[bucketOf(rule.name)]!.set(rule);
  }

  delete(name: string): void {
    this.#buckets[bucketOf(name)]!.delete(name);
  }

  /** Puts one rule in the place of another; either may be absent. */
  take({ before, after }: { readonly before?: Rule; readonly after?: Rule }): void {
    if (before !== undefined) this.delete(before.name);
    if (after !== undefined) this.set(after);
  }

  /** An account without rules does not show whether enforcement is on, so there that is no part of the hash. */
  digest(enforcement: Enforcement): string {
    const isEmpty = this.#buckets.every(({ size }) => size === 0);
    const hashes = this.#buckets.map((bucket) => bucket.hash());
    return sha256(JSON.stringify([isEmpty ? "unknown" : enforcement, ...hashes]));
  }
}

/** SHA-256, in hexadecimal, of what the state means. */
export const hashState = (state: AccountState): string =>
  new StateHash(state.rules).digest(state.enforcement);

const prefixTexts = (entries: readonly PolicyEntry[]): string[] => [
  ...new Set(
    entries
      .map(({ prefix }) => prefix)
      .sort(comparePrefixes)
      .map(hashablePrefix),
  ),
];

const ruleDocument = (rule: PolicyRule): unknown => [
  rule.name,
  rule.type,
  rule.description,
  [...rule.previousNames].sort(compareNames),
  prefixTexts(rule.entries),
  ...(rule.disabled === undefined ? [] : [prefixTexts(rule.disabled)]),
];

const limitText = (limit: bigint | undefined): string | null => limit?.toString() ?? null;

/** What the hash takes of each guard: one that is missing here does not compile. */
const guardTexts: { readonly [Key in keyof Guards]-?: (guards: Guards) => readonly unknown[] } = {
  mustAllow: ({ mustAllow }) => [prefixTexts(mustAllow)],
  mustDeny: ({ mustDeny }) => [prefixTexts(mustDeny)],
  maxRemovedRules: ({ maxRemovedRules }) => [maxRemovedRules ?? null],
  maxNewlyAllowed: ({ maxNewlyAllowed: { ipv4, ipv6 } }) => [limitText(ipv4), limitText(ipv6)],
  // Only where it is there, as below.
  maxCutOff: ({ maxCutOff }) => (maxCutOff === undefined ? [] : [maxCutOff]),
  cutOffWindow: ({ maxCutOff, cutOffWindow }) => (maxCutOff === undefined ? [] : [cutOffWindow ?? ""]),
};

const guardsDocument = (guards: Guards): unknown =>
  Object.values(guardTexts).flatMap((textsOf) => textsOf(guards));

/**
 * SHA-256 in hexadecimal. Comments, order, spelling and the file's name do not change it; an entry whose date
 * has come does, since it is no longer in force.
 */
export const hashPolicy = (policy: Policy): string =>
  sha256(
    JSON.stringify([
      policy.account.id ?? null,
      policy.account.host ?? null,
      policy.enforcement,
      policy.unmanagedRules,
      [...policy.rules].sort(byName).map(ruleDocument),
      policy.tests.map(({ name, allowed, denied }) => [name, prefixTexts(allowed), prefixTexts(denied)]),
      guardsDocument(policy.guards),
      Object.entries(policy.lint).sort(([a], [b]) => compareNames(a, b)),
      // Only where there is any, so that the hash in an older receipt stays the same.
      ...(policy.removedRules.length === 0
        ? []
        : [policy.removedRules.map(({ name }) => name).sort(compareNames)]),
    ]),
  );
