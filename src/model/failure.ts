import type { Diagnostic } from "./diagnostic.js";

/** Exit codes (README, "Exit codes"). */
export const exitCodes = { done: 0, error: 1, differences: 2, refused: 3, midway: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * The end of a command for a reason its user can understand: what, where, and what to do next.
 * Thrown by I/O and by commands; everything else that is thrown is a bug.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly diagnostics: readonly Diagnostic[];
  readonly exitCode: ExitCode;

  constructor(
    diagnostics: readonly Diagnostic[],
    exitCode: ExitCode = exitCodes.error,
    options?: { cause?: unknown },
  ) {
    super(diagnostics.map(({ message }) => message).join("; "), options);
    this.diagnostics = diagnostics;
    this.exitCode = exitCode;
  }
}

/** A failure of one diagnostic without a place in a file. */
export const failure = (
  code: string,
  message: string,
  hint?: string,
  options: { exitCode?: ExitCode; cause?: unknown } = {},
): Failure =>
  new Failure(
    [hint === undefined ? { code, severity: "error", message } : { code, severity: "error", message, hint }],
    options.exitCode,
    "cause" in options ? { cause: options.cause } : undefined,
  );
