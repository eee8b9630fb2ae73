/**
 * Is every step of an apply in the audit log? The verdict, drawn from matched events. Pure.
 * Promises: an event proves at most one step, and never one that the log says was made in the UI, since this tool
 * calls the API; what could not be read is never called confirmed.
 */
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import type { Receipt } from "../model/receipt.js";
import {
  defaultTolerance,
  stepsByOwnClock,
  type TimedStep,
  type Tolerance,
  timedSteps,
} from "./audited-steps.js";
import { ipRestrictionTypes, isIpRestrictionType } from "./catalogue.js";
import type { AuditEvent } from "./event.js";
import { actorKey, contextFacts, inOrder } from "./evidence.js";
import { type Match, matchSteps } from "./match.js";
import type {
  AuditVerdict,
  AuditVerification,
  ForeignEvent,
  ReceiptVerification,
  StepVerification,
} from "./verification.js";

/** A step, and the event that was found for it. */
interface PairedStep {
  readonly step: TimedStep;
  readonly event: AuditEvent | undefined;
}

/**
 * Turns of enforcement that a run made without meaning to. Every write of a rule has to repeat the position of
 * enforcement as last read (docs/service.md, "The rule set"). Who changes it between that reading and the write is overruled,
 * and neither the answer nor the next reading shows it: both are as before. Only the log tells, by a `toggled` event
 * of the run's own actor that is none of its steps.
 *
 * Among events of no step. An event counts from the run's start to its last call, or to the last event that was
 * found for it, whichever is later: a write's own events come together, however late. Of a step whose outcome nobody
 * knew, one event that tells no position is taken for its own.
 */
const enforcementFlips = (
  foreign: readonly ForeignEvent[],
  runs: readonly (readonly PairedStep[])[],
  { beforeMs }: Tolerance,
): readonly AuditEvent[] => {
  const times = runs.map((run) => timesOf(run, beforeMs));
  let open = runs.flat().filter(isOpenSwitch).length;
  return foreign
    .filter(({ event, sameActor }) => {
      const at = Date.parse(event.at);
      return (
        event.type === ipRestrictionTypes.toggled &&
        sameActor &&
        event.source !== "ui" &&
        times.some(({ from, to }) => at >= from && at <= to)
      );
    })
    .map(({ event }) => event)
    .filter((event) => {
      if (contextFacts(event).enabled !== undefined || open === 0) return true;
      open -= 1;
      return false;
    });
};

const timesOf = (run: readonly PairedStep[], slackMs: number): { from: number; to: number } => {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { step, event } of run) {
    if (step.expectation === "not-due" && event === undefined) continue;
    from = Math.min(from, step.from);
    to = Math.max(to, step.to, event === undefined ? step.to : Date.parse(event.at));
  }
  return { from: from - slackMs, to: to + slackMs };
};

/** A step of enforcement that may have an event, and has none. */
const isOpenSwitch = ({ step: { audited, expectation }, event }: PairedStep): boolean =>
  (audited.action === "enable" || audited.action === "disable") &&
  event === undefined &&
  expectation === "possible";

/** What to say of one, with what sets it right. */
const flipProblem = (event: AuditEvent): Diagnostic => {
  const { enabled } = contextFacts(event);
  return diagnostic("enforcement-flipped", { by: "log", at: event.at, enabled });
};

/** A receipt and the file that it came from, as the user named it. */
export interface NamedReceipt {
  readonly file: string;
  readonly receipt: Receipt;
}

export interface VerifyOptions {
  /** Default: `defaultTolerance`. */
  readonly tolerance?: Tolerance;
  /** How far the server's clock is ahead of this machine's, for receipts without an answer that tells it. */
  readonly aheadMs?: number;
  readonly waitedMs?: number;
  readonly diagnostics?: readonly Diagnostic[];
  /** Set where the log could not be read: nothing is confirmed then, whatever `events` holds. */
  readonly unreadable?: boolean;
  /** Milliseconds since 1970: the log may hold nothing older, so older steps without an event are `unchecked`. */
  readonly keptSince?: number;
}

/** A stretch of the log, in milliseconds since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Merged where they overlap, oldest first. */
const stretchesOf = (
  groups: readonly (readonly TimedStep[])[],
  { tolerance = defaultTolerance }: VerifyOptions,
): readonly Stretch[] => {
  const own = groups
    .map((steps) => steps.filter(({ expectation }) => expectation !== "not-due"))
    .filter((steps) => steps.length > 0)
    .map((steps) => ({
      from: Math.min(...steps.map(({ from }) => from)) - tolerance.beforeMs,
      to: Math.max(...steps.map(({ to }) => to)) + tolerance.afterMs,
    }))
    .sort((a, b) => a.from - b.from);
  const merged: Stretch[] = [];
  for (const stretch of own) {
    const last = merged.at(-1);
    if (last !== undefined && stretch.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, stretch.to) };
    else merged.push(stretch);
  }
  return merged;
};

/** The stretches of the log to read for the receipts, by either clock. */
export const neededStretches = (
  receipts: readonly NamedReceipt[],
  options: VerifyOptions = {},
): readonly Stretch[] =>
  stretchesOf(
    receipts.flatMap(({ receipt }) => [
      timedSteps(receipt, options.aheadMs ?? 0),
      stepsByOwnClock(receipt) ?? [],
    ]),
    options,
  );

type Matches = readonly (Match | undefined)[];

const lacking = (steps: readonly TimedStep[], matches: Matches): number =>
  steps.filter(({ expectation }, index) => expectation === "due" && matches[index] === undefined).length;

/**
 * Each receipt's steps by the clock under which the log holds more of them, the server's where both do; and their
 * events.
 */
const timedAndMatched = (
  receipts: readonly NamedReceipt[],
  events: readonly AuditEvent[],
  { aheadMs = 0, tolerance = defaultTolerance }: VerifyOptions,
): { readonly groups: readonly (readonly TimedStep[])[]; readonly matches: readonly Matches[] } => {
  const byServer = receipts.map(({ receipt }) => timedSteps(receipt, aheadMs));
  const matches = matchSteps(byServer, events, tolerance);
  const lacks = byServer.map((steps, index) => lacking(steps, matches[index] ?? []));
  const others = receipts.map(({ receipt }, index) =>
    lacks[index] === 0 ? undefined : stepsByOwnClock(receipt),
  );
  if (others.every((steps) => steps === undefined)) return { groups: byServer, matches };
  const tried = byServer.map((steps, index) => others[index] ?? steps);
  const found = matchSteps(tried, events, tolerance);
  const groups = byServer.map((steps, index) => {
    const other = others[index];
    return other !== undefined && lacking(other, found[index] ?? []) < (lacks[index] ?? 0) ? other : steps;
  });
  return { groups, matches: matchSteps(groups, events, tolerance) };
};

const verdictOf = (steps: readonly StepVerification[]): AuditVerdict => {
  if (steps.some(({ kind }) => kind === "unchecked")) return "could-not-check";
  return steps.some(({ kind }) => kind === "missing") ? "missing" : "confirmed";
};

const stepVerification = (
  step: TimedStep,
  match: Match | undefined,
  options: VerifyOptions,
): StepVerification => {
  const { audited, expectation } = step;
  if (match !== undefined)
    return {
      kind: "recorded",
      step: audited,
      event: match.event,
      strength: match.strength,
      evidence: match.evidence,
    };
  if (expectation !== "due") return { kind: "not-due", step: audited };
  const silent = options.unreadable === true || step.to < (options.keptSince ?? Number.NEGATIVE_INFINITY);
  return { kind: silent ? "unchecked" : "missing", step: audited };
};

const worst = (verdicts: readonly AuditVerdict[]): AuditVerdict =>
  verdicts.find((verdict) => verdict === "could-not-check") ??
  verdicts.find((verdict) => verdict === "missing") ??
  "confirmed";

const foreignAmong = (
  events: readonly AuditEvent[],
  stretches: readonly Stretch[],
  recorded: readonly AuditEvent[],
): ForeignEvent[] => {
  const own = new Set(recorded.map(({ id }) => id));
  const actors = new Set(recorded.map(actorKey));
  return inOrder(events)
    .filter(({ id, type, at }) => {
      const time = Date.parse(at);
      return (
        isIpRestrictionType(type) &&
        !own.has(id) &&
        stretches.some(({ from, to }) => time >= from && time <= to)
      );
    })
    .map((event) => ({ event, sameActor: actors.has(actorKey(event)) }));
};

const actorsDiffer = ({ file, steps }: ReceiptVerification): Diagnostic[] => {
  const actors = new Set(steps.flatMap((step) => (step.kind === "recorded" ? [actorKey(step.event)] : [])));
  if (actors.size < 2) return [];
  return [diagnostic("audit-several-actors", { file, actors: actors.size })];
};

/**
 * Several receipts against one list of events (any order, repeats allowed): every event proves one step at most,
 * over all of them. Never throws.
 */
export const verifyReceipts = (
  receipts: readonly NamedReceipt[],
  events: readonly AuditEvent[],
  options: VerifyOptions = {},
): AuditVerification => {
  const unreadable = options.unreadable === true;
  const ours = unreadable ? [] : events.filter(({ source }) => source !== "ui");
  const { groups, matches } = timedAndMatched(receipts, ours, options);
  const verified = receipts.map(({ file, receipt }, index): ReceiptVerification => {
    const steps = (groups[index] ?? []).map((step, at) =>
      stepVerification(step, matches[index]?.[at], options),
    );
    const { account, startedAt } = receipt.header;
    return { file, account, startedAt, verdict: verdictOf(steps), steps };
  });
  const steps = verified.flatMap((one) => one.steps);
  const recorded = steps.flatMap((step) => (step.kind === "recorded" ? [step] : []));
  const stretches = stretchesOf(groups, options);
  const foreign = unreadable
    ? []
    : foreignAmong(
        events,
        stretches,
        recorded.map(({ event }) => event),
      );
  const paired = groups.map((group, index) =>
    group.map((step, at) => ({ step, event: matches[index]?.[at]?.event })),
  );
  const flips = enforcementFlips(foreign, paired, options.tolerance ?? defaultTolerance);
  const [first, last] = [stretches[0], stretches.at(-1)];
  return {
    verdict: flips.length > 0 ? "enforcement-flipped" : worst(verified.map(({ verdict }) => verdict)),
    receipts: verified,
    foreign,
    flips,
    ...(first === undefined || last === undefined
      ? {}
      : { window: { since: new Date(first.from).toISOString(), until: new Date(last.to).toISOString() } }),
    counts: {
      due: steps.filter(({ kind }) => kind !== "not-due").length,
      strong: recorded.filter(({ strength }) => strength === "strong").length,
      weak: recorded.filter(({ strength }) => strength === "weak").length,
      missing: steps.filter(({ kind }) => kind === "missing").length,
      foreign: foreign.length,
    },
    waitedMs: options.waitedMs ?? 0,
    diagnostics: [
      ...flips.map(flipProblem),
      ...(options.diagnostics ?? []),
      ...verified.flatMap(actorsDiffer),
    ],
  };
};
