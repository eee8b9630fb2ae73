/**
 * The traffic on record as a part of a plan: who would be cut off, in numbers, and the guard that limits it. A plan goes
 * into comments, files and artifacts, so that it holds no name, id or address of anybody: `person 3` and counts.
 */

import { type Diagnostic, diagnostic, withSeverity } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { utcDay } from "../model/time.js";
import type { Guards } from "../policy/policy.js";
import { accessOf, isEnforced } from "./access-change.js";
import {
  type ActorKind,
  Labels,
  type Replay,
  type ReplayOutcome,
  replay,
  replayOutcomes,
  type Traffic,
  type TrafficWindow,
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

/** Somebody whose address could not be read, by a number, where the plan takes access from anybody at all. */
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

const loserOf = (actor: Replay["actors"][number]): PlanLoser[] => {
  const { label, kind, outcome, addresses, events, lastSeen } = actor;
  if (outcome !== "cut_off" && outcome !== "partly") return [];
  const lost = addresses.filter(({ before, after }) => before === "allowed" && after === "blocked").length;
  return [
    {
      label,
      kind,
      outcome,
      addresses: addresses.length,
      lost,
      events,
      lastSeen: utcDay(lastSeen),
    },
  ];
};

/** Numbered after those whose addresses are known. Whoever is not subject to the rules, or loses nothing, is not here. */
const unreadableOf = (
  { actors, serviceTokensSubject }: Replay,
  traffic: Traffic,
  before: AccountState,
  after: AccountState,
): PlanUnreadable[] => {
  if (accessOf(before).allowed().intersect(accessOf(after, "assumed").blocked()).isEmpty()) return [];
  const labels = new Labels();
  for (const { kind } of actors) labels.next(kind);
  return traffic.unreadable.flatMap(({ kind, events, lastSeen }) => {
    const one = { label: labels.next(kind), kind, events, lastSeen: utcDay(lastSeen) };
    return kind === "service_token" && serviceTokensSubject === false ? [] : [one];
  });
};

export const planReplay = (
  traffic: Traffic,
  before: AccountState,
  after: AccountState,
  serviceTokensSubject: boolean | undefined,
): PlanReplay => {
  const found = replay(traffic, { before, after, serviceTokensSubject });
  const count = (outcome: ReplayOutcome): number =>
    found.actors.filter((actor) => actor.outcome === outcome).length;
  const counts = Object.fromEntries(replayOutcomes.map((outcome) => [outcome, count(outcome)]));
  return {
    window: found.window,
    events: { read: found.events.read, withoutAddress: found.events.withoutAddress },
    effective: isEnforced(after),
    // One entry for each outcome, by the line above.
    counts: counts as PlanReplay["counts"],
    losers: found.actors.flatMap(loserOf),
    unreadable: unreadableOf(found, traffic, before, after),
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
 * What the guard finds. An address that could not be read may be one that is lost, so that it refuses too. A log that could not be read, or was not, refuses: it does not mean that nobody is cut off.
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
  const unknown = diagnostic("cut-off-unknown", { who: namesOf(unreadable), count: unreadable.length });
  return [
    ...(labels.length <= limit
      ? []
      : [found.effective ? diagnostic("max-cut-off", facts) : diagnostic("max-cut-off-once-enabled", facts)]),
    ...(mayExceed ? [found.effective ? unknown : withSeverity(unknown, "warning")] : []),
  ];
};
