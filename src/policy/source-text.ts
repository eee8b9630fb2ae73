/**
 * The text of a file with its line starts: turns offsets into places that diagnostics can show.
 * Lines end at a line feed; a carriage return before it belongs to the line end.
 */
import type { SourceRange } from "../model/diagnostic.js";

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
