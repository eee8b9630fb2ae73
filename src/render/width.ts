/** How much room text takes on a terminal, in cells: East Asian wide characters two, marks none. */
import { isPlainAscii } from "../model/plain-ascii.js";

// Patterns of Unicode's classes stand inside functions, as in neutralise.ts.
const isWide = (character: string): boolean =>
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u{3000}-\u{303e}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}]/u.test(
    character,
  );
const isHalfwidth = (character: string): boolean => /[\u{ff61}-\u{ffdc}]/u.test(character);
const isMark = (character: string): boolean => /\p{M}/u.test(character);

const cellsOfCharacter = (character: string): number => {
  if (isMark(character)) return 0;
  return isWide(character) && !isHalfwidth(character) ? 2 : 1;
};

/** Cells of a text without escapes. */
export const cellsOf = (text: string): number => {
  if (isPlainAscii(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOfCharacter(character);
  return cells;
};

export const padCells = (text: string, cells: number): string =>
  text + " ".repeat(Math.max(0, cells - cellsOf(text)));

export const padCellsStart = (text: string, cells: number): string =>
  " ".repeat(Math.max(0, cells - cellsOf(text))) + text;

/**
 * A word, with the blanks before it. What stands in quotes is one, so that no name can look like a line of its own;
 * so is a command to type, which could not be copied in pieces.
 */
const word = /( *)(dbt-ip-rules (?:[^;,]|[;,](?! ))*[;,]?|(?:"(?:\\.|[^"\\])*"|[^ ])+)/g;

/**
 * Breaks text (neutralised) at blanks into lines of at most `width` cells, each after the first behind `hang` blanks.
 * A word longer than a line stands alone and runs over. `cells` measures; the usual measure knows no colours.
 */
export const wrap = (text: string, width: number, hang: number, cells = cellsOf): string[] => {
  if (cells(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const [whole, , next = ""] of text.matchAll(word)) {
    if (line.trim() !== "" && cells(line + whole) > width) {
      lines.push(line);
      line = " ".repeat(hang) + next;
    } else line += whole;
  }
  lines.push(line);
  return lines;
};

/** Rows as columns, two blanks between, each column as wide as its widest cell; the last is not padded. */
export const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cellsOf(cell));
    });
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : padCells(cell, widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
};
