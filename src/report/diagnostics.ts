/**
 * Diagnostics for people: `file:line:column: error[code]: message`, the line with a caret, the hint.
 * The first line of each stays one line, so that terminals and editors can jump to the place.
 */

import { cellsOf } from "../model/cells.js";
import type { Code } from "../model/codes/index.js";
import { type Diagnostic, hintOf, messageOf, type Severity, type SourceRange } from "../model/diagnostic.js";
import { cut, visible, visiblePieces } from "../model/escape.js";
import { policyFlag } from "../model/shell.js";
import { counted, grouped } from "../model/words.js";
import { isAboutLeftRule } from "../plan/left-rules.js";
import { type RenderContext, wrap } from "./layout.js";

const tabStop = 4;

interface Cell {
  readonly at: number;
  readonly shown: string;
  readonly cells: number;
}

/** The line as it is shown: tabs as spaces, all else neutralised. */
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

/** Cells of an excerpt where nothing else limits a line: a line of a source may have millions of characters. */
const longestExcerpt = 200;

/** Lines: the source line behind its number, and carets under the range. */
export const excerpt = (
  source: SourceRange,
  mark: (text: string) => string,
  look: RenderContext,
): string[] => {
  const number = String(source.line);
  const gutter = Math.max(5, number.length + 1);
  const room = Math.max(20, Math.min(look.width, longestExcerpt) - gutter - 3);
  const from = source.column - 1;
  const to = source.endLine > source.line ? Number.POSITIVE_INFINITY : source.endColumn - 1;
  const { lineText, skipped } = nearby(source.lineText, from, room);
  const { text, start, marked } = cutout(shownCells(lineText), from - skipped, to - skipped, room);
  return [
    `${look.style.faint(`${number.padStart(gutter)} |`)} ${text}`.trimEnd(),
    `${look.style.faint(`${" ".repeat(gutter)} |`)} ${" ".repeat(start)}${mark("^".repeat(marked))}`,
  ];
};

/** Longest message and hint, in cells: what is longer comes from somebody's 10,000 characters. */
const messageCells = 600;
const defaultMax = 50;
const order: readonly Severity[] = ["error", "warning", "note"];

/** What was found, a severity each: `2 errors, 1 warning`; empty where there is nothing. */
export const diagnosticsCount = (diagnostics: readonly Diagnostic[]): string =>
  order
    .map((severity) => [severity, diagnostics.filter((one) => one.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => counted(count, severity))
    .join(", ");

/** `policy.yaml:12:7`, neutralised; empty without a place. */
const placeOf = ({ source }: Diagnostic): string =>
  source === undefined ? "" : `${visible(source.file)}:${source.line}:${source.column}`;

const shortened = (text: string): string => cut(text, messageCells);

const one = (diagnostic: Diagnostic, look: RenderContext): string => {
  const { severity, code, source } = diagnostic;
  const hint = hintOf(diagnostic);
  const paint = look.style[severity];
  const place = source === undefined ? "" : `${look.style.strong(placeOf(diagnostic))}: `;
  const label = `${severity}[${visible(code)}]`;
  const message = `${label}: ${shortened(messageOf(diagnostic))}`;
  const [head = "", ...tail] = source === undefined ? wrap(message, look.width, 6) : [message];
  const lines = [`${place}${paint(label)}${head.slice(label.length)}`, ...tail];
  if (source !== undefined && source.lineText.trim() !== "") lines.push(...excerpt(source, paint, look));
  if (hint !== undefined) {
    const [first = "", ...rest] = wrap(`      hint: ${shortened(hint)}`, look.width, 12);
    lines.push(
      first.replace("hint:", () => look.style.note("hint:")),
      ...rest,
    );
  }
  return `${lines.join("\n")}\n`;
};

/** The first `max`, errors before warnings before notes, in the order in which they came. */
const selected = (diagnostics: readonly Diagnostic[], max: number): readonly Diagnostic[] => {
  if (diagnostics.length <= max) return diagnostics;
  const kept = new Set(
    order.flatMap((severity) => diagnostics.filter((each) => each.severity === severity)).slice(0, max),
  );
  return diagnostics.filter((each) => kept.has(each));
};

/** All diagnostics (at most `max`, 50 by default) and a line that counts them; empty for none. */
export const renderDiagnosticsText = (
  diagnostics: readonly Diagnostic[],
  look: RenderContext & { readonly max?: number },
): string => {
  if (diagnostics.length === 0) return "";
  const shown = selected(diagnostics, look.max ?? defaultMax);
  const parts = shown.map((diagnostic) => one(diagnostic, look));
  const left = diagnostics.length - shown.length;
  if (left > 0) parts.push(`… and ${grouped(left)} more, not shown\n`);
  if (diagnostics.length > 1) parts.push(`${diagnosticsCount(diagnostics)}\n`);
  return parts.join("");
};

/** What a plan or a drift report says first: rules that left the policy but stay on the account. */
export const isUnconfirmed = ({ code }: Diagnostic): boolean => code === "unconfirmed-change";

/** What no reader may miss: a rule that left the file and stays, a change that nobody has confirmed. */
export const isShownFirst = (one: Diagnostic): boolean => isAboutLeftRule(one) || isUnconfirmed(one);

export const leftNotes = (diagnostics: readonly Diagnostic[], look: RenderContext): string[] => {
  const text = renderDiagnosticsText(diagnostics.filter(isShownFirst), look);
  return text === "" ? [] : [text];
};

/** Codes with a place in the policy that `validate` cannot know of. */
const onlyWithAccount: ReadonlySet<Code> = new Set(["removed-rule-gone"]);

/**
 * What a plan or a drift report also says: diagnostics of the account in full; those of the policy file are for `validate`
 * to show, and one line here, so that a reviewer does not lose the changes among hints for the author. Lines, with an
 * empty one after each block. `policyFile`: as the user named it, for the command to type.
 */
export const reviewNotes = (
  all: readonly Diagnostic[],
  look: RenderContext & { readonly policyFile?: string },
): string[] => {
  const diagnostics = all.filter((one) => !isShownFirst(one));
  const ofFile = diagnostics.filter(
    ({ code, source, severity }) =>
      source !== undefined && severity !== "error" && !onlyWithAccount.has(code),
  );
  const rest = diagnostics.filter((one) => !ofFile.includes(one));
  const full = renderDiagnosticsText(rest, look);
  const file = look.policyFile === undefined ? "" : policyFlag(look.policyFile);
  const brief = `${full === "" ? "" : "Not shown here: "}${diagnosticsCount(ofFile)} in the policy; to see: dbt-ip-rules validate${file}`;
  return [
    ...(full === "" ? [] : [full]),
    ...(ofFile.length === 0 ? [] : [...wrap(brief, look.width, 2), ""]),
  ];
};
