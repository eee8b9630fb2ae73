/**
 * Runs one step to an outcome that is known, or says that it is not. The rules it keeps:
 * - the receipt says "started" before the request leaves;
 * - an answer of "done" is believed where it shows all that was sent (answers.ts); else, and at the latest a few calls
 *   later, the account has to show it;
 * - after an unknown outcome the account decides, and the step is tried again only when the account has shown,
 *   to the end of the wait, that it did not land;
 * - after a 429 the run waits as long as the answer says, and reads the account before it sends the step again;
 * - a definite no, or a partial yes, ends the run.
 */

import { assertNever } from "../model/assert.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { PlannedStep } from "../plan/plan.js";
import { readingByAnswer, touchedBy } from "./answers.js";
import { type CallOutcome, callStep } from "./call.js";
import { rememberCreate } from "./duplicate-creates.js";
import { type Observation, observeStep } from "./observe.js";
import { notSentStatus, type WriteOutcome } from "./ports.js";
import { doneByAnother, type StepStatus } from "./result.js";
import { type ApplySession, type GoodReading, type Stop, stopFailed, stopInterrupted } from "./session.js";
import {
  answeredNo,
  foundLater,
  neverLanded,
  noteUnseen,
  notMadeSure,
  notSent,
  stopChangedAllTheSame,
  stopDoneAllTheSame,
  stopForeignChange,
  triesInVain,
  unseen,
} from "./stops.js";

/** `start` is a reading of the account, just made and found to be the state that the step starts from. */
export const runStep = async (
  run: ApplySession,
  planned: PlannedStep,
  start: GoodReading,
): Promise<StepEnd> => {
  let reading = start;
  let doubt = false;
  let throttled = 0;
  for (let attempt = 1; ; attempt += 1) {
    const one: Try = { run, planned, attempt, throttled, doubt };
    if (run.interrupted) return stopBeforeTry(one, stopInterrupted());
    const at = run.ports.now().toISOString();
    const started = await run.write({ step: planned.number, outcome: "started", at });
    if (started.length > 0) return stopBeforeTry(one, stopFailed(started));
    run.inFlight = { planned, attempt };
    run.emit({ kind: "step-started", planned, total: run.total, attempt });
    const outcome = await callStep(run, planned.step, reading);
    rememberCreate(run, planned, outcome);
    const end = await judgeCall(one, outcome, reading);
    if (end.kind !== "again") return end;
    reading = end.reading;
    if (outcome.kind === "throttled") {
      throttled += 1;
      continue;
    }
    if (attempt - throttled >= run.timings.attempts) return giveUp(one, outcome, end.message);
    if (!isNeverSent(outcome)) {
      doubt = true;
      run.inDoubt = true;
    }
  }
};

/** A step whose first try was never made has not begun; the tries before a later one did not land. */
const stopBeforeTry = async (one: Try, stop: Stop): Promise<StepEnd> => {
  const made = { ...one, attempt: one.attempt - 1 };
  if (made.attempt > 0)
    await settle(made, "failed", { message: triesInVain(made.attempt), unchanged: !one.doubt });
  return stopped(stop);
};

const giveUp = async (one: Try, last: CallOutcome, message: string): Promise<StepEnd> => {
  const unchanged = isNeverSent(last) && !one.doubt;
  await settle(one, "failed", { message: `${message}; ${triesInVain(one.attempt)}`, unchanged });
  return stopped(stopFailed([neverLanded(one.planned, one.attempt, message)]));
};

/** What became of a step. */
export type StepEnd =
  /** `done`: that many steps are; more than up to this one where another run of the plan has gone ahead. */
  | { readonly kind: "done"; readonly reading: GoodReading; readonly done: number }
  | { readonly kind: "stopped"; readonly stop: Stop };

/** What one try came to. `again`: it is known not to have landed, so the step may be tried once more. */
export type TryEnd =
  | StepEnd
  | { readonly kind: "again"; readonly reading: GoodReading; readonly message: string };

/** One try of a step. */
interface Try {
  readonly run: ApplySession;
  readonly planned: PlannedStep;
  /** From 1. */
  readonly attempt: number;
  /** How many of the earlier ones were answered with 429. */
  readonly throttled: number;
  /** An earlier try had an unknown outcome, and may have landed late. */
  readonly doubt: boolean;
}

export const stopped = (stop: Stop): StepEnd => ({ kind: "stopped", stop });

const isNeverSent = (outcome: CallOutcome): boolean =>
  outcome.kind === "unknown" && outcome.neverSent === true;

const judgeCall = async (one: Try, outcome: CallOutcome, start: GoodReading): Promise<TryEnd> => {
  switch (outcome.kind) {
    case "applied":
      return judgeApplied(one, outcome, start);
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

const settle = (one: Try, status: Exclude<StepStatus, "not-begun">, details: Details) =>
  one.run.finishStep(one.planned, status, { attempts: one.attempt, ...details });

/** Ends a step that the account shows to be done, whatever its answer was. */
const finishShown = async (
  one: Try,
  status: "applied" | "already-done",
  { reading, done }: Extract<Observation, { kind: "landed" }>,
  details: Details,
): Promise<StepEnd> => {
  const problems = await settle(one, status, details);
  if (problems.length > 0) return stopped({ ...stopFailed(problems), actual: reading.state });
  return { kind: "done", reading, done };
};

const answered = (outcome: { serverAt?: string; rule?: { id: number } }): Details => ({
  ...(outcome.rule === undefined ? {} : { ruleId: outcome.rule.id }),
  ...present({ serverAt: outcome.serverAt }),
});

const judgeApplied = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "applied" }>,
  start: GoodReading,
): Promise<StepEnd> => {
  const { run, planned } = one;
  const problems = await settle(one, "applied", answered(outcome));
  if (problems.length > 0) return stopped(stopFailed(problems));
  run.answered.push({ planned, touches: touchedBy(planned.step, start) });
  const next = one.doubt ? undefined : readingByAnswer(run, planned, outcome, start);
  if (next !== undefined) return { kind: "done", reading: next, done: planned.number };
  return confirmAnswers(run, planned);
};

/** Lists the account once answers have said that all steps up to `planned` are done, until it shows them. */
export const confirmAnswers = async (run: ApplySession, planned: PlannedStep): Promise<StepEnd> => {
  const observation = await observeStep(
    run,
    planned,
    [0, ...run.timings.visible],
    "the answer said done, but the account does not show it yet",
  );
  switch (observation.kind) {
    case "landed":
      return { kind: "done", reading: observation.reading, done: observation.done };
    case "invisible":
      return { kind: "done", reading: observation.reading, done: planned.number };
    case "not-landed":
      await noteUnseen(run, [planned]);
      return stopped({ ...stopFailed([unseen(planned)]), actual: observation.reading.state });
    default:
      return stopped(stopByObservation(run, planned, observation));
  }
};

/** Lists the account before `planned` is sent: another run may have done it, or more, by now. */
export const lookAgain = async (run: ApplySession, planned: PlannedStep): Promise<StepEnd> => {
  const message = "the service does not know the rule that the account has just shown";
  const observation = await observeStep(run, planned, [0], message);
  switch (observation.kind) {
    case "landed":
      return { kind: "done", reading: observation.reading, done: observation.done };
    case "not-landed":
    case "invisible":
      return { kind: "done", reading: observation.reading, done: planned.number - 1 };
    default:
      return stopped(stopByObservation(run, planned, observation));
  }
};

/** A temporary rule that another run has finished with: this run's create may still land, and stay. */
const isGoneAlready = (
  { step }: PlannedStep,
  { reading }: Extract<Observation, { kind: "landed" }>,
): boolean => step.kind === "create" && !reading.state.rules.some(({ name }) => name === step.rule.name);

const judgeUnknown = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "unknown" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  const waits = outcome.neverSent === true ? run.timings.reconnect : run.timings.settle;
  const observation = await observeStep(run, planned, waits, outcome.message);
  switch (observation.kind) {
    case "landed":
      if (isGoneAlready(planned, observation)) {
        await settle(one, "unknown", { message: outcome.message });
        return stopped(stopForeignChange(run, planned.number, observation.reading.state));
      }
      return finishShown(one, "applied", observation, { message: foundLater(outcome.message) });
    case "not-landed":
    case "invisible":
      return { kind: "again", reading: observation.reading, message: outcome.message };
    case "elsewhere":
    case "unclear":
    case "stopped":
    case "interrupted":
      // What never left this machine is no unknown.
      if (isNeverSent(outcome) && !one.doubt) {
        await settle(one, "failed", { message: outcome.message, unchanged: true });
        return stopped(
          observation.kind === "unclear"
            ? stopFailed([notSent(planned, outcome)])
            : stopByObservation(run, planned, observation),
        );
      }
      await settle(one, "unknown", { message: outcome.message });
      return stopped(stopByObservation(run, planned, observation));
    default:
      return assertNever(observation);
  }
};

/** The service says that nothing was changed by this call; whether it may go out again is for the account to say, after the wait. */
const judgeThrottled = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "throttled" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  if (one.throttled >= run.timings.cooldowns)
    return judgeRefused(one, { ...outcome, kind: "refused", status: 429 });
  const problems = await waitForRateLimit(run, planned, outcome);
  const observation: Observation =
    problems.length > 0
      ? { kind: "unclear", diagnostics: problems }
      : await observeStep(run, planned, [0], outcome.message);
  switch (observation.kind) {
    case "landed":
      return finishShown(one, "applied", observation, { message: foundLater(outcome.message) });
    case "not-landed":
    case "invisible":
      return { kind: "again", reading: observation.reading, message: outcome.message };
    case "elsewhere":
    case "unclear":
    case "stopped":
    case "interrupted":
      await settle(one, "failed", { ...answered(outcome), message: notMadeSure(outcome.message) });
      return stopped(stopByObservation(run, planned, observation));
    default:
      return assertNever(observation);
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
  const observation = await observeStep(run, planned, run.timings.refused, message);
  const details = { ...answered(outcome), message };
  switch (observation.kind) {
    case "landed":
      // The earlier try has landed since: this answer only says that everything was there already.
      if (doubt)
        return finishShown(one, "applied", observation, { ...details, message: foundLater(message) });
      // No such rule, says the answer, and the account agrees: somebody else was faster.
      if (planned.step.kind === "delete" && outcome.kind === "refused" && outcome.status === 404)
        return finishShown(one, "already-done", observation, { message: doneByAnother });
      // The answer and the account contradict each other. Whose doing it is nobody can tell: no more is written.
      await settle(one, "applied", { ...details, message: foundLater(message) });
      return stopped(stopDoneAllTheSame(planned, stop, outcome.kind, observation.reading.state));
    case "not-landed":
      await settle(one, "failed", { ...details, unchanged: outcome.kind === "refused" && !doubt });
      return stopped({ ...stop, actual: observation.reading.state });
    case "invisible":
      await settle(one, "unknown", { ...details, message: notMadeSure(message) });
      return stopped({ ...stop, actual: observation.reading.state });
    case "elsewhere":
      await settle(one, "failed", details);
      return stopped(stopChangedAllTheSame(run, planned, stop, outcome.kind, observation.state));
    case "unclear":
      await settle(one, "failed", { ...details, message: notMadeSure(message) });
      return stopped({ ...stop, diagnostics: [...stop.diagnostics, ...observation.diagnostics] });
    case "stopped":
      await settle(one, "failed", { ...details, message: notMadeSure(message) });
      return stopped({
        ...observation.stop,
        diagnostics: [...stop.diagnostics, ...observation.stop.diagnostics],
      });
    case "interrupted":
      await settle(one, "failed", { ...details, message: notMadeSure(message) });
      return stopped(stop);
    default:
      return assertNever(observation);
  }
};

const stopByObservation = (
  run: ApplySession,
  planned: PlannedStep,
  observation: Extract<Observation, { kind: "elsewhere" | "unclear" | "stopped" | "interrupted" }>,
): Stop => {
  switch (observation.kind) {
    case "elsewhere":
      return stopForeignChange(run, planned.number, observation.state);
    case "unclear":
      return stopFailed(observation.diagnostics);
    case "stopped":
      return observation.stop;
    case "interrupted":
      return stopInterrupted();
    default:
      return assertNever(observation);
  }
};

const second = 1_000;

/**
 * After a 429 (docs/service.md, "Answers and limits"): waits as long as the answer says, or until the user wants to stop. The receipt first says that the call failed,
 * so that it is right even where the program dies while it waits; a diagnostic where it could not.
 */
const waitForRateLimit = async (
  run: ApplySession,
  planned: PlannedStep,
  { seconds: total, message, serverAt }: Extract<WriteOutcome, { kind: "throttled" }>,
): Promise<readonly Diagnostic[]> => {
  const problems = await run.write({
    step: planned.number,
    outcome: "failed",
    at: run.ports.now().toISOString(),
    ...present({ serverAt }),
    message: `${message}; it is tried again in ${total} s, unless the account then shows it done`,
  });
  if (problems.length > 0) return problems;
  for (let left = total; left > 0 && !run.interrupted; left -= 1) {
    run.emit({ kind: "throttled", planned, seconds: left, total, message });
    await run.sleep(second);
  }
  run.emit({ kind: "throttled", planned, seconds: 0, total, message });
  return [];
};
