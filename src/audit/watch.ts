/**
 * Follows the audit log. Events come late and out of order, so each look goes back over the last hours and gives out
 * what it has not given out before. What was given out is the position; stored as a cursor, it lets a restart go on
 * where the run before stopped.
 *
 * Promise: each event once, in order of time within a look, none skipped unless it comes later than `overlapMs`.
 */
import { Failure } from "../model/failure.js";
import type { AuditEvent } from "./event.js";
import { inOrder } from "./event-index.js";
import { listEvents, type PageReader } from "./list-events.js";
import { isLasting } from "./unreadable.js";
import type { WatchPosition } from "./watch-position.js";

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
    ...(options.types === undefined ? {} : { types: options.types }),
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
 * Endless, until `sleep` rejects or a failure that lasts is thrown. The position moves over an event when the next
 * one is asked for: until then nobody knows that it is out.
 */
export async function* watchEvents(
  position: WatchPosition,
  ports: WatchPorts,
  options: WatchOptions,
): AsyncGenerator<AuditEvent, never> {
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
      if (!(error instanceof Failure) || isLasting(error)) throw error;
      wait = Math.min(longestTroubleMs, options.pollMs * 2 ** Math.min(trouble++, 20));
      ports.onTrouble(error, wait);
    }
    await ports.sleep(wait);
  }
}
