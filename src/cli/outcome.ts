/**
 * How a command ends: the formats that were asked for, the report of a failure, and each report in each format. A failure
 * is said on standard error as well.
 */

import { tryFile, writeWhole } from "../files/write-file.js";
import { visible } from "../model/escape.js";
import { type ExitCode, exitCodes, Failure, failureOf } from "../model/failure.js";
import { present } from "../model/present.js";
import { fileLook } from "../report/layout.js";
import type { PolicyReport, Report } from "../report/report.js";
import type { Format } from "../report/reporters.js";
import { fitted, type Io, lookOf, note, noteDiagnostics, withNewline } from "./io.js";
import { version } from "./package.js";

/** The options that decide where reports go; each command has more. */
export interface SharedOptions {
  readonly policy?: unknown;
  readonly format?: Format | "matrix";
  readonly output?: string;
  readonly write?: readonly { readonly format: Format; readonly file: string }[];
  readonly color?: boolean;
  readonly debug?: boolean;
  /** A rehearsal of another day. */
  readonly now?: Date;
  readonly out?: string;
  readonly receipt?: string;
  readonly maxBytes?: number;
  /** Of a plan of Terraform: no policy is run. */
  readonly terraform?: string;
  readonly account?: string;
  readonly host?: string;
}

/** One of the formats that were asked for; without a file it goes to standard output. */
export interface Target {
  readonly format: Format;
  readonly file?: string;
}

/**
 * What was asked for: each `--write` first, so that standard output is last. A command without a format prints or writes its
 * result itself.
 */
export const outputTargets = ({ format, output, write }: SharedOptions): readonly Target[] =>
  format === undefined || format === "matrix" || write === undefined
    ? []
    : [...write, { format, ...present({ file: output }) }];

/** Throws `Failure` where a file cannot be written, as far as that can be seen beforehand. */
export const requireWritable = async (io: Pick<Io, "cwd">, targets: readonly Target[]): Promise<void> => {
  for (const { file } of targets) if (file !== undefined) await tryFile(io, file);
};

export const notesOf = (report: Report): readonly string[] =>
  report.kind === "plan" || report.kind === "done" ? (report.notes ?? []) : [];

/** What `work` returns; what it throws is said on standard error, and is a report as well. */
export const reportOf = async (
  io: Io,
  options: SharedOptions,
  work: () => Promise<Report>,
): Promise<Report> => {
  try {
    return await work();
  } catch (error) {
    return reportFailure(io, failureOf(error, "command"), options);
  }
};

/** For a text that is no report. */
export const printText = async (
  io: Io,
  { output }: Pick<SharedOptions, "output">,
  text: string,
): Promise<ExitCode> => {
  if (output === undefined) io.stdout.write(text);
  else await writeWhole(io, output, text);
  return exitCodes.done;
};

/** Says on standard error why a command ended early. */
export const reportFailure = (
  io: Io,
  error: Failure,
  options: { readonly color?: boolean; readonly debug?: boolean },
): Report => {
  noteDiagnostics(io, error.diagnostics, options);
  if (options.debug === true) note(io, debugStack(error));
  return { kind: "failure", diagnostics: error.diagnostics, exitCode: error.exitCode };
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

/**
 * Prints the reports in each format that was asked for, and returns them as they ended. Where a file cannot be written
 * that is what the other formats say from there on, except of an apply, whose report must not be lost: it goes to
 * standard output then.
 */
export const deliver = async (
  io: Io,
  targets: readonly Target[],
  reports: readonly PolicyReport[],
  options: Pick<SharedOptions, "color" | "now">,
): Promise<readonly PolicyReport[]> => {
  let current = reports;
  for (const target of targets) {
    const { format, file } = target;
    // A failure was said on standard error; as text on a terminal it would appear twice.
    const print = (where: Target): Promise<void> =>
      where.format === "text" && where.file === undefined && current.every(isFailed)
        ? Promise.resolve()
        : deliverTo(io, where, current, options);
    try {
      await print(target);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      noteDiagnostics(io, error.diagnostics, options);
      current = current.map((one) => unwritten(one, error));
      if (file !== undefined && target === targets.at(-1)) await print({ format });
    }
  }
  return current;
};

const isFailed = ({ report }: PolicyReport): boolean => report.kind === "failure";

const unwritten = (one: PolicyReport, { diagnostics, exitCode }: Failure): PolicyReport =>
  one.report.kind === "apply" || one.report.kind === "failure"
    ? { ...one, undelivered: true }
    : { ...one, report: { kind: "failure", diagnostics, exitCode } };

const deliverTo = async (
  io: Io,
  { format, file }: Target,
  reports: readonly PolicyReport[],
  options: Pick<SharedOptions, "color" | "now">,
): Promise<void> => {
  const { renderReports } = await import("../report/reporters.js");
  const look = file === undefined ? lookOf(io, io.stdout, options) : fileLook;
  const at = (options.now ?? io.now()).toISOString();
  const text = withNewline(await renderReports(format, reports, { ...look, version, at }));
  if (file !== undefined) await writeWhole(io, file, text);
  else io.stdout.write(format === "text" ? fitted(io, io.stdout, text) : text);
};
