/**
 * Random accounts over a small space, and a model of the API that is stricter than it is kind: it refuses what
 * docs/service.md says is refused, and answers access by looking at every entry for every address.
 */
import {
  containsAddress,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixKey,
} from "../../src/address/prefix.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../../src/model/rule.js";
import type { Step } from "../../src/plan/plan.js";
import { byName, entryFields, sortedPrefixes } from "../../src/plan/state.js";

export const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};
const address = (text: string): bigint => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.address;
};

/** The whole 5-bit space, and one address of each kind around it. */
export const observed: readonly bigint[] = [
  ...Array.from({ length: 32 }, (_, index) => address("192.0.2.0") + BigInt(index)),
  address("192.0.2.200"),
  address("203.0.113.1"),
  address("::1"),
  address("2001:db8::1"),
];

const wide = [
  "::/0",
  "0.0.0.0/0",
  "::/8",
  "::ffff:0:0/95",
  "192.0.0.0/8",
  "192.0.2.0/24",
  "2001:db8::/32",
].map(prefix);

/** A small generator whose runs can be repeated from a seed. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state;
  }
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export const randomPrefix = (random: Random): Prefix => {
  if (random.chance(25)) return random.pick(wide);
  const bits = random.below(6);
  const network = address("192.0.2.0") + BigInt((random.below(2 ** bits) << (5 - bits)) >>> 0);
  return { network, length: 123 + bits };
};

/** No prefix allowed and denied; prefixes are often shared between rules of one type. `disabled`: percent of entries. */
const randomRules = (
  random: Random,
  names: readonly string[],
  pool: readonly Prefix[],
  disabled = 0,
): Rule[] => {
  const types = new Map<bigint, RuleType>();
  return names
    .flatMap((name): Rule[] => {
      const type = random.pick(["allow", "deny"] as const);
      const wanted = Array.from({ length: random.below(5) }, () => random.pick(pool));
      const prefixes = wanted.filter((one) => (types.get(prefixKey(one)) ?? type) === type);
      for (const one of prefixes) types.set(prefixKey(one), type);
      const description = random.pick(["", "x"]);
      if (disabled === 0) return [{ name, type, description, prefixes: sortedPrefixes(prefixes) }];
      // Now and then a rule of which nothing is in force.
      const share = random.chance(15) ? 100 : disabled;
      const isOff = new Map(prefixes.map((one) => [prefixKey(one), random.chance(share)]));
      const off = (one: Prefix): boolean => isOff.get(prefixKey(one)) === true;
      const inForce = prefixes.filter((one) => !off(one));
      return [{ name, type, description, ...entryFields(inForce, prefixes.filter(off)) }];
    })
    .sort(byName);
};

const switches: readonly Enforcement[] = ["enabled", "enabled", "enabled", "disabled"];

export interface Pair {
  readonly before: AccountState;
  readonly after: AccountState;
  readonly renames: Map<string, string>;
}

export const randomPair = (random: Random, disabled = 0): Pair => {
  const pool = Array.from({ length: 2 + random.below(8) }, () => randomPrefix(random));
  const names = ["A", "B", "C", "D"];
  const before = randomRules(random, names.slice(0, random.below(5)), pool, disabled);
  const renames = new Map<string, string>();
  const kept = names.filter(() => random.chance(75));
  const renamed = kept.map((name) => {
    if (!random.chance(15) || !before.some((rule) => rule.name === name)) return name;
    renames.set(`${name} renamed`, name);
    return `${name} renamed`;
  });
  const rules = randomRules(random, renamed, pool, disabled).filter(
    (rule) =>
      rangesOf(rule).length > 0 || before.some(({ name }) => name === (renames.get(rule.name) ?? rule.name)),
  );
  return {
    before: {
      enforcement: before.length === 0 && random.chance(50) ? "unknown" : random.pick(switches),
      rules: before,
    },
    after: { enforcement: random.pick(switches), rules },
    renames,
  };
};

/** All that a rule keeps from rules of the other type: a disabled entry does so too (docs/service.md). */
const rangesOf = ({ prefixes, disabled = [] }: Rule): readonly Prefix[] => [...prefixes, ...disabled];

/** The verdict by looking at every entry: most specific wins, else the default. */
export const allows = ({ enforcement, rules, disabledAllowCounts }: AccountState, at: bigint): boolean => {
  if (enforcement === "disabled") return true;
  let best = -1;
  let verdict = !rules.some(
    ({ type, prefixes, disabled = [] }) =>
      type === "allow" && (prefixes.length > 0 || (disabledAllowCounts === true && disabled.length > 0)),
  );
  for (const { type, prefixes } of rules) {
    for (const one of prefixes) {
      if (one.length <= best || !containsAddress(one, at)) continue;
      best = one.length;
      verdict = type === "allow";
    }
  }
  return verdict;
};

/** Why the API would refuse the call, or undefined. */
export const refusal = (state: AccountState, step: Step): string | undefined => {
  const named = (name: string): Rule | undefined => state.rules.find((rule) => rule.name === name);
  const clash = (type: RuleType, prefixes: readonly Prefix[], except?: string): string | undefined => {
    const keys = new Set(prefixes.map(prefixKey));
    const other = state.rules.find(
      (rule) =>
        rule.name !== except && rule.type !== type && rangesOf(rule).some((one) => keys.has(prefixKey(one))),
    );
    return other && `a range is on ${other.name} already`;
  };
  switch (step.kind) {
    case "enforcement":
      return undefined;
    case "delete":
      return named(step.name) ? undefined : "no such rule";
    case "create":
      if (named(step.rule.name)) return "the name is taken";
      if (rangesOf(step.rule).length === 0) return "no ranges";
      return clash(step.rule.type, rangesOf(step.rule));
    case "update": {
      const rule = named(step.name);
      if (rule === undefined) return "no such rule";
      if (step.becomes.name !== step.name && named(step.becomes.name)) return "the name is taken";
      const has = new Set(rule.prefixes.map(prefixKey));
      if (step.add.some((one) => has.has(prefixKey(one)))) return "already there";
      if (!step.remove.every((one) => has.has(prefixKey(one)))) return "not there";
      const { disable = [], release = [] } = step;
      const isDisabled = new Set((rule.disabled ?? []).map(prefixKey));
      const [removed, released] = [new Set(step.remove.map(prefixKey)), new Set(release.map(prefixKey))];
      if (!release.every((one) => isDisabled.has(prefixKey(one)))) return "not there as disabled";
      if (disable.some((one) => isDisabled.has(prefixKey(one)))) return "disabled already";
      if (disable.some((one) => has.has(prefixKey(one)) && !removed.has(prefixKey(one))))
        return "disabled, and in force";
      if (step.add.some((one) => isDisabled.has(prefixKey(one)) && !released.has(prefixKey(one))))
        return "already there as disabled";
      const left = rangesOf(rule).filter(
        (one) => !removed.has(prefixKey(one)) && !released.has(prefixKey(one)),
      );
      return clash(step.becomes.type, [...left, ...step.add, ...disable], step.name);
    }
  }
};
