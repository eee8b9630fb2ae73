/**
 * The traffic on record as a part of a plan: who would be cut off, in numbers, and the guard that limits it. A plan goes
 * into comments, files and artifacts, so that it holds no name, id or address of anybody: `person 3` and counts.
 */

import { type Diagnostic, diagnostic, withSeverity } from "../model/diagnostic.js";
import { utcDay } from "../model/time.js";
import type { Guards } from "../policy/policy.js";
import { accessOf, isEnforced } from "./access-change.js";
import {
  type ActorKind,
  actorsWith,
  Labels,
  type Replay,
  type ReplayedActor,
  type ReplayOutcome,
  type ReplayStates,
  replay,
  replayOutcomes,
  type Traffic,
  type TrafficWindow,
  type UnreadableActor,
} from "./replay.js";

/** What reading the log came to. `reason`: why it could not be read, or not as a whole; one sentence. */
export type TrafficEvidence =
  | { readonly kind: "read"; readonly traffic: Traffic }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Somebody who loses access, by a number. */
export interface PlanLoser {
  readonly label: string;
  readonly kind: ActorKind;
  readonly outcome: "cut_off" | "partly";
  /** How many addresses on record, and how many of them are lost. */
  readonly addresses: number;
  readonly lost: number;
  readonly events: number;
  /** UTC date. */
  readonly lastSeen: string;
}

/** Somebody without an address on record that can be read, by a number, where the plan takes access from anybody at all. */
interface PlanUnreadable {
  readonly label: string;
  readonly kind: ActorKind;
  readonly events: number;
  /** UTC date. */
  readonly lastSeen: string;
}

export interface PlanReplay {
  readonly window: TrafficWindow;
  readonly events: { readonly read: number; readonly withoutAddress: number };
  /** False: enforcement is off afterwards, and this is what it would mean. */
  readonly effective: boolean;
  readonly counts: Readonly<Record<ReplayOutcome, number>>;
  /** Who is cut off, then who loses a part. */
  readonly losers: readonly PlanLoser[];
  /** Of whom nobody can tell. */
  readonly unreadable: readonly PlanUnreadable[];
}

const loserOf = ({ label, kind, outcome, addresses, events, lastSeen }: Loser): PlanLoser => ({
  label,
  kind,
  outcome,
  addresses: addresses.length,
  lost: addresses.filter(({ before, after }) => before === "allowed" && after === "blocked").length,
  events,
  lastSeen: utcDay(lastSeen),
});

type Loser = ReplayedActor & { readonly outcome: PlanLoser["outcome"] };

const isLoser = (actor: ReplayedActor): actor is Loser =>
  actor.outcome === "cut_off" || actor.outcome === "partly";

/** Whom the numbers of a plan stand for. Their names are no part of it: they are shown where somebody asks for them. */
export interface PlanPeople {
  readonly losers: readonly Loser[];
  readonly unreadable: readonly (UnreadableActor & { readonly label: string })[];
}

/** Numbered after those whose addresses are known. Whoever is not subject to the rules, or loses nothing, is not here. */
const unreadableIn = (
  { actors, serviceTokensSubject }: Replay,
  { unreadable }: Traffic,
  { before, after }: ReplayStates,
): PlanPeople["unreadable"] => {
  if (accessOf(before).allowed().intersect(accessOf(after, "assumed").blocked()).isEmpty()) return [];
  const labels = new Labels();
  for (const { kind } of actors) labels.next(kind);
  return unreadable
    .map((actor) => ({ ...actor, label: labels.next(actor.kind) }))
    .filter(({ kind }) => kind !== "service_token" || serviceTokensSubject !== false);
};

const peopleIn = (found: Replay, traffic: Traffic, states: ReplayStates): PlanPeople => ({
  losers: found.actors.filter(isLoser),
  unreadable: unreadableIn(found, traffic, states),
});

export const planPeople = (traffic: Traffic, states: ReplayStates): PlanPeople =>
  peopleIn(replay(traffic, states), traffic, states);

export const planReplay = (traffic: Traffic, states: ReplayStates): PlanReplay => {
  const found = replay(traffic, states);
  const { losers, unreadable } = peopleIn(found, traffic, states);
  const counts = Object.fromEntries(
    replayOutcomes.map((outcome) => [outcome, actorsWith(found, outcome).length]),
  );
  return {
    window: found.window,
    events: { read: found.events.read, withoutAddress: found.events.withoutAddress },
    effective: isEnforced(states.after),
    // One entry for each outcome, by the line above.
    counts: counts as PlanReplay["counts"],
    losers: losers.map(loserOf),
    unreadable: unreadable.map(({ label, kind, events, lastSeen }) => ({
      label,
      kind,
      events,
      lastSeen: utcDay(lastSeen),
    })),
  };
};

const mostNamed = 20;

/** `person 1, person 2 and 3 more`. */
const namesOf = (labels: readonly string[]): string => {
  const shown = labels.slice(0, mostNamed);
  const more = labels.length - shown.length;
  const last = more > 0 ? `${more} more` : (shown.pop() ?? "");
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
};

/**
 * What the guard finds. An address that is not on record, or cannot be read, may be one that is lost, so that it refuses too. A log that could not be read, or was not, refuses: it does not mean that nobody is cut off.
 * Where nothing is changed, nobody is.
 */
export const cutOffFindings = (
  { maxCutOff: limit = 0 }: Guards,
  steps: number,
  evidence: TrafficEvidence | undefined,
  found: PlanReplay | undefined,
): Diagnostic[] => {
  if (found === undefined) {
    if (steps === 0 && evidence === undefined) return [];
    const reason = evidence?.kind === "unreadable" ? evidence.reason : "it was not read";
    return [diagnostic("cut-off-unknown", { reason })];
  }
  const labels = found.losers.filter(({ outcome }) => outcome === "cut_off").map(({ label }) => label);
  const facts = { count: labels.length, who: namesOf(labels), limit, since: found.window.since.slice(0, 10) };
  const unreadable = found.unreadable.map(({ label }) => label);
  // As many as the limit permits may be cut off, whoever they are.
  const mayExceed = unreadable.length > 0 && labels.length + unreadable.length > limit;
  const unknown = diagnostic("cut-off-unknown", { who: namesOf(unreadable) });
  return [
    ...(labels.length <= limit
      ? []
      : [found.effective ? diagnostic("max-cut-off", facts) : diagnostic("max-cut-off-once-enabled", facts)]),
    ...(mayExceed ? [found.effective ? unknown : withSeverity(unknown, "warning")] : []),
  ];
};
