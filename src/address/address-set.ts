/**
 * Immutable sets of addresses, exact, over the whole 128-bit space.
 *
 * A set is the ascending list of the places where membership changes: it begins outside at address 0, the
 * first boundary is the first member, the second the first address that is none, and so on. What is left
 * open at the end goes on to the last address of all.
 *
 *     ........######......#####....      boundaries  8, 14, 20, 25
 *     0       8     14    20   25
 *
 * Every operation is one walk over the boundaries; `contains` is a binary search.
 */

import { Boundaries, BoundaryIndex } from "./boundaries.js";
import { type Address, lastOfAll, type Prefix } from "./prefix.js";
import { columnsOf, type PrefixColumns, sortColumns } from "./prefix-columns.js";
import {
  compareEnd,
  compareWords,
  copyWords,
  isZero,
  mappedWord,
  readWords,
  writeEnd,
  writeWords,
  zeroWords,
} from "./words.js";

// A range of addresses as the shortest list of prefixes.

/** How many zero bits end the 128-bit number at `words[at]`; 128 for zero. */
const trailingZeros = (words: Uint32Array, at: number): number => {
  for (let word = 3; word >= 0; word -= 1) {
    const value = words[at + word]!;
    if (value !== 0) return 32 * (3 - word) + 31 - Math.clz32(value & -value);
  }
  return 128;
};

/** How many bits the 128-bit number `a[i] - b[j]` has; 2^128, which comes out as zero, has 129. */
const bitsOfDifference = (a: Uint32Array, i: number, b: Uint32Array, j: number): number => {
  let borrow = 0;
  let bits = 0;
  for (let word = 3; word >= 0; word -= 1) {
    const difference = a[i + word]! - b[j + word]! - borrow;
    borrow = difference < 0 ? 1 : 0;
    if (difference >>> 0 !== 0) bits = 32 * (3 - word) + 32 - Math.clz32(difference);
  }
  return bits === 0 ? 129 : bits;
};

const start = new Uint32Array(4);
const next = new Uint32Array(4);

/**
 * Visits, in order, the prefixes of the addresses from `from[i]` up to, not including, `to[j]`, where zero
 * means 2^128. The range is not empty. `visit` gets the network in the first four of `words`, which the next
 * call reuses; it must not call back in here.
 *
 * From the left, each prefix is as large as both its start and what is left allow: a power of two that
 * divides the start and is not above the rest. They grow up to the widest and shrink after it.
 */
const splitRange = (
  from: Uint32Array,
  i: number,
  to: Uint32Array,
  j: number,
  visit: (words: Uint32Array, length: number) => void,
): void => {
  copyWords(from, i, start, 0);
  do {
    const hostBits = Math.min(trailingZeros(start, 0), bitsOfDifference(to, j, start, 0) - 1);
    writeEnd(start, 0, 128 - hostBits, next, 0);
    visit(start, 128 - hostBits);
    copyWords(next, 0, start, 0);
  } while (compareWords(start, 0, to, j) !== 0);
};

/** How many addresses: `ipv4` are those in ::ffff:0:0/96, `ipv6` all others. */
export interface AddressCount {
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

// For one address at a time; nothing here calls out while it is in use.
const probe = new Uint32Array(4);

const ipv4Start = new Uint32Array([0, 0, mappedWord, 0]);
/** The first address after the IPv4 space. */
const ipv4End = new Uint32Array([0, 0, mappedWord + 1, 0]);

export class AddressSet {
  /**
   * Invariant: strictly ascending. So ranges are never empty, never overlap and never touch, and two sets
   * are equal exactly if their boundaries are.
   */
  readonly #bounds: Uint32Array;
  readonly #count: number;
  /** Made by the first search. */
  #index: BoundaryIndex | undefined;

  private constructor({ words, count }: Boundaries) {
    this.#bounds = words;
    this.#count = count;
  }

  static readonly empty: AddressSet = new AddressSet(new Boundaries(0));
  static readonly all: AddressSet = AddressSet.empty.complement();

  static ofPrefixes(prefixes: Iterable<Prefix>): AddressSet {
    return AddressSet.ofColumns(columnsOf([...prefixes]));
  }

  /**
   * The union of prefixes in any order. Of two prefixes one holds the other or they are apart, so, sorted
   * with the wider first, each either begins inside what is there, touches its end, or begins a new range:
   *
   *     there   |--------|
   *     inside      |--|               nothing to do
   *     touches          |---|         the range grows
   *     apart               |---|      the range is complete
   */
  static ofColumns(columns: PrefixColumns): AddressSet {
    const { count, words, lengths } = sortColumns(columns);
    const bounds = new Boundaries(2 * count);
    const end = new Uint32Array(4); // of the last range; zero means 2^128
    let open = false;
    for (let row = 0; row < count; row += 1) {
      const order = open ? compareEnd(end, 0, words, 4 * row) : 0;
      if (order > 0) continue;
      if (!open || order < 0) {
        if (open) bounds.push(end, 0);
        bounds.push(words, 4 * row);
      }
      writeEnd(words, 4 * row, lengths[row]!, end, 0);
      open = true;
    }
    if (open && !isZero(end, 0)) bounds.push(end, 0);
    return new AddressSet(bounds);
  }

  /**
   * The union of ranges, first and last address included, that come in order and do not overlap; they may
   * touch. Ranges in any other order are a bug of the caller, and thrown.
   */
  static ofRanges(ranges: Iterable<readonly [first: Address, last: Address]>): AddressSet {
    const bounds = new Boundaries(0);
    const push = (address: Address): void => {
      writeWords(address, probe, 0);
      bounds.push(probe, 0);
    };
    let end = -1n; // of the range that is still open
    for (const [first, last] of ranges) {
      if (first < end || last < first) throw new Error("ranges must be in order and must not overlap");
      if (first > end) {
        if (end >= 0n) push(end);
        push(first);
      }
      end = last + 1n;
    }
    if (end >= 0n && end <= lastOfAll) push(end);
    return new AddressSet(bounds);
  }

  /** Of boundaries that are strictly ascending; takes them over. */
  static ofBoundaries(bounds: Boundaries): AddressSet {
    return new AddressSet(bounds);
  }

  union(other: AddressSet): AddressSet {
    return this.#combine(other, 0b1110);
  }

  intersect(other: AddressSet): AddressSet {
    return this.#combine(other, 0b1000);
  }

  subtract(other: AddressSet): AddressSet {
    return this.#combine(other, 0b0100);
  }

  complement(): AddressSet {
    return this.#combine(this, 0b0001);
  }

  /**
   * One walk over the boundaries of both. `table` is the truth table of the result: its bit `2 * inThis +
   * inOther` says whether an address is a member.
   */
  #combine(other: AddressSet, table: number): AddressSet {
    const bounds = new Boundaries(this.#count + other.#count + 1);
    const isMember = (i: number, j: number): boolean => ((table >>> (2 * (i & 1) + (j & 1))) & 1) === 1;
    // i and j boundaries are behind us, which tells by their parity whether we are inside.
    let i = 0;
    let j = 0;
    let member = isMember(0, 0);
    if (member) bounds.push(zeroWords, 0);
    while (i < this.#count || j < other.#count) {
      const order = this.#compareBounds(i, other, j);
      const from = order <= 0 ? this.#bounds : other.#bounds;
      const at = order <= 0 ? 4 * i : 4 * j;
      if (order <= 0) i += 1;
      if (order >= 0) j += 1;
      if (isMember(i, j) === member) continue;
      member = !member;
      // A boundary at 0 takes back the one that the start put there.
      if (!member && bounds.count === 1 && isZero(from, at)) bounds.count = 0;
      else bounds.push(from, at);
    }
    return new AddressSet(bounds);
  }

  /** Compares boundary `i` of this with boundary `j` of the other; a list that has ended is greater. */
  #compareBounds(i: number, other: AddressSet, j: number): number {
    if (i === this.#count) return 1;
    if (j === other.#count) return -1;
    return compareWords(this.#bounds, 4 * i, other.#bounds, 4 * j);
  }

  equals(other: AddressSet): boolean {
    if (this.#count !== other.#count) return false;
    for (let at = 0; at < 4 * this.#count; at += 1) {
      if (this.#bounds[at] !== other.#bounds[at]) return false;
    }
    return true;
  }

  isEmpty(): boolean {
    return this.#count === 0;
  }

  contains(address: Address): boolean {
    writeWords(address, probe, 0);
    this.#index ??= new BoundaryIndex(this.#bounds, this.#count);
    return (this.#index.countUpTo(probe, 0) & 1) === 1;
  }

  count(): AddressCount {
    const all = this.#sum(0, this.#count) + (this.#count & 1 ? 1n << 128n : 0n);
    // From the boundaries before the IPv4 space to those before what comes after it.
    const from = this.#countBelow(ipv4Start);
    const to = this.#countBelow(ipv4End);
    const ipv4 =
      this.#sum(from, to) + (to & 1 ? readWords(ipv4End, 0) : 0n) - (from & 1 ? readWords(ipv4Start, 0) : 0n);
    return { ipv4, ipv6: all - ipv4 };
  }

  /** How many boundaries are less than the address. */
  #countBelow(address: Uint32Array): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(this.#bounds, 4 * middle, address, 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The boundaries of rows `start` up to `end`, where the set ends (odd rows) minus where it begins. Word by word:
   * a word is below 2^32, so 2^20 of them add up exactly in a double.
   */
  #sum(start: number, end: number): bigint {
    let sum = 0n;
    for (let from = start; from < end; from += 1 << 20) {
      const to = Math.min(end, from + (1 << 20));
      for (let word = 0; word < 4; word += 1) {
        let part = 0;
        for (let row = from; row < to; row += 1) {
          const value = this.#bounds[4 * row + word]!;
          part += row & 1 ? value : -value;
        }
        sum += BigInt(part) << BigInt(96 - 32 * word);
      }
    }
    return sum;
  }

  /** The shortest list of prefixes that is this set, in order. */
  prefixes(): Prefix[] {
    const prefixes: Prefix[] = [];
    this.forEachPrefix((words, length) => prefixes.push({ network: readWords(words, 0), length }));
    return prefixes;
  }

  /** The same without objects: the network is in the first four of `words`, which the next call reuses. */
  forEachPrefix(visit: (words: Uint32Array, length: number) => void): void {
    for (let row = 0; row < this.#count; row += 2) {
      const isOpen = row + 1 === this.#count;
      splitRange(this.#bounds, 4 * row, isOpen ? zeroWords : this.#bounds, isOpen ? 0 : 4 * row + 4, visit);
    }
  }

  /** First and last address of each range, in order. */
  *ranges(): IterableIterator<readonly [Address, Address]> {
    for (let row = 0; row < this.#count; row += 2) {
      const last = row + 1 < this.#count ? readWords(this.#bounds, 4 * row + 4) - 1n : lastOfAll;
      yield [readWords(this.#bounds, 4 * row), last];
    }
  }
}
