/** A range of addresses as the shortest list of prefixes. */
import { compareWords, copyWords, writeEnd } from "./words.js";

/** How many zero bits end the 128-bit number at `words[at]`; 128 for zero. */
const trailingZeros = (words: Uint32Array, at: number): number => {
  for (let word = 3; word >= 0; word -= 1) {
    const value = words[at + word]!;
    if (value !== 0) return 32 * (3 - word) + 31 - Math.clz32(value & -value);
  }
  return 128;
};

/** How many bits the 128-bit number `a[i] - b[j]` has; 2^128, which comes out as zero, has 129. */
const bitsOfDifference = (a: Uint32Array, i: number, b: Uint32Array, j: number): number => {
  let borrow = 0;
  let bits = 0;
  for (let word = 3; word >= 0; word -= 1) {
    const difference = a[i + word]! - b[j + word]! - borrow;
    borrow = difference < 0 ? 1 : 0;
    if (difference >>> 0 !== 0) bits = 32 * (3 - word) + 32 - Math.clz32(difference);
  }
  return bits === 0 ? 129 : bits;
};

const start = new Uint32Array(4);
const next = new Uint32Array(4);

/**
 * Visits, in order, the prefixes of the addresses from `from[i]` up to, not including, `to[j]`, where zero
 * means 2^128. The range is not empty. `visit` gets the network in the first four of `words`, which the next
 * call reuses; it must not call back in here.
 *
 * From the left, each prefix is as large as both its start and what is left allow: a power of two that
 * divides the start and is not above the rest. They grow up to the widest and shrink after it.
 */
export const splitRange = (
  from: Uint32Array,
  i: number,
  to: Uint32Array,
  j: number,
  visit: (words: Uint32Array, length: number) => void,
): void => {
  copyWords(from, i, start, 0);
  do {
    const hostBits = Math.min(trailingZeros(start, 0), bitsOfDifference(to, j, start, 0) - 1);
    writeEnd(start, 0, 128 - hostBits, next, 0);
    visit(start, 128 - hostBits);
    copyWords(next, 0, start, 0);
  } while (compareWords(start, 0, to, j) !== 0);
};
