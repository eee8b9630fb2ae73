/**
 * Pairs steps with events. An event may prove a step when its type is the step's and its time lies within the call,
 * give or take a tolerance. Then:
 *
 * - *strong*: its context names the step's rule by id or by name, or tells the switch's new position;
 * - *weak*: its context names no rule at all, and its actor is the one who made the receipt's other events;
 * - none: its context names another rule, or the opposite position.
 *
 * Each event goes with one step at most. Strong pairs come first (strong-pairs.ts), weak ones take what is left
 * (weak-pairs.ts); no event is both, so neither takes anything from the other.
 */

import type { TimedStep, Tolerance } from "./audited-steps.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { AuditEvent } from "./event.js";
import {
  actorKey,
  contextFacts,
  type EventsOfType,
  type IndexedEvent,
  indexEvents,
  type RuleIdentity,
  ruleEvidence,
} from "./evidence.js";
import type { MatchEvidence, MatchStrength } from "./verification.js";

/** A binary heap: the item that stands before all others at the top. */
class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get top(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    for (let at = this.#items.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): T | undefined {
    this.#swap(0, this.#items.length - 1);
    const item = this.#items.pop();
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#before(right, left) ? right : left;
      if (!this.#before(child, at)) return item;
      this.#swap(at, child);
      at = child;
    }
  }

  /** Of two places; a place beyond the end comes last. */
  #before(a: number, b: number): boolean {
    const [left, right] = [this.#items[a], this.#items[b]];
    return left !== undefined && (right === undefined || this.#isBefore(left, right));
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#items[a], this.#items[b]];
    if (left === undefined || right === undefined) return;
    this.#items[a] = right;
    this.#items[b] = left;
  }
}

/**
 * The best pairing of two sides, each thing in at most one pair: the assignment problem, solved exactly.
 *
 * Edges carry a worth; the sum is made as large as possible, and things may stay alone. One left thing after the
 * other enters by the shortest augmenting path, found over the edges alone with prices on the right side (Jonker and
 * Volgenant 1987). A path is short where neighbours in time fit, so in practice each step costs its own few edges.
 */

export interface Edge {
  readonly left: number;
  readonly right: number;
  /** Above 0. */
  readonly worth: number;
}

/** From a row to a column; costs are worths turned round. */
interface Arc {
  readonly column: number;
  readonly cost: number;
}

interface Reached {
  readonly column: number;
  readonly distance: number;
}

const none = -1;

/** Rows enter one by one; after each, the pairs are the best of the rows so far. */
class Pairing {
  readonly #arcs: readonly (readonly Arc[])[];
  readonly #prices: Float64Array;
  readonly #distances: Float64Array;
  /** The way that a column was reached last, and then its pair. */
  readonly #rowTo: Int32Array;
  readonly #costTo: Float64Array;
  readonly #rowOf: Int32Array;
  readonly #costOf: Float64Array;
  readonly columnOf: Int32Array;

  constructor(arcs: readonly (readonly Arc[])[], columns: number) {
    this.#arcs = arcs;
    this.#prices = new Float64Array(columns);
    this.#distances = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#rowTo = new Int32Array(columns);
    this.#costTo = new Float64Array(columns);
    this.#rowOf = new Int32Array(columns).fill(none);
    this.#costOf = new Float64Array(columns);
    this.columnOf = new Int32Array(arcs.length).fill(none);
  }

  enter(row: number): void {
    const reached: number[] = [];
    const passed = new Set<number>();
    const next = new Heap<Reached>((a, b) => a.distance < b.distance);
    const reach = (from: number, base: number): void => {
      for (const { column, cost } of this.#arcs[from]!) {
        const distance = base + cost - this.#prices[column]!;
        if (passed.has(column) || distance >= this.#distances[column]!) continue;
        if (this.#distances[column] === Number.POSITIVE_INFINITY) reached.push(column);
        this.#distances[column] = distance;
        this.#rowTo[column] = from;
        this.#costTo[column] = cost;
        next.push({ column, distance });
      }
    };
    reach(row, 0);
    // Each row may stay alone, so there is always a free column to reach.
    for (let nearest = next.pop(); nearest !== undefined; nearest = next.pop()) {
      const { column, distance } = nearest;
      if (passed.has(column)) continue;
      const owner = this.#rowOf[column]!;
      if (owner === none) {
        for (const one of passed) this.#prices[one]! += this.#distances[one]! - distance;
        this.#pairUp(row, column);
        break;
      }
      passed.add(column);
      reach(owner, distance - (this.#costOf[column]! - this.#prices[column]!));
    }
    for (const column of reached) this.#distances[column] = Number.POSITIVE_INFINITY;
  }

  /** Back along the way that reached the column, each row moving on to the next one. */
  #pairUp(entering: number, end: number): void {
    for (let column = end; ; ) {
      const row = this.#rowTo[column]!;
      const before = this.columnOf[row]!;
      this.#rowOf[column] = row;
      this.#costOf[column] = this.#costTo[column]!;
      this.columnOf[row] = column;
      if (row === entering) return;
      column = before;
    }
  }
}

/** The pairs of the greatest total worth, by their left side. */
export const bestAssignment = (edges: readonly Edge[]): ReadonlyMap<number, number> => {
  const lefts = [...new Set(edges.map(({ left }) => left))];
  const rights = [...new Set(edges.map(({ right }) => right))];
  const rowAt = new Map(lefts.map((left, row) => [left, row]));
  const columnAt = new Map(rights.map((right, column) => [right, column]));
  // Behind the columns of the right side, each row has one of its own: to stay alone, at no cost.
  const arcs = lefts.map((_, row): Arc[] => [{ column: rights.length + row, cost: 0 }]);
  for (const { left, right, worth } of edges)
    arcs[rowAt.get(left)!]!.push({ column: columnAt.get(right)!, cost: -worth });
  const pairing = new Pairing(arcs, rights.length + lefts.length);
  for (const row of lefts.keys()) pairing.enter(row);
  return new Map(
    lefts.flatMap((left, row) => {
      const right = rights[pairing.columnOf[row]!];
      return right === undefined ? [] : [[left, right] as const];
    }),
  );
};

/**
 * Steps with events that name no rule. All that speaks for them is type, time and actor, so any such event fits any
 * such step whose time it lies in: the steps of one type are windows on a line, the events points. Giving each point,
 * from the left, to the open window that closes first pairs as many as can be paired (Glover 1967).
 */

interface OpenStep {
  readonly step: number;
  /** Milliseconds since 1970, the tolerance included. */
  readonly from: number;
  readonly to: number;
}

/** The one that closes first, then the earlier step. */
const closesFirst = (a: OpenStep, b: OpenStep): boolean => a.to < b.to || (a.to === b.to && a.step < b.step);

/** The most pairs there can be. `events` in order of time. By the place of the step. */
export const weakPairs = (
  steps: readonly OpenStep[],
  events: readonly IndexedEvent[],
): ReadonlyMap<number, IndexedEvent> => {
  const waiting = [...steps].sort((a, b) => a.from - b.from || a.step - b.step);
  const open = new Heap(closesFirst);
  const pairs = new Map<number, IndexedEvent>();
  let next = 0;
  for (const event of events) {
    for (let step = waiting[next]; step !== undefined && step.from <= event.at; step = waiting[++next])
      open.push(step);
    while (open.top !== undefined && open.top.to < event.at) open.pop();
    const step = open.pop();
    if (step !== undefined) pairs.set(step.step, event);
  }
  return pairs;
};

/**
 * Steps with the events that name them. One rule may have several steps and several events, and somebody else's
 * among them: of all ways to pair them the best is taken, by number first, then ids before names, the receipt's own
 * actor, and the order in time.
 */

interface Candidate {
  /** Place of the step. */
  readonly step: number;
  readonly event: IndexedEvent;
  readonly evidence: Exclude<MatchEvidence, "type-time-actor">;
  /** Seconds from the call's end to the event. */
  readonly distance: number;
}

/** A step by its place among all steps. */
interface PlacedStep {
  readonly place: number;
  readonly step: TimedStep;
}

/** More pairs than this of one rule's steps and events are not all weighed. */
const mostPairs = 100_000;
/** Then each step is weighed against so many events before and after the one that fits it by order of time. */
const nearest = 16;

/**
 * The pairs that could be: for each step the events of its type and time that name its rule, or tell the switch's
 * position. Of a rule with thousands of steps and events at one time, only pairs near the order of time are weighed:
 * as many steps find an event as ever could, though perhaps not the likeliest one.
 */
export const strongCandidates = (
  steps: readonly PlacedStep[],
  lookUp: (type: string) => EventsOfType,
  tolerance: Tolerance,
  most: number = mostPairs,
): readonly Candidate[] => {
  const groups = new Map<string, PlacedStep[]>();
  for (const one of steps) {
    const { eventType, action, rule, renamedFrom, ruleId } = one.step.audited;
    const key = JSON.stringify([eventType, action, rule, renamedFrom, ruleId]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((group) => candidatesOf(group, lookUp, tolerance, most));
};

/** Of steps that the same events name. */
const candidatesOf = (
  steps: readonly PlacedStep[],
  lookUp: (type: string) => EventsOfType,
  tolerance: Tolerance,
  most: number,
): readonly Candidate[] => {
  const [first] = steps;
  if (first === undefined) return [];
  const named = namedBy(first.step, lookUp(first.step.audited.eventType));
  const windows = steps.map(({ place, step }) => ({
    step: place,
    from: step.from - tolerance.beforeMs,
    to: step.to + tolerance.afterMs,
    end: step.to,
  }));
  const near = steps.length * named.length <= most ? () => named : nearInOrder(windows, named);
  return windows.flatMap(({ step, from, to, end }) =>
    near(step)
      .filter(({ event }) => event.at >= from && event.at <= to)
      .map(({ event, evidence }) => ({ step, event, evidence, distance: (event.at - end) / 1000 })),
  );
};

/** The event that is a step's by order of time, and those around it. */
const nearInOrder = (
  windows: readonly OpenStep[],
  named: readonly Naming[],
): ((step: number) => readonly Naming[]) => {
  const pairs = weakPairs(
    windows,
    named.map(({ event }) => event),
  );
  const indexOf = new Map(named.map(({ event }, index) => [event.place, index]));
  return (step) => {
    const middle = indexOf.get(pairs.get(step)?.place ?? -1);
    return middle === undefined ? [] : named.slice(Math.max(0, middle - nearest), middle + nearest + 1);
  };
};

type Naming = Pick<Candidate, "event" | "evidence">;

/** The events that name the step's rule or tell its switch's position, in order of time. */
const namedBy = ({ audited }: TimedStep, events: EventsOfType): readonly Naming[] => {
  const { action, rule, renamedFrom, ruleId } = audited;
  if (action === "enable" || action === "disable")
    return events.all
      .filter(({ event }) => contextFacts(event).enabled === (action === "enable"))
      .map((event) => ({ event, evidence: "switch-position" }));
  const names = [rule, renamedFrom].filter((name) => name !== undefined);
  const identity: RuleIdentity = { names, ...(ruleId === undefined ? {} : { id: ruleId }) };
  return [...new Set(maybeNaming(identity, events))]
    .sort((a, b) => a.place - b.place)
    .flatMap((event): Naming[] => {
      const evidence = ruleEvidence(event.event, identity);
      if (evidence === "id") return [{ event, evidence: "rule-id" }];
      return evidence === "name" ? [{ event, evidence: "rule-name" }] : [];
    });
};

function* maybeNaming(rule: RuleIdentity, events: EventsOfType): Generator<IndexedEvent> {
  if (rule.id !== undefined) yield* events.byId.get(String(rule.id)) ?? [];
  for (const name of rule.names) yield* events.byText.get(name) ?? [];
  yield* events.talking;
}

/** From 0 to 3. */
const preference = ({ evidence, event }: Candidate, actor: string | undefined): number =>
  (evidence === "rule-name" ? 0 : 2) + (actor === undefined || actorKey(event.event) === actor ? 1 : 0);

/** By the place of the step. `actorOf` tells who made a step's receipt, where that is known. */
export const strongPairs = (
  candidates: readonly Candidate[],
  actorOf: (step: number) => string | undefined,
): ReadonlyMap<number, Candidate> => {
  const steps = new Set(candidates.map(({ step }) => step)).size;
  const reach = candidates.reduce((most, { distance }) => Math.max(most, Math.abs(distance)), 1) + 1;
  // All distances together weigh less than one preference, and all preferences less than one pair.
  const timeUnit = 1 / (reach * reach * (steps + 1));
  const pairUnit = 4 * (steps + 1);
  const byPair = new Map<string, Candidate>();
  const edges = candidates.map((candidate): Edge => {
    const { step, event, distance } = candidate;
    byPair.set(`${step} ${event.place}`, candidate);
    // Steps and events of one second keep their order: squares make crossing pairs dearer.
    const lag = distance + (event.place - step) * 1e-6;
    const worth = pairUnit + preference(candidate, actorOf(step)) - Math.min(1, lag * lag * timeUnit);
    return { left: step, right: event.place, worth };
  });
  const pairs = new Map<number, Candidate>();
  for (const [step, place] of bestAssignment(edges)) {
    const candidate = byPair.get(`${step} ${place}`);
    if (candidate !== undefined) pairs.set(step, candidate);
  }
  return pairs;
};

export interface Match {
  readonly event: AuditEvent;
  readonly strength: MatchStrength;
  readonly evidence: MatchEvidence;
}

/** The steps of one receipt: they have one actor. */
export type StepGroup = readonly TimedStep[];

/** A step and the receipt that it is of. */
interface Placed extends PlacedStep {
  readonly group: number;
}

/** What the weak pairing works on: an actor's silent events of one type. */
type SilentEvents = (type: string, actor: string) => readonly IndexedEvent[];

const mostFrequent = (keys: readonly string[]): string | undefined => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
};

const typesOf = (steps: readonly Placed[]): readonly string[] => [
  ...new Set(steps.map(({ step }) => step.audited.eventType)),
];

const pairSilent = (
  steps: readonly Placed[],
  actor: string,
  silent: SilentEvents,
  tolerance: Tolerance,
): ReadonlyMap<number, IndexedEvent> =>
  new Map(
    typesOf(steps).flatMap((type) => {
      const open = steps
        .filter(({ step }) => step.audited.eventType === type)
        .map(({ place, step: { from, to } }) => ({
          step: place,
          from: from - tolerance.beforeMs,
          to: to + tolerance.afterMs,
        }));
      return [...weakPairs(open, silent(type, actor))];
    }),
  );

/** The actor of a receipt that nothing names: whoever could have made most of its steps, the nearest in time. */
const likeliestActor = (
  steps: readonly Placed[],
  actors: readonly string[],
  silent: SilentEvents,
  tolerance: Tolerance,
): string | undefined => {
  const ends = new Map(steps.map(({ place, step }) => [place, step.to]));
  const ranked = actors.map((actor) => {
    const pairs = [...pairSilent(steps, actor, silent, tolerance)];
    const distance = pairs.reduce((sum, [place, { at }]) => sum + Math.abs(at - (ends.get(place) ?? at)), 0);
    return { actor, pairs: pairs.length, distance };
  });
  ranked.sort((a, b) => b.pairs - a.pairs || a.distance - b.distance);
  return ranked[0]?.actor;
};

/** Events that name no rule and tell no position, and that no step is named by. */
const silentEvents = (
  lookUp: ReturnType<typeof indexEvents>,
  types: readonly string[],
  spokenFor: ReadonlySet<number>,
) => {
  const byKey = new Map<string, IndexedEvent[]>();
  const actors = new Set<string>();
  for (const type of types) {
    const { all, nameless } = lookUp(type);
    // What a toggle names is the switch, never a rule.
    for (const one of type === ipRestrictionTypes.toggled ? all : nameless) {
      if (spokenFor.has(one.place) || contextFacts(one.event).enabled !== undefined) continue;
      const actor = actorKey(one.event);
      actors.add(actor);
      const key = JSON.stringify([type, actor]);
      const list = byKey.get(key);
      if (list === undefined) byKey.set(key, [one]);
      else list.push(one);
    }
  }
  const silent: SilentEvents = (type, actor) => byKey.get(JSON.stringify([type, actor])) ?? [];
  return { silent, actors: [...actors] };
};

/**
 * The pairs of several receipts' steps with one list of events, receipt by receipt and step by step (`undefined`:
 * no event). Events may come in any order and more than once.
 */
export const matchSteps = (
  groups: readonly StepGroup[],
  events: readonly AuditEvent[],
  tolerance: Tolerance,
): readonly (readonly (Match | undefined)[])[] => {
  const lookUp = indexEvents(events);
  const placed = groups
    .flatMap((group, index) => group.map((step) => ({ step, group: index })))
    .map((one, place): Placed => ({ ...one, place }));
  const candidates = strongCandidates(
    placed.filter(({ step }) => step.expectation !== "not-due"),
    lookUp,
    tolerance,
  );
  const actors = actorsByName(placed, groups.length, candidates);
  const strong = strongPairs(candidates, (place) => actors[placed[place]?.group ?? -1]);
  const weak = weakMatches(placed, strong, candidates, actors, lookUp, tolerance);
  let place = 0;
  return groups.map((group) =>
    group.map(() => {
      const [byName, byTime] = [strong.get(place), weak.get(place)];
      place += 1;
      if (byName !== undefined)
        return { event: byName.event.event, strength: "strong" as const, evidence: byName.evidence };
      return byTime === undefined
        ? undefined
        : { event: byTime.event, strength: "weak" as const, evidence: "type-time-actor" as const };
    }),
  );
};

/** Each receipt's actor, as the events tell that name its rules. */
const actorsByName = (
  placed: readonly Placed[],
  groups: number,
  candidates: readonly Candidate[],
): readonly (string | undefined)[] => {
  const first = strongPairs(candidates, () => undefined);
  const keys: string[][] = Array.from({ length: groups }, () => []);
  for (const [place, { event }] of first) keys[placed[place]?.group ?? -1]?.push(actorKey(event.event));
  return keys.map(mostFrequent);
};

/** What is due and has no strong pair, with what nobody else is named by; receipts of one actor share its events. */
const weakMatches = (
  placed: readonly Placed[],
  strong: ReadonlyMap<number, Candidate>,
  candidates: readonly Candidate[],
  known: readonly (string | undefined)[],
  lookUp: ReturnType<typeof indexEvents>,
  tolerance: Tolerance,
): ReadonlyMap<number, IndexedEvent> => {
  const left = placed.filter(({ place, step }) => step.expectation === "due" && !strong.has(place));
  const spokenFor = new Set(candidates.map(({ event }) => event.place));
  const { silent, actors } = silentEvents(lookUp, typesOf(left), spokenFor);
  const byActor = new Map<string, Placed[]>();
  for (const [group, actor] of known.entries()) {
    const own = left.filter((one) => one.group === group);
    const who = actor ?? (own.length === 0 ? undefined : likeliestActor(own, actors, silent, tolerance));
    if (who !== undefined) byActor.set(who, [...(byActor.get(who) ?? []), ...own]);
  }
  return new Map([...byActor].flatMap(([actor, steps]) => [...pairSilent(steps, actor, silent, tolerance)]));
};
