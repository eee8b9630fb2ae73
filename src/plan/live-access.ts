/**
 * The access of an account that changes one rule at a time, and exactly which addresses each change lets in or
 * shuts out. Only the addresses under changed prefixes are looked at, so a plan of thousands of steps costs
 * little more than its parts; where the default or enforcement changes, that is the whole space.
 * A property test holds this against access maps of the whole states.
 */
import type { AddressSet } from "../address/address-set.js";
import { type Address, lastAddress, lastOfAll, type Prefix } from "../address/prefix.js";
import { PrefixForest } from "../address/prefix-forest.js";
import type { Rule } from "../model/rule.js";
import { withoutPrefixes } from "./state.js";
import type { RuleReplacement } from "./step-effect.js";

/** First and last included. */
export type AddressRange = readonly [first: Address, last: Address];

// `Math.max` and `Math.min` take no bigints.
const later = (a: Address, b: Address): Address => {
  if (a > b) return a;
  return b;
};
const earlier = (a: Address, b: Address): Address => {
  if (a < b) return a;
  return b;
};

/** A large set that many small ones are met with: each meeting costs only what it finds. */
export class RangeIndex {
  readonly #firsts: Address[] = [];
  readonly #lasts: Address[] = [];

  constructor(set: AddressSet) {
    for (const [first, last] of set.ranges()) {
      this.#firsts.push(first);
      this.#lasts.push(last);
    }
  }

  /** The parts of ordered ranges that are in the set, in order. */
  meet(ranges: readonly AddressRange[]): AddressRange[] {
    const met: AddressRange[] = [];
    for (const [first, last] of ranges) {
      for (
        let at = this.#firstNotBefore(first);
        at < this.#firsts.length && this.#firsts[at]! <= last;
        at += 1
      ) {
        const from = this.#firsts[at]!;
        const to = this.#lasts[at]!;
        met.push([later(from, first), earlier(to, last)]);
      }
    }
    return met;
  }

  /** The first range that does not end before the address. */
  #firstNotBefore(address: Address): number {
    let low = 0;
    let high = this.#lasts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lasts[middle]! < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What one change did: ranges in order, none empty. */
export interface AccessDelta {
  readonly allowed: readonly AddressRange[];
  readonly blocked: readonly AddressRange[];
}

const none: AccessDelta = { allowed: [], blocked: [] };

/** A verdict on two sides: bit 0 says allowed before, bit 1 allowed after. */
type Verdicts = number;

class DeltaWriter {
  readonly allowed: AddressRange[] = [];
  readonly blocked: AddressRange[] = [];

  write(first: Address, end: Address, verdicts: Verdicts): void {
    if (first >= end || verdicts === 0 || verdicts === 3) return;
    (verdicts === 2 ? this.allowed : this.blocked).push([first, end - 1n]);
  }
}

export class LiveAccess {
  readonly #forest: PrefixForest;
  /** By row of the forest: how many rules hold the prefix, of each type. */
  readonly #allows: Int32Array;
  readonly #denies: Int32Array;
  /** What the default goes by; disabled ones are counted where that is the reading. */
  #allowEntries = 0;
  #enforced: boolean;
  readonly #disabledAllowCounts: boolean;

  /** `further`: every prefix that a later change may add. */
  constructor(
    rules: readonly Rule[],
    further: Iterable<Prefix>,
    enforced: boolean,
    disabledAllowCounts = false,
  ) {
    this.#forest = new PrefixForest([...rules.flatMap(({ prefixes }) => prefixes), ...further]);
    this.#allows = new Int32Array(this.#forest.prefixes.length);
    this.#denies = new Int32Array(this.#forest.prefixes.length);
    this.#enforced = enforced;
    this.#disabledAllowCounts = disabledAllowCounts;
    for (const rule of rules) {
      for (const prefix of rule.prefixes) this.#count(rule, prefix, 1);
      this.#allowEntries += this.#countedDisabled(rule);
    }
  }

  /** Whether there is no allow entry, so that what nothing matches is allowed. */
  get allowsByDefault(): boolean {
    return this.#allowEntries === 0;
  }

  setEnforced(enforced: boolean): AccessDelta {
    if (enforced === this.#enforced) return none;
    this.#enforced = enforced;
    // One side is as the entries say, the other allows all.
    const denied: Verdicts = enforced ? 1 : 2;
    const verdictsAt = (row: number, around: Verdicts): Verdicts => {
      const type = this.#typeAt(row);
      return type === 0 ? around : type === 1 ? 3 : denied;
    };
    const writer = new DeltaWriter();
    this.#sweep(-1, this.#allowEntries === 0 ? 3 : denied, verdictsAt, writer);
    return writer;
  }

  /** Puts one rule in the place of another; either may be absent. */
  replace({ before, after }: RuleReplacement): AccessDelta {
    const sameType = before?.type === after?.type;
    const gone = sameType
      ? withoutPrefixes(before?.prefixes ?? [], after?.prefixes ?? [])
      : (before?.prefixes ?? []);
    const come = sameType
      ? withoutPrefixes(after?.prefixes ?? [], before?.prefixes ?? [])
      : (after?.prefixes ?? []);
    const counted = this.#countedDisabled(after) - this.#countedDisabled(before);
    if (gone.length + come.length === 0 && counted === 0) return none;
    const old = new Map<number, number>();
    for (const prefix of [...gone, ...come]) {
      const row = this.#forest.rowOf(prefix);
      old.set(row, this.#typeAt(row));
    }
    const defaultBefore = this.#allowEntries === 0;
    for (const prefix of gone) this.#count(before!, prefix, -1);
    for (const prefix of come) this.#count(after!, prefix, 1);
    this.#allowEntries += counted;
    return this.#enforced ? this.#compare(old, defaultBefore, this.#allowEntries === 0) : none;
  }

  #countedDisabled(rule: Rule | undefined): number {
    return this.#disabledAllowCounts && rule?.type === "allow" ? (rule.disabled?.length ?? 0) : 0;
  }

  #count({ type }: Rule, prefix: Prefix, by: 1 | -1): void {
    const row = this.#forest.rowOf(prefix);
    if (type === "allow") {
      this.#allows[row]! += by;
      this.#allowEntries += by;
    } else this.#denies[row]! += by;
  }

  /** 0 for a prefix that no rule holds, 1 allow, 2 deny; deny wins where both hold it. */
  #typeAt(row: number): 0 | 1 | 2 {
    if (this.#denies[row]! > 0) return 2;
    return this.#allows[row]! > 0 ? 1 : 0;
  }

  #compare(old: ReadonlyMap<number, number>, defaultBefore: boolean, defaultAfter: boolean): AccessDelta {
    const verdictsAt = (row: number): readonly [number, number] => {
      const now = this.#typeAt(row);
      return [old.get(row) ?? now, now];
    };
    const writer = new DeltaWriter();
    const defaults: Verdicts = (defaultBefore ? 1 : 0) | (defaultAfter ? 2 : 0);
    if (defaultBefore !== defaultAfter) {
      this.#sweepPairs(-1, defaults, verdictsAt, writer);
      return writer;
    }
    let end = 0;
    const changed = [...old.keys()].filter((row) => old.get(row) !== this.#typeAt(row)).sort((a, b) => a - b);
    for (const row of changed) {
      if (row < end) continue;
      end = this.#forest.ends[row]!;
      this.#sweepPairs(row, this.#around(row, defaults), verdictsAt, writer);
    }
    return writer;
  }

  /** What the nearest unchanged entry around a row decides. */
  #around(row: number, defaults: Verdicts): Verdicts {
    for (let at = this.#forest.parents[row]!; at !== -1; at = this.#forest.parents[at]!) {
      const type = this.#typeAt(at);
      if (type !== 0) return type === 1 ? 3 : 0;
    }
    return defaults;
  }

  #sweepPairs(
    root: number,
    outer: Verdicts,
    typesAt: (row: number) => readonly [number, number],
    writer: DeltaWriter,
  ): void {
    this.#sweep(
      root,
      outer,
      (row, around) => {
        const [before, after] = typesAt(row);
        const first = before === 0 ? around & 1 : before === 1 ? 1 : 0;
        const second = after === 0 ? around & 2 : after === 1 ? 2 : 0;
        return first | second;
      },
      writer,
    );
  }

  /** Walks the rows of one root (-1: all of them) with a stack of those that are open, widest at the bottom. */
  #sweep(
    root: number,
    outer: Verdicts,
    verdictsAt: (row: number, around: Verdicts) => Verdicts,
    writer: DeltaWriter,
  ): void {
    const { prefixes, ends } = this.#forest;
    const endOf = (row: number): Address => lastAddress(prefixes[row]!) + 1n;
    const spaceEnd = root === -1 ? lastOfAll + 1n : endOf(root);
    const stack: { end: Address; verdicts: Verdicts }[] = [{ end: spaceEnd, verdicts: outer }];
    let place = root === -1 ? 0n : prefixes[root]!.network;
    const goTo = (address: Address): void => {
      const { verdicts } = stack.at(-1)!;
      writer.write(place, address, verdicts);
      if (address > place) place = address;
    };
    const last = root === -1 ? prefixes.length : ends[root]!;
    for (let row = Math.max(root, 0); row < last; row += 1) {
      const start = prefixes[row]!.network;
      while (stack.length > 1 && stack.at(-1)!.end <= start) {
        goTo(stack.at(-1)!.end);
        stack.pop();
      }
      const around = stack.at(-1)!.verdicts;
      const verdicts = verdictsAt(row, around);
      if (verdicts === around) continue;
      goTo(start);
      stack.push({ end: endOf(row), verdicts });
    }
    while (stack.length > 0) {
      goTo(stack.at(-1)!.end);
      stack.pop();
    }
  }
}
