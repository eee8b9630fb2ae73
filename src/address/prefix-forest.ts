/**
 * Prefixes with the relation "is nested in". Two prefixes are either apart or one holds the other, so sorted with the
 * wider first they are a forest written down in preorder:
 *
 *     row      0     1     2     3
 *     prefix   |-----------|     |---|
 *                |--|  |--|
 *     parent   -1    0     0     -1
 *     end      3     2     3     4        the rows nested in `row` are those from row + 1 up to end
 */
import { type Prefix, prefixKey } from "./prefix.js";
import { columnsOf, prefixAt, sortColumns } from "./prefix-columns.js";
import { compareEnd, compareWords, writeEnd } from "./words.js";

/** Nested prefixes differ in length, which is 0..128. */
export const deepestNesting = 129;

/**
 * The prefixes that hold the place where a sweep over sorted prefixes is. Each is inside the one below it; below them
 * all, at depth 0, is the whole space, which never ends.
 */
export class Nesting {
  depth = 0;
  /** The first address after the prefix at each depth: `ends[4 * depth]` on; zero means 2^128. */
  readonly ends = new Uint32Array(4 * (deepestNesting + 1));

  /** Whether the innermost prefix ends before the address at `words[at]`. */
  endsBefore(words: Uint32Array, at: number): boolean {
    return compareEnd(this.ends, 4 * this.depth, words, at) <= 0;
  }

  enter(words: Uint32Array, at: number, length: number): void {
    this.depth += 1;
    writeEnd(words, at, length, this.ends, 4 * this.depth);
  }

  leave(): void {
    this.depth -= 1;
  }
}

export class PrefixForest {
  /** Each prefix once. Invariant: strictly ascending by `comparePrefixes`. */
  readonly prefixes: readonly Prefix[];
  /** The row of the narrowest prefix that holds this one, or -1. */
  readonly parents: Int32Array;
  /** The first row after those nested in this one. */
  readonly ends: Int32Array;
  /** Indices of the prefixes as given, in the order of their rows; of one prefix the lower index first. */
  readonly order: Uint32Array;
  /** The row of each prefix as given. */
  readonly rows: Int32Array;
  /** Made by the first search. */
  #rowsByKey: Map<bigint, number> | undefined;

  constructor(given: readonly Prefix[]) {
    const sorted = sortColumns(columnsOf(given));
    const { count, words, lengths } = sorted;
    const prefixes: Prefix[] = [];
    const parents = new Int32Array(count);
    const ends = new Int32Array(count);
    this.order = sorted.rows;
    this.rows = new Int32Array(count);
    const nesting = new Nesting();
    // By depth: the row of the prefix there.
    const open = new Int32Array(deepestNesting + 1).fill(-1);
    for (let at = 0; at < count; at += 1) {
      const isSame =
        at > 0 && lengths[at] === lengths[at - 1] && compareWords(words, 4 * at - 4, words, 4 * at) === 0;
      if (!isSame) {
        const row = prefixes.length;
        for (; nesting.endsBefore(words, 4 * at); nesting.leave()) ends[open[nesting.depth]!] = row;
        parents[row] = open[nesting.depth]!;
        nesting.enter(words, 4 * at, lengths[at]!);
        open[nesting.depth] = row;
        prefixes.push(prefixAt(sorted, at));
      }
      this.rows[sorted.rows[at]!] = prefixes.length - 1;
    }
    for (; nesting.depth > 0; nesting.leave()) ends[open[nesting.depth]!] = prefixes.length;
    this.prefixes = prefixes;
    this.parents = parents.subarray(0, prefixes.length);
    this.ends = ends.subarray(0, prefixes.length);
  }

  /** The row of a prefix of the set. */
  rowOf(prefix: Prefix): number {
    const row = this.find(prefix);
    if (row === undefined) throw new Error("a prefix is not in its forest");
    return row;
  }

  find(prefix: Prefix): number | undefined {
    this.#rowsByKey ??= new Map(this.prefixes.map((one, row) => [prefixKey(one), row]));
    return this.#rowsByKey.get(prefixKey(prefix));
  }
}
