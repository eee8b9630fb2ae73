/**
 * A change that waits for confirmation (`apply --confirm`): waits until somebody, or a command, says that it may stay. A record next to the
 * receipts stands for it until then, so that a process that is killed leaves a trace that the next command reports.
 */

import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { largest, readNamedText } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { failure } from "../../model/failure.js";
import { shellWord } from "../../model/shell.js";
import { countdown } from "../../model/words.js";
import type { Plan } from "../../plan/plan.js";
import { canAsk, openQuestions } from "../ask.js";
import { type Io, note } from "../io.js";
import { type Account, isSameAccount, receiptFolder, timeInName } from "../receipts.js";

/** How a change is confirmed. */
export interface ConfirmBy {
  /** Milliseconds that the change has. */
  readonly within: number;
  /** Run until it exits 0; absent: somebody at the terminal is asked. */
  readonly command?: string | undefined;
}

/** Throws `Failure` where nobody and nothing could confirm: before anything is written. */
export const requireConfirmer = (io: Io, command: string | undefined): void => {
  if (command === undefined && !canAsk(io)) throw failure("bad-option", { kind: "confirm-needs-command" });
};

type Confirmation = "confirmed" | "refused" | "too-late" | "nobody" | "interrupted";

/** Why a change is undone. */
export const notConfirmedWords: Readonly<Record<Exclude<Confirmation, "confirmed">, string>> = {
  refused: "the answer was no",
  "too-late": "time is up",
  nobody: "nobody can answer: the input has ended",
  interrupted: "interrupted",
};

const timeLeft = (ms: number): string => countdown(Math.max(0, Math.ceil(ms / 1000)));

/** Seconds left at which the one who is asked is reminded. */
const reminders = [600, 300, 120, 60, 30, 10];

/** By the clock that nobody can set: the wait is as long as it was promised. */
const msLeft = (end: number): number => end - performance.now();

/** Never rejects. */
const pause = async (io: Io, ms: number, signal: AbortSignal): Promise<void> => {
  const atLeast = Math.max(0, ms);
  await (io.pause?.(atLeast) ?? wait(atLeast, undefined, { signal }).catch(() => undefined));
};

/** Ends at `end`; never rejects. */
const timeUp = async (io: Io, end: number, signal: AbortSignal): Promise<"too-late"> => {
  await pause(io, msLeft(end), signal);
  return "too-late";
};

/** Waits for a yes at the terminal, or for the command; never rejects. */
export const awaitConfirmation = async (io: Io, { within, command }: ConfirmBy): Promise<Confirmation> => {
  const end = performance.now() + within;
  const over = new AbortController();
  const signal = AbortSignal.any([io.signal, over.signal]);
  try {
    const said = command === undefined ? askUntil(io, end, signal) : runUntil(io, command, end, signal);
    const ended = await Promise.race([said, timeUp(io, end, signal)]);
    return io.signal.aborted ? "interrupted" : ended;
  } finally {
    over.abort();
  }
};

const remind = async (io: Io, end: number, signal: AbortSignal): Promise<void> => {
  for (const seconds of reminders) {
    const ms = msLeft(end) - seconds * 1000;
    if (ms <= 0) continue;
    await wait(ms, undefined, { signal });
    note(io, `${timeLeft(seconds * 1000)} left. Type yes to keep the change.`);
  }
};

const askUntil = async (io: Io, end: number, signal: AbortSignal): Promise<Confirmation> => {
  const questions = openQuestions(io);
  // A terminal that is lost ends the input, with or without an error: nobody can answer then.
  const lost = new Promise<undefined>((done) => io.stdin.once("error", () => done(undefined)));
  remind(io, end, signal).catch(() => undefined);
  try {
    let question = `Can everybody still work? Type yes within ${timeLeft(msLeft(end))}, or the change is undone: `;
    for (;;) {
      const answer = await Promise.race([questions.ask(question), lost]);
      if (answer === undefined) return "nobody";
      if (answer.toLowerCase() === "yes") return "confirmed";
      if (answer.toLowerCase() === "no") return "refused";
      question = `Type yes to keep the change, no to undo it now (${timeLeft(msLeft(end))} left): `;
    }
  } finally {
    questions.close();
  }
};

const pauseMs = 2_000;

/** The command gets no token of the account: it is a probe, or somebody's approval. */
const environmentOf = ({ env }: Io): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^DBT_CLOUD_(?:API_)?TOKEN/.test(name)));

const runUntil = async (io: Io, command: string, end: number, signal: AbortSignal): Promise<Confirmation> => {
  note(io, `Waiting up to ${timeLeft(msLeft(end))} for: ${visible(command)}`);
  for (;;) {
    const code = await runOnce(io, command, signal);
    if (code === 0) return "confirmed";
    if (signal.aborted || msLeft(end) <= 0) return "too-late";
    await pause(io, Math.min(pauseMs, msLeft(end)), signal);
  }
};

/** The exit code; undefined where it was ended, or could not be started. */
const runOnce = (io: Io, command: string, signal: AbortSignal): Promise<number | undefined> =>
  new Promise((done) => {
    const child = spawn(command, {
      shell: true,
      cwd: io.cwd,
      env: environmentOf(io),
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that all of it can be ended; and no hang-up of the terminal reaches it.
      detached: process.platform !== "win32",
    });
    const end = (): void => endAll(child.pid);
    signal.addEventListener("abort", end, { once: true });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        for (const line of data.toString("utf8").trimEnd().split("\n")) note(io, `  ${visible(line)}`);
      });
    const ended = (code: number | null): void => {
      signal.removeEventListener("abort", end);
      done(code ?? undefined);
    };
    child.once("error", () => ended(null));
    child.once("exit", ended);
    if (signal.aborted) end();
  });

const endAll = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
};

const recordFormat = "dbt-ip-rules/unconfirmed";
const recordEnd = ".unconfirmed.json";

/** A change that nobody has confirmed. */
interface UnconfirmedChange {
  readonly account: Account;
  /** The receipt, as its user named it. */
  readonly receipt: string;
  /** ISO 8601, UTC. */
  readonly begun: string;
}

export const rollbackCommand = (receipt: string): string => `dbt-ip-rules rollback ${shellWord(receipt)}`;

/** Written before the first call; the file that it is. Throws `Failure` where that is not possible. */
export const recordUnconfirmed = async (io: Io, change: UnconfirmedChange): Promise<string> => {
  const name = `${change.account.id}-${timeInName(change.begun)}${recordEnd}`;
  const file = join(receiptFolder, name);
  const text = JSON.stringify({ format: recordFormat, version: 1, ...change });
  await writeWhole(io, file, `${text}\n`);
  return file;
};

const readRecord = (io: Io, file: string): UnconfirmedChange | undefined => {
  try {
    // Only its form is checked: what it says is shown as text of others is.
    const found = JSON.parse(
      readNamedText(io.cwd, file, { most: largest.document }),
    ) as Partial<UnconfirmedChange> & { format?: unknown };
    const { account, receipt, begun } = found;
    const fits = found.format === recordFormat && typeof receipt === "string" && typeof begun === "string";
    return fits && typeof account?.id === "number" && typeof account.host === "string"
      ? { account, receipt, begun }
      : undefined;
  } catch {
    return undefined;
  }
};

const recordsOf = async (
  io: Io,
  account: Account,
): Promise<readonly { readonly file: string; readonly change: UnconfirmedChange }[]> => {
  const names = await readdir(resolve(io.cwd, receiptFolder)).catch((): string[] => []);
  return names
    .filter((name) => name.endsWith(recordEnd))
    .sort()
    .flatMap((name) => {
      const file = join(receiptFolder, name);
      const change = readRecord(io, file);
      return change !== undefined && isSameAccount(change.account, account) ? [{ file, change }] : [];
    });
};

/** A warning for each change of the account that still waits for its confirmation, or whose process is gone. */
export const unconfirmedChanges = async (io: Io, account: Account): Promise<readonly Diagnostic[]> =>
  (await recordsOf(io, account)).map(({ change: { begun, receipt } }) =>
    diagnostic("unconfirmed-change", { begun, undo: rollbackCommand(receipt) }),
  );

/** With a warning for each change of its account that nobody has confirmed. */
export const withUnconfirmed = async (io: Io, plan: Plan): Promise<Plan> => {
  const unconfirmed = await unconfirmedChanges(io, plan.account);
  return unconfirmed.length === 0 ? plan : { ...plan, diagnostics: [...plan.diagnostics, ...unconfirmed] };
};

export const clearRecord = (io: Io, file: string): Promise<void> =>
  rm(resolve(io.cwd, file), { force: true });

/** Whoever applies on, or undoes, has decided about what was unconfirmed. */
export const clearRecords = async (io: Io, account: Account): Promise<void> => {
  for (const { file } of await recordsOf(io, account)) await clearRecord(io, file);
};
