/**
 * Follows the audit log. Events come late and out of order, so each look goes back over the last hours and gives out
 * what it has not given out before. What was given out is the position; stored as a cursor, it lets a restart go on
 * where the run before stopped.
 *
 * Promise: each event once, in order of time within a look, none skipped unless it comes later than `overlapMs`.
 */

import { Failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { AuditEvent } from "./event.js";
import { inOrder } from "./evidence.js";
import { isLasting, listEvents, type PageReader } from "./list-events.js";
import { readStored, type Stored } from "./stored.js";

/** A position as it is stored. */
export interface WatchCursor extends Stored {
  readonly format: "dbt-ip-rules/audit-cursor";
  /** ISO 8601 UTC: nothing older is given out. */
  readonly since: string;
  /** ISO 8601 UTC: the newest event given out, or `since`. */
  readonly newest: string;
  /** Ids given out (or there before the start), with their times, as far back as a look goes. */
  readonly seen: readonly (readonly [id: string, at: string])[];
}

/** Of a watch that begins: at `since`, ISO 8601 UTC. */
export const cursorAt = (
  account: { readonly id: number; readonly host: string },
  since: string,
): WatchCursor => ({
  format: "dbt-ip-rules/audit-cursor",
  version: 1,
  accountId: account.id,
  host: account.host,
  since,
  newest: since,
  seen: [],
});

/**
 * How far a watch has come: what it has given out, as far back as a look goes. Kept small while events are given out:
 * they come in order of time, so ids that no look can meet again leave at the front.
 */
export class WatchPosition {
  readonly #stored: WatchCursor;
  readonly #overlapMs: number;
  #since: number;
  #newest: number;
  /** In the order in which they were given out: by time, but for late ones. */
  readonly #seen: Map<string, string>;

  /** `overlapMs`: how far each look goes back behind the newest event, in milliseconds: as late as an event may come. */
  constructor(cursor: WatchCursor, overlapMs: number) {
    this.#stored = cursor;
    this.#overlapMs = overlapMs;
    this.#since = Date.parse(cursor.since);
    this.#newest = Date.parse(cursor.newest);
    this.#seen = new Map(cursor.seen);
  }

  get #start(): number {
    return Math.max(this.#since, this.#newest - this.#overlapMs);
  }

  /** ISO 8601 UTC: where the next look begins. */
  get start(): string {
    return new Date(this.#start).toISOString();
  }

  has({ id }: AuditEvent): boolean {
    return this.#seen.has(id);
  }

  /** Makes this a start at that time. */
  moveTo(now: Date): void {
    this.#newest = now.getTime();
    this.#since = this.#newest - this.#overlapMs;
  }

  give({ id, at }: AuditEvent): void {
    this.#seen.set(id, at);
    this.#newest = Math.max(this.#newest, Date.parse(at));
    for (const [oldest, its] of this.#seen) {
      if (Date.parse(its) >= this.#start) return;
      this.#seen.delete(oldest);
    }
  }

  cursor(): WatchCursor {
    return {
      ...this.#stored,
      since: new Date(this.#since).toISOString(),
      newest: new Date(this.#newest).toISOString(),
      // A late one comes after newer ones, and may be of no use any more.
      seen: [...this.#seen].filter(([, at]) => Date.parse(at) >= this.#start),
    };
  }
}

const isTime = (value: unknown): boolean => typeof value === "string" && !Number.isNaN(Date.parse(value));

/** A stored cursor; undefined where the text is none, or one of another version. */
export const readCursor = (text: string): WatchCursor | undefined =>
  readStored<WatchCursor>(text, "dbt-ip-rules/audit-cursor", {
    since: isTime,
    newest: isTime,
    seen: (value) =>
      Array.isArray(value) &&
      value.every((pair) => Array.isArray(pair) && typeof pair[0] === "string" && isTime(pair[1])),
  });

export interface WatchPorts {
  readonly reader: PageReader;
  /** By the server's clock as far as known. */
  now(): Date;
  /** Rejects when the run is interrupted. */
  sleep(milliseconds: number): Promise<void>;
  /** Called when a look has failed, before the wait. */
  onTrouble(reason: Failure, waitMs: number): void;
}

export interface WatchOptions {
  readonly types?: readonly string[];
  readonly matches: (event: AuditEvent) => boolean;
  /** Between two looks, in milliseconds. */
  readonly pollMs: number;
  /** One look and no more: it ends after the last event, or throws the `Failure` of the look. */
  readonly once?: boolean;
}

const longestTroubleMs = 300_000;

/** What the log holds from the position's start on and was not given out, in order of time. */
const look = async (
  position: WatchPosition,
  ports: WatchPorts,
  options: WatchOptions,
): Promise<readonly AuditEvent[]> => {
  const found: AuditEvent[] = [];
  const query = {
    since: position.start,
    ...present({ types: options.types }),
  };
  for await (const event of listEvents(ports.reader, query, { now: ports.now().toISOString() }))
    if (!position.has(event) && options.matches(event)) found.push(event);
  return inOrder(found);
};

/**
 * Moves the position of a first start, by the service's clock: behind what the log holds by now, even where an event
 * that comes later bears an earlier time. Throws `Failure` where the log cannot be read.
 */
export const passPresent = async (
  position: WatchPosition,
  ports: WatchPorts,
  options: WatchOptions,
): Promise<void> => {
  // The first answer sets the clock right: by a wrong one, a look could begin after what it should find.
  await ports.reader.listPage({ since: position.start }, 0);
  position.moveTo(ports.now());
  for (const event of await look(position, ports, options)) position.give(event);
};

/**
 * Endless unless `once`, until `sleep` rejects or a failure that lasts is thrown. The position moves over an event when the next
 * one is asked for: until then nobody knows that it is out.
 */
export async function* watchEvents(
  position: WatchPosition,
  ports: WatchPorts,
  options: WatchOptions,
): AsyncGenerator<AuditEvent, void> {
  let trouble = 0;
  for (;;) {
    let wait = options.pollMs;
    try {
      const found = await look(position, ports, options);
      trouble = 0;
      for (const event of found) {
        yield event;
        position.give(event);
      }
    } catch (error) {
      if (!(error instanceof Failure) || isLasting(error) || options.once === true) throw error;
      wait = Math.min(longestTroubleMs, options.pollMs * 2 ** Math.min(trouble++, 20));
      ports.onTrouble(error, wait);
    }
    if (options.once === true) return;
    await ports.sleep(wait);
  }
}
