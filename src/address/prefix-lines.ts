/**
 * Text files of prefixes, in bulk and straight from bytes: one prefix or address a line; blank lines, blanks
 * around a prefix and comments from '#' to the end of the line are skipped; a line ends with LF or CRLF.
 * A UTF-8 byte order mark at the start is skipped too.
 *
 *     const { prefixes, problems } = parsePrefixLines(bytes);
 *     const set = AddressSet.ofColumns(prefixes);      // merged
 *     printPrefixLines(set, (part) => writeSync(1, part));
 */
import type { AddressSet } from "./address-set.js";
import { longestPrefix, writePrefix } from "./format.js";
import { PrefixParser } from "./parse.js";
import type { PrefixColumns } from "./prefix-columns.js";
import { type AddressProblem, addressProblem } from "./problem.js";
import { copyWords } from "./words.js";

const lineFeed = 0x0a;
const hash = 0x23;

/** Bytes of a line like `203.0.113.0/24`: how many rows to make room for at first. */
const typicalLine = 14;

/** Bits of `LineColumns.flags`. */
export const hadHostBits = 1;
export const wasBare = 2;

/** Prefixes in the order of the file. */
export interface LineColumns extends PrefixColumns {
  /** Line of each prefix, from 1. */
  readonly lines: Uint32Array;
  /** `hadHostBits` where the text had bits below its length, `wasBare` where it had no length. */
  readonly flags: Uint8Array;
}

/** `index` counts from the start of the line (in UTF-16 units and bytes alike: what stands before is ASCII). */
export interface LineProblem extends AddressProblem {
  /** From 1. */
  readonly line: number;
  /** The line without its end is `bytes.subarray(lineStart, lineEnd)`. */
  readonly lineStart: number;
  readonly lineEnd: number;
}

export interface ParsedLines {
  readonly prefixes: LineColumns;
  /** In order; no more than `maxProblems`. */
  readonly problems: readonly LineProblem[];
  /** How many lines have a problem, shown or not. */
  readonly problemCount: number;
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Whether a byte that is no blank belongs to the text of a line, rather than end it. */
const beginsText = (byte: number | undefined): boolean =>
  byte !== undefined && byte !== lineFeed && byte !== hash;

const startsWithMark = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The prefixes read so far; there is room for more than `count`. */
class LineRows {
  count = 0;
  words: Uint32Array;
  lengths: Uint8Array;
  lines: Uint32Array;
  flags: Uint8Array;

  constructor(capacity: number) {
    this.words = new Uint32Array(4 * capacity);
    this.lengths = new Uint8Array(capacity);
    this.lines = new Uint32Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  #grow(): void {
    const { words, lengths, lines, flags } = this;
    const grown = new LineRows(2 * lengths.length);
    grown.words.set(words);
    grown.lengths.set(lengths);
    grown.lines.set(lines);
    grown.flags.set(flags);
    this.words = grown.words;
    this.lengths = grown.lengths;
    this.lines = grown.lines;
    this.flags = grown.flags;
  }

  push(parser: PrefixParser, line: number): void {
    const row = this.count;
    if (row === this.lengths.length) this.#grow();
    copyWords(parser.words, 0, this.words, 4 * row);
    this.lengths[row] = parser.length;
    this.lines[row] = line;
    this.flags[row] = (parser.hostBits ? hadHostBits : 0) | (parser.bare ? wasBare : 0);
    this.count = row + 1;
  }
}

/** Reads every line; a line with a problem gives no prefix, so use the prefixes only where there is none. */
export const parsePrefixLines = (
  bytes: Uint8Array,
  options: { readonly maxProblems?: number } = {},
): ParsedLines => {
  const maxProblems = options.maxProblems ?? 1000;
  const rows = new LineRows(16 + Math.ceil(bytes.length / typicalLine));
  const parser = new PrefixParser();
  const problems: LineProblem[] = [];
  let problemCount = 0;
  let lineStart = startsWithMark(bytes) ? 3 : 0;
  for (let line = 1; lineStart < bytes.length; line += 1) {
    let start = lineStart;
    while (isBlank(bytes[start])) start += 1;
    // Most lines hold a prefix and nothing wrong, and the parser itself finds where it ends.
    let end = beginsText(bytes[start]) ? parser.read(bytes, start, bytes.length) : start;
    const isPrefix = end > start;
    while (isBlank(bytes[end])) end += 1;
    if (end >= 0 && !beginsText(bytes[end])) {
      if (isPrefix) rows.push(parser, line);
      lineStart = endOfLine(bytes, end) + 1;
      continue;
    }
    const lineEnd = endOfLine(bytes, start);
    problemCount += 1;
    if (problemCount <= maxProblems) {
      parser.parse(bytes, start, endOfText(bytes, start, lineEnd));
      const problem = addressProblem(parser.problem, parser.problemAt - lineStart);
      problems.push({ ...problem, line, lineStart, lineEnd });
    }
    lineStart = lineEnd + 1;
  }
  return { prefixes: rows, problems, problemCount };
};

/** Index of the LF that ends the line, or of the end of the file. */
const endOfLine = (bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length && bytes[at] !== lineFeed) at += 1;
  return at;
};

/** The end of what stands on a line before a comment and blanks. */
const endOfText = (bytes: Uint8Array, start: number, lineEnd: number): number => {
  let end = start;
  while (end < lineEnd && bytes[end] !== hash) end += 1;
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
