/**
 * Diagnostics for people: `file:line:column: error[code]: message`, the line with a caret, the hint.
 * The first line of each stays one line, so that terminals and editors can jump to the place.
 */
import type { Diagnostic, Severity } from "../model/diagnostic.js";
import { excerpt } from "./excerpt.js";
import type { Look } from "./look.js";
import { cut, visible } from "./neutralise.js";
import { wrap } from "./width.js";
import { counted, grouped } from "./words.js";

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
export const placeOf = ({ source }: Diagnostic): string =>
  source === undefined ? "" : `${visible(source.file)}:${source.line}:${source.column}`;

const messageOf = (text: string): string => cut(text, messageCells);

const one = (diagnostic: Diagnostic, look: Look): string => {
  const { severity, code, hint, source } = diagnostic;
  const paint = look.style[severity];
  const place = source === undefined ? "" : `${look.style.strong(placeOf(diagnostic))}: `;
  const label = `${severity}[${visible(code)}]`;
  const message = `${label}: ${messageOf(diagnostic.message)}`;
  const [head = "", ...tail] = source === undefined ? wrap(message, look.width, 6) : [message];
  const lines = [`${place}${paint(label)}${head.slice(label.length)}`, ...tail];
  if (source !== undefined && source.lineText.trim() !== "") lines.push(...excerpt(source, paint, look));
  if (hint !== undefined) {
    const [first = "", ...rest] = wrap(`      hint: ${messageOf(hint)}`, look.width, 12);
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
  look: Look & { readonly max?: number },
): string => {
  if (diagnostics.length === 0) return "";
  const shown = selected(diagnostics, look.max ?? defaultMax);
  const parts = shown.map((diagnostic) => one(diagnostic, look));
  const left = diagnostics.length - shown.length;
  if (left > 0) parts.push(`… and ${grouped(left)} more, not shown\n`);
  if (diagnostics.length > 1) parts.push(`${diagnosticsCount(diagnostics)}\n`);
  return parts.join("");
};
