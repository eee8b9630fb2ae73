/**
 * One state file, one emulator: two that write it in turn would each lose what the other was told.
 *
 * A run listens on a port of loopback, whose number and a random key it writes into the name of a file beside
 * the state file, and only then looks for other such files. Where a port answers with its key, that run is
 * alive, and the newcomer steps back; else its file is a leftover, and is removed. So a killed emulator blocks
 * nobody, whatever became of its process number, and of two that start in the same instant at most one goes on.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { Failure, failure } from "../model/failure.js";
import { unwritable } from "./state-file.js";

const loopback = "127.0.0.1";
/** A stopped process accepts and says nothing; so may a foreign one that got a dead one's port. */
const patienceMs = 2000;

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
    socket.setTimeout(patienceMs, () => {
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
  failure(
    "emulator-state",
    `The state file ${stateFile} is in use by another emulator: process ${pid}`,
    `End that one first, or name another file with --state; if no such process runs, remove ${file}`,
  );

/** Throws `Failure` where another emulator has the file, or its folder cannot be written. */
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
