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
