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
 * An address as a number from 0 up to 1: never falling where addresses rise, and exact but where it says otherwise.
 * IPv4 has the lower half, IPv6 the upper one by its first 52 bits. So one comparison of numbers does for four of
 * words, except among addresses that share their number.
 */
const keyOf = (words: Uint32Array, at: number): number => {
  const first = words[at]!;
  const second = words[at + 1]!;
  if (first !== 0 || second !== 0) return 0.5 + (first * 2 ** 20 + (second >>> 12)) * 2 ** -53;
  const third = words[at + 2]!;
  if (third === mappedWord) return (1 + words[at + 3]!) * 2 ** -33;
  return third < mappedWord ? 0 : 0.5;
};

/** A bucket holds two boundaries where they are spread evenly; more buckets would not fit the processor's cache. */
const boundariesOfBucket = 2;

/**
 * Searches ascending boundaries. Their keys fall into buckets of equal width, so the key of an address tells its
 * bucket, and a binary search over the few keys in it does the rest. Where all boundaries lie close together they
 * share a bucket, and it is a plain binary search.
 */
export class BoundaryIndex {
  readonly #bounds: Uint32Array;
  /** Of all boundaries. */
  readonly #keys: Float64Array;
  /** Bucket `b` holds the boundaries `#starts[b]` up to, not including, `#starts[b + 1]`. */
  readonly #starts: Uint32Array;
  /** How many buckets; a power of two, so that a key times it is exact. */
  readonly #buckets: number;

  /** Of the first `count` rows of `bounds`, which must not change from here on. */
  constructor(bounds: Uint32Array, count: number) {
    this.#bounds = bounds;
    this.#keys = new Float64Array(count);
    this.#buckets = 2 ** Math.ceil(Math.log2(Math.max(1, count / boundariesOfBucket)));
    this.#starts = new Uint32Array(this.#buckets + 1);
    let bucket = 0;
    for (let row = 0; row < count; row += 1) {
      const key = keyOf(bounds, 4 * row);
      this.#keys[row] = key;
      for (const own = this.#bucketOf(key); bucket < own; bucket += 1) this.#starts[bucket + 1] = row;
    }
    this.#starts.fill(count, bucket + 1);
  }

  #bucketOf(key: number): number {
    return Math.trunc(key * this.#buckets);
  }

  /** How many of the boundaries are at most the address at `address[at]`. */
  countUpTo(address: Uint32Array, at: number): number {
    const key = keyOf(address, at);
    const keys = this.#keys;
    const bucket = this.#bucketOf(key);
    const start = this.#starts[bucket]!;
    let low = start;
    let high = this.#starts[bucket + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! <= key) low = middle + 1;
      else high = middle;
    }
    return low > start && keys[low - 1] === key ? this.#amongEqualKeys(start, low, address, at) : low;
  }

  /** The rows from `from` up to `to` are all of the bucket whose key is at most that of the address. */
  #amongEqualKeys(from: number, to: number, address: Uint32Array, at: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(this.#bounds, 4 * middle, address, at) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
