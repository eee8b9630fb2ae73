/**
 * Prefixes in bulk: no object for each, so that a million are ordinary (17 MB).
 * `prefix-lines.ts` reads them from a text file, `AddressSet.ofColumns` and `AccessMap.ofColumns` take them.
 */
import type { Prefix } from "./prefix.js";
import { readWords, writeWords } from "./words.js";

/** Invariant: each network has no bit set below its length. The order is the maker's; prefixes may repeat. */
export interface PrefixColumns {
  readonly count: number;
  /** Network of prefix `i`: `words[4 * i]` .. `words[4 * i + 3]`, most significant first. */
  readonly words: Uint32Array;
  /** 0..128, counted in the 128-bit space. */
  readonly lengths: Uint8Array;
}

/** Prefixes with what each does. */
export interface EntryColumns extends PrefixColumns {
  /** 1 for an allow entry, 0 for a deny entry. */
  readonly allows: Uint8Array;
}

export const columnsOf = (prefixes: readonly Prefix[]): PrefixColumns => {
  const words = new Uint32Array(4 * prefixes.length);
  const lengths = new Uint8Array(prefixes.length);
  prefixes.forEach(({ network, length }, row) => {
    writeWords(network, words, 4 * row);
    lengths[row] = length;
  });
  return { count: prefixes.length, words, lengths };
};

export const prefixAt = (columns: PrefixColumns, row: number): Prefix => ({
  network: readWords(columns.words, 4 * row),
  length: columns.lengths[row]!,
});

/** Columns as entries of one type. */
export const entriesOfType = (columns: PrefixColumns, type: "allow" | "deny"): EntryColumns => ({
  ...columns,
  allows: new Uint8Array(columns.count).fill(type === "allow" ? 1 : 0),
});

const shortRun = 24;
const digitBits = 8;
const digits = 1 << digitBits;
/** The "word" after the four of the network: the length. */
const lengthKey = 4;

/** Prefixes in order, side by side, so that a sweep over them reads memory in order too. */
interface SortedColumns extends PrefixColumns {
  /** Row of each prefix in the columns that were sorted. */
  readonly rows: Uint32Array;
}

/**
 * The order of prefixes in columns: by network, then length (the wider first), then row.
 *
 * A radix sort, word by word from the most significant. Rows that share their first words form a run, and
 * only runs go on to the next word: of mixed prefixes nearly all IPv6 rows are told apart by their first
 * word or two, while the IPv4 rows are one run through three words that do not vary and so cost one look each.
 * Short runs, which most are, finish by insertion. Each part is stable, and so the whole is.
 */
class Sorter implements SortedColumns {
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  /** Always a permutation. */
  readonly rows: Uint32Array;
  readonly #from: PrefixColumns;
  /** While a run is being sorted, `#keys[at]` is the current word of row `rows[at]`. */
  readonly #keys: Uint32Array;
  readonly #otherKeys: Uint32Array;
  readonly #otherRows: Uint32Array;
  readonly #counts = new Uint32Array(digits);

  constructor(columns: PrefixColumns) {
    const { count } = columns;
    this.#from = columns;
    this.count = count;
    this.words = new Uint32Array(4 * count);
    this.lengths = new Uint8Array(count);
    this.rows = new Uint32Array(count);
    for (let row = 0; row < count; row += 1) this.rows[row] = row;
    this.#keys = new Uint32Array(count);
    this.#otherKeys = new Uint32Array(count);
    this.#otherRows = new Uint32Array(count);
  }

  /**
   * Sorts the places `from` up to, not including, `to`, whose rows agree in all keys before `key`, and fills
   * in their keys from `key` on; those before it the callers have filled in.
   */
  sort(from: number, to: number, key: number): void {
    if (to - from <= shortRun) {
      this.#insert(from, to, key);
      return;
    }
    const varying = this.#load(from, to, key);
    for (let shift = 0; shift < 32; shift += digitBits) {
      if (((varying >>> shift) & (digits - 1)) !== 0) this.#distribute(from, to, shift);
    }
    this.#fillIn(from, to, key);
    if (key === lengthKey) return;
    if (varying === 0) this.sort(from, to, key + 1);
    else this.#sortRuns(from, to, key + 1);
  }

  /** Reads the keys of a run; returns the bits in which they differ. */
  #load(from: number, to: number, key: number): number {
    const { words, lengths } = this.#from;
    const keys = this.#keys;
    const rows = this.rows;
    let all = 0xffff_ffff;
    let any = 0;
    for (let at = from; at < to; at += 1) {
      const row = rows[at]!;
      const value = key === lengthKey ? lengths[row]! : words[4 * row + key]!;
      keys[at] = value;
      all &= value;
      any |= value;
    }
    return all ^ any;
  }

  /** One stable counting pass over the digit at `shift`. */
  #distribute(from: number, to: number, shift: number): void {
    const keys = this.#keys;
    const rows = this.rows;
    const otherKeys = this.#otherKeys;
    const otherRows = this.#otherRows;
    const counts = this.#counts;
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
      otherRows[place] = rows[at]!;
    }
    keys.set(otherKeys.subarray(from, to), from);
    rows.set(otherRows.subarray(from, to), from);
  }

  /** The sorted keys are a column of the result already: no need to fetch them row by row. */
  #fillIn(from: number, to: number, key: number): void {
    const keys = this.#keys;
    if (key === lengthKey) this.lengths.set(keys.subarray(from, to), from);
    else for (let at = from; at < to; at += 1) this.words[4 * at + key] = keys[at]!;
  }

  /** Sorts each run of equal keys by the next key. A run is read before the sort below reuses its keys. */
  #sortRuns(from: number, to: number, key: number): void {
    let start = from;
    while (start < to) {
      const value = this.#keys[start]!;
      let end = start + 1;
      while (end < to && this.#keys[end] === value) end += 1;
      if (end === start + 1) this.#copyRow(start, key);
      else this.sort(start, end, key);
      start = end;
    }
  }

  #insert(from: number, to: number, key: number): void {
    const rows = this.rows;
    for (let at = from + 1; at < to; at += 1) {
      const row = rows[at]!;
      let place = at;
      while (place > from && this.#compare(rows[place - 1]!, row, key) > 0) {
        rows[place] = rows[place - 1]!;
        place -= 1;
      }
      rows[place] = row;
    }
    for (let at = from; at < to; at += 1) this.#copyRow(at, key);
  }

  /** Fills in the keys from `key` on at one place. */
  #copyRow(at: number, key: number): void {
    const row = this.rows[at]!;
    for (let word = key; word < 4; word += 1) this.words[4 * at + word] = this.#from.words[4 * row + word]!;
    this.lengths[at] = this.#from.lengths[row]!;
  }

  #compare(a: number, b: number, key: number): number {
    const { words, lengths } = this.#from;
    for (let word = key; word < 4; word += 1) {
      const difference = words[4 * a + word]! - words[4 * b + word]!;
      if (difference !== 0) return difference;
    }
    return lengths[a]! - lengths[b]!;
  }
}

/** A copy in order: by network, then length (the wider first), then row. */
export const sortColumns = (columns: PrefixColumns): SortedColumns => {
  const sorter = new Sorter(columns);
  sorter.sort(0, columns.count, 0);
  return sorter;
};
