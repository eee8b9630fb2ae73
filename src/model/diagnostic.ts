/** Problems that a user can cause or mend, as values: collected, shown all at once, in file order. */

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

export type Severity = "error" | "warning" | "note";

export interface Diagnostic {
  /** Stable, kebab-case; explained in docs/. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in one sentence that starts with a capital and has no full stop. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly source?: SourceRange;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === "error");
