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
import { actorKey, type IndexedEvent, indexEvents } from "./event-index.js";
import { contextFacts } from "./evidence.js";
import { type Candidate, type PlacedStep, strongCandidates, strongPairs } from "./strong-pairs.js";
import type { MatchEvidence, MatchStrength } from "./verification.js";
import { weakPairs } from "./weak-pairs.js";

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
