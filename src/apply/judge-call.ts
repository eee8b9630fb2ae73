/** What the answer to a step's call, and the account read after it, say about the step. */
import { assertNever } from "../model/assert.js";
import type { PlannedStep } from "../plan/plan.js";
import type { CallOutcome } from "./call.js";
import { lookForStep, type Sight } from "./look.js";
import { notSentStatus, type WriteOutcome } from "./ports.js";
import type { GoodReading } from "./read-account.js";
import type { StepStatus } from "./result.js";
import { type Run, type Stop, stopFailed, stopInterrupted } from "./run.js";
import { answeredNo, doneByAnother, foundLater, notMadeSure, notSent, unseen } from "./step-problems.js";
import { stopChangedAllTheSame, stopDoneAllTheSame, stopForeignChange } from "./stops.js";
import { sitOut } from "./throttle.js";

export type StepEnd =
  /** `done`: that many steps are; more than up to this one where another run of the plan has gone ahead. */
  | { readonly kind: "done"; readonly reading: GoodReading; readonly done: number }
  | { readonly kind: "stopped"; readonly stop: Stop };

/** What one try came to. `again`: it is known not to have landed, so the step may be tried once more. */
export type TryEnd =
  | StepEnd
  | { readonly kind: "again"; readonly reading: GoodReading; readonly message: string };

/** One try of a step. */
export interface Try {
  readonly run: Run;
  readonly planned: PlannedStep;
  /** From 1. */
  readonly attempt: number;
  /** How many of the earlier ones were answered with 429. */
  readonly throttled: number;
  /** An earlier try had an unknown outcome, and may have landed late. */
  readonly doubt: boolean;
}

export const stopped = (stop: Stop): StepEnd => ({ kind: "stopped", stop });

export const isNeverSent = (outcome: CallOutcome): boolean =>
  outcome.kind === "unknown" && outcome.neverSent === true;

export const judgeCall = async (one: Try, outcome: CallOutcome): Promise<TryEnd> => {
  switch (outcome.kind) {
    case "applied":
      return judgeApplied(one, outcome);
    case "unknown":
      return judgeUnknown(one, outcome);
    case "throttled":
      return judgeThrottled(one, outcome);
    case "refused":
    case "partial":
      return judgeRefused(one, outcome);
    case "abandoned":
      await settle(one, "unknown", {
        message: "stopped while the call was in flight, before its answer came",
      });
      return stopped(stopInterrupted());
    default:
      return assertNever(outcome);
  }
};

type Details = { ruleId?: number; serverAt?: string; message?: string; unchanged?: boolean };

export const settle = (one: Try, status: Exclude<StepStatus, "not-begun">, details: Details) =>
  one.run.finishStep(one.planned, status, { attempts: one.attempt, ...details });

/** Ends a step that the account shows to be done, whatever its answer was. */
const finishShown = async (
  one: Try,
  status: "applied" | "already-done",
  { reading, done }: Extract<Sight, { kind: "landed" }>,
  details: Details,
): Promise<StepEnd> => {
  const problems = await settle(one, status, details);
  if (problems.length > 0) return stopped({ ...stopFailed(problems), actual: reading.state });
  return { kind: "done", reading, done };
};

const answered = (outcome: { serverAt?: string; rule?: { id: number } }): Details => ({
  ...(outcome.rule === undefined ? {} : { ruleId: outcome.rule.id }),
  ...(outcome.serverAt === undefined ? {} : { serverAt: outcome.serverAt }),
});

const judgeApplied = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "applied" }>,
): Promise<StepEnd> => {
  const { run, planned } = one;
  const problems = await settle(one, "applied", answered(outcome));
  if (problems.length > 0) return stopped(stopFailed(problems));
  const sight = await lookForStep(
    run,
    planned,
    [0, ...run.patience.visible],
    "the answer said done, but the account does not show it yet",
  );
  if (sight.kind === "landed") return { kind: "done", reading: sight.reading, done: sight.done };
  if (sight.kind === "invisible") return { kind: "done", reading: sight.reading, done: planned.number };
  if (sight.kind !== "not-landed") return stopped(stopBySight(one, sight));
  await settle(one, "unknown", {
    ...answered(outcome),
    message: "the answer said done, but the account does not show it",
  });
  return stopped({ ...stopFailed([unseen(planned)]), actual: sight.reading.state });
};

/** A temporary rule that another run has finished with: this run's create may still land, and stay. */
const isGoneAlready = ({ step }: PlannedStep, { reading }: Extract<Sight, { kind: "landed" }>): boolean =>
  step.kind === "create" && !reading.state.rules.some(({ name }) => name === step.rule.name);

const judgeUnknown = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "unknown" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  const waits = outcome.neverSent === true ? run.patience.reconnect : run.patience.settle;
  const sight = await lookForStep(run, planned, waits, outcome.message);
  switch (sight.kind) {
    case "landed":
      if (isGoneAlready(planned, sight)) {
        await settle(one, "unknown", { message: outcome.message });
        return stopped(stopForeignChange(run, planned.number, sight.reading.state));
      }
      return finishShown(one, "applied", sight, { message: foundLater(outcome.message) });
    case "not-landed":
    case "invisible":
      return { kind: "again", reading: sight.reading, message: outcome.message };
    case "elsewhere":
    case "unclear":
    case "interrupted":
      // What never left this machine is no unknown.
      if (isNeverSent(outcome) && !one.doubt) {
        await settle(one, "failed", { message: outcome.message, unchanged: true });
        return stopped(
          sight.kind === "unclear" ? stopFailed([notSent(planned, outcome)]) : stopBySight(one, sight),
        );
      }
      await settle(one, "unknown", { message: outcome.message });
      return stopped(stopBySight(one, sight));
    default:
      return assertNever(sight);
  }
};

/** The service says that nothing was changed by this call; whether it may go out again is for the account to say, after the wait. */
const judgeThrottled = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "throttled" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  if (one.throttled >= run.patience.cooldowns)
    return judgeRefused(one, { ...outcome, kind: "refused", status: 429 });
  const problems = await sitOut(run, planned, outcome);
  const sight: Sight =
    problems.length > 0
      ? { kind: "unclear", diagnostics: problems }
      : await lookForStep(run, planned, [0], outcome.message);
  switch (sight.kind) {
    case "landed":
      return finishShown(one, "applied", sight, { message: foundLater(outcome.message) });
    case "not-landed":
    case "invisible":
      return { kind: "again", reading: sight.reading, message: outcome.message };
    case "elsewhere":
    case "unclear":
    case "interrupted":
      await settle(one, "failed", { ...answered(outcome), message: notMadeSure(outcome.message) });
      return stopped(stopBySight(one, sight));
    default:
      return assertNever(sight);
  }
};

/**
 * A no is an answer, and answers may be wrong: behind a gateway that asks twice, the first try may have landed. So
 * the account is read, and only what it bears out is said. Nothing is asked about a request that never left.
 */
const judgeRefused = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "refused" | "partial" }>,
): Promise<StepEnd> => {
  const { run, planned, doubt } = one;
  const stop = stopFailed([answeredNo(planned, outcome)]);
  const { message } = outcome;
  if (outcome.kind === "refused" && outcome.status === notSentStatus && !doubt) {
    await settle(one, "failed", { message, unchanged: true });
    return stopped(stop);
  }
  const sight = await lookForStep(run, planned, run.patience.refused, message);
  const details = { ...answered(outcome), message };
  switch (sight.kind) {
    case "landed":
      // The earlier try has landed since: this answer only says that everything was there already.
      if (doubt) return finishShown(one, "applied", sight, { ...details, message: foundLater(message) });
      // No such rule, says the answer, and the account agrees: somebody else was faster.
      if (planned.step.kind === "delete" && outcome.kind === "refused" && outcome.status === 404)
        return finishShown(one, "already-done", sight, { message: doneByAnother });
      // The answer and the account contradict each other. Whose doing it is nobody can tell: no more is written.
      await settle(one, "applied", { ...details, message: foundLater(message) });
      return stopped(stopDoneAllTheSame(planned, stop, outcome.kind, sight.reading.state));
    case "not-landed":
      await settle(one, "failed", { ...details, unchanged: outcome.kind === "refused" && !doubt });
      return stopped({ ...stop, actual: sight.reading.state });
    case "invisible":
      await settle(one, "unknown", { ...details, message: notMadeSure(message) });
      return stopped({ ...stop, actual: sight.reading.state });
    case "elsewhere":
      await settle(one, "failed", details);
      return stopped(stopChangedAllTheSame(run, planned, stop, outcome.kind, sight.state));
    case "unclear":
      await settle(one, "failed", { ...details, message: notMadeSure(message) });
      return stopped({ ...stop, diagnostics: [...stop.diagnostics, ...sight.diagnostics] });
    case "interrupted":
      await settle(one, "failed", { ...details, message: notMadeSure(message) });
      return stopped(stop);
    default:
      return assertNever(sight);
  }
};

const stopBySight = (
  one: Try,
  sight: Extract<Sight, { kind: "elsewhere" | "unclear" | "interrupted" }>,
): Stop => {
  switch (sight.kind) {
    case "elsewhere":
      return stopForeignChange(one.run, one.planned.number, sight.state);
    case "unclear":
      return stopFailed(sight.diagnostics);
    case "interrupted":
      return stopInterrupted();
    default:
      return assertNever(sight);
  }
};
