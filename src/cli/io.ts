/**
 * What a command may touch of the process: the only door to streams and the clock; tests hand in their own. Results go to
 * standard output or a file, everything else to standard error.
 */
import { ownerOnly, type Sink, WholeFile } from "../files/write-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { createStyle, fitLines } from "../report/color.js";
import { renderDiagnosticsText } from "../report/diagnostics.js";
import type { RenderContext } from "../report/layout.js";

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** False: full; `drain` comes when there is room again. */
  write(text: string): boolean;
  once?(event: "drain" | "close", listener: () => void): unknown;
  /** False: closed by its reader (`| head`), so nothing more can be written. Absent: it cannot be closed. */
  readonly writable?: boolean;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  now(): Date;
  /** Waits for a confirmation, and between the tries of a way back, in milliseconds; by the real clock where absent. */
  pause?(ms: number): Promise<void>;
  /** From now on the process survives the loss of its terminal. Absent where there is no process of its own. */
  ignoreHangup?(): void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether it is; asking does not yet take signals from the process, as asking for `signal` does. */
  isInterrupted(): boolean;
}

/** Of a terminal that does not say how wide it is. */
const defaultWidth = 80;

/** Cells in a line. Outside a terminal a line has no end: each stays one line, so that `grep` finds what it looks for. */
const widthOf = (io: Io, stream: OutputStream): number => {
  if (stream.isTTY !== true) return Number.POSITIVE_INFINITY;
  const columns = stream.columns ?? Number.parseInt(io.env["COLUMNS"] ?? "", 10);
  return columns >= 40 ? columns : defaultWidth;
};

/** Colour as NO_COLOR (no-color.org), FORCE_COLOR, `--no-color` and the stream say. */
export const lookOf = (
  io: Io,
  stream: OutputStream,
  options: { readonly color?: boolean | undefined },
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
  options: { readonly color?: boolean | undefined },
): void => {
  if (diagnostics.length > 0) note(io, renderDiagnosticsText(diagnostics, lookOf(io, io.stderr, options)));
};

const drained = (stream: OutputStream): Promise<void> =>
  new Promise((done) => {
    if (stream.once === undefined || stream.writable === false) return done();
    stream.once("drain", done);
    stream.once("close", done);
  });

/** For long output, piece by piece, at the pace of the stream's reader. */
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

/** A stream, or a file that appears whole or not at all. Events name people: a new file is for its owner alone. */
export const sinkFor = async (io: Io, file: string | undefined): Promise<Sink> =>
  file === undefined ? streamSink(io.stdout) : WholeFile.create(io, file, ownerOnly);
