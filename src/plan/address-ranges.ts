/** Ranges of addresses, first and last included, met with those of a large set. */
import type { AddressSet } from "../address/address-set.js";
import type { Address } from "../address/prefix.js";

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
