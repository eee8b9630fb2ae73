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

export interface Candidate {
  /** Place of the step. */
  readonly step: number;
  readonly event: IndexedEvent;
  readonly evidence: Exclude<MatchEvidence, "type-time-actor">;
  /** Seconds from the call's end to the event. */
  readonly distance: number;
}

const inWindow = ({ from, to }: TimedStep, { at }: IndexedEvent, tolerance: Tolerance): boolean =>
  at >= from - tolerance.beforeMs && at <= to + tolerance.afterMs;

const identityOf = ({ audited: { rule, renamedFrom, ruleId } }: TimedStep): RuleIdentity => ({
  names: [rule, renamedFrom].filter((name) => name !== undefined),
  ...(ruleId === undefined ? {} : { id: ruleId }),
});

/** Events that may name the rule. */
function* naming(rule: RuleIdentity, events: EventsOfType): Generator<IndexedEvent> {
  if (rule.id !== undefined) yield* events.byId.get(String(rule.id)) ?? [];
  for (const name of rule.names) yield* events.byText.get(name) ?? [];
  yield* events.talking;
}

/** The pairs that could be of one step. */
export const strongCandidates = (
  step: TimedStep,
  place: number,
  events: EventsOfType,
  tolerance: Tolerance,
): readonly Candidate[] => {
  const found = new Map<number, Candidate>();
  const take = (event: IndexedEvent, evidence: Candidate["evidence"]): void => {
    found.set(event.place, { step: place, event, evidence, distance: (event.at - step.to) / 1000 });
  };
  const { action } = step.audited;
  if (action === "enable" || action === "disable") {
    for (const event of events.all)
      if (inWindow(step, event, tolerance) && contextFacts(event.event).enabled === (action === "enable"))
        take(event, "switch-position");
    return [...found.values()];
  }
  const rule = identityOf(step);
  for (const event of naming(rule, events)) {
    if (found.has(event.place) || !inWindow(step, event, tolerance)) continue;
    const evidence = ruleEvidence(event.event, rule);
    if (evidence === "id") take(event, "rule-id");
    else if (evidence === "name") take(event, "rule-name");
  }
  return [...found.values()];
};

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
