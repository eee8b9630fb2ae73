/** The ranges of an access map in columns, and the sweep that makes them of entries. */
import type { EntryColumns } from "./prefix-columns.js";
import { sortColumns } from "./sort.js";
import { compareEnd, compareWords, copyWords, isZero, writeEnd, zeroWords } from "./words.js";

/** The owner of addresses that no entry holds. */
export const defaultOwner = -1;
/** The owner of all addresses while enforcement is off. */
export const unenforcedOwner = -2;

/**
 * Each range goes on to the next, the last to the end of the space.
 * Invariant: `starts` is strictly ascending and begins with 0, and neighbours differ in their owner. So each
 * address is in exactly one range, and the ranges are as few as the owners permit.
 */
export interface AccessRangeColumns {
  readonly count: number;
  /** First address of range `i`: `starts[4 * i]` .. `starts[4 * i + 3]`, most significant word first. */
  readonly starts: Uint32Array;
  /** Index of the deciding entry, or `defaultOwner`, or `unenforcedOwner`. */
  readonly owners: Int32Array;
  /** 1 where the addresses are allowed, 0 where they are denied. */
  readonly verdicts: Uint8Array;
}

class RangesInTheMaking implements AccessRangeColumns {
  count = 0;
  readonly starts: Uint32Array;
  readonly owners: Int32Array;
  readonly verdicts: Uint8Array;

  constructor(capacity: number) {
    this.starts = new Uint32Array(4 * capacity);
    this.owners = new Int32Array(capacity);
    this.verdicts = new Uint8Array(capacity);
  }

  /** From this address on, until told otherwise, `owner` decides. What was said of the same address is void. */
  begin(words: Uint32Array, at: number, owner: number, verdict: number): void {
    if (this.count === 0 || compareWords(this.starts, 4 * (this.count - 1), words, at) !== 0) {
      copyWords(words, at, this.starts, 4 * this.count);
      this.count += 1;
    }
    this.owners[this.count - 1] = owner;
    this.verdicts[this.count - 1] = verdict;
  }
}

/** One range, all allowed: what holds while enforcement is off. */
export const unenforcedRanges = (): AccessRangeColumns => {
  const ranges = new RangesInTheMaking(1);
  ranges.begin(zeroWords, 0, unenforcedOwner, 1);
  return ranges;
};

/**
 * One sweep over the entries in order of start, the wider first, with a stack of those that hold the place
 * where the sweep is. Each is inside the one below it, so the top is the most specific: it owns what comes.
 *
 *     a    |---------------|        push a, push b, pop b: a again, push c,
 *     b      |---|                  pop c and a, which end together: the default
 *     c            |-------|
 *
 * `defaultVerdict` (1 or 0) is for the addresses that no entry holds.
 */
export const sweepEntries = (entries: EntryColumns, defaultVerdict: number): AccessRangeColumns => {
  const { count, words, lengths, rows } = sortColumns(entries);
  // An entry begins at most two ranges: its own, and the one after it.
  const ranges = new RangesInTheMaking(2 * count + 1);
  ranges.begin(zeroWords, 0, defaultOwner, defaultVerdict);
  // Nested prefixes differ in length, so there are at most 129; below them the default, which never ends.
  const ends = new Uint32Array(4 * 130);
  const owners = new Int32Array(130).fill(defaultOwner);
  const verdicts = new Uint8Array(130).fill(defaultVerdict);
  let top = 0;
  const pop = (): void => {
    top -= 1;
    ranges.begin(ends, 4 * (top + 1), owners[top]!, verdicts[top]!);
  };
  for (let at = 0; at < count; at += 1) {
    const row = rows[at]!;
    const verdict = entries.allows[row]!;
    if (at > 0 && lengths[at] === lengths[at - 1] && compareWords(words, 4 * at - 4, words, 4 * at) === 0) {
      // The same prefix again. The lowest index came first and owns; but a deny entry beats an allow entry.
      if (verdict >= verdicts[top]!) continue;
    } else {
      while (compareEnd(ends, 4 * top, words, 4 * at) <= 0) pop();
      top += 1;
      writeEnd(words, 4 * at, lengths[at]!, ends, 4 * top);
    }
    owners[top] = row;
    verdicts[top] = verdict;
    ranges.begin(words, 4 * at, row, verdict);
  }
  while (top > 0 && !isZero(ends, 4 * top)) pop();
  return ranges;
};
