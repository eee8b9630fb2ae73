/**
 * What a row of the table of codes holds: all that a person ever reads about a code, in a terminal, in a report and in
 * docs/errors.md or docs/lint.md.
 *
 * To add a code: write its row in the file of its subject, `code({ … })`, or `code<{ rule: string }>({ … })` where its
 * texts need arguments, and report it with `diagnostic(…)` or `failure(…)`. Then `npm run docs` writes the page.
 */

export type Severity = "error" | "warning" | "note";

/** A message says what is wrong, and where: one sentence with a capital and no full stop. It needs no arguments. */
export interface Fixed {
  readonly message: string;
}

/** A message made from arguments, such as the name of a rule or a limit. */
export interface Made<Args> {
  readonly message: (args: Args) => string;
}

/** A hint says what to do next: what to type, if anything. */
type Hint<Args> = string | ((args: Args) => string | undefined);

/** What the page says to do: the hint, or `fix`, in few words and with a full stop. */
type Advice<Args> =
  | { readonly hint: string; readonly fix?: undefined }
  | { readonly hint?: Hint<Args>; readonly fix: string };

export interface Judged {
  readonly severity: Severity;
  /** The same command would meet it again: somebody must see to it first, and waiting does not help. */
  readonly persists?: true;
}

/** A fixed message is its own explanation; of one that is made, `meaning` says what all of them mean. */
type FixedCodeRow = Judged & Fixed & Advice<never> & { readonly meaning?: undefined };
type MadeCodeRow<Args> = Judged & Made<Args> & Advice<Args> & { readonly meaning: string };

export interface ExplainedLint {
  /** Unless the policy's `lint:` says otherwise. */
  readonly severity: Severity;
  readonly title: string;
  /** What title, message and hint do not say. */
  readonly explanation: string;
  /** Complete `policy.yaml` examples, read on `lintExampleDay`: `bad` has the finding, `good` does not. */
  readonly bad: string;
  readonly good: string;
}

type FixedLintRow = Fixed & ExplainedLint & { readonly hint: string };
type MadeLintRow<Args> = Made<Args> & ExplainedLint & { readonly hint: Hint<Args> };

/** No arguments fit all rows. */
export type CodeRow = FixedCodeRow | MadeCodeRow<never>;
export type LintRow = FixedLintRow | MadeLintRow<never>;
export type Row = CodeRow | LintRow;

export function code(row: FixedCodeRow): FixedCodeRow;
export function code<Args extends object>(row: MadeCodeRow<Args>): MadeCodeRow<Args>;
export function code<R>(row: R): R {
  return row;
}

export function lintCode(row: FixedLintRow): FixedLintRow;
export function lintCode<Args extends object>(row: MadeLintRow<Args>): MadeLintRow<Args>;
export function lintCode<R>(row: R): R {
  return row;
}

/** What a code means, whatever its arguments. */
export const meaningOf = (row: CodeRow): string =>
  row.meaning === undefined ? `${row.message}.` : row.meaning;

/** What to do about it, whatever its arguments. */
export const fixOf = (row: CodeRow): string => (row.fix === undefined ? `${row.hint}.` : row.fix);
