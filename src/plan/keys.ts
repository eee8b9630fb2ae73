/** Orders and lookups that the planner shares: rules by name, lists of prefixes. */
import { type Prefix, prefixKey, samePrefix } from "../address/prefix.js";
import type { Rule } from "../model/rule.js";

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

/** Prefixes of `a` that are not among those of `b`, in the order of `a`. */
export const withoutPrefixes = (a: readonly Prefix[], b: readonly Prefix[]): Prefix[] => {
  if (b.length === 0) return [...a];
  if (samePrefixes(a, b)) return [];
  const keys = new Set(b.map(prefixKey));
  return a.filter((prefix) => !keys.has(prefixKey(prefix)));
};
