/** Reading the audit log: newest first, by type and time, page by page. */
import { type OrderedLog, orderedLog } from "./ordered-log.js";
import type { EventLog, StoredEvent } from "./state.js";
import type { Micros } from "./timestamps.js";

export interface EventQuery {
  /** Normalised types; absent: all. */
  readonly types?: ReadonlySet<string>;
  /** Inclusive. */
  readonly start: Micros;
  readonly end: Micros;
  /** Events that come late are seen from here on. */
  readonly now: Micros;
  /** Leaves out later ones. */
  readonly lastSequence?: number;
}

/** The events that a query finds, newest first. */
export interface EventSelection {
  readonly total: number;
  page(offset: number, limit: number): readonly StoredEvent[];
}

/** The first place whose time is at or before `at` (`strictly`: before it). */
const firstPlace = (list: OrderedLog, at: Micros, strictly: boolean): number => {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const time = list.at(middle);
    if (strictly ? time < at : time <= at) high = middle;
    else low = middle + 1;
  }
  return low;
};

const isFound = (list: OrderedLog, place: number, { types, now, lastSequence }: EventQuery): boolean => {
  if (types !== undefined && !types.has(list.type(place))) return false;
  if (lastSequence !== undefined && list.sequence(place) > lastSequence) return false;
  const visibleAt = list.visibleAt(place);
  return visibleAt === undefined || (visibleAt !== null && visibleAt <= now);
};

const pageOf = (places: ArrayLike<number>, list: OrderedLog, offset: number, limit: number) => {
  const length = Math.max(0, Math.min(limit, places.length - offset));
  // Within the places, by the line above.
  return Array.from({ length }, (_, index) => list.event(places[offset + index]!));
};

interface Remembered {
  readonly key: string;
  readonly places: Uint32Array;
}

/** The last search of each log, so that paging through it does not search it again for each page. */
const searches = new WeakMap<OrderedLog, Remembered>();

const search = (list: OrderedLog, from: number, to: number, query: EventQuery): Uint32Array => {
  const places = new Uint32Array(Math.max(0, to - from));
  let count = 0;
  for (let place = from; place < to; place += 1)
    if (isFound(list, place, query)) {
      places[count] = place;
      count += 1;
    }
  return places.slice(0, count);
};

export const selectEvents = (log: EventLog, query: EventQuery): EventSelection => {
  const list = orderedLog(log);
  const from = firstPlace(list, query.end, false);
  const to = firstPlace(list, query.start, true);
  const shown = log.events.filter(({ visibleAt }) => visibleAt != null && visibleAt <= query.now).length;
  const key = JSON.stringify([from, to, shown, query.lastSequence ?? null, [...(query.types ?? "*")]]);
  const known = searches.get(list);
  const places = known?.key === key ? known.places : search(list, from, to, query);
  searches.set(list, { key, places });
  return { total: places.length, page: (offset, limit) => pageOf(places, list, offset, limit) };
};
