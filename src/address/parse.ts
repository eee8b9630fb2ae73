/**
 * The one parser of addresses and prefixes: from ASCII bytes to four 32-bit words and a length.
 *
 * Strict, so that no two programs read one text differently: four decimal octets without leading zeros
 * (RFC 6943 section 3.1.1 tells what the other forms led to); IPv6 as in RFC 4291 section 2.2, with an IPv4
 * address at the end where one likes; a plain decimal length. No zone ids, netmasks, names or blanks.
 * An IPv4 text lands in the mapped space: `203.0.113.0/24` has length 120.
 *
 * The parser stops at the first problem, and everything before it was ASCII; so a place in the bytes is a
 * place in the string as well.
 */
import { mappedWord, networkMask } from "./words.js";

// What can be wrong with the text of an address or a prefix: a closed union of codes, each with its place.

export type AddressProblemCode =
  | "empty"
  | "not-ascii"
  | "blank"
  | "unexpected-character"
  | "host-name"
  | "zone-id"
  | "leading-zero"
  | "octet-missing"
  | "octet-too-large"
  | "too-few-octets"
  | "too-many-octets"
  | "lone-colon"
  | "second-gap"
  | "empty-gap"
  | "group-too-long"
  | "too-few-groups"
  | "too-many-groups"
  | "length-missing"
  | "length-leading-zero"
  | "length-not-a-number"
  | "length-too-large"
  | "netmask"
  | "length-unexpected";

export interface AddressProblem {
  readonly code: AddressProblemCode;
  /** Of the offending character, from 0; the length of the text where something is missing at its end. */
  readonly index: number;
  /** One sentence for people, without a full stop. */
  readonly message: string;
}

const messages: Readonly<Record<AddressProblemCode, string>> = {
  empty: "An address or prefix is missing here",
  "not-ascii":
    "A character here is not ASCII; addresses are written with plain digits, letters, '.', ':' and '/'",
  blank: "A blank or control character stands inside the address",
  "unexpected-character": "This character cannot stand in an IP address or prefix",
  "host-name": "This is a name, not an IP address; names are not looked up, write the addresses",
  "zone-id": "A zone id ('%' and what follows) has no meaning in a rule",
  "leading-zero": "A part of an IPv4 address has a leading zero, which some software reads as octal",
  "octet-missing": "A part of the IPv4 address is missing",
  "octet-too-large": "A part of an IPv4 address is larger than 255",
  "too-few-octets": "An IPv4 address has four parts; short forms are not accepted",
  "too-many-octets": "An IPv4 address has only four parts",
  "lone-colon": "A single ':' cannot begin or end an IPv6 address",
  "second-gap": "'::' can stand only once in an IPv6 address",
  "empty-gap": "'::' stands for at least one group, but all eight groups are written out",
  "group-too-long": "A group of an IPv6 address has more than four digits",
  "too-few-groups": "An IPv6 address has eight groups unless it holds '::'",
  "too-many-groups": "An IPv6 address has only eight groups, and an IPv4 address at its end counts as two",
  "length-missing": "The prefix length after '/' is missing",
  "length-leading-zero": "The prefix length has a leading zero",
  "length-not-a-number": "The prefix length is a plain decimal number",
  "length-too-large": "The prefix length is larger than the address has bits (32 for IPv4, 128 for IPv6)",
  netmask: "A netmask is not accepted after '/'; write the prefix length, such as /24 for 255.255.255.0",
  "length-unexpected": "One address is wanted here, without '/'",
};

export const addressProblem = (code: AddressProblemCode, index: number): AddressProblem => ({
  code,
  index,
  message: messages[code],
});

const dot = 0x2e;
const slash = 0x2f;
const colon = 0x3a;
const percent = 0x25;
const zero = 0x30;

const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39;

/** The value of a hexadecimal digit, or -1. */
const hexDigit = (byte: number): number => {
  if (isDigit(byte)) return byte - zero;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

const isLetter = (byte: number): boolean => {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
};

/** What a byte that fits nowhere says about its writer's intent. */
const codeOfByte = (byte: number): AddressProblemCode => {
  if (byte >= 0x80) return "not-ascii";
  if (byte <= 0x20 || byte === 0x7f) return "blank";
  if (byte === percent) return "zone-id";
  return "unexpected-character";
};

/**
 * Parses one prefix after another into its own fields, which saves the bulk reader an object for each.
 * After `parse` returned true, `words` is canonical (no bit set below `length`); after false, `problem` and
 * `problemAt` are set and the other fields mean nothing.
 */
export class PrefixParser {
  /** The network, most significant word first. */
  readonly words = new Uint32Array(4);
  /** 0..128, counted in the 128-bit space. */
  length = 0;
  /** Whether the text had bits set below its length, now cleared. */
  hostBits = false;
  /** Whether the text had no length. */
  bare = false;
  problem: AddressProblemCode = "empty";
  /** Index of the offending byte in `bytes`. */
  problemAt = 0;

  readonly #groups = new Uint16Array(8);
  #ipv4 = 0;

  /** Parses `bytes[start]` .. `bytes[end - 1]`, all of it. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.read(bytes, start, end);
    if (at < 0) return false;
    if (at < end) this.#refuse(this.#codeOfRest(bytes, start, at), at);
    return at === end;
  }

  /**
   * Parses the prefix that begins at `start` and ends before the first byte that cannot go on with it, or
   * before `end`. Returns the index of that byte, which is the caller's to judge, or -1. A text that is cut
   * short by the byte is a problem here, but its code may be that of the byte: `parse` knows better.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const ipv6 = this.#looksLikeIPv6(bytes, start, end);
    const at = ipv6 ? this.#readIPv6(bytes, start, end) : this.#readIPv4(bytes, start, end);
    if (at < 0) return at;
    if (!ipv6) {
      this.words[0] = 0;
      this.words[1] = 0;
      this.words[2] = mappedWord;
      this.words[3] = this.#ipv4;
    }
    this.bare = at === end || bytes[at] !== slash;
    if (!this.bare) return this.#readLength(bytes, at + 1, end, ipv6 ? 0 : 96);
    this.length = 128;
    this.hostBits = false;
    return at;
  }

  #refuse(code: AddressProblemCode, at: number): -1 {
    this.problem = code;
    this.problemAt = at;
    return -1;
  }

  /** A colon after the first hexadecimal digits, or before any, tells the family. */
  #looksLikeIPv6(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end && hexDigit(bytes[at]!) >= 0) at += 1;
    return at < end && bytes[at] === colon;
  }

  /** Four octets into `#ipv4`. Returns the index after them, or -1. */
  #readIPv4(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let address = 0;
    for (let octets = 0; octets < 4; octets += 1) {
      if (octets > 0) {
        if (at === end || bytes[at] === slash) return this.#refuse("too-few-octets", at);
        if (bytes[at] !== dot) return this.#refuse(this.#codeInIPv4(bytes, start, at), at);
        at += 1;
      }
      const first = at;
      let value = 0;
      for (; at < end; at += 1) {
        const digit = bytes[at]! - zero;
        if (digit >>> 0 > 9) break;
        value = value * 10 + digit;
        if (value > 255) return this.#refuse("octet-too-large", first);
      }
      if (at === first) return this.#refuseMissingOctet(bytes, start, at, end);
      if (at - first > 1 && bytes[first] === zero) return this.#refuse("leading-zero", first);
      address = (address << 8) | value;
    }
    if (at < end && bytes[at] === dot) return this.#refuse("too-many-octets", at);
    this.#ipv4 = address >>> 0;
    return at;
  }

  #refuseMissingOctet(bytes: Uint8Array, start: number, at: number, end: number): -1 {
    if (at === end) return this.#refuse(at === start ? "empty" : "octet-missing", at);
    const byte = bytes[at]!;
    if (byte === slash || byte === dot)
      return this.#refuse(at === start && byte === slash ? "empty" : "octet-missing", at);
    return this.#refuse(this.#codeInIPv4(bytes, start, at), at);
  }

  #codeInIPv4(bytes: Uint8Array, start: number, at: number): AddressProblemCode {
    // `0x7f.1` and `a.example` both have letters; only what begins with "0x" is no name.
    const hexadecimal = at === start + 1 && bytes[start] === zero;
    return isLetter(bytes[at]!) && !hexadecimal ? "host-name" : codeOfByte(bytes[at]!);
  }

  /** Eight groups into `words`, with one gap filled up. Returns the index after them, or -1. */
  #readIPv6(bytes: Uint8Array, start: number, end: number): number {
    const groups = this.#groups;
    let count = 0;
    let gap = -1; // how many groups stand before "::"
    let at = start;
    if (bytes[at] === colon) {
      if (at + 1 === end || bytes[at + 1] !== colon) return this.#refuse("lone-colon", at);
      gap = 0;
      at += 2;
    }
    while (at < end && bytes[at] !== slash) {
      const first = at;
      let value = 0;
      for (; at < end; at += 1) {
        const digit = hexDigit(bytes[at]!);
        if (digit < 0) break;
        value = (value << 4) | digit;
      }
      const next = at < end ? bytes[at]! : slash;
      if (next === dot && at > first) {
        if (count > 6) return this.#refuse("too-many-groups", first);
        at = this.#readIPv4(bytes, first, end);
        if (at < 0) return at;
        groups[count] = this.#ipv4 >>> 16;
        groups[count + 1] = this.#ipv4;
        count += 2;
        break;
      }
      if (at === first) return this.#refuse(next === colon ? "second-gap" : codeOfByte(next), at);
      if (at - first > 4) return this.#refuse("group-too-long", first);
      if (count === 8) return this.#refuse("too-many-groups", first);
      groups[count] = value;
      count += 1;
      if (next !== colon) break;
      at += 1;
      if (at < end && bytes[at] === colon) {
        if (gap >= 0) return this.#refuse("second-gap", at - 1);
        gap = count;
        at += 1;
      } else if (at === end || bytes[at] === slash) return this.#refuse("lone-colon", at - 1);
    }
    if (gap < 0 && count < 8) {
      const isWhole = at === end || bytes[at] === slash;
      return this.#refuse(isWhole ? "too-few-groups" : codeOfByte(bytes[at]!), at);
    }
    if (gap >= 0 && count === 8) return this.#refuse("empty-gap", at);
    this.#fillGap(count, gap);
    return at;
  }

  /** Moves the groups after the gap to the end, zeros between, and packs two groups into each word. */
  #fillGap(count: number, gap: number): void {
    const groups = this.#groups;
    if (gap >= 0) {
      // Loops, since a call of `copyWithin` or `fill` takes longer than eight groups do.
      let to = 8;
      for (let group = count - 1; group >= gap; group -= 1) groups[--to] = groups[group]!;
      while (to > gap) groups[--to] = 0;
    }
    for (let word = 0; word < 4; word += 1) {
      this.words[word] = (groups[2 * word]! << 16) | groups[2 * word + 1]!;
    }
  }

  /** The length after '/'; `offset` is what IPv4 lacks to 128 bits. Returns the index after it, or -1. */
  #readLength(bytes: Uint8Array, start: number, end: number, offset: number): number {
    let at = start;
    let value = 0;
    for (; at < end; at += 1) {
      const digit = bytes[at]! - zero;
      if (digit >>> 0 > 9) break;
      value = value * 10 + digit;
    }
    if (at === start) {
      return this.#refuse(at === end ? "length-missing" : this.#codeInLength(bytes[at]!), at);
    }
    if (at < end && bytes[at] === dot) return this.#refuse("netmask", at);
    if (at - start > 1 && bytes[start] === zero) return this.#refuse("length-leading-zero", start);
    if (value > 128 - offset) return this.#refuse("length-too-large", start);
    this.#clearHostBits(value + offset);
    return at;
  }

  /** What is wrong with a byte that follows a whole address or prefix. */
  #codeOfRest(bytes: Uint8Array, start: number, at: number): AddressProblemCode {
    if (!this.bare) return this.#codeInLength(bytes[at]!);
    return this.#looksLikeIPv6(bytes, start, at)
      ? codeOfByte(bytes[at]!)
      : this.#codeInIPv4(bytes, start, at);
  }

  #codeInLength(byte: number): AddressProblemCode {
    const code = codeOfByte(byte);
    return code === "unexpected-character" ? "length-not-a-number" : code;
  }

  #clearHostBits(length: number): void {
    const words = this.words;
    this.length = length;
    this.hostBits = false;
    for (let word = length >>> 5; word < 4; word += 1) {
      const kept = words[word]! & networkMask(word, length);
      if (kept >>> 0 !== words[word]) this.hostBits = true;
      words[word] = kept;
    }
  }
}
