/**
 * The state in a file: written whole to a temporary name, flushed, then renamed, so that a reader or a crash
 * finds the old state or the new one and nothing between.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { validateEmulatorState } from "../generated/validators.js";
import { failure } from "../model/failure.js";
import { rangeOf } from "./ranges.js";
import { schemaProblem } from "./seed-file.js";
import type { AccountStore } from "./state.js";

const format = "dbt-ip-rules/emulator-state";
const version = 1;

const stateProblem = (file: string, message: string, cause?: unknown) =>
  failure(
    "emulator-state",
    `The state file ${file} cannot be used: ${message}`,
    "Move it away to start afresh, or name another file with --state",
    cause === undefined ? {} : { cause },
  );

export const unwritable = (file: string, cause: unknown) =>
  failure(
    "emulator-state",
    `The state file ${file} cannot be written`,
    "Check that its folder exists and may be written",
    { cause },
  );

const writeFlushed = (file: string, text: string): void => {
  const handle = openSync(file, "w", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/** The rename itself lasts only once the folder is flushed; not every platform lets a folder be opened. */
const flushFolder = (folder: string): void => {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows: the file is whole either way.
  }
};

/** Throws `Failure` where the file cannot be written; the old file is then untouched. */
export const saveState = (file: string, store: AccountStore): void => {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFlushed(temporary, `${JSON.stringify({ format, version, account: store })}\n`);
    renameSync(temporary, file);
  } catch (cause) {
    throw unwritable(file, cause);
  }
  flushFolder(dirname(file));
};

/** What the schema cannot say, but the emulator relies on. */
const contradiction = ({ rules, next }: AccountStore): string | undefined => {
  const cidrs = rules.flatMap((rule) => rule.cidrs);
  const unreadable = cidrs.find(({ cidr }) => rangeOf(cidr) === undefined);
  if (unreadable !== undefined) return `${JSON.stringify(unreadable.cidr)} is no range`;
  for (const [what, ids, limit] of [
    ["rule", rules.map(({ id }) => id), next.rule],
    ["CIDR", cidrs.map(({ id }) => id), next.cidr],
  ] as const) {
    const seen = new Set<number>();
    for (const id of ids) {
      if (seen.has(id)) return `two ${what}s have the id ${id}`;
      if (id >= limit) return `a ${what} has the id ${id}, which is yet to be given out`;
      seen.add(id);
    }
  }
  return undefined;
};

const isOtherVersion = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "format" in value &&
  value.format === format &&
  "version" in value &&
  value.version !== version;

/** Undefined where there is no such file. Throws `Failure` where it is damaged or another account's. */
export const loadState = (file: string, accountId: number): AccountStore | undefined => {
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw stateProblem(file, "it is not readable JSON", cause);
  }
  if (isOtherVersion(value))
    throw stateProblem(file, `it is not of version ${version}, the one that this program writes`);
  if (!validateEmulatorState(value)) throw stateProblem(file, schemaProblem(validateEmulatorState.errors));
  // The schema describes exactly this type.
  const { account } = value as { account: AccountStore };
  if (account.accountId !== accountId)
    throw stateProblem(file, `it is of account ${account.accountId}, not ${accountId}`);
  const problem = contradiction(account);
  if (problem !== undefined) throw stateProblem(file, problem);
  return account;
};
