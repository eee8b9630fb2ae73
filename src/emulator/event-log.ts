/** Reading the audit log: newest first, by type and time, page by page. */

import { formatAddress, parsePrefix } from "../address/prefix.js";
import type { Micros } from "./clock.js";
import { eventLabel } from "./events.js";
import type { EventLog, GeneratedEvents, StoredEvent } from "./state.js";

const sequenceIn = (group: GeneratedEvents, index: number): number =>
  group.firstSequence + group.count - 1 - index;

const typeIn = (group: GeneratedEvents, index: number): string =>
  group.types[index % group.types.length] ?? "";

/** Of a pool of addresses and prefixes, the one at this turn; undefined where there is no pool. */
export const addressIn = (pool: readonly string[], index: number): string | undefined => {
  const text = pool[index % pool.length];
  const range = text === undefined ? undefined : parsePrefix(text);
  if (range?.ok !== true || range.bare) return text;
  const turn = BigInt(Math.floor(index / pool.length));
  const size = 1n << BigInt(128 - range.prefix.length);
  return formatAddress(range.prefix.network + (turn % size));
};

/** The event at `index` of a group, 0 the newest. */
const generate = (group: GeneratedEvents, index: number): StoredEvent => {
  const type = typeIn(group, index);
  const sequence = sequenceIn(group, index);
  const ip = addressIn(group.addresses ?? [], index);
  return {
    sequence,
    type,
    label: eventLabel(type),
    at: group.newestAt - index * group.interval,
    actor: ip === undefined ? group.actor : { ...group.actor, ip },
    source: group.source,
    context: { generated: true, number: sequence },
  };
};

type Found =
  | { readonly kind: "stored"; readonly event: StoredEvent }
  | { readonly kind: "generated"; readonly group: GeneratedEvents; readonly index: number };

/**
 * The whole audit log by time, newest first, without holding it: eight bytes for an event's time and four for
 * its place. Generated events are made when they are asked for, so a log of a hundred thousand stays small.
 */
class OrderedLog {
  readonly length: number;
  /** By number: stored events first, then group after group. */
  readonly #times: Float64Array;
  /** Invariant: numbers by falling time, then falling sequence. */
  readonly #numbers: Uint32Array;
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
    this.length = log.generated.reduce((sum, group) => sum + group.count, log.events.length);
    this.#times = Float64Array.from({ length: this.length }, (_, number) => {
      const found = this.#find(number);
      return found.kind === "stored"
        ? found.event.at
        : found.group.newestAt - found.index * found.group.interval;
    });
    const times = this.#times;
    // The index is always within: numbers run from 0 to the length.
    this.#numbers = Uint32Array.from({ length: this.length }, (_, number) => number).sort(
      (a, b) => times[b]! - times[a]! || this.#sequence(b) - this.#sequence(a),
    );
  }

  at(place: number): Micros {
    return this.#times[this.#numbers[place]!]!;
  }

  type(place: number): string {
    const found = this.#find(this.#numbers[place]!);
    return found.kind === "stored" ? found.event.type : typeIn(found.group, found.index);
  }

  sequence(place: number): number {
    return this.#sequence(this.#numbers[place]!);
  }

  /** When the log shows it; undefined: at once; null: never. */
  visibleAt(place: number): Micros | null | undefined {
    const found = this.#find(this.#numbers[place]!);
    return found.kind === "stored" ? found.event.visibleAt : undefined;
  }

  event(place: number): StoredEvent {
    const found = this.#find(this.#numbers[place]!);
    return found.kind === "stored" ? found.event : generate(found.group, found.index);
  }

  #sequence(number: number): number {
    const found = this.#find(number);
    return found.kind === "stored" ? found.event.sequence : sequenceIn(found.group, found.index);
  }

  #find(number: number): Found {
    const { events, generated } = this.#log;
    const event = events[number];
    if (event !== undefined) return { kind: "stored", event };
    let index = number - events.length;
    for (const group of generated) {
      if (index < group.count) return { kind: "generated", group, index };
      index -= group.count;
    }
    throw new RangeError(`no event ${number} in a log of ${this.length}`);
  }
}

const logs = new WeakMap<EventLog, OrderedLog>();

/** Sorted once for each log: a log's value never changes. */
const orderedLog = (log: EventLog): OrderedLog => {
  const known = logs.get(log);
  if (known !== undefined) return known;
  const made = new OrderedLog(log);
  logs.set(log, made);
  return made;
};

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
interface EventSelection {
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
