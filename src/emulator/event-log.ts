/**
 * Reading the audit log: newest first, by type and time, page by page. Generated events are made when they are
 * asked for, so a log of a hundred thousand costs eight bytes each.
 */
import { eventLabel } from "./event-types.js";
import type { EventLog, GeneratedEvents, StoredEvent } from "./state.js";
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

const generate = (group: GeneratedEvents, index: number): StoredEvent => {
  const type = group.types[index % group.types.length] ?? "job_definition.changed";
  const sequence = group.firstSequence + group.count - 1 - index;
  return {
    sequence,
    type,
    label: eventLabel(type),
    at: group.newestAt - index * group.interval,
    actor: group.actor,
    source: group.source,
    context: { generated: true, number: sequence },
  };
};

interface Ordered {
  readonly length: number;
  at(place: number): Micros;
  type(place: number): string;
  event(place: number): StoredEvent;
}

const orders = new WeakMap<EventLog, Ordered>();

/** The whole log by time, newest first; where times agree, the later sequence first. */
const ordered = (log: EventLog): Ordered => {
  const known = orders.get(log);
  if (known !== undefined) return known;
  const made = order(log);
  orders.set(log, made);
  return made;
};

const order = (log: EventLog): Ordered => {
  const { events, generated } = log;
  const count = events.length + generated.reduce((sum, group) => sum + group.count, 0);
  const times = new Float64Array(count);
  const starts: number[] = [];
  events.forEach((event, index) => {
    times[index] = event.at;
  });
  let place = events.length;
  for (const group of generated) {
    starts.push(place);
    for (let index = 0; index < group.count; index += 1)
      times[place + index] = group.newestAt - index * group.interval;
    place += group.count;
  }
  const groupOf = (number: number): number => starts.findLastIndex((start) => start <= number);
  const eventOf = (number: number): StoredEvent => {
    const own = events[number];
    if (own !== undefined) return own;
    const group = groupOf(number);
    // Both exist: `number` is below `count`, so it lies in a group.
    return generate(generated[group]!, number - starts[group]!);
  };
  const sequenceOf = (number: number): number => {
    const own = events[number];
    if (own !== undefined) return own.sequence;
    const group = groupOf(number);
    return generated[group]!.firstSequence + generated[group]!.count - 1 - (number - starts[group]!);
  };
  const numbers = Uint32Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => times[b]! - times[a]! || sequenceOf(b) - sequenceOf(a),
  );
  const typeOf = (number: number): string => {
    const own = events[number];
    if (own !== undefined) return own.type;
    const group = groupOf(number);
    const types = generated[group]!.types;
    return types[(number - starts[group]!) % types.length]!;
  };
  return {
    length: count,
    at: (index) => times[numbers[index]!]!,
    type: (index) => typeOf(numbers[index]!),
    event: (index) => eventOf(numbers[index]!),
  };
};

/** The first place whose time is at or before `at` (`strictly`: before it). */
const firstPlace = (list: Ordered, at: Micros, strictly: boolean): number => {
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

const isVisible = (
  event: StoredEvent,
  { now, lastSequence = Number.POSITIVE_INFINITY }: EventQuery,
): boolean =>
  event.sequence <= lastSequence &&
  (event.visibleAt === undefined || (event.visibleAt !== null && event.visibleAt <= now));

export const selectEvents = (log: EventLog, query: EventQuery): EventSelection => {
  const list = ordered(log);
  const from = firstPlace(list, query.end, false);
  const to = firstPlace(list, query.start, true);
  const { types } = query;
  if (
    types === undefined &&
    query.lastSequence === undefined &&
    log.events.every((event) => isVisible(event, query))
  ) {
    return {
      total: Math.max(0, to - from),
      page: (offset, limit) =>
        Array.from({ length: Math.max(0, Math.min(limit, to - from - offset)) }, (_, index) =>
          list.event(from + offset + index),
        ),
    };
  }
  const found: number[] = [];
  for (let place = from; place < to; place += 1)
    if ((types === undefined || types.has(list.type(place))) && isVisible(list.event(place), query))
      found.push(place);
  return {
    total: found.length,
    page: (offset, limit) => found.slice(offset, offset + limit).map((place) => list.event(place)),
  };
};
