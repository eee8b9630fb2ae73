/**
 * A fixed set of prefixes with the relation "is nested in", as three columns. Two prefixes are either apart or
 * one holds the other, so sorted with the wider first they are a forest written down in preorder:
 *
 *     row      0     1     2     3
 *     prefix   |-----------|     |---|
 *                |--|  |--|
 *     parent   -1    0     0     -1
 *     end      3     2     3     4        the rows nested in `row` are those from row + 1 up to end
 */
import { comparePrefixes, containsPrefix, type Prefix, prefixKey } from "../address/prefix.js";

export class PrefixForest {
  /** Invariant: strictly ascending by `comparePrefixes`. */
  readonly prefixes: readonly Prefix[];
  /** The row of the narrowest prefix that holds this one, or -1. */
  readonly parents: Int32Array;
  /** The first row after those nested in this one. */
  readonly ends: Int32Array;
  readonly #rows = new Map<bigint, number>();

  constructor(prefixes: Iterable<Prefix>) {
    const unique = new Map<bigint, Prefix>();
    for (const prefix of prefixes) unique.set(prefixKey(prefix), prefix);
    const sorted = [...unique.values()].sort(comparePrefixes);
    this.prefixes = sorted;
    this.parents = new Int32Array(sorted.length);
    this.ends = new Int32Array(sorted.length);
    const open: number[] = [];
    sorted.forEach((prefix, row) => {
      this.#rows.set(prefixKey(prefix), row);
      while (open.length > 0 && !containsPrefix(sorted[open.at(-1)!]!, prefix)) this.ends[open.pop()!] = row;
      this.parents[row] = open.at(-1) ?? -1;
      open.push(row);
    });
    for (const row of open) this.ends[row] = sorted.length;
  }

  /** The row of a prefix of the set. */
  rowOf(prefix: Prefix): number {
    const row = this.#rows.get(prefixKey(prefix));
    if (row === undefined) throw new Error("a prefix is not in its forest");
    return row;
  }

  find(prefix: Prefix): number | undefined {
    return this.#rows.get(prefixKey(prefix));
  }
}
