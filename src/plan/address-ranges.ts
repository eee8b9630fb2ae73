/** Ranges of addresses, first and last included, on their way into an address set, and met with another's. */
import { AddressSet } from "../address/address-set.js";
import { Boundaries } from "../address/boundaries.js";
import { type Address, lastOfAll } from "../address/prefix.js";
import { writeWords } from "../address/words.js";

export type AddressRange = readonly [first: Address, last: Address];

/** The set of ranges that are in order and do not overlap; neighbours may touch. */
export const setOfRanges = (ranges: readonly AddressRange[]): AddressSet => {
  if (ranges.length === 0) return AddressSet.empty;
  const bounds = new Boundaries(2 * ranges.length);
  const words = new Uint32Array(4);
  const push = (address: Address): void => {
    writeWords(address, words, 0);
    bounds.push(words, 0);
  };
  let open: Address | undefined;
  for (const [first, last] of ranges) {
    if (open !== first) {
      if (open !== undefined) push(open);
      push(first);
    }
    open = last + 1n;
  }
  if (open !== undefined && open <= lastOfAll) push(open);
  return AddressSet.ofBoundaries(bounds);
};

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
