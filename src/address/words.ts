/**
 * The 128-bit space as four unsigned 32-bit words, most significant first: what the bulk code works on.
 * Here are the conversions between words and `bigint`, the only two spellings of an address in memory.
 */
import type { Address } from "./prefix.js";

/** Word 2 of every IPv4-mapped address; words 0 and 1 are zero (RFC 4291 section 2.5.5.2). */
export const mappedWord = 0xffff;

const low64 = 0xffff_ffff_ffff_ffffn;
// One buffer for all conversions: nothing here calls out while it is in use.
const view = new DataView(new ArrayBuffer(16));

/** Writes the words of `address` to `words[at]` .. `words[at + 3]`. */
export const writeWords = (address: Address, words: Uint32Array, at: number): void => {
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, address & low64);
  words[at] = view.getUint32(0);
  words[at + 1] = view.getUint32(4);
  words[at + 2] = view.getUint32(8);
  words[at + 3] = view.getUint32(12);
};

/** The address whose words are `words[at]` .. `words[at + 3]`. */
export const readWords = (words: Uint32Array, at: number): Address => {
  view.setUint32(0, words[at]!);
  view.setUint32(4, words[at + 1]!);
  view.setUint32(8, words[at + 2]!);
  view.setUint32(12, words[at + 3]!);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
};

/** The bits of word `word` (0..3) that belong to the network of a prefix of `length` bits (0..128). */
export const networkMask = (word: number, length: number): number => {
  const bits = length - 32 * word;
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffff_ffff : ~(0xffff_ffff >>> bits) >>> 0;
};
