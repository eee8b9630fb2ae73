/**
 * The state in a file: written whole to a temporary name, flushed, then renamed, so that a reader or a crash
 * finds the old state or the new one and nothing between.
 */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { FileRefused, largest, readRegularFile } from "../files/read-file.js";
import { validateEmulatorState } from "../generated/validators.js";
import { Failure, failure } from "../model/failure.js";
import { rangeOf } from "./access.js";
import { schemaProblem } from "./seed.js";
import type { AccountStore } from "./state.js";

const format = "dbt-ip-rules/emulator-state";
const version = 1;

const stateProblem = (file: string, reason: string, cause?: unknown) =>
  failure(
    "emulator-state",
    { file, problem: { kind: "unusable", reason } },
    cause === undefined ? {} : { cause },
  );

const unwritable = (file: string, cause: unknown) =>
  failure("emulator-state", { file, problem: { kind: "unwritable" } }, { cause });

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
    value = JSON.parse(readRegularFile(file, { most: largest.document }).toString("utf8"));
  } catch (cause) {
    if (cause instanceof FileRefused) throw stateProblem(file, cause.message, cause);
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

const loopback = "127.0.0.1";
/** A stopped process accepts and says nothing; so may a foreign one that got a dead one's port. */
const answerTimeoutMs = 2000;

export interface StateClaim {
  release(): Promise<void>;
}

interface Other {
  readonly file: string;
  readonly pid: number;
  readonly port: number;
  readonly key: string;
}

const listen = (key: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(key);
    });
    server.once("error", reject);
    server.listen(0, loopback, () => resolve(server));
  });

const others = (stateFile: string, key: string): readonly Other[] => {
  const folder = dirname(stateFile);
  return readdirSync(folder).flatMap((name) => {
    if (!name.startsWith(`${basename(stateFile)}.`)) return [];
    const match = /^\.(\d{1,10})-(\d{1,5})-([0-9a-f-]{36})\.lock$/.exec(
      name.slice(basename(stateFile).length),
    );
    if (match === null || match[3] === key) return [];
    return [{ file: join(folder, name), pid: Number(match[1]), port: Number(match[2]), key: match[3] ?? "" }];
  });
};

/** True also for one that accepts and keeps silent: better a wrong refusal than two writers. */
const isAlive = ({ port, key }: Other): Promise<boolean> =>
  new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, loopback);
    socket.setTimeout(answerTimeoutMs, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (heard.length > key.length) socket.destroy();
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(heard === key));
  });

const inUse = (stateFile: string, { pid, file }: Other): Failure =>
  failure("emulator-state", { file: stateFile, problem: { kind: "in-use", pid, lock: file } });

/**
 * One state file, one emulator: two would overwrite each other's writes.
 *
 * A run listens on a port of loopback, whose number and a random key it writes into the name of a file next to
 * the state file, and only then looks for other such files. Where a port answers with its key, that run is
 * alive, and the new run gives up; else its file is a leftover, and is removed. So a killed emulator blocks
 * nobody, whatever became of its process number, and of two that start in the same instant at most one continues.
 *
 * Throws `Failure` where another emulator has the file, or its folder cannot be written.
 */
export const claimState = async (stateFile: string): Promise<StateClaim> => {
  const key = randomUUID();
  const server = await listen(key);
  const { port } = server.address() as AddressInfo; // Not a pipe: a port was given.
  const mine = `${stateFile}.${process.pid}-${port}-${key}.lock`;
  const release = (): Promise<void> => {
    rmSync(mine, { force: true });
    return new Promise((resolve) => server.close(() => resolve()));
  };
  try {
    writeFileSync(mine, "", { flag: "wx", mode: 0o600 });
    for (const other of others(stateFile, key)) {
      if (await isAlive(other)) throw inUse(stateFile, other);
      rmSync(other.file, { force: true });
    }
  } catch (error) {
    await release();
    throw error instanceof Failure ? error : unwritable(stateFile, error);
  }
  return { release };
};
