/**
 * The space cut into ranges: a list of boundaries, each the first address of a range that goes on to the next
 * boundary. `AddressSet` and `AccessMap` are both such lists; here is what they share.
 */
import { compareWords, copyWords, mappedWord } from "./words.js";

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

/**
 * An address as a whole number that a double holds: never falling where addresses rise, exact for IPv4, and
 * for IPv6 the first 52 bits. So one comparison of numbers does for four of words, except among addresses
 * that share their number.
 */
const keyOf = (words: Uint32Array, at: number): number => {
  const first = words[at]!;
  const second = words[at + 1]!;
  if (first !== 0 || second !== 0) return 2 ** 33 + first * 2 ** 20 + (second >>> 12);
  const third = words[at + 2]!;
  if (third === mappedWord) return 1 + words[at + 3]!;
  return third < mappedWord ? 0 : 2 ** 32 + 1;
};

/** Keys of one node of the tree: 128 bytes, two lines of the processor's cache. */
const nodeSize = 16;

/**
 * Searches ascending boundaries. A tree without pointers: the keys of all boundaries, above them every 16th of
 * those, and so on. A search scans one node on each level, five for a million boundaries, and only the last
 * two are likely to be far away in memory; a plain binary search would go there ten times.
 */
export class BoundaryIndex {
  readonly #bounds: Uint32Array;
  /** `#levels[0]` has the keys of all boundaries, each further one every 16th of that before; the last fits a node. */
  readonly #levels: Float64Array[];

  /** Of the first `count` rows of `bounds`, which must not change from here on. */
  constructor(bounds: Uint32Array, count: number) {
    this.#bounds = bounds;
    let level = new Float64Array(count);
    for (let row = 0; row < count; row += 1) level[row] = keyOf(bounds, 4 * row);
    this.#levels = [level];
    while (level.length > nodeSize) {
      const below = level;
      level = new Float64Array(Math.ceil(below.length / nodeSize));
      for (let node = 0; node < level.length; node += 1) level[node] = below[nodeSize * node]!;
      this.#levels.push(level);
    }
  }

  /** How many of the boundaries are at most the address at `address[at]`. */
  countUpTo(address: Uint32Array, at: number): number {
    const key = keyOf(address, at);
    let high = this.#countKeysUpTo(key);
    if (high === 0 || this.#levels[0]![high - 1] !== key) return high;
    // Boundaries with the same key: every one before `low` is at most the address, from `high` on greater.
    let low = this.#countKeysUpTo(key - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(this.#bounds, 4 * middle, address, at) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #countKeysUpTo(key: number): number {
    // How many keys of the level are at most `key`: the last of them has the answer of the level below in its node.
    let count = 0;
    for (let depth = this.#levels.length - 1; depth >= 0; depth -= 1) {
      const level = this.#levels[depth]!;
      const start = count === 0 ? 0 : nodeSize * (count - 1);
      const end = Math.min(level.length, start + nodeSize);
      count = start;
      while (count < end && level[count]! <= key) count += 1;
      if (count === 0) return 0;
    }
    return count;
  }
}
