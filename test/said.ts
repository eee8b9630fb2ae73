/** Diagnostics by their texts: what a person reads of them, and ones with a text that a test chooses. */
import {
  type Code,
  type Diagnostic,
  hintOf,
  messageOf,
  recordedDiagnostic,
  type Severity,
  type SourceRange,
} from "../src/model/diagnostic.js";

/** Of the first; undefined where there is none. */
export const firstMessage = ([one]: readonly (Diagnostic | undefined)[]): string | undefined =>
  one && messageOf(one);
export const firstHint = ([one]: readonly (Diagnostic | undefined)[]): string | undefined =>
  one && hintOf(one);

export const saying = ({
  code,
  severity,
  message,
  hint,
  source,
}: {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  readonly source?: SourceRange;
}): Diagnostic =>
  recordedDiagnostic(code, severity, { message, ...(hint === undefined ? {} : { hint }) }, source);
