/**
 * What a row of the table of codes holds. A code with arguments makes its texts from them; a code without has fixed
 * texts. These are all that a person ever reads about a code: in a terminal, in a report and in docs/errors.md.
 */

export type Severity = "error" | "warning" | "note";

/** Texts that need no arguments. */
export interface Fixed {
  /** What is wrong, and where: one sentence with a capital and no full stop. */
  readonly message: string;
  /** What to do next: what to type, if anything. */
  readonly hint?: string;
}

/** Texts made from arguments, such as the name of a rule or a limit. */
export interface Made<Args> {
  readonly message: (args: Args) => string;
  readonly hint?: string | ((args: Args) => string | undefined);
}

export interface Explained {
  readonly severity: Severity;
  /** What the code means, whatever its arguments. */
  readonly meaning: string;
  /** What to do about it, whatever its arguments. */
  readonly fix: string;
  /** The same command would meet it again: somebody must see to it first, and waiting does not help. */
  readonly persists?: true;
}

export interface ExplainedLint {
  /** Unless the policy's `lint:` says otherwise. */
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  /** Complete `policy.yaml` examples, read on `lintExampleDay`: `bad` has the finding, `good` does not. */
  readonly bad: string;
  readonly good: string;
}

export type FixedRow = Fixed & (Explained | ExplainedLint);
export type MadeRow<Args> = Made<Args> & (Explained | ExplainedLint);
/** Any row at all: no arguments fit all of them. */
export type Row = FixedRow | MadeRow<never>;
export type CodeRow = Extract<Row, Explained>;
export type LintRow = Extract<Row, ExplainedLint>;

/** A row as it is written: `code<{ name: string }>({ … })` says what its arguments are. */
export function code(row: Fixed & Explained): Fixed & Explained;
export function code<Args extends object>(row: Made<Args> & Explained): Made<Args> & Explained;
export function code<R>(row: R): R {
  return row;
}

export function lintCode(row: Fixed & ExplainedLint): Fixed & ExplainedLint;
export function lintCode<Args extends object>(row: Made<Args> & ExplainedLint): Made<Args> & ExplainedLint;
export function lintCode<R>(row: R): R {
  return row;
}
