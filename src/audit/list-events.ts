/**
 * The audit log as one stream of events, newest first, each once.
 *
 * The API pages by offset over a list whose top grows while it is read, so a page may repeat what the page before
 * held (events came) or skip some (events went). Therefore: pages overlap by one record, which proves that nothing
 * lies between them; a page that does not overlap makes the reader step back; ids that were seen are not given
 * twice; and when the total has moved, the top is read again at the end, so what came meanwhile comes last.
 * Where events arrive about as fast as pages are read, that would never end: it ends with `audit-log-unsteady`.
 *
 * Promise: every event that was in the log when the reading began, and is there until it ends, comes exactly once.
 * Memory: the ids of one window (90 days) and of the one before it, and one page of events, within `ListingBounds`.
 */

import { type Diagnostic, diagnostic, persists } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { type ListingBounds, ListingMeter, type PageCost } from "../model/listing-bounds.js";
import { present } from "../model/present.js";
import { dayMs, hourMs } from "../model/time.js";
import type { AuditEvent } from "./event.js";

// What the audit check needs of the outside; `dbt/` implements it.

export interface AuditQuery {
  /** Inclusive instants, ISO 8601 UTC. The API takes dates; the implementation asks wide and filters exactly. */
  readonly since?: string;
  readonly until?: string;
  /** Normalised event types; absent: all. */
  readonly types?: readonly string[];
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly totalCount: number;
  /** How many records the answer held before the exact filter. */
  readonly count: number;
  readonly cost: PageCost;
  /** ISO 8601 UTC, from the answer's `Date` header. */
  readonly serverAt?: string;
}

export interface AuditReader {
  /** One page, newest first, at most 100 events. Throws `Failure` when the log cannot be read. */
  listPage(query: AuditQuery, offset: number): Promise<AuditPage>;
  /** The CSV of a range of dates, as a stream of bytes. */
  downloadCsv(query: AuditQuery): Promise<AsyncIterable<Uint8Array>>;
  startExport(): Promise<string>;
  exportIsRunning(): Promise<boolean>;
  exportUrl(jobId: string): Promise<string>;
  /** Fetches an export's URL, on another host, without the token. `size` from Content-Length, where told. */
  fetchExport(url: string): Promise<{ readonly size?: number; readonly body: AsyncIterable<Uint8Array> }>;
}

/** The API's largest page (docs/service.md, "Answers and limits"). */
const pageSize = 100;
/** The API's own default window (docs/service.md, "Audit log"). */
const windowDays = 90;

/** More pages than this that do not join the one before: the log is not a list that can be paged. */
const mostStepsBack = 50;

/**
 * A log that holds still costs the pages of its first total, and once more of them where it is read again. One that
 * grows may cost so many times as much, and as many more: it loses only where half of each page and more is new.
 */
const mostTimesThePages = 4;
const freePages = 50;

/** For events that are all kept in memory: a million of them, or 128 MiB. */
const keptBounds: ListingBounds = { pages: 10_000, bytes: 128 * 1024 * 1024, milliseconds: 60 * 60_000 };
/** For events that are passed on one by one: of them only the ids are kept. */
export const streamBounds: ListingBounds = { ...keptBounds, bytes: Number.POSITIVE_INFINITY };

/** All that listing needs of the audit log. */
export type PageReader = Pick<AuditReader, "listPage">;

interface ListOptions {
  /** Where the reading of older windows ended early, because the API gives no more. */
  readonly onEarlyEnd?: (oldest: string, reason: Failure) => void;
  /** Failures of windows beyond the first that mean "no more", not "broken". */
  readonly endsAt?: (reason: Failure) => boolean;
  /** Default: what may be kept in memory. */
  readonly bounds?: ListingBounds;
}

/** The list is ordered by one time stamp of a record and shows another: seconds apart, an hour to be sure. */
const orderSlackMs = hourMs;

interface Window {
  readonly since?: string;
  readonly until?: string;
}

const startOfDay = (at: number): number => Math.floor(at / dayMs) * dayMs;
const iso = (at: number): string => new Date(at).toISOString();

/**
 * The windows of a query, newest first, each at most 90 days, on whole days, so that the server's day-wise answer
 * needs no cutting and its pages keep their overlap. One window where no start is asked for.
 */
export const windowsOf = ({ since, until }: AuditQuery, now?: string): readonly Window[] => {
  if (since === undefined)
    return [until === undefined ? {} : { until: iso(startOfDay(Date.parse(until)) + dayMs - 1) }];
  const first = startOfDay(Date.parse(since));
  const end = until ?? now;
  if (end === undefined) return [{ since: iso(first) }];
  const windows: Window[] = [];
  let last = startOfDay(Date.parse(end)) + dayMs - 1;
  while (last - first >= windowDays * dayMs) {
    const from = last + 1 - windowDays * dayMs;
    windows.push({ since: iso(from), until: iso(last) });
    last = from - 1;
  }
  if (last >= first) windows.push({ since: iso(first), until: iso(last) });
  // Without an end, the newest window stays open: events of the next seconds belong to it.
  const [newest, ...older] = windows;
  if (until === undefined && newest?.since !== undefined) return [{ since: newest.since }, ...older];
  return windows;
};

/** Throws where one window costs many more pages than it had at first. */
const steadyReader = (reader: PageReader): PageReader => {
  let left: number | undefined;
  return {
    async listPage(query, offset) {
      const page = await reader.listPage(query, offset);
      // Pages overlap by one record, and some servers give fewer records than were asked for.
      left ??= freePages + mostTimesThePages * Math.ceil(page.totalCount / Math.max(1, page.count - 1));
      left -= 1;
      if (left < 0) throw failure("audit-log-unsteady");
      return page;
    },
  };
};

/** Throws `listing-too-large` where its pages together pass the bounds. */
export const boundedReader = (reader: PageReader, bounds: ListingBounds): PageReader => {
  const meter = new ListingMeter({ kind: "audit-log" }, bounds);
  return {
    async listPage(query, offset) {
      const page = await reader.listPage(query, offset);
      meter.count(page.cost);
      return page;
    },
  };
};

/** Reads one window; `seen` holds the ids that were given out and grows. */
async function* readWindow(
  reader: PageReader,
  query: AuditQuery,
  seen: Set<string>,
  stopBefore: number,
): AsyncGenerator<AuditEvent, void> {
  const fresh = function* (page: AuditPage) {
    for (const event of page.events) {
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      yield event;
    }
  };
  let offset = 0;
  /** The last record of the page before; unknown where the exact filter cut something from that page. */
  let last: string | undefined;
  let total: number | undefined;
  let moved = false;
  let hidden = 0;
  let stepsBack = 0;
  let early = false;
  for (;;) {
    const page = await reader.listPage(query, offset);
    const records = page.count;
    const whole = page.events.length === records;
    moved ||= total !== undefined && total !== page.totalCount;
    total = page.totalCount;
    const joins = last === undefined || !whole || page.events.some(({ id }) => seen.has(id));
    if (!joins) {
      // Events above went away: what lay between the pages is now before this one.
      if (++stepsBack > mostStepsBack) throw failure("audit-log-unsteady");
      offset = Math.max(0, offset - (pageSize - 1));
      last = undefined;
      moved = true;
      continue;
    }
    yield* fresh(page);
    hidden += records - page.events.length;
    early = Date.parse(page.events.at(-1)?.at ?? "") < stopBefore;
    if (records === 0 || offset + records >= total || early) break;
    last = whole && records > 1 ? page.events.at(-1)?.id : undefined;
    offset += last === undefined ? records : records - 1;
  }
  // A second look where something moved or does not add up.
  const short = !early && seen.size + hidden < total;
  if (moved || short) yield* readAgain(reader, query, fresh, { whole: short });
}

/** From the top: until a page holds nothing new, or the whole list where events are known to be missing. */
async function* readAgain(
  reader: PageReader,
  query: AuditQuery,
  fresh: (page: AuditPage) => Iterable<AuditEvent>,
  { whole }: { readonly whole: boolean },
): AsyncGenerator<AuditEvent, void> {
  for (let offset = 0; ; ) {
    const page = await reader.listPage(query, offset);
    let news = 0;
    for (const event of fresh(page)) {
      news += 1;
      yield event;
    }
    offset += page.count;
    if (page.count === 0 || offset >= page.totalCount || (news === 0 && !whole)) return;
  }
}

const within = (event: AuditEvent, since: number, until: number): boolean => {
  const at = Date.parse(event.at);
  return at >= since && at <= until;
};

/**
 * Events of the query, newest first; what came while reading comes last. `now` (ISO 8601 UTC) closes an open end for
 * the cutting into windows. Throws `Failure` where the log cannot be read, `audit-log-unsteady` where its pages do not
 * join or it grows as fast as it is read, `listing-too-large` beyond the bounds.
 */
export async function* listEvents(
  reader: PageReader,
  query: AuditQuery,
  options: ListOptions & { readonly now?: string } = {},
): AsyncGenerator<AuditEvent, void> {
  const since = query.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(query.since);
  const until = query.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(query.until);
  const types = query.types === undefined ? undefined : new Set(query.types);
  const pages = boundedReader(reader, options.bounds ?? keptBounds);
  let previous = new Set<string>();
  for (const [index, window] of windowsOf(query, options.now).entries()) {
    const seen = new Set<string>();
    const asked = { ...window, ...present({ types: query.types }) };
    try {
      for await (const event of readWindow(steadyReader(pages), asked, seen, since - orderSlackMs)) {
        if (previous.has(event.id) || !within(event, since, until)) continue;
        if (types === undefined || types.has(event.type)) yield event;
      }
    } catch (error) {
      if (index === 0 || !(error instanceof Failure) || options.endsAt?.(error) !== true) throw error;
      options.onEarlyEnd?.(window.until ?? "", error);
      return;
    }
    previous = seen;
  }
}

// When the audit log cannot be read: what to say, and whether asking again could help.

/** A failure that stays what it is, however often one asks: of the plan, the token, the account or the query. */
export const isLasting = ({ diagnostics }: Failure): boolean => diagnostics.some(persists);

/** The statuses of 4xx that speak of the token, the account or the rate, and not of what was asked. */
const notOfTheQuery: readonly number[] = [401, 403, 409, 429];

/** Whether a failure means "the API gives no more", when an older stretch is asked for. */
export const meansNoMore = ({ status = 0 }: Failure): boolean =>
  status >= 400 && status < 500 && !notOfTheQuery.includes(status);

export const unreadableDiagnostics = (reason: Failure): readonly Diagnostic[] => [
  diagnostic("audit-log-unreadable", { command: "verify" }),
  ...reason.diagnostics,
];
