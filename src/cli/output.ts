/** Streams and files: results to standard output or a file, everything else to standard error. */
import type { Diagnostic } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { createStyle } from "../render/color-style.js";
import { renderDiagnosticsText } from "../render/diagnostics-text.js";
import { fitLines } from "../render/fit.js";
import type { Look } from "../render/look.js";
import { plainStyle } from "../render/style.js";
import type { Io, OutputStream } from "./io.js";
import type { OutputOptions } from "./options.js";

const defaultWidth = 80;

const widthOf = (io: Io, stream: OutputStream): number => {
  const columns = stream.columns ?? Number.parseInt(io.env["COLUMNS"] ?? "", 10);
  return columns >= 40 ? columns : defaultWidth;
};

/** Colour as NO_COLOR (no-color.org), FORCE_COLOR, `--no-color` and the stream say. */
export const lookOf = (io: Io, stream: OutputStream, options: { readonly color?: boolean }): Look => {
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
  const { writeWhole } = await import("./whole-file.js");
  await writeWhole(io, file, text, mode);
};

/** A look for what goes into a file, or a pipe that no terminal reads: plain, 80 columns. */
export const plain: Look = { style: plainStyle, width: defaultWidth };

type Renderers<Format extends string> = {
  readonly [F in Format]: (look: Look) => string | Promise<string>;
};

/** What was asked for: each `--write` first, so that standard output is last. */
const targetsOf = <Format extends string>({ write, format, output }: OutputOptions<Format>) => [
  ...write.map((target) => ({ ...target, main: false })),
  { format, file: output, main: true },
];

/** Prints the chosen format and writes the others: one value, as many renderings as were asked for. */
export const deliver = async <Format extends string>(
  io: Io,
  options: OutputOptions<Format>,
  renderers: Renderers<Format>,
): Promise<void> => {
  if (io.collect !== undefined) return collectAll(io, io.collect, options, renderers);
  for (const target of targetsOf(options)) await deliverTo(io, target, options, renderers);
};

/** Throws `Failure` where a file that was asked for cannot be written, as far as that can be seen beforehand. */
export const requireWritable = async <Format extends string>(
  io: Io,
  options: OutputOptions<Format>,
): Promise<void> => {
  if (io.collect !== undefined) return;
  const files = targetsOf(options).flatMap(({ file }) => (file === undefined ? [] : [file]));
  await requireWritableFiles(io, files);
};

export const requireWritableFiles = async (io: Pick<Io, "cwd">, files: readonly string[]): Promise<void> => {
  if (files.length === 0) return;
  const { tryFile } = await import("./whole-file.js");
  for (const file of files) await tryFile(io, file);
};

/**
 * The same where the result must not be lost, since what it tells of has happened: what `--output` cannot take goes to
 * standard output. `onProblem` is told why, before that.
 */
export const deliverAnyway = async <Format extends string>(
  io: Io,
  options: OutputOptions<Format>,
  renderers: Renderers<Format>,
  onProblem: (problem: Failure) => void,
): Promise<void> => {
  if (io.collect !== undefined) return collectAll(io, io.collect, options, renderers);
  for (const target of targetsOf(options)) {
    try {
      await deliverTo(io, target, options, renderers);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      onProblem(error);
      if (target.main) await deliverTo(io, { format: target.format }, options, renderers);
    }
  }
};

const deliverTo = async <Format extends string>(
  io: Io,
  { format, file }: { readonly format: Format; readonly file?: string | undefined },
  options: { readonly color: boolean },
  renderers: Renderers<Format>,
): Promise<void> => {
  const look = file === undefined ? lookOf(io, io.stdout, options) : plain;
  const text = withNewline(await renderers[format](look));
  if (file !== undefined) await writeFileWhole(io, file, text);
  else io.stdout.write(format === "text" ? fitted(io, io.stdout, text) : text);
};

const collectAll = async <Format extends string>(
  io: Io,
  collect: NonNullable<Io["collect"]>,
  options: OutputOptions<Format>,
  renderers: Renderers<Format>,
): Promise<void> => {
  const look = options.output === undefined ? lookOf(io, io.stdout, options) : plain;
  collect(0, withNewline(await renderers[options.format](look)));
  for (const [at, { format }] of options.write.entries())
    collect(at + 1, withNewline(await renderers[format](plain)));
};
