/**
 * `audit watch`: prints events as they come, for a log collector. With `--cursor FILE` a restart goes on where it
 * stopped. Ends with 0 on SIGINT and SIGTERM.
 */

import { type Command, Option } from "commander";
import { serverClock } from "../../audit/await-audit.js";
import { eventFilter, ipRestrictionTypes } from "../../audit/catalogue.js";
import {
  cursorAt,
  passPresent,
  readCursor,
  type WatchCursor,
  type WatchOptions,
  type WatchPorts,
  WatchPosition,
  watchEvents,
} from "../../audit/watch.js";
import { codeOf, reasonOf } from "../../files/io-errors.js";
import { largest, readNamedText } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { hourMs } from "../../model/time.js";
import { eventLine, eventNdjson } from "../../report/events.js";
import type { Report } from "../../report/report.js";
import { namedConnection } from "../accounts.js";
import {
  type AccountOptions,
  accountOptions,
  debugOptions,
  duration,
  eventOption,
  lengthOption,
  sinceOption,
} from "../arguments/options.js";
import { interruptibleSleep } from "../audit-check.js";
import { type Program, runs } from "../command.js";
import { connectReadOnly } from "../connect.js";
import { fitted, type Io, lookOf, note, noteDiagnostics, streamSink } from "../io.js";
import { type Account, accountText, isSameAccount } from "../receipts.js";

const leastMs = 1000;

/**
 * The cursor of `audit watch` as a file. Storing it whole costs more than printing an event, so while events come it
 * is stored once a second at most; then when nothing more is there, and at the end.
 */
class CursorFile {
  readonly #io: Io;
  readonly #file: string | undefined;
  #stored = "";
  #storedAt = Number.NEGATIVE_INFINITY;

  /** Without a file nothing is kept. */
  constructor(io: Io, file: string | undefined) {
    this.#io = io;
    this.#file = file;
  }

  /** Undefined where there is none yet. Throws `Failure` where it is no cursor of this account. */
  async read(account: Account): Promise<WatchCursor | undefined> {
    if (this.#file === undefined) return undefined;
    const text = this.#text(this.#file);
    if (text === undefined) return undefined;
    const cursor = readCursor(text);
    const theirs = cursor === undefined ? undefined : { id: cursor.accountId, host: cursor.host };
    if (theirs !== undefined && isSameAccount(theirs, account)) return cursor;
    const file = this.#file;
    if (theirs === undefined) throw failure("cursor-unusable", { file, problem: "not-a-cursor" });
    throw failure("cursor-unusable", {
      file,
      problem: "other-account",
      theirs: accountText(theirs),
      account: accountText(account),
    });
  }

  #text(file: string): string | undefined {
    try {
      return readNamedText(this.#io.cwd, file, { most: largest.note });
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw failure("cursor-unreadable", { file, reason: reasonOf(error) }, { cause: error });
    }
  }

  async storeSometimes(position: WatchPosition): Promise<void> {
    // Not by the clock of the day, which may be set back.
    if (performance.now() - this.#storedAt >= leastMs) await this.store(position);
  }

  async store(position: WatchPosition): Promise<void> {
    if (this.#file === undefined) return;
    const text = `${JSON.stringify(position.cursor())}\n`;
    if (text !== this.#stored) await writeWhole(this.#io, this.#file, text);
    this.#stored = text;
    this.#storedAt = performance.now();
  }
}

interface Options extends AccountOptions {
  /** ISO 8601 UTC. */
  readonly since?: string;
  readonly format: "text" | "ndjson";
  readonly event?: readonly string[];
  readonly cursor?: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly lateness: number;
  readonly once?: boolean;
}

export const configureWatch = (command: Command, io: Io, program: Program): void => {
  const withOptions = eventOption(
    accountOptions(command),
    "which events (default: the four of IP restrictions)",
  )
    .option("--cursor <file>", "remember in this file what was printed, and continue from there")
    .addOption(
      new Option("--interval <time>", "time between two checks")
        .argParser(lengthOption({ least: 1_000, bare: true }))
        .default(10_000, "10s"),
    )
    .addOption(
      new Option("--lateness <time>", "how late an event may come and still be found")
        .argParser(duration)
        .default(hourMs, "1h"),
    )
    .option("--once", "check once and exit, for a scheduler")
    .addOption(
      new Option("-f, --format <format>", "what to print").choices(["text", "ndjson"]).default("text"),
    );
  debugOptions(sinceOption(withOptions, io, "now"));
  runs(command, io, program, watch);
};

const watch = async (io: Io, options: Options): Promise<Report> => {
  const filter = eventFilter(options.event ?? Object.values(ipRestrictionTypes));
  noteDiagnostics(io, filter.diagnostics, options);
  const connection = namedConnection(io, options);
  const client = connectReadOnly(io, options, connection);
  const clock = serverClock(client, () => io.now());
  const ports: WatchPorts = {
    reader: clock.reader,
    now: clock.now,
    sleep: interruptibleSleep(io),
    onTrouble: ({ diagnostics }, waitMs) => {
      noteDiagnostics(io, diagnostics, options);
      note(io, `The next try is in ${Math.ceil(waitMs / 1000)} s`);
    },
  };
  const watchOptions: WatchOptions = {
    matches: ({ type }) => filter.matches(type),
    ...present({ types: filter.types }),
    pollMs: options.interval,
    once: options.once === true,
  };
  try {
    await follow(io, { id: connection.accountId, host: connection.host }, ports, watchOptions, options);
  } catch (error) {
    if (!(error instanceof Failure) || !io.signal.aborted) throw error;
  } finally {
    await client.close();
  }
  return { kind: "done", exitCode: exitCodes.done };
};

const follow = async (
  io: Io,
  account: Account,
  ports: WatchPorts,
  watchOptions: WatchOptions,
  options: Options,
): Promise<void> => {
  const file = new CursorFile(io, options.cursor);
  const stored = await file.read(account);
  if (options.once !== true)
    note(
      io,
      `Watching the audit log of account ${account.id} on ${visible(account.host)}, every ${options.interval / 1000} s; Ctrl-C ends it`,
    );
  const begin = options.since ?? ports.now().toISOString();
  const position = new WatchPosition(stored ?? cursorAt(account, begin), options.lateness);
  if (stored === undefined && options.since === undefined) await passPresent(position, ports, watchOptions);
  const sleep = async (milliseconds: number): Promise<void> => {
    await file.store(position);
    await ports.sleep(milliseconds);
  };
  const sink = streamSink(io.stdout);
  const look = lookOf(io, io.stdout, options);
  try {
    for await (const event of watchEvents(position, { ...ports, sleep }, watchOptions)) {
      await file.storeSometimes(position);
      if (io.signal.aborted) return;
      await sink.write(
        options.format === "ndjson"
          ? eventNdjson(event)
          : fitted(io, io.stdout, `${eventLine(event, look)}\n`),
      );
      if (sink.closed) return;
    }
  } finally {
    await file.store(position);
  }
};
