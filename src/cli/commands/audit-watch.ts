/**
 * `audit watch`: prints events as they come, for a log collector. With `--cursor FILE` a restart goes on where it
 * stopped: the cursor is stored after each event that is out. Ends with 0 on SIGINT and SIGTERM.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ipRestrictionTypes } from "../../audit/catalogue.js";
import { eventFilter } from "../../audit/event-filter.js";
import { serverClock } from "../../audit/server-clock.js";
import {
  firstCursor,
  readCursor,
  type WatchCursor,
  type WatchOptions,
  type WatchPorts,
  watchEvents,
} from "../../audit/watch.js";
import { Failure, failure } from "../../model/failure.js";
import { eventLine, eventNdjson } from "../../render/audit-events.js";
import { eventOption, interruptibleSleep, sinceOption } from "../audit-options.js";
import { connectionOf, connectReadOnly } from "../connect.js";
import type { Io } from "../io.js";
import { reasonOf } from "../io-errors.js";
import {
  type ConnectionOptions,
  connectionOptions,
  type DebugOptions,
  debugOptions,
  duration,
} from "../options.js";
import { lookOf, note, noteDiagnostics, writeFileWhole } from "../output.js";
import { streamSink } from "../streamed-output.js";

interface Options extends ConnectionOptions, DebugOptions {
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

/** At least a second: the service counts requests. */
const interval = (text: string): number => {
  const milliseconds = duration(text);
  if (milliseconds < 1000) throw new InvalidArgumentError("Give at least 1s.");
  return milliseconds;
};

export const configureWatch = (command: Command, io: Io): void => {
  const withOptions = eventOption(
    connectionOptions(command),
    "which events (default: the four of IP restrictions)",
  )
    .option("--cursor <file>", "remember in this file what was printed, and go on from there")
    .addOption(
      new Option("--interval <time>", "between two looks").argParser(interval).default(10_000, "10s"),
    )
    .addOption(
      new Option("--lateness <time>", "how late an event may come and still be found")
        .argParser(duration)
        .default(3_600_000, "1h"),
    )
    .option("--once", "look once and end, for a scheduler")
    .addOption(
      new Option("-f, --format <format>", "what to print").choices(["text", "ndjson"]).default("text"),
    );
  debugOptions(sinceOption(withOptions, io, "now")).action((options: Options) => watch(io, options));
};

const watch = async (io: Io, options: Options): Promise<void> => {
  const filter = eventFilter(options.event ?? Object.values(ipRestrictionTypes));
  noteDiagnostics(io, filter.diagnostics, options);
  const connection = connectionOf(io, options);
  const client = connectReadOnly(io, options, connection);
  const clock = serverClock(client, () => io.now());
  const sleep = interruptibleSleep(io);
  const ports: WatchPorts = {
    reader: clock.reader,
    now: clock.now,
    sleep: options.once === true ? stop : sleep,
    onTrouble: ({ diagnostics }, waitMs) => {
      noteDiagnostics(io, diagnostics, options);
      if (options.once === true) throw new Failure(diagnostics);
      note(io, `The next try is in ${Math.ceil(waitMs / 1000)} s`);
    },
  };
  const watchOptions: WatchOptions = {
    matches: ({ type }) => filter.matches(type),
    ...(filter.types === undefined ? {} : { types: filter.types }),
    pollMs: options.interval,
    overlapMs: options.lateness,
  };
  try {
    await follow(io, connection.accountId, ports, watchOptions, options);
  } catch (error) {
    if (!(error instanceof Failure) || !endsQuietly(error, io)) throw error;
  } finally {
    await client.close();
  }
};

const stop = async (): Promise<never> => {
  throw failure("watch-once", "One look is done");
};

const endsQuietly = ({ diagnostics }: Failure, io: Io): boolean =>
  io.signal.aborted || diagnostics.some(({ code }) => code === "watch-once");

const follow = async (
  io: Io,
  accountId: number,
  ports: WatchPorts,
  watchOptions: WatchOptions,
  options: Options,
): Promise<void> => {
  const stored = await readStored(io, options.cursor, accountId);
  const start = stored ?? (await firstCursor(accountId, options.since, ports, watchOptions));
  const save = async (cursor: WatchCursor): Promise<void> => {
    if (options.cursor !== undefined) await writeFileWhole(io, options.cursor, `${JSON.stringify(cursor)}\n`);
  };
  if (stored === undefined) await save(start);
  const sink = streamSink(io.stdout);
  const look = lookOf(io, io.stdout, options);
  for await (const { event, cursor } of watchEvents(start, ports, watchOptions)) {
    await sink.write(options.format === "ndjson" ? eventNdjson(event) : `${eventLine(event, look)}\n`);
    if (sink.closed) return;
    await save(cursor);
  }
};

const readStored = async (
  io: Io,
  file: string | undefined,
  accountId: number,
): Promise<WatchCursor | undefined> => {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, file), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw failure("cursor-unreadable", `Cannot read the cursor ${file}: ${reasonOf(error)}`, undefined, {
      cause: error,
    });
  }
  const cursor = readCursor(text);
  if (cursor === undefined || cursor.accountId !== accountId)
    throw failure(
      "cursor-unusable",
      cursor === undefined
        ? `${file} is no cursor of this version of dbt-ip-rules`
        : `The cursor ${file} is of account ${cursor.accountId}, not ${accountId}`,
      "Name another file with --cursor; starting anew, add --since to go back",
    );
  return cursor;
};
