/**
 * The receipt as a file: each line is written whole and flushed to the disk before `append` returns, so that a
 * crash of the program or of the machine loses at most the line being written, which a reader drops.
 * An existing file is never touched: it is the record of another run.
 */
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Journal } from "../apply/ports.js";
import { type Failure, failure } from "../model/failure.js";
import { jsonText } from "../render/neutralise.js";
import { ownerOnly } from "./write-target.js";

export interface FileJournal extends Journal {
  readonly path: string;
  close(): Promise<void>;
}

/** Creates the file, readable by its owner alone. Throws `Failure` where it exists or cannot be created. */
export const createFileJournal = async (path: string): Promise<FileJournal> => {
  let file: FileHandle;
  try {
    file = await open(path, "ax", ownerOnly);
    await flushDirectory(dirname(path));
  } catch (error) {
    throw codeOf(error) === "EEXIST" ? alreadyThere(path) : unwritable(path, error);
  }
  return new FlushedFile(path, file);
};

/** A line of JSON: in its values no token is kept, and nothing that a terminal or a runner would obey. */
const redactedLine = (line: string): string => {
  return jsonText(JSON.parse(line), 0);
};

/** Exported for the test of a full disk. */
export class FlushedFile implements FileJournal {
  readonly path: string;
  readonly #file: Pick<FileHandle, "appendFile" | "sync" | "close">;
  /** Once a line may be torn, no line may follow it: only the last one may be damaged. */
  #broken: Failure | undefined;

  constructor(path: string, file: Pick<FileHandle, "appendFile" | "sync" | "close">) {
    this.path = path;
    this.#file = file;
  }

  async append(line: string): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#file.appendFile(`${redactedLine(line)}\n`);
      await this.#file.sync();
    } catch (error) {
      this.#broken = unwritable(this.path, error);
      throw this.#broken;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Makes the new name durable too. Windows cannot open a directory, and needs no such flush. */
const flushDirectory = async (path: string): Promise<void> => {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems refuse to flush a directory; the file's own flush still holds there.
    if (codeOf(error) !== "EINVAL" && codeOf(error) !== "ENOTSUP") throw error;
  } finally {
    await directory.close();
  }
};

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

const alreadyThere = (path: string): Failure =>
  failure(
    "receipt-exists",
    `The receipt file ${path} is there already`,
    "Name another file with --receipt, or move this one away; receipts are never overwritten",
  );

const unwritable = (path: string, cause: unknown): Failure =>
  failure(
    "receipt-unwritable",
    `The receipt ${path} cannot be written: ${codeOf(cause) ?? "unknown error"}`,
    "Nothing is sent that the receipt could not record; make room, or name another file with --receipt",
    { cause },
  );
