/** Bytes of a file to text: UTF-8 only, with or without a byte order mark. Says where the first bad byte is. */
import { type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";

/**
 * The text of a file with its line starts: turns offsets into places that diagnostics can show.
 * Lines end at a line feed; a carriage return before it belongs to the line end.
 */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Offset of each line's first character, ascending; the first is 0. */
  readonly #starts: number[];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  /** The place of `text[start]` .. `text[end - 1]`; offsets beyond the text are taken as its end. */
  range(start: number, end: number): SourceRange {
    const from = Math.max(0, Math.min(start, this.text.length));
    const to = Math.max(from, Math.min(end, this.text.length));
    const line = this.#lineAt(from);
    const endLine = this.#lineAt(to);
    return {
      file: this.file,
      line: line + 1,
      column: from - this.#start(line) + 1,
      endLine: endLine + 1,
      endColumn: to - this.#start(endLine) + 1,
      lineText: this.#lineText(line),
    };
  }

  /** The whole of a line, from 1; of one behind the last, the end. */
  rangeOfLine(line: number): SourceRange {
    const lineText = this.#lineText(line - 1);
    const endColumn = lineText.length + 1;
    return { file: this.file, line, column: 1, endLine: line, endColumn, lineText };
  }

  #start(line: number): number {
    return this.#starts[line] ?? this.text.length;
  }

  #lineText(line: number): string {
    const start = this.#start(line);
    const next = this.#starts[line + 1];
    const end = next === undefined ? this.text.length : next - 1;
    const text = this.text.slice(start, end);
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  }

  /** Index of the line that holds the offset, by binary search. */
  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#start(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

type DecodedText =
  | { readonly ok: true; readonly source: SourceText }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

const isUtf8 = (bytes: Uint8Array): boolean => {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** How many bytes from the start decode, found by halving: any prefix that ends in a bad byte fails. */
const validLength = (bytes: Uint8Array): number => {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    // A cut within a character is no fault of the file: stream mode accepts an unfinished end.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  // What is before the bad place may be the unfinished beginning of a character: that is where it went wrong.
  while (!isUtf8(bytes.subarray(0, valid))) valid -= 1;
  return valid;
};

const looksLikeUtf16 = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text);

export const decodeText = (bytes: Uint8Array, file: string): DecodedText => {
  if (isUtf8(bytes)) return { ok: true, source: new SourceText(file, withoutMark(strict.decode(bytes))) };
  const at = validLength(bytes);
  const lineStart = bytes.lastIndexOf(0x0a, Math.max(0, at - 1)) + 1;
  const lineEnd = bytes.indexOf(0x0a, at);
  const before = withoutMark(lenient.decode(bytes.subarray(lineStart, at)));
  let line = 1;
  for (let i = 0; i < lineStart; i += 1) if (bytes[i] === 0x0a) line += 1;
  const byte = `0x${(bytes[at] ?? 0).toString(16).padStart(2, "0").toUpperCase()}`;
  return {
    ok: false,
    diagnostic: diagnostic(
      "not-utf8",
      { byte, offset: at, utf16: looksLikeUtf16(bytes) },
      {
        file,
        line,
        column: before.length + 1,
        endLine: line,
        endColumn: before.length + 2,
        lineText: lenient.decode(bytes.subarray(lineStart, lineEnd < 0 ? bytes.length : lineEnd)),
      },
    ),
  };
};
