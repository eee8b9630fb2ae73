/** The offending line with a caret under the place: columns hold for tabs, wide and escaped characters. */
import type { SourceRange } from "../model/diagnostic.js";
import type { Look } from "./look.js";
import { visiblePieces } from "./neutralise.js";
import { cellsOf } from "./width.js";

const tabStop = 4;

interface Cell {
  readonly at: number;
  readonly shown: string;
  readonly cells: number;
}

/** The line as it is shown: tabs as blanks, all else neutralised. */
const shownCells = (lineText: string): Cell[] => {
  let column = 0;
  const cells: Cell[] = [];
  for (const { at, shown } of visiblePieces(lineText.replace(/[\r\n]+$/, ""))) {
    const text = shown === "\\t" && lineText[at] === "\t" ? " ".repeat(tabStop - (column % tabStop)) : shown;
    const width = cellsOf(text);
    cells.push({ at, shown: text, cells: width });
    column += width;
  }
  return cells;
};

const sum = (cells: readonly Cell[]): number => cells.reduce((total, cell) => total + cell.cells, 0);

interface Cutout {
  readonly text: string;
  readonly start: number;
  readonly marked: number;
}

/** Cuts a long line to `room` cells so that the place stays in view. */
const cutout = (cells: readonly Cell[], from: number, to: number, room: number): Cutout => {
  const before = cells.filter(({ at }) => at < from);
  const inside = cells.filter(({ at }) => at >= from && at < to);
  const start = sum(before);
  const marked = Math.max(1, sum(inside));
  if (sum(cells) <= room) return { text: cells.map(({ shown }) => shown).join(""), start, marked };
  const lead = start + Math.min(marked, room / 2) <= room - 1 ? 0 : Math.max(0, start - Math.floor(room / 3));
  let skipped = 0;
  let index = 0;
  while (index < cells.length && skipped < lead) skipped += cells[index++]?.cells ?? 0;
  const head = index > 0 ? "…" : "";
  let used = head.length;
  let text = head;
  for (; index < cells.length; index++) {
    const cell = cells[index];
    if (cell === undefined || used + cell.cells > room - 1) break;
    text += cell.shown;
    used += cell.cells;
  }
  const tail = index < cells.length ? "…" : "";
  const at = start - skipped + head.length;
  return { text: text + tail, start: at, marked: Math.min(marked, Math.max(1, used - at)) };
};

/** Of a line, as many screens are looked at before and behind the place: it may have millions of characters. */
const screens = 10;

const nearby = (lineText: string, from: number, room: number): { lineText: string; skipped: number } => {
  const reach = room * screens;
  const skipped = Math.max(0, Math.min(from, lineText.length) - reach);
  return { lineText: lineText.slice(skipped, from + reach), skipped };
};

/** Lines: the source line behind its number, and carets under the range. */
export const excerpt = (source: SourceRange, mark: (text: string) => string, look: Look): string[] => {
  const number = String(source.line);
  const gutter = Math.max(5, number.length + 1);
  const room = Math.max(20, look.width - gutter - 3);
  const from = source.column - 1;
  const to = source.endLine > source.line ? Number.POSITIVE_INFINITY : source.endColumn - 1;
  const { lineText, skipped } = nearby(source.lineText, from, room);
  const { text, start, marked } = cutout(shownCells(lineText), from - skipped, to - skipped, room);
  return [
    `${look.style.faint(`${number.padStart(gutter)} |`)} ${text}`.trimEnd(),
    `${look.style.faint(`${" ".repeat(gutter)} |`)} ${" ".repeat(start)}${mark("^".repeat(marked))}`,
  ];
};
