/**
 * Pairs steps with events. An event may prove a step when its type is the step's and its time lies within the call,
 * give or take a tolerance. Then:
 *
 * - *strong*: its context names the step's rule by id or by name, or tells the switch's new position;
 * - *weak*: its context names no rule at all, and its actor is the one who made the receipt's other events;
 * - none: its context names another rule, or the opposite position.
 *
 * Of all ways to pair them, each event with one step at most, the one is taken that has the most strong pairs, then
 * the most pairs, then ids before names, the same actor, the API before the UI, and the order in time.
 */
import { bestAssignment, type Edge } from "./assignment.js";
import type { TimedStep } from "./audited-steps.js";
import type { AuditEvent } from "./event.js";
import { contextFacts, namesSomeRule, ruleEvidence } from "./evidence.js";
import type { MatchEvidence, MatchStrength } from "./verification.js";

export interface Match {
  readonly event: AuditEvent;
  readonly strength: MatchStrength;
  readonly evidence: MatchEvidence;
}

/** The steps of one receipt: they have one actor. */
export type StepGroup = readonly TimedStep[];

interface Candidate extends Match {
  readonly step: number;
  readonly eventIndex: number;
  /** Seconds between the call's end and the event. */
  readonly distance: number;
}

/** Who acted, as far as the log tells. */
export const actorKey = ({ actor }: AuditEvent): string =>
  actor.id !== undefined
    ? `id ${actor.id}`
    : actor.name !== undefined
      ? `name ${actor.name}`
      : `ip ${actor.ip ?? ""}`;

const evidenceFor = ({ audited }: TimedStep, event: AuditEvent): MatchEvidence | undefined => {
  if (audited.action === "enable" || audited.action === "disable") {
    const { enabled } = contextFacts(event);
    if (enabled === undefined) return "type-time-actor";
    return enabled === (audited.action === "enable") ? "switch-position" : undefined;
  }
  const names = [audited.rule, audited.renamedFrom].filter((name) => name !== undefined);
  const found = ruleEvidence(event, {
    names,
    ...(audited.ruleId === undefined ? {} : { id: audited.ruleId }),
  });
  if (found === "id") return "rule-id";
  if (found === "name") return "rule-name";
  return found === "other" || namesSomeRule(event) ? undefined : "type-time-actor";
};

/** Every pair that could be, before actors are looked at. `events` are in order of time. */
const candidatesOf = (
  steps: readonly TimedStep[],
  events: readonly AuditEvent[],
  toleranceMs: number,
): Candidate[] => {
  const byType = new Map<string, { event: AuditEvent; index: number; at: number }[]>();
  events.forEach((event, index) => {
    const entry = { event, index, at: Date.parse(event.at) };
    const list = byType.get(event.type);
    if (list === undefined) byType.set(event.type, [entry]);
    else list.push(entry);
  });
  const candidates: Candidate[] = [];
  const spokenFor = new Set<number>();
  steps.forEach((step, number) => {
    if (step.expectation === "not-due") return;
    for (const { event, index, at } of byType.get(step.audited.eventType) ?? []) {
      if (at < step.from - toleranceMs || at > step.to + toleranceMs) continue;
      const evidence = evidenceFor(step, event);
      if (evidence === undefined) continue;
      const strength = evidence === "type-time-actor" ? "weak" : "strong";
      if (strength === "strong") spokenFor.add(index);
      // A refused call may have left an event, but only one that names its rule is taken for it.
      else if (step.expectation === "possible") continue;
      const distance = (at - step.to) / 1000;
      candidates.push({ step: number, event, eventIndex: index, strength, evidence, distance });
    }
  });
  // What names one step's rule is no weak proof for another step.
  return candidates.filter(({ strength, eventIndex }) => strength === "strong" || !spokenFor.has(eventIndex));
};

const preferences = ({ evidence, event }: Candidate, actor: string | undefined): number =>
  (evidence === "rule-name" ? 0 : 4) +
  (actor === undefined || actorKey(event) === actor ? 2 : 0) +
  (event.source === "ui" ? 0 : 1);

/** Pairs as few as steps allow, so worths can be exact numbers: strong over any number of weak, and so on down. */
const pair = (
  candidates: readonly Candidate[],
  actorOf: (step: number) => string | undefined,
): Map<number, Candidate> => {
  const steps = new Set(candidates.map(({ step }) => step)).size;
  const reach = candidates.reduce((most, { distance }) => Math.max(most, Math.abs(distance)), 1) + 1;
  const timeUnit = 1 / (reach * reach * (steps + 1));
  const preferenceUnit = 1;
  const pairUnit = 8 * (steps + 1);
  const strongUnit = pairUnit * (steps + 1);
  const at = new Map<string, Candidate>();
  const edges = candidates.map((candidate): Edge => {
    at.set(`${candidate.step} ${candidate.eventIndex}`, candidate);
    // Later steps and later events of one second keep their order: squares make crossing pairs dearer.
    const lag = candidate.distance + candidate.eventIndex * 1e-6 - candidate.step * 1e-6;
    const worth =
      (candidate.strength === "strong" ? strongUnit : pairUnit) +
      preferences(candidate, actorOf(candidate.step)) * preferenceUnit -
      Math.min(1, lag * lag * timeUnit);
    return { left: candidate.step, right: candidate.eventIndex, worth };
  });
  const pairs = new Map<number, Candidate>();
  for (const [step, index] of bestAssignment(edges)) {
    const candidate = at.get(`${step} ${index}`);
    if (candidate !== undefined) pairs.set(step, candidate);
  }
  return pairs;
};

const mostFrequent = (keys: readonly string[]): string | undefined => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
};

/** The actor of a receipt without strong pairs: whoever could have made most of its steps, and then most closely in time. */
const likeliestActor = (candidates: readonly Candidate[]): string | undefined => {
  const ranked = [...new Set(candidates.map(({ event }) => actorKey(event)))].map((actor) => {
    const pairs = [
      ...pair(
        candidates.filter(({ event }) => actorKey(event) === actor),
        () => actor,
      ).values(),
    ];
    const distance = pairs.reduce((sum, one) => sum + Math.abs(one.distance), 0);
    const fromUi = pairs.filter(({ event }) => event.source === "ui").length;
    return { actor, pairs: pairs.length, fromUi, distance };
  });
  ranked.sort((a, b) => b.pairs - a.pairs || a.fromUi - b.fromUi || a.distance - b.distance);
  return ranked[0]?.actor;
};

/**
 * The pairs of several receipts' steps with one list of events, receipt by receipt and step by step (`undefined`:
 * no event). Events may come in any order and more than once.
 */
export const matchSteps = (
  groups: readonly StepGroup[],
  events: readonly AuditEvent[],
  toleranceMs: number,
): readonly (readonly (Match | undefined)[])[] => {
  const sorted = inOrder(events);
  const steps = groups.flat();
  const groupOf = groups.flatMap((group, index) => group.map(() => index));
  const candidates = candidatesOf(steps, sorted, toleranceMs);
  const first = pair(
    candidates.filter(({ strength }) => strength === "strong"),
    () => undefined,
  );
  const actors = groups.map((_, group) => {
    const strong = [...first]
      .filter(([step]) => groupOf[step] === group)
      .map(([, { event }]) => actorKey(event));
    return mostFrequent(strong) ?? likeliestActor(candidates.filter(({ step }) => groupOf[step] === group));
  });
  const actorOf = (step: number): string | undefined => actors[groupOf[step] ?? -1];
  const pairs = pair(
    candidates.filter(
      ({ strength, step, event }) => strength === "strong" || actorKey(event) === actorOf(step),
    ),
    actorOf,
  );
  let start = 0;
  return groups.map((group) => {
    const own = group.map((_, index) => pairs.get(start + index));
    start += group.length;
    return own;
  });
};

/** Each event once, by time, then by id: the same for every order that the log was read in. */
export const inOrder = (events: readonly AuditEvent[]): readonly AuditEvent[] => {
  const once = new Map(events.map((event) => [event.id, event]));
  return [...once.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.id < b.id ? -1 : 1));
};
