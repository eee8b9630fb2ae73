/** Streams and files: results to standard output or a file, everything else to standard error. */

import { ownerOnly, type Sink, WholeFile } from "../files/write-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { createStyle, fitLines } from "../report/color.js";
import { renderDiagnosticsText } from "../report/diagnostics-text.js";
import { plainStyle, type RenderContext } from "../report/layout.js";
import type { PolicyReport } from "../report/report.js";
import type { Format } from "../report/reporters.js";
import type { Io, OutputStream } from "./io.js";
import type { OutputOptions } from "./options.js";
import { version } from "./version.js";

const defaultWidth = 80;

const widthOf = (io: Io, stream: OutputStream): number => {
  const columns = stream.columns ?? Number.parseInt(io.env["COLUMNS"] ?? "", 10);
  return columns >= 40 ? columns : defaultWidth;
};

/** Colour as NO_COLOR (no-color.org), FORCE_COLOR, `--no-color` and the stream say. */
export const lookOf = (
  io: Io,
  stream: OutputStream,
  options: { readonly color?: boolean },
): RenderContext => {
  const { NO_COLOR, FORCE_COLOR, TERM } = io.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const color =
    options.color !== false &&
    !NO_COLOR &&
    FORCE_COLOR !== "0" &&
    (forced || (stream.isTTY === true && TERM !== "dumb"));
  return { style: createStyle({ color }), width: widthOf(io, stream) };
};

/** Whether a live line may be redrawn on standard error: a terminal, and no CI. */
export const isLive = (io: Io): boolean =>
  io.stderr.isTTY === true && !io.env["CI"] && io.env["TERM"] !== "dumb";

export const withNewline = (text: string): string =>
  text === "" || text.endsWith("\n") ? text : `${text}\n`;

/** Text for people as this stream takes it: on a terminal no line is longer than the terminal is wide. */
export const fitted = (io: Io, stream: OutputStream, text: string): string =>
  stream.isTTY === true ? fitLines(text, widthOf(io, stream)) : text;

export const note = (io: Io, text: string): void => {
  io.stderr.write(fitted(io, io.stderr, withNewline(text)));
};

/** Diagnostics for a person, on standard error. */
export const noteDiagnostics = (
  io: Io,
  diagnostics: readonly Diagnostic[],
  options: { readonly color?: boolean },
): void => {
  if (diagnostics.length > 0) note(io, renderDiagnosticsText(diagnostics, lookOf(io, io.stderr, options)));
};

/** Writes a file whole or not at all (whole-file.ts). `mode`: of a new file, less the umask. */
export const writeFileWhole = async (
  io: Pick<Io, "cwd">,
  file: string,
  text: string,
  mode?: number,
): Promise<void> => {
  // Loaded here, since most runs write no file and it needs large modules of Node's.
  const { writeWhole } = await import("../files/write-file.js");
  await writeWhole(io, file, text, mode);
};

/** A look for what goes into a file, or a pipe that no terminal reads: plain, 80 columns. */
const plain: RenderContext = { style: plainStyle, width: defaultWidth };

/** One of the formats that were asked for; without a file it goes to standard output. */
export interface Target {
  readonly format: Format;
  readonly file?: string;
}

/** What was asked for: each `--write` first, so that standard output is last. */
export const targetsOf = ({
  write,
  format,
  output,
}: Pick<OutputOptions<Format>, "write" | "format" | "output">): readonly Target[] => [
  ...write,
  output === undefined ? { format } : { format, file: output },
];

/** Throws `Failure` where a file cannot be written, as far as that can be seen beforehand. */
export const requireWritableFiles = async (io: Pick<Io, "cwd">, files: readonly string[]): Promise<void> => {
  if (files.length === 0) return;
  const { tryFile } = await import("../files/write-file.js");
  for (const file of files) await tryFile(io, file);
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
  options: { readonly color?: boolean },
): Promise<readonly PolicyReport[]> => {
  let current = reports;
  for (const target of targets) {
    const { format, file } = target;
    // A failure was told on standard error; as text it would be said twice on a terminal.
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
  options: { readonly color?: boolean },
): Promise<void> => {
  const { renderReports } = await import("../report/reporters.js");
  const look = file === undefined ? lookOf(io, io.stdout, options) : plain;
  const text = withNewline(await renderReports(format, reports, { ...look, version }));
  if (file !== undefined) await writeFileWhole(io, file, text);
  else io.stdout.write(format === "text" ? fitted(io, io.stdout, text) : text);
};

/**
 * Long output, piece by piece: to standard output at the pace of its reader, or to a file that appears whole or not
 * at all.
 */

const drained = (stream: OutputStream): Promise<void> =>
  new Promise((done) => {
    if (stream.once === undefined || stream.writable === false) return done();
    stream.once("drain", done);
    stream.once("close", done);
  });

export const streamSink = (stream: OutputStream): Sink => ({
  async write(piece) {
    const text = typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8");
    if (!stream.write(text)) await drained(stream);
  },
  get closed() {
    return stream.writable === false;
  },
  close: async () => {},
  discard: async () => {},
});

/** Events tell of people: a new file is for its owner alone. */
export const sinkFor = async (io: Io, file: string | undefined): Promise<Sink> =>
  file === undefined ? streamSink(io.stdout) : WholeFile.create(io, file, ownerOnly);
