/**
 * CSV (RFC 4180) from text in pieces of any size, without a text for a field that nobody asks for: `csv-parse`, which
 * makes a list of all fields of each row, takes 6.6 s for the reading of a million events alone (docs/performance.md).
 *
 * Lines end with LF or CR LF, also inside quotes; a quote inside quotes is doubled. A row whose quotes do not fit is
 * damaged: it is counted, and the next line begins a new one.
 */

const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** A row that is longer is no row: a quote that nobody closed would take the rest of the file. In UTF-16 units. */
export const longestLine = 1_048_576;

/** Fields of one row; valid until the next row. */
export class CsvRow {
  #text = "";
  /** From 1. */
  line = 0;
  count = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #doubled: boolean[] = [];

  begin(text: string, line: number): void {
    this.#text = text;
    this.line = line;
    this.count = 0;
  }

  /** `doubled`: whether a doubled quote is in the field. */
  push(start: number, end: number, doubled: boolean): void {
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.#doubled[this.count] = doubled;
    this.count += 1;
  }

  get isBlank(): boolean {
    return this.count === 1 && this.field(0) === "";
  }

  /** Empty where there is no such field. Blanks around it are no part of it. */
  field(field: number): string {
    const text = this.raw(field).trim();
    return this.#doubled[field] ? text.replaceAll('""', '"') : text;
  }

  /** As it is written, but for the quotes around it. */
  raw(field: number): string {
    if (field < 0 || field >= this.count) return "";
    return this.#text.slice(this.#starts[field], this.#ends[field]);
  }
}

interface CsvSink {
  row(row: CsvRow): void;
  /** A row whose quotes do not fit, that is too long, or that the file's end cuts off; the line where it begins. */
  damaged(line: number, problem: "quotes" | "too-long" | "cut-off"): void;
}

export class CsvReader {
  readonly #delimiter: number;
  readonly #sink: CsvSink;
  readonly #row = new CsvRow();
  #rest = "";
  #line = 1;
  /** The rest of a row that is too long is skipped up to its line's end. */
  #skipping = false;

  constructor(delimiter: "," | ";" | "\t", sink: CsvSink) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#sink = sink;
  }

  push(piece: string): void {
    const text = this.#rest + piece;
    this.#rest = text.slice(this.#readRows(text, false));
    if (this.#rest.length <= longestLine) return;
    this.#sink.damaged(this.#line, "too-long");
    this.#skipping = true;
    this.#rest = "";
  }

  end(): void {
    const text = this.#rest;
    this.#rest = "";
    if (text !== "" && !this.#skipping) this.#readRows(text, true);
  }

  /** Returns where the first row begins that is not whole. */
  #readRows(text: string, isEnd: boolean): number {
    let at = 0;
    if (this.#skipping) {
      const end = text.indexOf("\n");
      if (end < 0) return text.length;
      at = end + 1;
      this.#line += 1;
      this.#skipping = false;
    }
    while (at < text.length) {
      const next = this.#readRow(text, at, isEnd);
      if (next < 0) return at;
      at = next;
    }
    return at;
  }

  /** Where the next row begins; negative where this one goes on behind `text`. */
  #readRow(text: string, start: number, isEnd: boolean): number {
    const row = this.#row;
    const delimiter = this.#delimiter;
    const length = text.length;
    row.begin(text, this.#line);
    let lines = 1;
    let at = start;
    for (;;) {
      const first = at;
      if (text.charCodeAt(at) === quote) {
        let doubled = false;
        for (at = first + 1; ; at += 1) {
          if (at >= length) return isEnd ? this.#damaged("cut-off", length, lines) : -1;
          const character = text.charCodeAt(at);
          if (character === lineFeed) lines += 1;
          if (character !== quote) continue;
          if (text.charCodeAt(at + 1) !== quote) break;
          doubled = true;
          at += 1;
        }
        row.push(first + 1, at, doubled);
        at += 1;
        if (text.charCodeAt(at) === carriageReturn) at += 1;
        if (at >= length && !isEnd) return -1;
        if (at < length && text.charCodeAt(at) !== delimiter && text.charCodeAt(at) !== lineFeed)
          return this.#resume(text, at, lines, isEnd);
      } else {
        for (; at < length; at += 1) {
          const character = text.charCodeAt(at);
          if (character === delimiter || character === lineFeed) break;
        }
        if (at >= length && !isEnd) return -1;
        row.push(first, at, false);
      }
      if (at >= length || text.charCodeAt(at) === lineFeed) break;
      at += 1;
    }
    this.#line += lines;
    if (!row.isBlank) this.#sink.row(row);
    return at + 1;
  }

  #damaged(problem: "quotes" | "cut-off", next: number, lines: number): number {
    this.#sink.damaged(this.#line, problem);
    this.#line += lines;
    return next;
  }

  /** Something stands between a closing quote and the next field: the row ends with its line. */
  #resume(text: string, at: number, lines: number, isEnd: boolean): number {
    const end = text.indexOf("\n", at);
    if (end < 0) return isEnd ? this.#damaged("quotes", text.length, lines) : -1;
    return this.#damaged("quotes", end + 1, lines);
  }
}
