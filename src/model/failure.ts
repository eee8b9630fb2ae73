import { type ArgsOf, type Code, type FixedCode, type MadeCode, rowOf } from "./codes/index.js";
import { type Diagnostic, diagnostic, messageOf } from "./diagnostic.js";

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
  /** The HTTP status of the answer that it reports; undefined where there is none. */
  readonly status: number | undefined;

  constructor(
    diagnostics: readonly Diagnostic[],
    exitCode: ExitCode = exitCodes.error,
    options?: Pick<FailureOptions, "cause" | "status">,
  ) {
    super(diagnostics.map(messageOf).join("; "), causeOf(options));
    this.diagnostics = diagnostics;
    this.exitCode = exitCode;
    this.status = options?.status;
  }
}

interface FailureOptions {
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
  readonly status?: number | undefined;
}

/** A failure of one diagnostic without a place in a file. */
export function failure(code: FixedCode, options?: FailureOptions): Failure;
export function failure<C extends MadeCode>(code: C, args: ArgsOf<C>, options?: FailureOptions): Failure;
export function failure(code: Code, ...rest: readonly unknown[]): Failure {
  // The overloads above tie arguments to codes.
  const make = diagnostic as (code: Code, args?: unknown) => Diagnostic;
  const hasFixedTexts = typeof rowOf(code).message === "string";
  const options = (hasFixedTexts ? rest[0] : rest[1]) as FailureOptions | undefined;
  const made = hasFixedTexts ? make(code) : make(code, rest[0]);
  return new Failure([made], options?.exitCode, options);
}

/** Whatever was thrown, as a failure: anything but a `Failure` is a bug of ours, which says so and how to report it. */
export const failureOf = (error: unknown, during: ArgsOf<"internal-error">["during"]): Failure => {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return failure("internal-error", { error: message.slice(0, 300), during }, { cause: error });
};

const causeOf = (options: Pick<FailureOptions, "cause"> | undefined) =>
  options !== undefined && "cause" in options ? { cause: options.cause } : undefined;
