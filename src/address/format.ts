/**
 * The one formatter of addresses and prefixes: from words to ASCII bytes, as RFC 5952 wants them (lower case,
 * no leading zeros, the first of the longest runs of two or more zero groups as "::").
 * An address in ::ffff:0:0/96 prints as IPv4, and a prefix there with its IPv4 length. A prefix shorter than
 * /96 never has its network there (bit 95 is clear), so it prints as IPv6 even where it contains that space.
 */
import { mappedWord } from "./words.js";

/** No address with a length takes more bytes: eight groups of four, seven colons, "/128". */
export const longestPrefix = 43;

const zero = 0x30;
const colon = 0x3a;

const writeDecimal = (value: number, out: Uint8Array, at: number): number => {
  if (value >= 100) {
    const hundreds = (value / 100) | 0;
    out[at++] = zero + hundreds;
    value -= hundreds * 100;
    const tens = (value / 10) | 0;
    out[at++] = zero + tens;
    value -= tens * 10;
  } else if (value >= 10) {
    const tens = (value / 10) | 0;
    out[at++] = zero + tens;
    value -= tens * 10;
  }
  out[at++] = zero + value;
  return at;
};

const writeHex = (group: number, out: Uint8Array, at: number): number => {
  let shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;
  for (; shift >= 0; shift -= 4) {
    const digit = (group >>> shift) & 15;
    out[at++] = digit < 10 ? zero + digit : 0x57 + digit;
  }
  return at;
};

const writeIPv4 = (word: number, out: Uint8Array, at: number): number => {
  at = writeDecimal(word >>> 24, out, at);
  out[at++] = 0x2e;
  at = writeDecimal((word >>> 16) & 255, out, at);
  out[at++] = 0x2e;
  at = writeDecimal((word >>> 8) & 255, out, at);
  out[at++] = 0x2e;
  return writeDecimal(word & 255, out, at);
};

const groupOf = (words: Uint32Array, at: number, group: number): number => {
  const word = words[at + (group >>> 1)]!;
  return group & 1 ? word & 0xffff : word >>> 16;
};

const writeIPv6 = (words: Uint32Array, at: number, out: Uint8Array, to: number): number => {
  let gapStart = -1;
  let gapLength = 1; // a run of one group is not shortened
  for (let group = 0, run = 0; group < 8; group += 1) {
    run = groupOf(words, at, group) === 0 ? run + 1 : 0;
    if (run > gapLength) {
      gapLength = run;
      gapStart = group - run + 1;
    }
  }
  for (let group = 0; group < 8; group += 1) {
    if (group === gapStart) {
      out[to++] = colon;
      out[to++] = colon;
      group += gapLength - 1;
      continue;
    }
    if (group > 0 && group !== gapStart + gapLength) out[to++] = colon;
    to = writeHex(groupOf(words, at, group), out, to);
  }
  return to;
};

/** Whether the four words from `words[at]` are an address in ::ffff:0:0/96. */
const isMapped = (words: Uint32Array, at: number): boolean =>
  words[at + 2] === mappedWord && words[at] === 0 && words[at + 1] === 0;

/** Writes the address of `words[at]` .. `words[at + 3]` to `out[to]` on; returns the index after it. */
export const writeAddress = (words: Uint32Array, at: number, out: Uint8Array, to: number): number =>
  isMapped(words, at) ? writeIPv4(words[at + 3]!, out, to) : writeIPv6(words, at, out, to);

/** The same with "/length"; at most `longestPrefix` bytes. */
export const writePrefix = (
  words: Uint32Array,
  at: number,
  length: number,
  out: Uint8Array,
  to: number,
): number => {
  const mapped = isMapped(words, at);
  let next = mapped ? writeIPv4(words[at + 3]!, out, to) : writeIPv6(words, at, out, to);
  out[next++] = 0x2f;
  next = writeDecimal(mapped ? length - 96 : length, out, next);
  return next;
};
