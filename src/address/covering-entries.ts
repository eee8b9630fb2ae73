/** Why an address gets its verdict: all entries that hold it, and what would decide without one of them. */
import type { AccessEntry } from "./access-map.js";
import { containsPrefix, type Prefix } from "./prefix.js";

/**
 * Indices of the entries that hold every address of `prefix` (one address: length 128), in the order of
 * `AccessMap`: the first decides, unless an entry inside the prefix is more specific still; the rest lost to
 * it, each to those before it. A longer prefix comes first; of one prefix a deny entry, then the lower index.
 */
export const coveringEntries = (entries: readonly AccessEntry[], prefix: Prefix): number[] => {
  const covering: number[] = [];
  entries.forEach((entry, index) => {
    if (containsPrefix(entry.prefix, prefix)) covering.push(index);
  });
  // The sort is stable, so of equals the lower index stays first.
  return covering.sort((a, b) => compareStrength(entries[a]!, entries[b]!));
};

/** Entries that hold one address, the stronger first. */
const compareStrength = (a: AccessEntry, b: AccessEntry): number =>
  b.prefix.length - a.prefix.length || Number(a.type === "allow") - Number(b.type === "allow");
