/** Rows, and text in lines and columns of a terminal, and what it is marked for. */
import { cellsOf } from "../model/cells.js";

export const padCells = (text: string, cells: number): string =>
  text + " ".repeat(Math.max(0, cells - cellsOf(text)));

export const padCellsStart = (text: string, cells: number): string =>
  " ".repeat(Math.max(0, cells - cellsOf(text))) + text;

/**
 * A word, with the spaces before it. What is in quotes is one, so that no name can look like a line of its own;
 * so is a command to type, which could not be copied in pieces.
 */
const word = /( *)(dbt-ip-rules (?:[^;,]|[;,](?! ))*[;,]?|(?:"(?:\\.|[^"\\])*"|[^ ])+)/g;

/**
 * Breaks text (neutralised) at spaces into lines of at most `width` cells, each after the first behind `hang` spaces.
 * A word longer than a line is alone on one and runs over. `cells` measures; the usual measure knows no colours.
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

/** Rows as columns, two spaces between, each column as wide as its widest cell; the last is not padded. */
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

/**
 * What a text is marked for, by role. Promise: without colour every role returns its text unchanged, so colour never
 * carries meaning alone. The colours themselves are in color.ts.
 */
export type Role = "added" | "removed" | "changed" | "strong" | "faint" | "error" | "warning" | "note";

/** A function per role; each takes text that is already neutralised. */
export type Style = Readonly<Record<Role, (text: string) => string>>;

const asItIs = (text: string): string => text;

/** No colour: for files, markdown fences, machines and programs of one's own. */
export const plainStyle: Style = {
  added: asItIs,
  removed: asItIs,
  changed: asItIs,
  strong: asItIs,
  faint: asItIs,
  error: asItIs,
  warning: asItIs,
  note: asItIs,
};

/** What a renderer of terminal text knows about the place where it will be read. */
export interface RenderContext {
  readonly style: Style;
  /** Cells in a line. */
  readonly width: number;
}

/** For a file, or a page whose lines the browser breaks: plain, and no line is broken. */
export const fileLook: RenderContext = { style: plainStyle, width: Number.POSITIVE_INFINITY };

/** `!` warns; a space only informs. */
export type Sign = "+" | "-" | "~" | "!" | " ";

/** A line of a change, with its sign apart: text puts it after the indentation, a diff fence in column 0. */
export interface Row {
  readonly sign: Sign;
  /** Steps of indentation. */
  readonly depth: number;
  /** Neutralised, one line. */
  readonly text: string;
}

const roles: Readonly<Record<Sign, Role | undefined>> = {
  "+": "added",
  "-": "removed",
  "~": "changed",
  "!": "warning",
  " ": undefined,
};

/** A row as terminal lines, wrapped, the sign in its colour. */
export const rowLines = ({ sign, depth, text }: Row, { style, width }: RenderContext): string[] => {
  const indent = "  ".repeat(depth);
  const [first = "", ...rest] = wrap(`${indent}${sign} ${text}`, width, indent.length + 4);
  const role = roles[sign];
  if (role === undefined) return [first, ...rest];
  return [`${indent}${style[role](sign)}${first.slice(indent.length + 1)}`, ...rest];
};

/** Lines under a title, with an empty one behind them; nothing where there are none. */
export const section = (
  title: string,
  lines: readonly string[],
  { style, width }: RenderContext,
): string[] => (lines.length === 0 ? [] : [...wrap(title, width, 2).map(style.strong), ...lines, ""]);

export const rowsText = (rows: readonly Row[], look: RenderContext): string[] =>
  rows.flatMap((row) => rowLines(row, look));
