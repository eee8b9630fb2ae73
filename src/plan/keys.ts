/** Keys and orders that the planner shares: prefixes as map keys, rules by name. */
import { type Prefix, samePrefix } from "../address/prefix.js";
import type { Rule } from "../model/rule.js";

/** Odd, its bits in no pattern (2^64 divided by the golden ratio). */
const spread = 0x9e37_79b9_7f4a_7c15n;

/**
 * One number per prefix; `Map` and `Set` compare bigints by value, but V8 hashes them by their low 64 bits alone,
 * which all IPv6 networks up to /64 have in common. So below the number itself stand bits that differ.
 */
export const prefixKey = ({ network, length }: Prefix): bigint => {
  const number = (network << 8n) | BigInt(length);
  return (number << 64n) | BigInt.asUintN(64, ((network >> 64n) ^ number) * spread);
};

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
