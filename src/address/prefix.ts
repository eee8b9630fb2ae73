/**
 * Addresses and prefixes as values. All addresses live in one 128-bit space, IPv4 at `::ffff:0:0/96`
 * (RFC 4291 section 2.5.5.2), so that `203.0.113.7`, `203.0.113.7/32` and `::ffff:203.0.113.7` are one prefix.
 *
 * `::203.0.113.7`, the deprecated IPv4-compatible form (RFC 4291 section 2.5.5.1), is an IPv6 address of its
 * own and not the IPv4 address.
 */

import { type AddressProblem, addressProblem, PrefixParser } from "./parse.js";
import { type Address, mappedWord, readWords, writeWords } from "./words.js";

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
const writeAddress = (words: Uint32Array, at: number, out: Uint8Array, to: number): number =>
  isMapped(words, at) ? writeIPv4(words[at + 3]!, out, to) : writeIPv6(words, at, out, to);

/**
 * The one formatter of addresses and prefixes: from words to ASCII bytes, as RFC 5952 wants them (lower case,
 * no leading zeros, the first of the longest runs of two or more zero groups as "::").
 * An address in ::ffff:0:0/96 prints as IPv4, and a prefix there with its IPv4 length. A prefix shorter than
 * /96 never has its network there (bit 95 is clear), so it prints as IPv6 even where it contains that space.
 *
 * The same with "/length"; at most `longestPrefix` bytes.
 */
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

export type { AddressProblem, AddressProblemCode } from "./parse.js";
export type { Address } from "./words.js";

/** A canonical network: `network` has no bit set below `length` (0..128, counted in the 128-bit space). */
export interface Prefix {
  readonly network: Address;
  readonly length: number;
}

type ParsedPrefix =
  | {
      readonly ok: true;
      readonly prefix: Prefix;
      /** Whether the text had bits set below its length: `1.6.7.10/24`. The prefix has not. */
      readonly hostBits: boolean;
      /** Whether the text was one address without a length. */
      readonly bare: boolean;
    }
  | { readonly ok: false; readonly problem: AddressProblem };

type ParsedAddress =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly problem: AddressProblem };

export const lastOfAll: Address = (1n << 128n) - 1n;

/** Every address: `::/0`. */
export const everything: Prefix = { network: 0n, length: 0 };
/** Every IPv4 address: `0.0.0.0/0`, which is `::ffff:0:0/96`. */
export const allIPv4: Prefix = { network: 0xffffn << 32n, length: 96 };

/** Whether its network is `0.0.0.0` or `::`, whatever its length: written without one, it may be meant for every address. */
export const isUnspecified = ({ network }: Prefix): boolean => network === 0n || network === allIPv4.network;

// Parsing and formatting share their buffers between calls; none of it calls out while they are in use.
const parser = new PrefixParser();
const words = new Uint32Array(4);
const output = new Uint8Array(longestPrefix);

/** One byte for each UTF-16 unit; what is not ASCII becomes 0x80, which the parser refuses at its place. */
const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    bytes[at] = Math.min(text.charCodeAt(at), 0x80);
  }
  return bytes;
};

/** Parses one address, or one prefix with its length, and nothing around it. Indices count UTF-16 units. */
export const parsePrefix = (text: string): ParsedPrefix => {
  if (!parser.parse(bytesOf(text), 0, text.length)) {
    return { ok: false, problem: addressProblem(parser.problem, parser.problemAt) };
  }
  const prefix = { network: readWords(parser.words, 0), length: parser.length };
  return { ok: true, prefix, hostBits: parser.hostBits, bare: parser.bare };
};

/** Parses one address; a length, even /32 or /128, is a problem here. */
export const parseAddress = (text: string): ParsedAddress => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) return parsed;
  if (!parsed.bare) return { ok: false, problem: addressProblem("length-unexpected", text.indexOf("/")) };
  return { ok: true, address: parsed.prefix.network };
};

/** RFC 5952, and an address in ::ffff:0:0/96 as IPv4. */
export const formatAddress = (address: Address): string => {
  writeWords(address, words, 0);
  return String.fromCharCode(...output.subarray(0, writeAddress(words, 0, output, 0)));
};

/** Like `formatAddress`, always with "/length": `203.0.113.7/32`, `2001:db8::/32`, `::/0`. */
export const formatPrefix = ({ network, length }: Prefix): string => {
  writeWords(network, words, 0);
  return String.fromCharCode(...output.subarray(0, writePrefix(words, 0, length, output, 0)));
};

/** By length: the bits that tell the addresses of a prefix apart. A table, since long lists ask for millions. */
const hostMasks: readonly bigint[] = Array.from(
  { length: 129 },
  (_, length) => (1n << BigInt(128 - length)) - 1n,
);
const hostMask = (length: number): bigint => hostMasks[length]!;

/** The prefix of this length that holds the address. */
export const prefixOf = (address: Address, length: number): Prefix => ({
  network: address & ~hostMask(length),
  length,
});

/** By network, then the shorter (wider) first. Negative, zero or positive, for `sort`. */
export const comparePrefixes = (a: Prefix, b: Prefix): number => {
  if (a.network !== b.network) return a.network < b.network ? -1 : 1;
  return a.length - b.length;
};

export const samePrefix = (a: Prefix, b: Prefix): boolean => a.length === b.length && a.network === b.network;

/** Odd, its bits in no pattern (2^64 divided by the golden ratio). */
const spread = 0x9e37_79b9_7f4a_7c15n;

/**
 * One number per prefix, as the key of a `Map` or `Set`: those compare bigints by value, but V8 hashes them by
 * their low 64 bits alone, which all IPv6 networks up to /64 have in common. So below the number itself stand
 * 64 bits that differ. Half as long again is what a text as key takes.
 */
export const prefixKey = ({ network, length }: Prefix): bigint => {
  const number = (network << 8n) | BigInt(length);
  return (number << 64n) | BigInt.asUintN(64, (network >> 64n) * spread + number);
};

export const firstAddress = (prefix: Prefix): Address => prefix.network;
export const lastAddress = (prefix: Prefix): Address => prefix.network | hostMask(prefix.length);

export const containsAddress = (prefix: Prefix, address: Address): boolean =>
  (address & ~hostMask(prefix.length)) === prefix.network;

/** Whether every address of `inner` is one of `outer`; a prefix contains itself. */
export const containsPrefix = (outer: Prefix, inner: Prefix): boolean =>
  outer.length <= inner.length && containsAddress(outer, inner.network);

/** Whether the prefix lies wholly in ::ffff:0:0/96. `::/0` does not; it only contains IPv4. */
export const isIPv4 = (prefix: Prefix): boolean => containsPrefix(allIPv4, prefix);

/**
 * `::ffff:203.0.113.0/24` is ::/24, and so all of IPv4 and more: the length was meant for the IPv4 address. No
 * setting of lint may let that pass. Returns what was meant; undefined where the text is nothing of the kind.
 */
export const mappedLength = (text: string, { length }: Prefix): Prefix | undefined => {
  const slash = text.indexOf("/");
  if (slash < 0 || length >= allIPv4.length) return undefined;
  const address = parseAddress(text.slice(0, slash));
  if (!address.ok || !containsAddress(allIPv4, address.address)) return undefined;
  return length <= 32 ? prefixOf(address.address, allIPv4.length + length) : allIPv4;
};
