/** Which entry lies in which: of prefixes, one holds the other or they are apart, so entries form a tree. */
import { containsPrefix, type Prefix, samePrefix } from "../../address/prefix.js";
import { columnsOf, sortColumns } from "../../address/prefix-columns.js";

export const noParent = -1;

/** Indices in the order wider before narrower, and of one prefix the lower index first. */
export const nestingOrder = (entries: readonly { readonly prefix: Prefix }[]): Uint32Array =>
  sortColumns(columnsOf(entries.map(({ prefix }) => prefix))).rows;

/**
 * For each entry the index of the one that would decide for its addresses if it were not there and nothing
 * more specific did: the next entry of the same prefix, else the nearest that holds it; else `noParent`.
 * `order` is that of `nestingOrder`.
 */
export const nest = (
  entries: readonly { readonly prefix: Prefix }[],
  order: Iterable<number>,
): Int32Array => {
  const parents = new Int32Array(entries.length).fill(noParent);
  const stack: number[] = [];
  let previous = noParent;
  for (const index of order) {
    const { prefix } = entries[index]!;
    if (previous !== noParent && samePrefix(entries[previous]!.prefix, prefix)) {
      // The lower index decides; this one comes after it, and inherits what stood behind it.
      parents[index] = parents[previous]!;
      parents[previous] = index;
      previous = index;
      continue;
    }
    previous = index;
    while (stack.length > 0 && !containsPrefix(entries[stack.at(-1)!]!.prefix, prefix)) stack.pop();
    parents[index] = stack.at(-1) ?? noParent;
    stack.push(index);
  }
  return parents;
};
