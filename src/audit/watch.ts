/**
 * Follows the audit log. Events come late and out of order, so each look goes back over the last hours and gives out
 * what it has not given out before. The cursor is a plain value that holds all of it: whoever stores the cursor
 * after each event goes on after a restart where it stopped.
 *
 * Promise: each event once, in order of time within a look, none skipped unless it comes later than `overlapMs`.
 */
import { Failure } from "../model/failure.js";
import type { AuditEvent } from "./event.js";
import { listEvents, type PageReader } from "./list-events.js";
import { isLasting } from "./unreadable.js";

export interface WatchCursor {
  readonly format: "dbt-ip-rules/audit-cursor";
  readonly version: 1;
  readonly accountId: number;
  /** ISO 8601 UTC: nothing older is given out. */
  readonly since: string;
  /** ISO 8601 UTC: the newest event given out, or `since`. */
  readonly newest: string;
  /** Ids given out (or there before the start), with their times, as far back as a look goes. */
  readonly seen: readonly (readonly [id: string, at: string])[];
}

export interface WatchPorts {
  readonly reader: PageReader;
  /** By the server's clock as far as known. */
  now(): Date;
  /** Rejects when the run is interrupted. */
  sleep(milliseconds: number): Promise<void>;
  /** Told of a look that failed, before the wait. */
  onTrouble(reason: Failure, waitMs: number): void;
}

export interface WatchOptions {
  readonly types?: readonly string[];
  readonly matches: (event: AuditEvent) => boolean;
  /** Between two looks, in milliseconds. */
  readonly pollMs: number;
  /** How far each look goes back behind the newest event, in milliseconds: as late as an event may come. */
  readonly overlapMs: number;
}

const longestTroubleMs = 300_000;

const startOf = ({ since, newest }: WatchCursor, overlapMs: number): string => {
  const back = new Date(Date.parse(newest) - overlapMs).toISOString();
  return back > since ? back : since;
};

const given = (cursor: WatchCursor, event: AuditEvent): WatchCursor => ({
  ...cursor,
  newest: Date.parse(event.at) > Date.parse(cursor.newest) ? new Date(event.at).toISOString() : cursor.newest,
  seen: [...cursor.seen, [event.id, event.at]],
});

/** Forgets ids that no look can meet again. */
const pruned = (cursor: WatchCursor, overlapMs: number): WatchCursor => {
  const start = Date.parse(startOf(cursor, overlapMs));
  return { ...cursor, seen: cursor.seen.filter(([, at]) => Date.parse(at) >= start) };
};

const look = async (cursor: WatchCursor, ports: WatchPorts, options: WatchOptions): Promise<AuditEvent[]> => {
  const seen = new Set(cursor.seen.map(([id]) => id));
  const found: AuditEvent[] = [];
  const query = {
    since: startOf(cursor, options.overlapMs),
    ...(options.types === undefined ? {} : { types: options.types }),
  };
  for await (const event of listEvents(ports.reader, query, { now: ports.now().toISOString() }))
    if (!seen.has(event.id) && options.matches(event)) found.push(event);
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.id < b.id ? -1 : 1));
};

/**
 * A cursor for a first start. With `since`, events from then on will be given out; without, only those that the log
 * does not hold yet, even where they bear an earlier time. Throws `Failure` where the log cannot be read.
 */
export const firstCursor = async (
  accountId: number,
  since: string | undefined,
  ports: WatchPorts,
  options: WatchOptions,
): Promise<WatchCursor> => {
  const base = { format: "dbt-ip-rules/audit-cursor", version: 1, accountId, seen: [] } as const;
  if (since !== undefined) return { ...base, since, newest: since };
  // The first answer sets the clock right: by a wrong one, a look could begin after what it should find.
  await ports.reader.listPage(
    { since: new Date(ports.now().getTime() - options.overlapMs).toISOString() },
    0,
  );
  const now = ports.now();
  const start = new Date(now.getTime() - options.overlapMs).toISOString();
  const cursor: WatchCursor = { ...base, since: start, newest: now.toISOString() };
  const present = await look(cursor, ports, options);
  return { ...cursor, seen: present.map(({ id, at }) => [id, at] as const) };
};

/**
 * Endless, until `sleep` rejects or a failure that lasts is thrown. After each event comes the cursor to store;
 * it is worth storing only once the event is out.
 */
export async function* watchEvents(
  start: WatchCursor,
  ports: WatchPorts,
  options: WatchOptions,
): AsyncGenerator<{ readonly event: AuditEvent; readonly cursor: WatchCursor }, never> {
  let cursor = start;
  let trouble = 0;
  for (;;) {
    let wait = options.pollMs;
    try {
      const found = await look(cursor, ports, options);
      trouble = 0;
      for (const event of found) {
        cursor = given(cursor, event);
        yield { event, cursor };
      }
      cursor = pruned(cursor, options.overlapMs);
    } catch (error) {
      if (!(error instanceof Failure) || isLasting(error)) throw error;
      wait = Math.min(longestTroubleMs, options.pollMs * 2 ** Math.min(trouble++, 20));
      ports.onTrouble(error, wait);
    }
    await ports.sleep(wait);
  }
}

/** A stored cursor; undefined where the text is none, or one of another version. */
export const readCursor = (text: string): WatchCursor | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isCursor(value) ? value : undefined;
};

const isTime = (value: unknown): boolean => typeof value === "string" && !Number.isNaN(Date.parse(value));

const isCursor = (value: unknown): value is WatchCursor =>
  typeof value === "object" &&
  value !== null &&
  "format" in value &&
  value.format === "dbt-ip-rules/audit-cursor" &&
  "version" in value &&
  value.version === 1 &&
  "accountId" in value &&
  typeof value.accountId === "number" &&
  "since" in value &&
  isTime(value.since) &&
  "newest" in value &&
  isTime(value.newest) &&
  "seen" in value &&
  Array.isArray(value.seen) &&
  value.seen.every((pair) => Array.isArray(pair) && typeof pair[0] === "string" && isTime(pair[1]));
