/** Events of the log by type, time and what they name, so that each step looks only at the few that can be its own. */
import type { AuditEvent } from "./event.js";
import { contextFacts, namesSomeRule } from "./evidence.js";

export interface IndexedEvent {
  readonly event: AuditEvent;
  /** Place in the order of time; unique. */
  readonly place: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface EventsOfType {
  /** By time. */
  readonly all: readonly IndexedEvent[];
  readonly byId: ReadonlyMap<string, readonly IndexedEvent[]>;
  readonly byText: ReadonlyMap<string, readonly IndexedEvent[]>;
  /** Name no rule beyond doubt. */
  readonly nameless: readonly IndexedEvent[];
  /** Those of the nameless that hold text, in which a rule may be mentioned. */
  readonly talking: readonly IndexedEvent[];
}

const noEvents: EventsOfType = { all: [], byId: new Map(), byText: new Map(), nameless: [], talking: [] };

const push = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

const indexed = (all: readonly IndexedEvent[]): EventsOfType => {
  const byId = new Map<string, IndexedEvent[]>();
  const byText = new Map<string, IndexedEvent[]>();
  for (const one of all) {
    const facts = contextFacts(one.event);
    for (const id of facts.ids) push(byId, id, one);
    for (const text of new Set(facts.texts)) push(byText, text, one);
  }
  const nameless = all.filter(({ event }) => !namesSomeRule(event));
  const talking = nameless.filter(({ event }) => contextFacts(event).texts.length > 0);
  return { all, byId, byText, nameless, talking };
};

/** Who acted, as far as the log tells. */
export const actorKey = ({ actor }: AuditEvent): string =>
  actor.id !== undefined
    ? `id ${actor.id}`
    : actor.name !== undefined
      ? `name ${actor.name}`
      : `ip ${actor.ip ?? ""}`;

/** Each event once, by time, then by id: the same for every order that the log was read in. */
export const inOrder = (events: readonly AuditEvent[]): readonly AuditEvent[] => {
  const once = new Map(events.map((event) => [event.id, event]));
  return [...once.values()]
    .map((event) => ({ event, at: Date.parse(event.at) }))
    .sort((a, b) => a.at - b.at || (a.event.id < b.event.id ? -1 : 1))
    .map(({ event }) => event);
};

/** Looks up by type. */
export const indexEvents = (events: readonly AuditEvent[]): ((type: string) => EventsOfType) => {
  const lists = new Map<string, IndexedEvent[]>();
  inOrder(events).forEach((event, place) => {
    push(lists, event.type, { event, place, at: Date.parse(event.at) });
  });
  const byType = new Map([...lists].map(([type, list]) => [type, indexed(list)]));
  return (type) => byType.get(type) ?? noEvents;
};
