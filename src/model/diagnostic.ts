/**
 * Problems that a user can cause or fix, as values: collected, shown all at once, in file order. A diagnostic is a
 * code with its arguments and a place; its texts come from the table of codes.
 */
import type { Severity } from "./codes/code.js";
import { type ArgsOf, type Code, type FixedCode, type MadeCode, rowOf } from "./codes/index.js";
import { present } from "./present.js";

export type { Severity } from "./codes/code.js";
export type { ArgsOf, Code } from "./codes/index.js";

/** A stretch of a text file; lines and columns count from 1, `column` in UTF-16 units, `end` exclusive. */
export interface SourceRange {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The text of the first line, for the caret excerpt. */
  readonly lineText: string;
}

/** `lists/office.txt:3`, as messages name another place. */
export const fileAndLine = ({ file, line }: Pick<SourceRange, "file" | "line">): string => `${file}:${line}`;

interface Placed {
  readonly severity: Severity;
  readonly source?: SourceRange;
}

interface Texts {
  readonly message: string;
  readonly hint?: string;
}

/** A code with its own arguments, and no others. `more`: it represents so many that were left out. */
type Found = {
  [C in Code]: Placed & { readonly code: C; readonly args: ArgsOf<C>; readonly more?: number };
}[Code];

/** Read back from a document that carries texts, such as a saved plan; or texts of which secrets were taken out. */
type Recorded = Placed & { readonly code: Code; readonly recorded: Texts };

export type Diagnostic = Found | Recorded;

/** `diagnostic("policy-missing", { file })`, or `diagnostic("caller-unknown")` for a code without arguments. */
export function diagnostic(code: FixedCode, source?: SourceRange): Diagnostic;
export function diagnostic<C extends MadeCode>(code: C, args: ArgsOf<C>, source?: SourceRange): Diagnostic;
export function diagnostic(code: Code, ...rest: readonly unknown[]): Diagnostic {
  const { message, severity } = rowOf(code);
  const [args, source] = typeof message === "string" ? [{}, ...rest] : rest;
  const made = { code, args, severity, ...present({ source }) };
  // The overloads above tie arguments to codes; no type of one value for all codes can.
  return made as Diagnostic;
}

/** The same with another severity than the table's: a setting of lint, or a guard that was overridden. */
export const withSeverity = (one: Diagnostic, severity: Severity): Diagnostic => ({ ...one, severity });

/** One that represents so many more of the same code that were left out. */
export const withMore = (one: Diagnostic, more: number): Diagnostic =>
  "args" in one ? { ...one, more } : one;

/** A diagnostic with the texts that it had when it was recorded. */
export const recordedDiagnostic = (
  code: Code,
  severity: Severity,
  recorded: Texts,
  source?: SourceRange,
): Diagnostic => ({ code, severity, recorded, ...present({ source }) });

/** What is wrong, in one sentence that starts with a capital and has no full stop. */
export const messageOf = (one: Diagnostic): string => {
  if ("recorded" in one) return one.recorded.message;
  if (one.more !== undefined) return `${one.more} more problems of this kind follow in the file`;
  const { message } = rowOf(one.code);
  // `Found` ties the arguments to the code.
  return typeof message === "string" ? message : message(one.args as never);
};

/** What to do next, if there is something to say. */
export const hintOf = (one: Diagnostic): string | undefined => {
  if ("recorded" in one) return one.recorded.hint;
  const { hint } = rowOf(one.code);
  return typeof hint === "function" ? hint(one.args as never) : hint;
};

/** Message and hint as two sentences. */
export const fullText = (one: Diagnostic): string => {
  const hint = hintOf(one);
  return hint === undefined ? messageOf(one) : `${messageOf(one)}. ${hint}`;
};

/** The same code and place with its texts changed, such as by taking a secret out; the same value where none is. */
export const withTexts = (one: Diagnostic, change: (text: string) => string): Diagnostic => {
  const [message, hint] = [messageOf(one), hintOf(one)];
  const changed = { message: change(message), ...(hint === undefined ? {} : { hint: change(hint) }) };
  if (changed.message === message && changed.hint === hint) return one;
  return recordedDiagnostic(one.code, one.severity, changed, one.source);
};

/** Whether waiting does not help: the same command would meet it again until somebody sees to it. */
export const persists = ({ code }: Diagnostic): boolean => {
  const row = rowOf(code);
  return "persists" in row && row.persists === true;
};

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === "error");
