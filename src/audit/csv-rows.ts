/**
 * CSV (RFC 4180) from bytes in pieces of any size, without an object for a row or a text for a field: what a log of a
 * million lines takes in a second. A library that makes a list of texts of each row took ten times as long.
 *
 * Lines end with LF or CR LF, also inside quotes; a quote inside quotes is doubled. A row whose quotes do not fit is
 * damaged: it is counted, and the next line begins a new one.
 */
import type { Span } from "./event-time.js";

const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** A row that is longer is no row: a quote that nobody closed would take the rest of the file. */
export const longestLine = 1_048_576;

/** Fields of one row, in `bytes`; valid until the next row. */
export class CsvRow {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  /** From 1. */
  line = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** 1 where a doubled quote stands in the field. */
  doubled = new Uint8Array(64);
  readonly #texts = new Texts();

  push(start: number, end: number, doubled: boolean): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.doubled[this.count] = doubled ? 1 : 0;
    this.count += 1;
  }

  #grow(): void {
    const [starts, ends, doubled] = [this.starts, this.ends, this.doubled];
    this.starts = new Int32Array(2 * starts.length);
    this.ends = new Int32Array(2 * starts.length);
    this.doubled = new Uint8Array(2 * starts.length);
    this.starts.set(starts);
    this.ends.set(ends);
    this.doubled.set(doubled);
  }

  /** Blanks around it are no part of it. */
  span(field: number, into: Span): void {
    into.bytes = this.bytes;
    if (field < 0 || field >= this.count) {
      into.start = 0;
      into.end = 0;
      return;
    }
    let start = this.starts[field]!;
    let end = this.ends[field]!;
    while (start < end && this.bytes[start] === 0x20) start += 1;
    while (end > start && this.bytes[end - 1] === 0x20) end -= 1;
    into.start = start;
    into.end = end;
  }

  text(field: number): string {
    if (field < 0 || field >= this.count) return "";
    const text = this.#texts.of(this.bytes, this.starts[field]!, this.ends[field]!);
    const isBare =
      text.charCodeAt(0) > 0x20 && text.charCodeAt(text.length - 1) > 0x20 && this.doubled[field] === 0;
    return isBare ? text : this.doubled[field] === 1 ? text.trim().replaceAll('""', '"') : text.trim();
  }
}

/** UTF-8. */
export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    "utf8",
    start,
    end,
  );

/** Texts that come again and again, such as ids and types: looked up by their bytes, decoded once. */
export class Texts {
  readonly #bytes: (Uint8Array | undefined)[] = new Array(8192);
  readonly #texts: string[] = new Array(8192);

  of(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return "";
    if (length > 64) return textOf(bytes, start, end);
    let hash = length;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
    const slot = (hash ^ (hash >>> 15)) & 8191;
    const known = this.#bytes[slot];
    if (known !== undefined && known.length === length) {
      let at = 0;
      while (at < length && known[at] === bytes[start + at]) at += 1;
      if (at === length) return this.#texts[slot]!;
    }
    const text = textOf(bytes, start, end);
    this.#bytes[slot] = new Uint8Array(bytes.subarray(start, end));
    this.#texts[slot] = text;
    return text;
  }
}

/** The rest of the piece before, then this piece. */
export const joined = (rest: Uint8Array, piece: Uint8Array): Uint8Array => {
  if (rest.length === 0) return piece;
  const bytes = new Uint8Array(rest.length + piece.length);
  bytes.set(rest);
  bytes.set(piece, rest.length);
  return bytes;
};

export interface CsvSink {
  row(row: CsvRow): void;
  /** A row whose quotes do not fit, that is too long, or that the file's end cuts off; the line where it begins. */
  damaged(line: number, problem: "quotes" | "too-long" | "cut-off"): void;
}

export class CsvReader {
  readonly #delimiter: number;
  readonly #sink: CsvSink;
  readonly #row = new CsvRow();
  #rest: Uint8Array = new Uint8Array(0);
  #line = 1;
  /** The rest of a row that is too long is skipped up to its line's end. */
  #skipping = false;

  constructor(delimiter: number, sink: CsvSink) {
    this.#delimiter = delimiter;
    this.#sink = sink;
  }

  push(piece: Uint8Array): void {
    const bytes = joined(this.#rest, piece);
    // A copy, since whoever reads the file may use its buffer again; of a Buffer, `slice` is none.
    this.#rest = new Uint8Array(bytes.subarray(this.#readRows(bytes, false)));
    if (this.#rest.length <= longestLine) return;
    this.#sink.damaged(this.#line, "too-long");
    this.#skipping = true;
    this.#rest = new Uint8Array(0);
  }

  end(): void {
    const bytes = this.#rest;
    this.#rest = new Uint8Array(0);
    if (bytes.length > 0 && !this.#skipping) this.#readRows(bytes, true);
  }

  /** Returns where the first row begins that is not whole. */
  #readRows(bytes: Uint8Array, isEnd: boolean): number {
    let at = 0;
    if (this.#skipping) {
      const end = bytes.indexOf(lineFeed);
      if (end < 0) return bytes.length;
      at = end + 1;
      this.#line += 1;
      this.#skipping = false;
    }
    while (at < bytes.length) {
      const next = this.#readRow(bytes, at, isEnd);
      if (next < 0) return at;
      at = next;
    }
    return at;
  }

  /** Where the next row begins; negative where this one goes on behind `bytes`. */
  #readRow(bytes: Uint8Array, start: number, isEnd: boolean): number {
    const row = this.#row;
    const delimiter = this.#delimiter;
    const length = bytes.length;
    row.bytes = bytes;
    row.count = 0;
    row.line = this.#line;
    let lines = 1;
    let at = start;
    for (;;) {
      if (at < length && bytes[at] === quote) {
        const first = at + 1;
        let doubled = false;
        for (at = first; ; at += 1) {
          const byte = bytes[at];
          if (byte === lineFeed) lines += 1;
          if (at >= length) {
            if (!isEnd) return -1;
            return this.#damaged("cut-off", length, lines);
          }
          if (byte !== quote) continue;
          if (at + 1 < length && bytes[at + 1] === quote) {
            doubled = true;
            at += 1;
          } else break;
        }
        if (at + 1 >= length && !isEnd) return -1;
        row.push(first, at, doubled);
        at += 1;
        if (bytes[at] === carriageReturn) at += 1;
        if (at < length && bytes[at] !== delimiter && bytes[at] !== lineFeed)
          return this.#resume(bytes, at, lines, isEnd);
      } else {
        const first = at;
        while (at < length && bytes[at] !== delimiter && bytes[at] !== lineFeed) at += 1;
        if (at >= length && !isEnd) return -1;
        const isLast = at >= length || bytes[at] === lineFeed;
        row.push(first, isLast && at > first && bytes[at - 1] === carriageReturn ? at - 1 : at, false);
      }
      if (at >= length || bytes[at] === lineFeed) break;
      at += 1;
    }
    this.#line += lines;
    const isBlank = row.count === 1 && row.starts[0] === row.ends[0];
    if (!isBlank) this.#sink.row(row);
    return at + 1;
  }

  #damaged(problem: "quotes" | "cut-off", next: number, lines: number): number {
    this.#sink.damaged(this.#line, problem);
    this.#line += lines;
    return next;
  }

  /** Something stands between a closing quote and the next field: the row ends with its line. */
  #resume(bytes: Uint8Array, at: number, lines: number, isEnd: boolean): number {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) return isEnd ? this.#damaged("quotes", bytes.length, lines) : -1;
    return this.#damaged("quotes", end + 1, lines);
  }
}
