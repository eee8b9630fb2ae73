/**
 * The whole audit log by time, newest first, without holding it: eight bytes for an event's time and four for
 * its place. Generated events are made when they are asked for, so a log of a hundred thousand stays small.
 */
import { eventLabel } from "./event-types.js";
import type { EventLog, GeneratedEvents, StoredEvent } from "./state.js";
import type { Micros } from "./timestamps.js";

const sequenceIn = (group: GeneratedEvents, index: number): number =>
  group.firstSequence + group.count - 1 - index;

const typeIn = (group: GeneratedEvents, index: number): string =>
  group.types[index % group.types.length] ?? "";

/** The event at `index` of a group, 0 the newest. */
const generate = (group: GeneratedEvents, index: number): StoredEvent => {
  const type = typeIn(group, index);
  const sequence = sequenceIn(group, index);
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

type Found =
  | { readonly kind: "stored"; readonly event: StoredEvent }
  | { readonly kind: "generated"; readonly group: GeneratedEvents; readonly index: number };

export class OrderedLog {
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
export const orderedLog = (log: EventLog): OrderedLog => {
  const known = logs.get(log);
  if (known !== undefined) return known;
  const made = new OrderedLog(log);
  logs.set(log, made);
  return made;
};
