/**
 * Addresses and prefixes as values. All addresses live in one 128-bit space, IPv4 at `::ffff:0:0/96`
 * (RFC 4291 section 2.5.5.2), so that `203.0.113.7`, `203.0.113.7/32` and `::ffff:203.0.113.7` are one prefix.
 *
 * `::203.0.113.7`, the deprecated IPv4-compatible form (RFC 4291 section 2.5.5.1), is an IPv6 address of its
 * own and not the IPv4 address.
 */
import { longestPrefix, writeAddress, writePrefix } from "./format.js";
import { PrefixParser } from "./parse.js";
import { type AddressProblem, addressProblem } from "./problem.js";
import { type Address, readWords, writeWords } from "./words.js";

export type { AddressProblem, AddressProblemCode } from "./problem.js";
export type { Address } from "./words.js";

/** A canonical network: `network` has no bit set below `length` (0..128, counted in the 128-bit space). */
export interface Prefix {
  readonly network: Address;
  readonly length: number;
}

export type ParsedPrefix =
  | {
      readonly ok: true;
      readonly prefix: Prefix;
      /** Whether the text had bits set below its length: `1.6.7.10/24`. The prefix has not. */
      readonly hostBits: boolean;
      /** Whether the text was one address without a length. */
      readonly bare: boolean;
    }
  | { readonly ok: false; readonly problem: AddressProblem };

export type ParsedAddress =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly problem: AddressProblem };

export const lastOfAll: Address = (1n << 128n) - 1n;

/** Every address: `::/0`. */
export const everything: Prefix = { network: 0n, length: 0 };
/** Every IPv4 address: `0.0.0.0/0`, which is `::ffff:0:0/96`. */
export const allIPv4: Prefix = { network: 0xffffn << 32n, length: 96 };

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
