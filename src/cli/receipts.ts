/** Receipts as files: those that `audit verify` and `drift` read, and the one that `apply` writes. */
import { type FileHandle, link, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import type { Journal } from "../apply/ports.js";
import { parseReceipt, receiptFormat, receiptLine } from "../apply/receipt.js";
import type { NamedReceipt } from "../audit/verify.js";
import { codeOf, reasonOf } from "../files/io-errors.js";
import { FileRefused, isStandardInput, largest, readNamedText, readRegularFile } from "../files/read-file.js";
import { ownerOnly } from "../files/write-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { jsonText } from "../model/escape.js";
import { Failure, failure } from "../model/failure.js";
import { isWholePolicy, type Receipt, type ReceiptHeader } from "../model/receipt.js";
import type { Io } from "./io.js";

/** Where `apply` puts receipts that are not named. */
export const receiptFolder = ".dbt-ip-rules/receipts";

/** An ISO 8601 time as a part of a file's name, in which names sort by time: `20270115T180000-000Z`. */
export const timeInName = (at: string): string => at.replace(/[-:]/g, "").replace(".", "-");

const filesOf = async (io: Io, named: string): Promise<readonly string[]> => {
  if (isStandardInput(named)) return [named];
  try {
    const path = resolve(io.cwd, named);
    if (!(await stat(path)).isDirectory()) return [named];
    const names = (await readdir(path)).filter((name) => name.endsWith(".jsonl")).sort();
    return names.map((name) => join(named, name));
  } catch (error) {
    throw unreadable(named, error);
  }
};

const unreadable = (file: string, error: unknown) =>
  failure("receipt-unreadable", { file, reason: reasonOf(error) }, { cause: error });

const textOf = (io: Io, file: string): string => {
  try {
    return readNamedText(io.cwd, file, { most: largest.document });
  } catch (error) {
    throw unreadable(file, error);
  }
};

export const readReceipt = (
  io: Io,
  file: string,
): { readonly named: NamedReceipt; readonly diagnostics: readonly Diagnostic[] } => {
  const { receipt, diagnostics } = parseReceipt(textOf(io, file), file);
  if (receipt === undefined) throw new Failure(diagnostics);
  return { named: { file, receipt }, diagnostics };
};

export type Account = Receipt["header"]["account"];

/** One id on two hosts is two accounts: a rehearsal on the emulator, and the account itself. */
export const isSameAccount = (a: Account, b: Account): boolean => a.id === b.id && a.host === b.host;

export const accountText = ({ id, host }: Account): string => `${id} on ${host}`;

/** Every receipt of the files and folders. Throws `Failure` where there is none, or they are of several accounts. */
export const readReceipts = async (io: Io, names: readonly string[]) => {
  const files = [...new Set((await Promise.all(names.map((name) => filesOf(io, name)))).flat())];
  const read = files.map((file) => readReceipt(io, file));
  const receipts = read.map(({ named }) => named);
  const [first] = receipts;
  if (first === undefined) throw failure("no-receipts", { names });
  const { account } = first.receipt.header;
  const other = receipts.find(({ receipt }) => !isSameAccount(receipt.header.account, account));
  if (other !== undefined)
    throw failure("receipts-of-several-accounts", {
      first: first.file,
      firstAccount: accountText(account),
      other: other.file,
      otherAccount: accountText(other.receipt.header.account),
    });
  return {
    receipts,
    account,
    diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
  };
};

/** Whether the run made a call that took effect, or may have: one that was refused is no record of the account. */
const mayHaveChanged = ({ records }: Receipt): boolean =>
  [...records.values()].some(({ outcome }) => outcome !== "skipped" && outcome !== "failed");

/** A damaged one is no reason to refuse a look at the account: it only cannot serve as the base. */
const readableReceipt = (io: Io, file: string): ReturnType<typeof readReceipt> | undefined => {
  try {
    return readReceipt(io, file);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
};

/**
 * The receipts that may have changed something, in a folder, by the time they began: of this account, or of any where
 * none is given. What is no receipt is left out.
 */
export const receiptsIn = async (
  io: Io,
  folder: string,
  account?: Account,
): Promise<readonly NamedReceipt[]> => {
  const names = await readdir(resolve(io.cwd, folder)).catch(() => []);
  const found: NamedReceipt[] = [];
  for (const name of names.filter((one) => one.endsWith(".jsonl"))) {
    const named = readableReceipt(io, join(folder, name))?.named;
    if (named === undefined || !mayHaveChanged(named.receipt)) continue;
    if (account !== undefined && !isSameAccount(named.receipt.header.account, account)) continue;
    found.push(named);
  }
  const begun = ({ receipt }: NamedReceipt): string => receipt.header.startedAt;
  return found.sort((a, b) => (begun(a) < begun(b) ? -1 : begun(a) > begun(b) ? 1 : 0));
};

/**
 * Throws `Failure` where apply's own folder has a later receipt of the account that cannot be read: then `receipt` may not
 * be the newest. One of a run that ended before it had a header does not count.
 */
export const requireNewest = async (io: Io, { receipt: { header } }: NamedReceipt): Promise<void> => {
  const names = await readdir(resolve(io.cwd, receiptFolder)).catch((): string[] => []);
  const own = `${header.account.id}-`;
  const later = names.filter(
    (name) => name.startsWith(own) && name.endsWith(".jsonl") && name > own + timeInName(header.startedAt),
  );
  for (const name of later.sort()) {
    try {
      readReceipt(io, join(receiptFolder, name));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!error.diagnostics.some(({ code }) => code === "receipt-empty")) throw error;
    }
  }
};

/** The newest one in apply's own folder; undefined without one. */
export const newestReceipt = async (io: Io, account?: Account): Promise<NamedReceipt | undefined> =>
  (await receiptsIn(io, receiptFolder, account)).at(-1);

/** The newest one that says what the policy held: not of a rollback, nor of a part of the policy. */
export const newestWholeReceipt = async (io: Io, account: Account): Promise<NamedReceipt | undefined> =>
  (await receiptsIn(io, receiptFolder, account)).findLast(({ receipt }) =>
    isWholePolicy(receipt.header.purpose),
  );

/**
 * The receipt as a file: each line is written whole and flushed to the disk before `append` returns, so that a
 * crash of the program or of the machine loses at most the line being written, which a reader drops.
 * No line of an existing file is ever overwritten: see `openFileJournal`.
 */
export interface FileJournal extends Journal {
  readonly path: string;
  close(): Promise<void>;
}

export interface OpenedJournal {
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
