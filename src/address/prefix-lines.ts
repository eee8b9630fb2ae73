/**
 * Text files of prefixes, in bulk and straight from bytes: one prefix, address or range `first-last` a line; blank
 * lines, blanks around it and comments from '#' or ';' to the end of the line are skipped; a line ends with LF or
 * CRLF. A UTF-8 byte order mark at the start is skipped too. A range becomes the fewest prefixes that are it.
 *
 *     const reader = new PrefixLines();
 *     for await (const part of file) reader.add(part);     // parts of any size
 *     const { prefixes, problems } = reader.end();
 *     const set = AddressSet.ofColumns(prefixes);           // merged
 *     printPrefixLines(set, (part) => writeSync(1, part));
 */
import { AddressSet } from "./address-set.js";
import { type AddressProblem, addressProblem, PrefixParser } from "./parse.js";
import { allIPv4, containsAddress, longestPrefix, parseAddress, writePrefix } from "./prefix.js";
import type { PrefixColumns } from "./prefix-columns.js";
import { copyWords } from "./words.js";

const lineFeed = 0x0a;
const hash = 0x23;
const semicolon = 0x3b;
const hyphen = 0x2d;

/** `index` counts from the start of the line (in UTF-16 units and bytes alike: what is before it is ASCII). */
interface LineProblem extends AddressProblem {
  /** From 1. */
  readonly line: number;
  /** The line without its end; of a very long one the beginning. */
  readonly text: string;
}

/** What a row of `ParsedLines.marks` says of how its prefix was written; several are added up. */
export const lineMarks = { hostBits: 1, bare: 2, range: 4 } as const;

export interface ParsedLines {
  /** In the order of the file. */
  readonly prefixes: PrefixColumns;
  /** The line of each prefix, from 1; those of a range share one. */
  readonly lines: Uint32Array;
  /** `lineMarks` of each prefix. */
  readonly marks: Uint8Array;
  /** In order; no more than `maxProblems`. */
  readonly problems: readonly LineProblem[];
  /** How many lines have a problem, shown or not. */
  readonly problemCount: number;
}

/** Bytes of a line like `203.0.113.0/24`. */
const typicalLine = 14;

/** Of a line with a problem, so many bytes are kept. */
const longestShown = 1_000;

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Whether a byte that is no blank belongs to the text of a line, rather than end it. */
const beginsText = (byte: number | undefined): boolean =>
  byte !== undefined && byte !== lineFeed && byte !== hash && byte !== semicolon;

const startsWithMark = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The prefixes read so far; there is room for more than `count`. */
class Rows implements PrefixColumns {
  count = 0;
  words: Uint32Array;
  lengths: Uint8Array;
  lines: Uint32Array;
  marks: Uint8Array;

  constructor(capacity: number) {
    this.words = new Uint32Array(4 * capacity);
    this.lengths = new Uint8Array(capacity);
    this.lines = new Uint32Array(capacity);
    this.marks = new Uint8Array(capacity);
  }

  #grow(): void {
    const { words, lengths, lines, marks } = this;
    this.words = new Uint32Array(2 * words.length);
    this.lengths = new Uint8Array(2 * lengths.length);
    this.lines = new Uint32Array(2 * lines.length);
    this.marks = new Uint8Array(2 * marks.length);
    this.words.set(words);
    this.lengths.set(lengths);
    this.lines.set(lines);
    this.marks.set(marks);
  }

  push(words: Uint32Array, length: number, line: number, marks: number): void {
    const row = this.count;
    if (row === this.lengths.length) this.#grow();
    copyWords(words, 0, this.words, 4 * row);
    this.lengths[row] = length;
    this.lines[row] = line;
    this.marks[row] = marks;
    this.count = row + 1;
  }
}

const noBytes = new Uint8Array(0);

const marksOf = ({ hostBits, bare }: PrefixParser): number =>
  (hostBits ? lineMarks.hostBits : 0) + (bare ? lineMarks.bare : 0);

/** Characters of a range with blanks around its hyphen: more than any that can be read. */
const longestRange = 200;

type ParsedRange =
  | { readonly set: AddressSet }
  /** Of two addresses that are no range: the second is lower, or of the other family. */
  | { readonly problem: "backwards" | "families" };

/** `192.0.2.10-192.0.2.20`, both addresses included; `{}` where it is not two addresses with a hyphen between. */
export const parseRange = (text: string): ParsedRange | Record<never, never> => {
  const [from = "", to = "", ...more] = text.split("-");
  const first = parseAddress(from.trim());
  const last = parseAddress(to.trim());
  if (more.length > 0 || !first.ok || !last.ok) return {};
  if (containsAddress(allIPv4, first.address) !== containsAddress(allIPv4, last.address))
    return { problem: "families" };
  if (last.address < first.address) return { problem: "backwards" };
  return { set: AddressSet.ofRanges([[first.address, last.address]]) };
};

/** Reads every line; a line with a problem gives no prefix, so use the prefixes only where there is none. */
export class PrefixLines {
  readonly #maxProblems: number;
  readonly #rows: Rows;
  readonly #parser = new PrefixParser();
  readonly #problems: LineProblem[] = [];
  #problemCount = 0;
  #line = 0;
  /** The beginning of a line whose end has not come yet. */
  #begun = noBytes;

  /** `size`: bytes of the whole file, where that is known; room is made for so much. */
  constructor({
    maxProblems = 1000,
    size = 0,
  }: { readonly maxProblems?: number; readonly size?: number } = {}) {
    this.#maxProblems = maxProblems;
    this.#rows = new Rows(16 + Math.ceil(size / typicalLine));
  }

  /** The next part of the file, which is not kept: its memory may be used again. */
  add(part: Uint8Array): void {
    const end = part.lastIndexOf(lineFeed) + 1;
    if (end === 0) this.#begun = joined(this.#begun, part);
    else if (this.#begun.length === 0) {
      this.#read(part.subarray(0, end));
      this.#begun = part.slice(end);
    } else {
      const first = part.indexOf(lineFeed) + 1;
      this.#read(joined(this.#begun, part.subarray(0, first)));
      this.#read(part.subarray(first, end));
      this.#begun = part.slice(end);
    }
  }

  end(): ParsedLines {
    this.#read(this.#begun);
    this.#begun = noBytes;
    const { lines, marks } = this.#rows;
    return {
      prefixes: this.#rows,
      lines,
      marks,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  /** Whole lines. */
  #read(bytes: Uint8Array): void {
    const parser = this.#parser;
    let lineStart = this.#line === 0 && startsWithMark(bytes) ? 3 : 0;
    while (lineStart < bytes.length) {
      this.#line += 1;
      let start = lineStart;
      while (isBlank(bytes[start])) start += 1;
      // Most lines hold a prefix and nothing wrong, and the parser itself finds where it ends.
      let end = beginsText(bytes[start]) ? parser.read(bytes, start, bytes.length) : start;
      const isPrefix = end > start;
      while (isBlank(bytes[end])) end += 1;
      if (end >= 0 && !beginsText(bytes[end])) {
        if (isPrefix) this.#rows.push(parser.words, parser.length, this.#line, marksOf(parser));
        lineStart = endOfLine(bytes, end) + 1;
        continue;
      }
      const lineEnd = endOfLine(bytes, start);
      if (!this.#readRange(bytes, start, endOfText(bytes, start, lineEnd)))
        this.#report(bytes, { lineStart, start, lineEnd });
      lineStart = lineEnd + 1;
    }
  }

  /** `first-last`; false where it is none that can be read, which `#report` explains. */
  #readRange(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > longestRange || bytes.subarray(start, end).indexOf(hyphen) < 0) return false;
    const range = parseRange(String.fromCharCode(...bytes.subarray(start, end)));
    if (!("set" in range)) return false;
    range.set.forEachPrefix((words, length) => this.#rows.push(words, length, this.#line, lineMarks.range));
    return true;
  }

  #report(
    bytes: Uint8Array,
    {
      lineStart,
      start,
      lineEnd,
    }: { readonly lineStart: number; readonly start: number; readonly lineEnd: number },
  ): void {
    this.#problemCount += 1;
    if (this.#problems.length >= this.#maxProblems) return;
    this.#parser.parse(bytes, start, endOfText(bytes, start, lineEnd));
    const problem = addressProblem(this.#parser.problem, this.#parser.problemAt - lineStart);
    const shown = bytes.subarray(lineStart, Math.min(lineEnd, lineStart + longestShown));
    this.#problems.push({ ...problem, line: this.#line, text: new TextDecoder().decode(shown) });
  }
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

/** The same of a file that is in memory as a whole. */
export const parsePrefixLines = (
  bytes: Uint8Array,
  options: { readonly maxProblems?: number } = {},
): ParsedLines => {
  const lines = new PrefixLines({ ...options, size: bytes.length });
  lines.add(bytes);
  return lines.end();
};

/** Index of the LF that ends the line, or of the end of the file. */
const endOfLine = (bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length && bytes[at] !== lineFeed) at += 1;
  return at;
};

/** The end of what is on a line before a comment and blanks. */
const endOfText = (bytes: Uint8Array, start: number, lineEnd: number): number => {
  let end = start;
  while (end < lineEnd && bytes[end] !== hash && bytes[end] !== semicolon) end += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return end;
};

const partSize = 1 << 16;

/**
 * The shortest list of prefixes that is the set, in order, an LF after each: handed to `write` part by part, whole
 * lines each, so that no list is ever held whole. A part is void once `write` returns.
 */
export const printPrefixLines = (set: AddressSet, write: (part: Uint8Array) => void): void => {
  const part = new Uint8Array(partSize);
  let at = 0;
  set.forEachPrefix((words, length) => {
    if (at + longestPrefix + 1 > partSize) {
      write(part.subarray(0, at));
      at = 0;
    }
    at = writePrefix(words, 0, length, part, at);
    part[at] = lineFeed;
    at += 1;
  });
  if (at > 0) write(part.subarray(0, at));
};
