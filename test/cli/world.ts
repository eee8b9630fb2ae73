/** The program in this process: its streams captured, its folder a fresh one, its account an emulator. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Io } from "../../src/cli/io.js";
import { run } from "../../src/cli/run.js";
import { type RunningEmulator, type StartOptions, startEmulator } from "../../src/emulator/listener.js";
import type { Seed } from "../../src/emulator/seed.js";
import { atEnd } from "../endings.js";

export const token = "token-of-the-tests-1234";

export const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-test-"));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export const newAccount = async (
  accountId: number,
  seed?: Seed,
  more: Partial<StartOptions> = {},
): Promise<RunningEmulator> => {
  const emulator = await startEmulator({
    accountId,
    tokens: [{ token, kind: "service", role: "admin", name: "ci" }],
    clientIp: "203.0.113.10",
    ...(seed === undefined ? {} : { seed }),
    ...more,
  });
  atEnd(() => emulator.close());
  return emulator;
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether `env` is all that the program gets, without a token of the tests. */
  readonly bare?: boolean;
  readonly signal?: AbortSignal;
  /** Asked for the signal, each time that the program asks. */
  readonly onSignal?: () => AbortSignal;
  /** Lines that somebody types at a terminal. */
  readonly typed?: readonly string[];
  /** Whether both outputs are terminals, 80 columns wide, though nobody types. */
  readonly screen?: boolean;
  /** Whether the input ends behind them. */
  readonly ends?: boolean;
  /** This machine's clock; the real one unless given. */
  readonly now?: () => Date;
  /** Takes the place of the waits for a confirmation, and between the tries of a way back. */
  readonly pause?: (ms: number) => Promise<void>;
  /** Sees what goes to standard error, as it goes. */
  readonly onSaid?: (text: string) => void;
}

export const dbtIpRules = async (place: Place, ...argv: string[]): Promise<Ran> => {
  const out = { stdout: "", stderr: "" };
  const capture = (name: "stdout" | "stderr") => ({
    isTTY: place.typed !== undefined || place.screen === true,
    columns: 80,
    write(text: string) {
      out[name] += text;
      if (name === "stderr") place.onSaid?.(text);
      return true;
    },
  });
  const stdin = Object.assign(new PassThrough(), { isTTY: place.typed !== undefined });
  for (const line of place.typed ?? []) stdin.write(`${line}\n`);
  if (place.ends === true) stdin.end();
  const silent = new AbortController().signal;
  const io: Io = {
    env: { ...(place.bare === true ? {} : { NO_COLOR: "1", DBT_CLOUD_TOKEN: token }), ...place.env },
    cwd: place.cwd,
    stdout: capture("stdout"),
    stderr: capture("stderr"),
    stdin,
    now: place.now ?? (() => new Date()),
    ...(place.pause === undefined ? {} : { pause: place.pause }),
    get signal() {
      return place.onSignal?.() ?? place.signal ?? silent;
    },
    isInterrupted: () => place.signal?.aborted === true,
  };
  const code = await run(argv, io);
  return { code, ...out };
};

/** What a person looks at: no line may run off a terminal of 80 columns. */
export const longestLine = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));
