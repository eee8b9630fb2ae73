/**
 * From the account as fetched to what it means: names, types, descriptions, prefixes and the switch, without
 * ids, spelling, order or timestamps. Accounts that cannot be understood for sure are refused, not guessed at.
 */
import { comparePrefixes, formatPrefix, type Prefix, prefixKey, samePrefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import type { AccountState, Rule, RuleType } from "../model/rule.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import { byName } from "./keys.js";

export { hashPolicy } from "./policy-hash.js";
export { hashState } from "./state-hash.js";

/** Sorted, each prefix once. */
export const sortedPrefixes = (prefixes: Iterable<Prefix>): Prefix[] =>
  [...prefixes]
    .sort(comparePrefixes)
    .filter((prefix, index, all) => index === 0 || !samePrefix(prefix, all[index - 1]!));

const ruleOf = ({ name, type, description, entries }: SnapshotRule): Rule => ({
  name,
  type,
  description,
  prefixes: sortedPrefixes(entries.map(({ prefix }) => prefix)),
});

const repeatedNames = (rules: readonly { readonly id: number; readonly name: string }[]): Diagnostic[] => {
  const ids = new Map<string, number[]>();
  for (const { id, name } of rules) ids.set(name, [...(ids.get(name) ?? []), id]);
  return [...ids]
    .filter(([, list]) => list.length > 1)
    .map(([name, list]) => ({
      code: "account-rule-name-repeated",
      severity: "error",
      message: `The account has ${list.length} rules named ${JSON.stringify(name)} (ids ${list.join(", ")})`,
      hint: "A rule's name is its identity here: rename or delete all but one in the dbt platform, then run this again",
    }));
};

/** Errors for prefixes that one rule allows and another denies, whose verdict the API does not define. */
export const contradictions = (
  rules: readonly { readonly name: string; readonly type: RuleType; readonly prefixes: readonly Prefix[] }[],
  where: string,
): Diagnostic[] => {
  const seen = new Map<bigint, { name: string; type: RuleType }>();
  const diagnostics: Diagnostic[] = [];
  for (const { name, type, prefixes } of rules) {
    for (const prefix of prefixes) {
      const key = prefixKey(prefix);
      const other = seen.get(key);
      if (other === undefined) seen.set(key, { name, type });
      else if (other.type !== type) {
        diagnostics.push({
          code: "prefix-allowed-and-denied",
          severity: "error",
          message: `${formatPrefix(prefix)} is ${other.type === "allow" ? "allowed" : "denied"} by rule ${JSON.stringify(other.name)} and ${type === "allow" ? "allowed" : "denied"} by rule ${JSON.stringify(name)} ${where}`,
          hint: "The API does not define which of the two holds: remove the prefix from one of the rules",
        });
      }
    }
  }
  return diagnostics;
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
