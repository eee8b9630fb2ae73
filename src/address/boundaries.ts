/**
 * The space cut into ranges: a list of boundaries, each the first address of a range that goes on to the next
 * boundary. `AddressSet` and `AccessMap` are both such lists; here is what they share.
 */
import { compareWords, copyWords } from "./words.js";

/** A list of addresses that grows at its end; row `i` is `words[4 * i]` .. `words[4 * i + 3]`. */
export class Boundaries {
  words: Uint32Array;
  count = 0;

  constructor(capacity: number) {
    this.words = new Uint32Array(4 * capacity);
  }

  /** Appends the address at `from[at]`. */
  push(from: Uint32Array, at: number): void {
    if (4 * this.count === this.words.length) this.#grow();
    copyWords(from, at, this.words, 4 * this.count);
    this.count += 1;
  }

  #grow(): void {
    const grown = new Uint32Array(Math.max(16, 2 * this.words.length));
    grown.set(this.words);
    this.words = grown;
  }
}

/** How many of the first `count` rows of `bounds`, which are in ascending order, are at most `address[at]`. */
export const countUpTo = (bounds: Uint32Array, count: number, address: Uint32Array, at: number): number => {
  // Every row below `low` is at most the address, every row from `high` on is greater.
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWords(bounds, 4 * middle, address, at) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
