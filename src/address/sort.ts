/**
 * The order of prefixes in columns: by network, then length (the wider first), then row.
 *
 * A radix sort, word by word from the most significant. Rows that share their first words form a run, and
 * only runs go on to the next word: of mixed prefixes nearly all IPv6 rows are told apart by their first
 * word or two, while the IPv4 rows are one run through three words that do not vary and so cost one look each.
 * Short runs, which most are, finish by insertion. Each part is stable, and so the whole is.
 */
import type { PrefixColumns } from "./prefix-columns.js";

const shortRun = 24;
const digitBits = 11;
const digits = 1 << digitBits;
/** The "word" after the four of the network: the length. */
const lengthKey = 4;

class Sorter {
  /** Rows; always a permutation. */
  order: Uint32Array;
  #otherOrder: Uint32Array;
  /** While a run is being sorted, `#keys[i]` is the current word of row `order[i]`. */
  #keys: Uint32Array;
  #otherKeys: Uint32Array;
  readonly #counts = new Uint32Array(digits);
  readonly #columns: PrefixColumns;

  constructor(columns: PrefixColumns) {
    this.#columns = columns;
    this.order = new Uint32Array(columns.count);
    for (let row = 0; row < columns.count; row += 1) this.order[row] = row;
    this.#otherOrder = new Uint32Array(columns.count);
    this.#keys = new Uint32Array(columns.count);
    this.#otherKeys = new Uint32Array(columns.count);
  }

  /** Sorts `order[from]` .. `order[to - 1]`, whose rows agree in all keys before `key`. */
  sort(from: number, to: number, key: number): void {
    if (to - from <= shortRun) {
      this.#insert(from, to, key);
      return;
    }
    const varying = this.#load(from, to, key);
    for (let shift = 0; shift < 32; shift += digitBits) {
      if (((varying >>> shift) & (digits - 1)) !== 0) this.#distribute(from, to, shift);
    }
    if (key < lengthKey) this.#sortRuns(from, to, key + 1);
  }

  /** Fills in the keys of a run; returns the bits in which they differ. */
  #load(from: number, to: number, key: number): number {
    const { words, lengths } = this.#columns;
    const keys = this.#keys;
    const order = this.order;
    let all = 0xffff_ffff;
    let any = 0;
    for (let at = from; at < to; at += 1) {
      const row = order[at]!;
      const value = key === lengthKey ? lengths[row]! : words[4 * row + key]!;
      keys[at] = value;
      all &= value;
      any |= value;
    }
    return all ^ any;
  }

  /** One stable counting pass over the digit at `shift`. */
  #distribute(from: number, to: number, shift: number): void {
    const [keys, order, otherKeys, otherOrder, counts] = [
      this.#keys,
      this.order,
      this.#otherKeys,
      this.#otherOrder,
      this.#counts,
    ];
    counts.fill(0);
    for (let at = from; at < to; at += 1) counts[(keys[at]! >>> shift) & (digits - 1)]! += 1;
    let next = from;
    for (let digit = 0; digit < digits; digit += 1) {
      const count = counts[digit]!;
      counts[digit] = next;
      next += count;
    }
    for (let at = from; at < to; at += 1) {
      const digit = (keys[at]! >>> shift) & (digits - 1);
      const place = counts[digit]!;
      counts[digit] = place + 1;
      otherKeys[place] = keys[at]!;
      otherOrder[place] = order[at]!;
    }
    keys.set(otherKeys.subarray(from, to), from);
    order.set(otherOrder.subarray(from, to), from);
  }

  /** Sorts each run of equal keys by the next key. A run is read before the sort below reuses its keys. */
  #sortRuns(from: number, to: number, key: number): void {
    let start = from;
    while (start < to) {
      const value = this.#keys[start]!;
      let end = start + 1;
      while (end < to && this.#keys[end] === value) end += 1;
      if (end - start > 1) this.sort(start, end, key);
      start = end;
    }
  }

  #insert(from: number, to: number, key: number): void {
    const order = this.order;
    for (let at = from + 1; at < to; at += 1) {
      const row = order[at]!;
      let place = at;
      while (place > from && this.#compare(order[place - 1]!, row, key) > 0) {
        order[place] = order[place - 1]!;
        place -= 1;
      }
      order[place] = row;
    }
  }

  #compare(a: number, b: number, key: number): number {
    const { words, lengths } = this.#columns;
    for (let word = key; word < 4; word += 1) {
      const difference = words[4 * a + word]! - words[4 * b + word]!;
      if (difference !== 0) return difference;
    }
    return lengths[a]! - lengths[b]!;
  }
}

/** The rows in order: by network, then length (the wider first), then row. */
export const sortedRows = (columns: PrefixColumns): Uint32Array => {
  const sorter = new Sorter(columns);
  sorter.sort(0, columns.count, 0);
  return sorter.order;
};
