/** Receipts as files, as commands read them. */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseReceipt } from "../apply/read-receipt.js";
import type { NamedReceipt } from "../audit/verify.js";
import { reasonOf } from "../files/io-errors.js";
import { isStandardInput, largest, readNamedText } from "../files/read-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { isWholePolicy, type Receipt } from "../model/receipt.js";
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
