/** The receipt that a run writes, line by line: what a crash leaves of it, and the next run that goes on with it. */

import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname, extname, relative, resolve } from "node:path";
import type { Journal } from "../../apply/ports.js";
import { parseReceipt } from "../../apply/read-receipt.js";
import { receiptFormat, receiptLine } from "../../apply/receipt.js";
import { codeOf, reasonOf } from "../../files/io-errors.js";
import { makeFolder } from "../../files/make-folder.js";
import { FileRefused, largest, readRegularFile } from "../../files/read-file.js";
import { ownerOnly } from "../../files/write-file.js";
import { jsonText, visible } from "../../model/escape.js";
import { type Failure, failure } from "../../model/failure.js";
import type { Receipt, ReceiptHeader } from "../../model/receipt.js";
import { type Io, note } from "../io.js";
import { receiptFolder, timeInName } from "../receipts.js";

/** Throws `Failure` where it cannot be made. `named`: by the user; else it goes to the folder of receipts. */
export const openReceipt = async (
  io: Io,
  header: ReceiptHeader,
  named: string | undefined,
): Promise<FileJournal> => {
  const name = `${header.account.id}-${timeInName(header.startedAt)}.jsonl`;
  const file = named ?? `${receiptFolder}/${name}`;
  const path = resolve(io.cwd, file);
  await makeFolder(dirname(path)).catch((error: unknown) => {
    throw failure("receipt-unwritable", { what: "folder", file, reason: reasonOf(error) }, { cause: error });
  });
  const { journal, takenUp, movedTo } = await openFileJournal(path, header);
  if (takenUp) note(io, `Going on with the receipt of the run that was cut off: ${visible(file)}`);
  if (movedTo !== undefined)
    note(io, `The receipt of an earlier run was moved to ${visible(relative(io.cwd, movedTo))}`);
  return journal;
};

/**
 * The receipt as a file: each line is written whole and flushed to the disk before `append` returns, so that a
 * crash of the program or of the machine loses at most the line being written, which a reader drops.
 * No line of an existing file is ever overwritten: see `openFileJournal`.
 */
export interface FileJournal extends Journal {
  readonly path: string;
  close(): Promise<void>;
}

interface OpenedJournal {
  readonly journal: FileJournal;
  /** The file goes on from an earlier run of the same plan, which was cut off. */
  readonly takenUp: boolean;
  /** Where the receipt of another run went that had this name. */
  readonly movedTo?: string;
}

/**
 * The receipt of a run, so that the same command can be repeated after a crash. A receipt of the same account and plan
 * that has no end is taken up: its lines stay, and this run's follow. Any other receipt is moved aside under a numbered
 * name (`receipt.1.jsonl`). A file that is no receipt is somebody's mistake, and is left alone. Throws `Failure` for
 * it, and where the file cannot be written.
 */
export const openFileJournal = async (path: string, header: ReceiptHeader): Promise<OpenedJournal> => {
  const bytes = existing(path);
  if (bytes === undefined) return { journal: await createFileJournal(path), takenUp: false };
  const text = bytes.toString("utf8");
  // A crash may have left nothing, or a part of the header.
  if (!text.startsWith(receiptStart) && !receiptStart.startsWith(text))
    throw failure("receipt-exists", { file: path });
  const { receipt } = parseReceipt(text, path);
  if (receipt !== undefined && receipt.end === undefined && isSameRun(receipt.header, header))
    return { journal: await takeUp(path, bytes, receipt), takenUp: true };
  const movedTo = await moveAside(path);
  return { journal: await createFileJournal(path), takenUp: false, movedTo };
};

/** Undefined where there is no file. A folder, a device or a link to elsewhere is no receipt. */
const existing = (path: string): Buffer | undefined => {
  try {
    return readRegularFile(path, { most: largest.document });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error instanceof FileRefused || codeOf(error) === "EISDIR"
      ? failure("receipt-exists", { file: path })
      : unwritable(path, error);
  }
};

const receiptStart = `{"format":"${receiptFormat}",`;

/** By another release of the program, and at another time, it is the same run still. */
const isSameRun = (a: ReceiptHeader, b: ReceiptHeader): boolean => {
  const identity = ({ startedAt: _, tool: __, ...rest }: ReceiptHeader): string =>
    redactedLine(receiptLine({ ...rest, tool: "", startedAt: "" }));
  return identity(a) === identity(b);
};

/** What a crash left of the last line is dropped: nothing was sent that it would have been the record of. */
const takeUp = async (path: string, bytes: Buffer, { records }: Receipt): Promise<FileJournal> => {
  try {
    const file = await open(path, "a", ownerOnly);
    await file.truncate(bytes.lastIndexOf("\n") + 1);
    await file.sync();
    return new TakenUpFile(path, file, records);
  } catch (error) {
    throw unwritable(path, error);
  }
};

/** Never onto another file: `receipt.jsonl` becomes the first of `receipt.1.jsonl`, `receipt.2.jsonl` … that is free. */
const moveAside = async (path: string): Promise<string> => {
  const end = extname(path);
  for (let number = 1; ; number += 1) {
    const aside = `${path.slice(0, path.length - end.length)}.${number}${end}`;
    try {
      await moveToFree(path, aside);
      return aside;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw unwritable(path, error);
    }
  }
};

/** Fails with `EEXIST` where the name is taken, which a rename does not: it would replace what is there. */
const moveToFree = async (path: string, aside: string): Promise<void> => {
  try {
    await link(path, aside);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    // A file system without hard links, such as exFAT or a network share: the name is taken first, then renamed to.
    await (await open(aside, "wx", ownerOnly)).close();
    await rename(path, aside).catch(async (failed: unknown) => {
      await unlink(aside);
      throw failed;
    });
    return;
  }
  await unlink(path);
};

/** Creates the file, readable by its owner alone. Throws `Failure` where it exists or cannot be created. */
export const createFileJournal = async (path: string): Promise<FileJournal> => {
  let file: FileHandle;
  try {
    file = await open(path, "ax", ownerOnly);
    await flushDirectory(dirname(path));
  } catch (error) {
    throw codeOf(error) === "EEXIST" ? failure("receipt-exists", { file: path }) : unwritable(path, error);
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

/** A receipt that goes on: it has its header, and what it says of a step that was sent counts more than "found done". */
class TakenUpFile extends FlushedFile {
  readonly #records: Receipt["records"];

  constructor(
    path: string,
    file: Pick<FileHandle, "appendFile" | "sync" | "close">,
    records: Receipt["records"],
  ) {
    super(path, file);
    this.#records = records;
  }

  override async append(line: string): Promise<void> {
    // A line of our own making (apply/receipt.ts).
    const document = JSON.parse(line) as { format?: string; step?: number; outcome?: string };
    if (document.format !== undefined) return;
    const before = this.#records.get(document.step ?? 0);
    if (document.outcome === "skipped" && before !== undefined && before.outcome !== "skipped") return;
    await super.append(line);
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

const unwritable = (path: string, cause: unknown): Failure =>
  failure("receipt-unwritable", { what: "file", file: path, reason: reasonOf(cause) }, { cause });
