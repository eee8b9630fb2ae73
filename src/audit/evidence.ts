/**
 * What an event's context says about which rule it concerns. The context's shape is not published (docs/service.md,
 * "Audit log"), so this looks for a rule's id or name anywhere in it, and for signs that it means another rule.
 * Promise: bounded work on hostile input; a number counts as an id only under a key that says so.
 */
import type { AuditEvent } from "./event.js";

interface ContextFacts {
  /** Values under keys that may hold a rule's id, as text. */
  readonly ids: ReadonlySet<string>;
  /** Every text that may name the rule: not a user's name, and the like. */
  readonly texts: readonly string[];
  /** What is in the context as an address range. */
  readonly cidrs: readonly string[];
  /** Names and ids that the context gives to a rule beyond doubt. */
  readonly ruleIds: ReadonlySet<string>;
  readonly ruleNames: ReadonlySet<string>;
  /** Enforcement's new position, where given. */
  readonly enabled: boolean | undefined;
}

const mostNodes = 20_000;
const mostDepth = 32;

/** Objects other than the rule that events mention, each with an `id` and a `name` of its own. */
const otherThing =
  /user|actor|account|token|cidr|group|project|createdby|license|owner|member|session|request/;

/** Keys of enforcement's position, as `plain` has them. */
const switchKeys: ReadonlySet<string> = new Set([
  "enabled",
  "isenabled",
  "rulesetenabled",
  "iprestrictionsenabled",
]);
/** As an IPv4-mapped address with its length may be spelled. */
const longestPrefix = 60;

const plain = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, "");

interface Found {
  readonly ids: Set<string>;
  readonly texts: string[];
  readonly cidrs: string[];
  readonly ruleIds: Set<string>;
  readonly ruleNames: Set<string>;
  readonly switches: boolean[];
}

const looksLikeRule = (keys: readonly string[]): boolean =>
  keys.some((key) => key === "cidrs" || key === "iprestrictionrulesetid" || key === "rulesetenabled");

/** Where a value is: its key, and what the objects around it are. */
interface ContextPlace {
  readonly key: string;
  /** Directly inside a rule, or at the context's top. */
  readonly inRule: boolean;
  /** Inside another thing, with names and ids of its own. */
  readonly elsewhere: boolean;
  /** Directly inside the rule set. */
  readonly inSet: boolean;
  readonly depth: number;
}

const namesRule = (key: string): boolean => key.includes("rule") && !key.includes("ruleset");

const noteId = (found: Found, { key, inRule, elsewhere, inSet }: ContextPlace, text: string): void => {
  if (!key.endsWith("id") || key.includes("ruleset")) return;
  if (!namesRule(key) && (elsewhere || inSet || otherThing.test(key))) return;
  found.ids.add(text);
  if (namesRule(key) || (key === "id" && inRule)) found.ruleIds.add(text);
};

const noteText = (found: Found, place: ContextPlace, text: string): void => {
  const { key, inRule, elsewhere, inSet } = place;
  if (text.length <= longestPrefix && /^[\d.]+(\/\d+)?$|:/.test(text)) found.cidrs.push(text);
  const asRule = namesRule(key) && key.endsWith("name");
  if (!asRule && (elsewhere || inSet)) return;
  found.texts.push(text);
  if (asRule || (key === "name" && inRule)) found.ruleNames.add(text);
  if (/^\d{1,19}$/.test(text)) noteId(found, place, text);
};

const noteSwitch = (found: Found, { key, elsewhere }: ContextPlace, value: boolean): void => {
  if (!elsewhere && switchKeys.has(key)) found.switches.push(value);
};

const membersOf = (
  value: object,
  place: ContextPlace,
): { readonly value: unknown; readonly place: ContextPlace }[] => {
  const list = Array.isArray(value);
  const members = list ? value.map((item) => ["", item] as const) : Object.entries(value);
  const keys = members.map(([name]) => plain(name));
  const rule = looksLikeRule(keys);
  const inSet = place.key.includes("ruleset");
  const elsewhere = place.elsewhere || (otherThing.test(place.key) && !rule);
  const inRule = !elsewhere && !inSet && (place.depth === 0 || rule || /rule|iprestriction/.test(place.key));
  return members.map(([, item], index) => ({
    value: item,
    place: {
      key: list ? place.key : (keys[index] ?? ""),
      inRule: list ? place.inRule : inRule,
      elsewhere,
      inSet,
      depth: place.depth + 1,
    },
  }));
};

/** Walks without recursion, so that no depth breaks it. */
const walk = (context: unknown, found: Found): void => {
  const top: ContextPlace = { key: "", inRule: true, elsewhere: false, inSet: false, depth: 0 };
  const open: { readonly value: unknown; readonly place: ContextPlace }[] = [{ value: context, place: top }];
  for (let nodes = 0; nodes < mostNodes; nodes++) {
    const next = open.pop();
    if (next === undefined) return;
    const { value, place } = next;
    if (typeof value === "string") noteText(found, place, value);
    else if (typeof value === "number") noteId(found, place, String(value));
    else if (typeof value === "boolean") noteSwitch(found, place, value);
    else if (typeof value === "object" && value !== null && place.depth < mostDepth)
      for (const member of membersOf(value, place)) open.push(member);
  }
};

const known = new WeakMap<AuditEvent, ContextFacts>();

/** Of one event; remembered as long as the event lives. */
export const contextFacts = (event: AuditEvent): ContextFacts => {
  const before = known.get(event);
  if (before !== undefined) return before;
  const found: Found = {
    ids: new Set(),
    texts: [],
    cidrs: [],
    ruleIds: new Set(),
    ruleNames: new Set(),
    switches: [],
  };
  walk(event.context, found);
  const [first] = found.switches;
  const agreed = first !== undefined && found.switches.every((value) => value === first);
  const facts: ContextFacts = { ...found, enabled: agreed ? first : undefined };
  known.set(event, facts);
  return facts;
};

export interface RuleIdentity {
  readonly id?: number;
  /** The rule's names before and after the step. */
  readonly names: readonly string[];
}

const boundary = /[\p{L}\p{N}_]/u;

/** A name inside a longer text, as a whole: not `VPN` in `VPN2`. */
const standsIn = (text: string, name: string): boolean => {
  if (name.length < 3) return false;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text.slice(0, at).at(-1) ?? "";
    const after = text[at + name.length] ?? "";
    if (!boundary.test(before) && !boundary.test(after)) return true;
  }
  return false;
};

/** How the event speaks of this rule: by id, by name, of another rule, or of none. */
export const ruleEvidence = (event: AuditEvent, rule: RuleIdentity): "id" | "name" | "other" | "none" => {
  const facts = contextFacts(event);
  if (rule.id !== undefined && facts.ids.has(String(rule.id))) return "id";
  if (facts.texts.some((text) => rule.names.includes(text))) return "name";
  if (facts.ruleNames.size > 0 || facts.ruleIds.size > 0) return "other";
  return facts.texts.some((text) => rule.names.some((name) => standsIn(text, name))) ? "name" : "none";
};

/** Whether the event's context tells a rule at all. */
export const namesSomeRule = (event: AuditEvent): boolean => {
  const { ruleNames, ruleIds } = contextFacts(event);
  return ruleNames.size > 0 || ruleIds.size > 0;
};

// Events of the log by type, time and what they name, so that each step looks only at the few that can be its own.

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
