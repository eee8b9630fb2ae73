/**
 * Steps with the events that name them. One rule may have several steps and several events, and somebody else's
 * among them: of all ways to pair them the best is taken, by number first, then ids before names, the receipt's own
 * actor, and the order in time.
 */
import { bestAssignment, type Edge } from "./assignment.js";
import type { TimedStep, Tolerance } from "./audited-steps.js";
import { actorKey, type EventsOfType, type IndexedEvent } from "./event-index.js";
import { contextFacts, type RuleIdentity, ruleEvidence } from "./evidence.js";
import type { MatchEvidence } from "./verification.js";
import { type OpenStep, weakPairs } from "./weak-pairs.js";

export interface Candidate {
  /** Place of the step. */
  readonly step: number;
  readonly event: IndexedEvent;
  readonly evidence: Exclude<MatchEvidence, "type-time-actor">;
  /** Seconds from the call's end to the event. */
  readonly distance: number;
}

/** A step by its place among all steps. */
export interface PlacedStep {
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
