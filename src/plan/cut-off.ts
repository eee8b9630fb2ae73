/**
 * The traffic on record as a part of a plan: who would be cut off, in numbers, and the guard that limits it. A plan goes
 * into comments, files and artifacts, so that it holds no name, id or address of anybody: `person 3` and counts.
 */
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { Guards } from "../policy/policy.js";
import { isEnforced } from "./access-change.js";
import {
  type ActorKind,
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

export interface PlanReplay {
  readonly window: TrafficWindow;
  readonly events: { readonly read: number; readonly withoutAddress: number };
  /** False: enforcement is off afterwards, and this is what it would mean. */
  readonly effective: boolean;
  readonly counts: Readonly<Record<ReplayOutcome, number>>;
  /** Who is cut off, then who loses a part. */
  readonly losers: readonly PlanLoser[];
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
      lastSeen: new Date(lastSeen).toISOString().slice(0, 10),
    },
  ];
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
 * What the guard finds. A log that could not be read, or was not, refuses: it does not mean that nobody is cut off.
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
  if (labels.length <= limit) return [];
  const facts = { count: labels.length, who: namesOf(labels), limit, since: found.window.since.slice(0, 10) };
  return [found.effective ? diagnostic("max-cut-off", facts) : diagnostic("max-cut-off-once-enabled", facts)];
};
