/** Streams and files: results to standard output or a file, everything else to standard error. */
import { open, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Diagnostic } from "../model/diagnostic.js";
import { type Failure, failure } from "../model/failure.js";
import { renderDiagnosticsText } from "../render/diagnostics-text.js";
import type { Look } from "../render/look.js";
import { createStyle, plainStyle } from "../render/style.js";
import type { Io, OutputStream } from "./io.js";
import type { OutputOptions } from "./options.js";
import { makeFolderFor, writeTargetOf } from "./write-target.js";

const defaultWidth = 80;

/** Colour as NO_COLOR (no-color.org), FORCE_COLOR, `--no-color` and the stream say. */
export const lookOf = (io: Io, stream: OutputStream, options: { readonly color?: boolean }): Look => {
  const { NO_COLOR, FORCE_COLOR, TERM, COLUMNS } = io.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const color =
    options.color !== false &&
    !NO_COLOR &&
    FORCE_COLOR !== "0" &&
    (forced || (stream.isTTY === true && TERM !== "dumb"));
  const columns = stream.columns ?? Number.parseInt(COLUMNS ?? "", 10);
  return { style: createStyle({ color }), width: columns >= 40 ? columns : defaultWidth };
};

/** Whether a live line may be redrawn on standard error: a terminal, and no CI. */
export const isLive = (io: Io): boolean =>
  io.stderr.isTTY === true && !io.env["CI"] && io.env["TERM"] !== "dumb";

export const withNewline = (text: string): string =>
  text === "" || text.endsWith("\n") ? text : `${text}\n`;

export const note = (io: Io, text: string): void => {
  io.stderr.write(withNewline(text));
};

/** Diagnostics for a person, on standard error. */
export const noteDiagnostics = (
  io: Io,
  diagnostics: readonly Diagnostic[],
  options: { readonly color?: boolean },
): void => {
  if (diagnostics.length > 0) note(io, renderDiagnosticsText(diagnostics, lookOf(io, io.stderr, options)));
};

/** Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed. */
export const writeFileWhole = async (io: Io, file: string, text: string, mode = 0o666): Promise<void> => {
  try {
    const { path, straight } = await writeTargetOf(resolve(io.cwd, file));
    if (straight) await writeFile(path, text);
    else await replaceFile(path, text, mode);
  } catch (error) {
    throw cannotWrite(file, error);
  }
};

const replaceFile = async (path: string, text: string, mode: number): Promise<void> => {
  // Loaded here, since most runs write no file and this module of Node's is a large one.
  const { randomBytes } = await import("node:crypto");
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  await makeFolderFor(path);
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // Whether or not it was made: what counts is why the file could not be written.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
};

/** `file` as the user named it. */
export const cannotWrite = (file: string, cause: unknown): Failure => {
  const reason = reasonOf(cause);
  const hint =
    reason === "it is a folder" ? "Name a file in it" : "Check the folder, its permissions and its room";
  return failure("cannot-write", `Cannot write ${file}: ${reason}`, hint, { cause });
};

/** The system's own word for an I/O error, without its path. */
export const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const words: Record<string, string> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EPERM: "not permitted",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    EEXIST: "it exists already",
    ENOSPC: "no space left on the device",
    EROFS: "the file system is read-only",
    ELOOP: "too many symbolic links",
    ENAMETOOLONG: "the name is too long",
    EMFILE: "too many open files",
  };
  if (code !== undefined) return words[code] ?? code;
  return error instanceof Error ? error.message : String(error);
};

/** A look for what goes into a file, or a pipe that no terminal reads: plain, 80 columns. */
export const plain: Look = { style: plainStyle, width: defaultWidth };

/** Prints the chosen format and writes the others: one value, as many renderings as were asked for. */
export const deliver = async <Format extends string>(
  io: Io,
  options: OutputOptions<Format>,
  renderers: { readonly [F in Format]: (look: Look) => string | Promise<string> },
): Promise<void> => {
  if (io.collect !== undefined) {
    const look = options.output === undefined ? lookOf(io, io.stdout, options) : plain;
    io.collect(0, withNewline(await renderers[options.format](look)));
    for (const [at, { format }] of options.write.entries())
      io.collect(at + 1, withNewline(await renderers[format](plain)));
    return;
  }
  for (const { format, file } of options.write)
    await writeFileWhole(io, file, withNewline(await renderers[format](plain)));
  const render = renderers[options.format];
  if (options.output === undefined)
    io.stdout.write(withNewline(await render(lookOf(io, io.stdout, options))));
  else await writeFileWhole(io, options.output, withNewline(await render(plain)));
};
