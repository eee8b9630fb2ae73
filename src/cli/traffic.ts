/**
 * Traffic for a replay: from files, or else from the account's log. A log that was read only in part gives what it gave,
 * and says which part is missing.
 */

import { type BlindSpot, blindSpots } from "../audit/blind-spots.js";
import type { CallerReader } from "../audit/callers.js";
import { listEvents, meansNoMore, type PageReader, streamBounds } from "../audit/list-events.js";
import { parseMoment } from "../audit/time-range.js";
import { type TrafficFindings, TrafficGatherer, type TrafficSink } from "../audit/traffic.js";
import type { TrafficColumns } from "../audit/traffic-fields.js";
import { TrafficFile } from "../audit/traffic-file.js";
import type { ReadOnlyClient } from "../dbt/client.js";
import type { Connection } from "../dbt/connection.js";
import { codeOf, reasonOf } from "../files/io-errors.js";
import { FileRefused, readNamedPieces } from "../files/read-file.js";
import { type ArgsOf, type Diagnostic, diagnostic, messageOf } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { dayMs } from "../model/time.js";
import type { TrafficEvidence } from "../plan/cut-off.js";
import type { Traffic, TrafficWindow } from "../plan/replay.js";
import type { Guards } from "../policy/policy.js";
import { connectionOf, type NamedAccount } from "./accounts.js";
import type { ConnectionOptions, DebugOptions, TrafficOptions } from "./arguments/options.js";
import { withClient } from "./connect.js";
import type { Io } from "./io.js";

const defaultWindowDays = 90;

/** Files can be read without the account; the log cannot. */
const isOffline = (io: Io, { from = [] }: TrafficOptions, accountId?: number | string): boolean =>
  from.length > 0 &&
  ["DBT_CLOUD_TOKEN", "DBT_CLOUD_API_TOKEN", `DBT_CLOUD_TOKEN_${accountId}`].every(
    (name) => (io.env[name] ?? "") === "",
  );

/** The account's connection; undefined where files are read without it. */
export const logConnection = (
  io: Io,
  options: TrafficOptions & ConnectionOptions & DebugOptions,
  named?: NamedAccount,
): Connection | undefined =>
  isOffline(io, options, named?.account.id) ? undefined : connectionOf(io, options, named);

/** As `withClient`, also without one. */
export const withClientIf = <T>(
  io: Io,
  options: DebugOptions,
  connection: Connection | undefined,
  use: (client: ReadOnlyClient | undefined) => Promise<T>,
): Promise<T> => (connection === undefined ? use(undefined) : withClient(io, options, connection, use));

const windowOf = (io: Io, { since, until }: TrafficOptions): TrafficWindow => {
  const now = io.now();
  const end = until ?? now.toISOString();
  const start = since ?? new Date(Date.parse(end) - defaultWindowDays * dayMs).toISOString();
  if (start > end) throw failure("range-empty", { since: start, until: end });
  return { since: start, until: end };
};

interface ReadTraffic {
  readonly traffic: Traffic;
  readonly findings: TrafficFindings;
  /** Which parts could not be read; empty where all could. */
  readonly missing: readonly Diagnostic[];
}

/** Throws `Failure` where a source cannot be read at all, or the window has no event with an address. */
export const readTraffic = async (
  io: Io,
  options: TrafficOptions,
  client: PageReader | undefined,
  asked: AskedBy = "since",
): Promise<ReadTraffic> => {
  const window = windowOf(io, options);
  const gatherer = newGatherer(io, window, options.until !== undefined);
  const missing = await readInto(io, options, client, gatherer);
  const traffic = gatherer.traffic(window);
  const findings = gatherer.findings();
  requireTraffic(traffic, findings, asked);
  return { traffic, findings, missing };
};

/** The same in one reading for two windows that meet, such as that of a draft and that of the weeks held out. */
export const readSplitTraffic = async (
  io: Io,
  options: TrafficOptions,
  client: PageReader | undefined,
  splitAt: string,
): Promise<{ readonly early: Traffic; readonly late: Traffic; readonly missing: readonly Diagnostic[] }> => {
  const { since, until } = windowOf(io, options);
  // The first millisecond of the later window is not of the earlier one.
  const windows = {
    early: { since, until: new Date(Date.parse(splitAt) - 1).toISOString() },
    late: { since: splitAt, until },
  };
  if (windows.early.since > windows.early.until)
    throw failure("range-empty", { ...windows.early, heldOut: true });
  const early = newGatherer(io, windows.early, true);
  const late = newGatherer(io, windows.late, options.until !== undefined);
  const both: TrafficSink = {
    add: (event, scope) => {
      early.add(event, scope);
      late.add(event, scope);
    },
  };
  const missing = await readInto(io, options, client, both);
  const made = { early: early.traffic(windows.early), late: late.traffic(windows.late) };
  requireTraffic(made.early, early.findings(), "draft");
  requireTraffic(made.late, late.findings(), "held-out");
  return { ...made, missing };
};

const readInto = (
  io: Io,
  options: TrafficOptions,
  client: PageReader | undefined,
  sink: TrafficSink,
): Promise<Diagnostic[]> => {
  if (options.from === undefined && options.columns !== undefined)
    throw failure("bad-option", { kind: "columns-without-from" });
  if (options.from === undefined) return readLog(io, required(client), windowOf(io, options), options, sink);
  if (options.from.length === 0) throw failure("bad-option", { kind: "from-without-log" });
  return readFiles(io, options.from, options.columns, sink);
};

export const required = <Client>(client: Client | undefined): Client => {
  if (client === undefined) throw new Error("traffic needs files or a client");
  return client;
};

/** Without a named end, an event that a fast clock puts into the future belongs to it; one of next year has no time. */
const newGatherer = (io: Io, window: TrafficWindow, isClosed: boolean): TrafficGatherer =>
  new TrafficGatherer({
    since: Date.parse(window.since),
    until: isClosed ? Date.parse(window.until) : io.now().getTime() + dayMs,
    now: io.now().getTime(),
  });

/** What asked for a window, for what to type where it is empty. */
type AskedBy = NonNullable<ArgsOf<"traffic-window-empty">["asked"]>;

const requireTraffic = (
  { window, events, actors }: Traffic,
  { span }: TrafficFindings,
  asked: AskedBy,
): void => {
  if (actors.length > 0) return;
  const iso = (at: number): string => new Date(at).toISOString();
  throw failure("traffic-window-empty", {
    ...window,
    events: { inside: events.read, outside: events.outsideWindow, withoutTime: events.withoutTime },
    span: span === undefined ? undefined : { first: iso(span.first), last: iso(span.last) },
    asked,
  });
};

const readFiles = async (
  io: Io,
  files: readonly string[],
  columns: TrafficColumns | undefined,
  gatherer: TrafficSink,
): Promise<Diagnostic[]> => {
  const missing: Diagnostic[] = [];
  for (const [index, file] of [...new Set(files)].entries()) {
    const traffic = new TrafficFile(file, index + 1, columns, gatherer);
    try {
      for (const piece of readNamedPieces(io.cwd, file)) {
        // Signals come between pieces.
        await new Promise(setImmediate);
        if (io.signal.aborted) throw failure("interrupted", { at: "wait" });
        traffic.push(piece);
      }
    } catch (error) {
      if (error instanceof Failure || (codeOf(error) === undefined && !(error instanceof FileRefused)))
        throw error;
      throw failure("traffic-file", { kind: "unreadable", file, reason: reasonOf(error) }, { cause: error });
    }
    const damaged = traffic.end();
    if (damaged !== undefined)
      missing.push(diagnostic("traffic-incomplete", { source: "file", file, ...damaged }));
  }
  return missing;
};

/** Newest first: where reading breaks off, what is older than the last event read is missing. */
const readLog = async (
  io: Io,
  client: PageReader,
  window: TrafficWindow,
  options: TrafficOptions,
  gatherer: TrafficSink,
): Promise<Diagnostic[]> => {
  const missing: Diagnostic[] = [];
  const query = options.until === undefined ? { since: window.since } : window;
  let oldest: string | undefined;
  const events = listEvents(client, query, {
    now: io.now().toISOString(),
    bounds: streamBounds,
    endsAt: meansNoMore,
    onEarlyEnd: (before) => missing.push(diagnostic("traffic-incomplete", { source: "api", before })),
  });
  try {
    for await (const { id, at, actor, type, context } of events) {
      oldest = oldest === undefined || at < oldest ? at : oldest;
      const event = {
        time: at,
        address: actor.ip ?? "",
        id,
        actorType: actor.type ?? "",
        actorId: actor.id ?? "",
        actorName: actor.name ?? "",
        type,
        context,
      };
      gatherer.add(event, "audit-log");
    }
  } catch (error) {
    if (!(error instanceof Failure) || io.signal.aborted || oldest === undefined) throw error;
    missing.push(diagnostic("traffic-incomplete", { source: "api", before: oldest }), ...error.diagnostics);
  }
  return missing;
};

/** The account's lists; one that cannot be read is a note, since the replay holds without it. */
export const readBlindSpots = async (
  io: Io,
  { traffic, findings }: ReadTraffic,
  client: CallerReader | undefined,
): Promise<{ readonly blind: readonly BlindSpot[]; readonly notes: readonly Diagnostic[] }> => {
  const notes: Diagnostic[] = [];
  const ask = async <T>(list: "service tokens" | "users", read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Failure) || io.signal.aborted) throw error;
      const [first] = error.diagnostics;
      notes.push(
        diagnostic("traffic-list-unread", {
          list,
          reason: first === undefined ? "no reason given" : messageOf(first),
        }),
      );
      return undefined;
    }
  };
  const serviceTokens =
    client === undefined ? undefined : await ask("service tokens", () => client.listServiceTokens());
  const users = client === undefined ? undefined : await ask("users", () => client.listUsers());
  const { providers } = findings;
  return { blind: blindSpots(traffic, { providers, ...present({ serviceTokens, users }) }), notes };
};

/** How a plan asks for the log: `--replay`, or `max_cut_off` of the policy. */
interface PlanTraffic {
  readonly guards: Guards;
  /** `--replay`: ISO 8601 UTC. */
  readonly replay?: string | undefined;
}

/**
 * The log as evidence for a plan; undefined where nothing asks for it, or nothing would change. A log that cannot be
 * read, or not as a whole, is evidence too: that nobody can tell.
 */
export const evidenceFor = async (
  io: Io,
  client: PageReader,
  { guards, replay }: PlanTraffic,
  steps: number,
): Promise<TrafficEvidence | undefined> => {
  if (replay === undefined && (guards.maxCutOff === undefined || steps === 0)) return undefined;
  const since = replay ?? parseMoment(guards.cutOffWindow ?? `${defaultWindowDays}d`, "start", io.now());
  try {
    const { traffic, missing } = await readTraffic(io, present({ since }), client);
    const [part] = missing;
    return part === undefined ? { kind: "read", traffic } : { kind: "unreadable", reason: messageOf(part) };
  } catch (error) {
    if (!(error instanceof Failure) || io.signal.aborted) throw error;
    return { kind: "unreadable", reason: error.diagnostics.map(messageOf).join("; ") };
  }
};
