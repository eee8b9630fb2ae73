/**
 * The 128-bit space as four unsigned 32-bit words, most significant first: what the bulk code works on.
 * Here are the conversions between words and `bigint`, the only two spellings of an address in memory.
 */

/** An address: an unsigned 128-bit number. */
export type Address = bigint;

/** Word 2 of every IPv4-mapped address; words 0 and 1 are zero (RFC 4291 section 2.5.5.2). */
export const mappedWord = 0xffff;

// One buffer for all conversions: nothing here calls out while it is in use.
const view = new DataView(new ArrayBuffer(16));

/** Writes the words of `address` to `words[at]` .. `words[at + 3]`. */
export const writeWords = (address: Address, words: Uint32Array, at: number): void => {
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, address); // which takes the low 64 bits
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

/**
 * -1, 0 or 1 as the four words from `a[i]` are less than, equal to or greater than those from `b[j]`.
 * Written out, and with comparisons alone (a difference of unsigned words would be a double): every search,
 * sweep and merge spends its time here.
 */
export const compareWords = (a: Uint32Array, i: number, b: Uint32Array, j: number): number => {
  if (a[i] !== b[j]) return a[i]! < b[j]! ? -1 : 1;
  if (a[i + 1] !== b[j + 1]) return a[i + 1]! < b[j + 1]! ? -1 : 1;
  if (a[i + 2] !== b[j + 2]) return a[i + 2]! < b[j + 2]! ? -1 : 1;
  if (a[i + 3] !== b[j + 3]) return a[i + 3]! < b[j + 3]! ? -1 : 1;
  return 0;
};

export const copyWords = (from: Uint32Array, at: number, to: Uint32Array, toAt: number): void => {
  to[toAt] = from[at]!;
  to[toAt + 1] = from[at + 1]!;
  to[toAt + 2] = from[at + 2]!;
  to[toAt + 3] = from[at + 3]!;
};

/**
 * Writes the first address after the prefix of this length at `words[at]` to `out[to]` on.
 * After the last address of all comes zero: a reader of such an end takes zero for 2^128.
 */
export const writeEnd = (
  words: Uint32Array,
  at: number,
  length: number,
  out: Uint32Array,
  to: number,
): void => {
  copyWords(words, at, out, to);
  if (length === 0) return; // 0 + 2^128, modulo 2^128
  let word = (length - 1) >>> 5;
  // The lowest bit of the network: 1 for a length of 32, the top bit for 1, and so in each word.
  out[to + word] = out[to + word]! + ((1 << (-length & 31)) >>> 0);
  while (out[to + word] === 0 && word > 0) {
    word -= 1;
    out[to + word] = out[to + word]! + 1;
  }
};

/** The first address of all, and the end of the space (2^128) where an end is asked for. */
export const zeroWords: Uint32Array = new Uint32Array(4);

export const isZero = (words: Uint32Array, at: number): boolean =>
  words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;

/** Compares the end of a range, where zero means 2^128, with an address. */
export const compareEnd = (ends: Uint32Array, i: number, words: Uint32Array, j: number): number =>
  isZero(ends, i) ? 1 : compareWords(ends, i, words, j);
