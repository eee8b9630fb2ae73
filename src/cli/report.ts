/** How a run that failed ends: one message to the user, machine formats kept clean, no stack without --debug. */
import { type ExitCode, exitCodes, Failure } from "../model/failure.js";
import { visible } from "../render/neutralise.js";
import type { Io } from "./io.js";
import { note, noteDiagnostics, withNewline, writeFileWhole } from "./output.js";

const has = (argv: readonly string[], flag: string): boolean => argv.includes(flag);

/**
 * The values of an option in every spelling: `--format json`, `--format=json`, `-f json`, `-fjson`. Read from argv,
 * since a failure can come before options are parsed.
 */
const valuesOf = (argv: readonly string[], long: string, short?: string): readonly string[] =>
  argv.flatMap((word, at) => {
    if (word === long || word === short) return argv[at + 1] === undefined ? [] : [argv[at + 1] ?? ""];
    if (word.startsWith(`${long}=`)) return [word.slice(long.length + 1)];
    return short !== undefined && /^-[a-z]./.test(word) && word.startsWith(short)
      ? [word.slice(short.length).replace(/^=/, "")]
      : [];
  });

/** The files that `--write json=FILE` names. */
const jsonFiles = (argv: readonly string[]): readonly string[] =>
  valuesOf(argv, "--write").flatMap((text) => (/^json=./s.test(text) ? [text.slice("json=".length)] : []));

/** What was asked for as JSON says so too, so that no older file is taken for the answer of this run. */
const writeJson = async (error: Failure, words: readonly string[], io: Io): Promise<void> => {
  const argv = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  // A line that was not understood may name a file for something else, and one that clashes names an input: it is
  // left alone.
  const understood = error.diagnostics.every(({ code }) => code !== "bad-usage" && code !== "output-clash");
  const files = understood ? jsonFiles(argv) : [];
  const asked = valuesOf(argv, "--format", "-f").at(-1) === "json";
  if (files.length === 0 && !asked) return;
  const { renderDiagnosticsJson } = await import("../render/diagnostics-json.js");
  const text = withNewline(renderDiagnosticsJson(error.diagnostics));
  // The error itself is told already; that it cannot be written there as well says nothing more.
  for (const file of files) await writeFileWhole(io, file, text).catch(() => undefined);
  if (!asked) return;
  const output = understood ? valuesOf(argv, "--output", "-o").at(-1) : undefined;
  if (output === undefined) io.stdout.write(text);
  else await writeFileWhole(io, output, text).catch(() => io.stdout.write(text));
};

/** Every line of a stack may hold what the service or a file said. */
export const debugStack = (error: unknown): string => {
  const lines: string[] = [];
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  )
    lines.push(...`${depth === 0 ? "" : "caused by: "}${current.stack ?? current.message}`.split("\n"));
  return lines.map(visible).join("\n");
};

export const reportFailure = async (error: Failure, argv: readonly string[], io: Io): Promise<ExitCode> => {
  noteDiagnostics(io, error.diagnostics, { color: !has(argv, "--no-color") });
  await writeJson(error, argv, io);
  if (has(argv, "--debug")) note(io, debugStack(error));
  return error.exitCode;
};

/** A bug of ours: say so, and how to report it; the stack only where it was asked for. */
export const reportCrash = (error: unknown, argv: readonly string[], io: Io): Promise<ExitCode> => {
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
