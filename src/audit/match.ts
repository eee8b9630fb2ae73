/**
 * Pairs steps with events, by one plain pass. An event may prove a step when its type is the step's and its time lies
 * within the call, give or take a tolerance. Then:
 *
 * - *strong*: its context names the step's rule by id or by name, or says enforcement's new position;
 * - *weak*: its context names no rule at all, and its actor is the one who made the receipt's other events;
 * - none: its context names another rule, or the opposite position.
 *
 * The steps of one rule and type are paired together, in order of time: events with the rule's id first, then those
 * with its name, the receipt's own actor before others; where giving up that order pairs more steps, it is given up.
 * Each event proves at most one step. What an event holds is not published, so nothing finer is built on it: which of
 * two events of one rule, minutes apart, belongs to which of its steps is an order of time, and no more.
 */

import { present } from "../model/present.js";
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

export interface Match {
  readonly event: AuditEvent;
  readonly strength: MatchStrength;
  readonly evidence: MatchEvidence;
}

/** The steps of one receipt: they have one actor. */
type StepGroup = readonly TimedStep[];

/** A step by its place among all steps, with the receipt that it is of and the times that its event may have. */
interface PlacedStep {
  readonly place: number;
  readonly receipt: number;
  readonly step: TimedStep;
  /** Milliseconds since 1970: without the tolerance before the call, but for the part of a second that `Date` lacks. */
  readonly from: number;
  /** With it. */
  readonly earliest: number;
  readonly latest: number;
}

/** By the place of the step. */
type Pairs = ReadonlyMap<number, IndexedEvent>;

const dateResolutionMs = 1_000;

/**
 * Each event, in order of time, is given to the open step that closes first: as many pairs as there can be
 * (Glover 1967). `events` in order of time.
 */
export const pairInTime = (
  steps: readonly Pick<PlacedStep, "place" | "earliest" | "latest">[],
  events: readonly IndexedEvent[],
): Pairs => {
  const open = [...steps].sort((a, b) => a.latest - b.latest || a.place - b.place);
  const pairs = new Map<number, IndexedEvent>();
  for (const event of events) {
    const index = open.findIndex(({ earliest, latest }) => earliest <= event.at && event.at <= latest);
    const step = open[index];
    if (step === undefined) continue;
    pairs.set(step.place, event);
    open.splice(index, 1);
  }
  return pairs;
};

/** List after list, each with the steps and events that are left: first the events since the call, then the early ones. */
const pairInTurn = (steps: readonly PlacedStep[], lists: readonly (readonly IndexedEvent[])[]): Pairs => {
  const pairs = new Map<number, IndexedEvent>();
  const used = new Set<number>();
  const add = (list: readonly IndexedEvent[], early: boolean): void => {
    const left = steps
      .filter(({ place }) => !pairs.has(place))
      .map((step) => (early ? step : { ...step, earliest: step.from }));
    const free = list.filter(({ place }) => !used.has(place));
    for (const [place, event] of pairInTime(left, free)) {
      pairs.set(place, event);
      used.add(event.place);
    }
  };
  for (const early of [false, true]) for (const list of lists) add(list, early);
  return pairs;
};

/** In turn, unless taking all lists as one pairs more steps. */
const pairMost = (steps: readonly PlacedStep[], lists: readonly (readonly IndexedEvent[])[]): Pairs => {
  const inTurn = pairInTurn(steps, lists);
  if (inTurn.size === steps.length) return inTurn;
  const atOnce = pairInTime(
    steps,
    lists.flat().sort((a, b) => a.place - b.place),
  );
  return atOnce.size > inTurn.size ? atOnce : inTurn;
};

interface Naming {
  readonly event: IndexedEvent;
  readonly evidence: Exclude<MatchEvidence, "type-time-actor">;
}

/** Steps that the same events name, and those events, in order of time. */
interface NamedSteps {
  readonly steps: readonly PlacedStep[];
  readonly naming: readonly Naming[];
}

const isToggle = ({ audited }: TimedStep): boolean => audited.eventType === ipRestrictionTypes.toggled;

const groupBy = <K, T>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> => {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};

/** Steps of one type and rule (of one position, for enforcement) together. */
const bySubject = (steps: readonly PlacedStep[]): readonly (readonly PlacedStep[])[] => [
  ...groupBy(steps, ({ step }) => {
    const { eventType, action, rule, ruleId } = step.audited;
    return JSON.stringify([eventType, isToggle(step) ? action : (ruleId ?? rule)]);
  }).values(),
];

const namesOf = ({ audited: { rule, renamedFrom } }: TimedStep): readonly string[] =>
  [rule, renamedFrom].filter((name) => name !== undefined);

const namingOf = (steps: readonly PlacedStep[], events: EventsOfType): readonly Naming[] => {
  const [first] = steps;
  if (first === undefined) return [];
  const { action, ruleId } = first.step.audited;
  if (isToggle(first.step))
    return events.all
      .filter(({ event }) => contextFacts(event).enabled === (action === "enable"))
      .map((event) => ({ event, evidence: "switch-position" }));
  const names = [...new Set(steps.flatMap(({ step }) => namesOf(step)))];
  const identity: RuleIdentity = { names, ...present({ id: ruleId }) };
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

/** How well an actor's events fit a receipt: for how many of its steps there is one, and how far off these are. */
interface Fit {
  readonly steps: number;
  readonly distance: number;
}

/** The one whose events fit the most steps, the nearest in time; undefined where no event fits. */
const likeliestActor = (
  steps: readonly PlacedStep[],
  eventsFor: (step: PlacedStep) => readonly IndexedEvent[],
): string | undefined => {
  const fits = new Map<string, Fit>();
  for (const step of steps) {
    const nearest = new Map<string, number>();
    for (const { event, at } of eventsFor(step)) {
      if (at < step.earliest || at > step.latest) continue;
      const actor = actorKey(event);
      nearest.set(
        actor,
        Math.min(nearest.get(actor) ?? Number.POSITIVE_INFINITY, Math.abs(at - step.step.to)),
      );
    }
    for (const [actor, distance] of nearest) {
      const before = fits.get(actor) ?? { steps: 0, distance: 0 };
      fits.set(actor, { steps: before.steps + 1, distance: before.distance + distance });
    }
  }
  return [...fits].sort(([, a], [, b]) => b.steps - a.steps || a.distance - b.distance)[0]?.[0];
};

/** Strong pairs of one rule's steps: by id, then by name, one's own actor first. */
const pairNamed = (
  { steps, naming }: NamedSteps,
  actors: readonly (string | undefined)[],
  used: ReadonlySet<number>,
): ReadonlyMap<number, Naming> => {
  const free = naming.filter(({ event }) => !used.has(event.place));
  const own = new Set(steps.map(({ receipt }) => actors[receipt]));
  const isOwn = ({ event }: Naming) => own.has(actorKey(event.event));
  const byName = ({ evidence }: Naming) => evidence === "rule-name";
  const lists = [
    free.filter((one) => isOwn(one) && !byName(one)),
    free.filter((one) => isOwn(one) && byName(one)),
    free.filter((one) => !isOwn(one) && !byName(one)),
    free.filter((one) => !isOwn(one) && byName(one)),
  ].map((list) => list.map(({ event }) => event));
  const evidence = new Map(free.map((one) => [one.event.place, one]));
  return new Map(
    [...pairMost(steps, lists)].flatMap(([place, event]) => {
      const found = evidence.get(event.place);
      return found === undefined ? [] : [[place, found] as const];
    }),
  );
};

/** Of one type: they name no rule and say no position, and no step is named by them. */
const silentAmong = ({ all, nameless }: EventsOfType, type: string, spoken: ReadonlySet<number>) =>
  // What a toggle names is the rule set, never a rule.
  (type === ipRestrictionTypes.toggled ? all : nameless).filter(
    ({ place, event }) => !spoken.has(place) && contextFacts(event).enabled === undefined,
  );

/** What is due and has no strong pair, with silent events of its receipt's actor. */
const pairSilent = (
  steps: readonly PlacedStep[],
  actors: readonly (string | undefined)[],
  silentOf: (type: string) => readonly IndexedEvent[],
): Pairs => {
  const actorOf = new Map<number, string>();
  for (const [receipt, own] of groupBy(steps, (one) => one.receipt)) {
    const actor = actors[receipt] ?? likeliestActor(own, ({ step }) => silentOf(step.audited.eventType));
    if (actor !== undefined) actorOf.set(receipt, actor);
  }
  // Receipts of one actor share its events.
  const sides = groupBy(steps, ({ receipt, step }) =>
    JSON.stringify([step.audited.eventType, actorOf.get(receipt)]),
  );
  return new Map(
    [...sides.values()].flatMap((side) => {
      const [first] = side;
      const actor = first && actorOf.get(first.receipt);
      if (first === undefined || actor === undefined) return [];
      const events = silentOf(first.step.audited.eventType).filter(({ event }) => actorKey(event) === actor);
      return [...pairMost(side, [events])];
    }),
  );
};

interface Found {
  readonly actors: readonly (string | undefined)[];
  readonly strong: Map<number, Naming>;
  readonly weak: Map<number, IndexedEvent>;
  readonly silentOf: (type: string) => readonly IndexedEvent[];
}

/**
 * Where a step of a rule has no event: an event that names the rule may have been given to an earlier step, whose own
 * event is silent. Both kinds are then taken as one, if that pairs more steps.
 */
const pairTogether = ({ steps, naming }: NamedSteps, { actors, strong, weak, silentOf }: Found): void => {
  const due = steps.filter(({ step }) => step.expectation === "due");
  const eventAt = (place: number) => strong.get(place)?.event ?? weak.get(place);
  const paired = due.flatMap(({ place }) => eventAt(place) ?? []);
  const [first] = due;
  if (first === undefined || paired.length === due.length) return;
  const taken = new Set([
    ...[...strong.values()].map(({ event }) => event.place),
    ...[...weak.values()].map(({ place }) => place),
  ]);
  const own = new Set(due.map(({ receipt }) => actors[receipt]));
  const free = silentOf(first.step.audited.eventType).filter(
    ({ place, event }) => !taken.has(place) && own.has(actorKey(event)),
  );
  const again = pairInTime(
    due,
    [...paired, ...free].sort((a, b) => a.place - b.place),
  );
  if (again.size <= paired.length) return;
  const named = new Map(naming.map((one) => [one.event.place, one]));
  for (const { place } of due) {
    strong.delete(place);
    weak.delete(place);
    const event = again.get(place);
    const one = event && named.get(event.place);
    if (one !== undefined) strong.set(place, one);
    else if (event !== undefined) weak.set(place, event);
  }
};

const placedSteps = (groups: readonly StepGroup[], { beforeMs, afterMs }: Tolerance): readonly PlacedStep[] =>
  groups
    .flatMap((group, receipt) => group.map((step) => ({ step, receipt })))
    .map(({ step, receipt }, place) => ({
      place,
      receipt,
      step,
      from: step.from - Math.min(beforeMs, dateResolutionMs),
      earliest: step.from - beforeMs,
      latest: step.to + afterMs,
    }));

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
  const placed = placedSteps(groups, tolerance);
  const subjects = bySubject(placed.filter(({ step }) => step.expectation !== "not-due")).map(
    (steps): NamedSteps => ({
      steps,
      naming: namingOf(steps, lookUp(steps[0]?.step.audited.eventType ?? "")),
    }),
  );
  const namingStep = new Map(
    subjects.flatMap(({ steps, naming }) => {
      const list = naming.map(({ event }) => event);
      return steps.map(({ place }) => [place, list] as const);
    }),
  );
  const actors = groups.map((_, receipt) =>
    likeliestActor(
      placed.filter((one) => one.receipt === receipt),
      ({ place }) => namingStep.get(place) ?? [],
    ),
  );
  const strong = new Map<number, Naming>();
  const used = new Set<number>();
  for (const subject of subjects)
    for (const [place, one] of pairNamed(subject, actors, used)) {
      strong.set(place, one);
      used.add(one.event.place);
    }
  const spoken = new Set(subjects.flatMap(({ naming }) => naming.map(({ event }) => event.place)));
  const silent = new Map<string, readonly IndexedEvent[]>();
  const silentOf = (type: string): readonly IndexedEvent[] => {
    const known = silent.get(type) ?? silentAmong(lookUp(type), type, spoken);
    silent.set(type, known);
    return known;
  };
  const left = placed.filter(({ place, step }) => step.expectation === "due" && !strong.has(place));
  const weak = new Map(pairSilent(left, actors, silentOf));
  for (const subject of subjects) pairTogether(subject, { actors, strong, weak, silentOf });
  const matchAt = (place: number): Match | undefined => {
    const [byName, byTime] = [strong.get(place), weak.get(place)];
    if (byName !== undefined)
      return { event: byName.event.event, strength: "strong", evidence: byName.evidence };
    return byTime && { event: byTime.event, strength: "weak", evidence: "type-time-actor" };
  };
  let place = 0;
  return groups.map((group) => group.map(() => matchAt(place++)));
};
