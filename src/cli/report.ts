/** How a run that failed ends: one message to the user, machine formats kept clean, no stack without --debug. */
import { type ExitCode, exitCodes, Failure } from "../model/failure.js";
import { renderDiagnosticsJson } from "../render/diagnostics-json.js";
import type { Io } from "./io.js";
import { note, noteDiagnostics, withNewline } from "./output.js";

const has = (argv: readonly string[], flag: string): boolean => argv.includes(flag);

/** `--format json` and its spellings, read from argv: a failure can come before options are parsed. */
const asksForJson = (argv: readonly string[]): boolean =>
  argv.some(
    (word, at) =>
      /^(--format=|-f=?)json$/.test(word) ||
      ((word === "--format" || word === "-f") && argv[at + 1] === "json"),
  );

const debugStack = (error: unknown): string => {
  const lines: string[] = [];
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  )
    lines.push(`${depth === 0 ? "" : "caused by: "}${current.stack ?? current.message}`);
  return lines.join("\n");
};

export const reportFailure = (error: Failure, argv: readonly string[], io: Io): ExitCode => {
  noteDiagnostics(io, error.diagnostics, { color: !has(argv, "--no-color") });
  if (asksForJson(argv)) io.stdout.write(withNewline(renderDiagnosticsJson(error.diagnostics)));
  if (has(argv, "--debug")) note(io, debugStack(error));
  return error.exitCode;
};

/** A bug of ours: say so, and how to report it; the stack only where it was asked for. */
export const reportCrash = (error: unknown, argv: readonly string[], io: Io): ExitCode => {
  const message = error instanceof Error ? error.message : String(error);
  const hint = "This is a bug in dbt-ip-rules: run again with --debug and report what it prints";
  return reportFailure(
    new Failure(
      [{ code: "internal-error", severity: "error", message: `Internal error: ${message}`, hint }],
      exitCodes.error,
      {
        cause: error,
      },
    ),
    argv,
    io,
  );
};
