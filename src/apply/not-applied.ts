/**
 * What becomes of a step whose call was not answered with a plain yes. The answer says little then, and may be wrong: the
 * account is read, and only what it shows is believed.
 */
import { assertNever } from "../model/assert.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { PlannedStep } from "../plan/plan.js";
import { isNeverSent } from "./call.js";
import {
  type Inconclusive,
  isInconclusive,
  type Observation,
  observeStep,
  stopByObservation,
} from "./observe.js";
import { notSentStatus, type WriteOutcome } from "./ports.js";
import { doneByAnother } from "./result.js";
import {
  type ApplySession,
  type StepDetails,
  type StepEnd,
  settle,
  shownBy,
  stopFailed,
  stopped,
  type Try,
  type TryEnd,
} from "./session.js";
import {
  answeredNo,
  foundLater,
  notMadeSure,
  notSent,
  stopChangedAllTheSame,
  stopDoneAllTheSame,
  stopForeignChange,
} from "./stops.js";

/** Ends a step that the account shows to be done, whatever its answer was. */
const finishShown = async (
  one: Try,
  status: "applied" | "already-done",
  { reading, done }: Extract<Observation, { kind: "landed" }>,
  details: StepDetails,
): Promise<StepEnd> => {
  const problems = await settle(one, status, details);
  if (problems.length > 0) return stopped({ ...stopFailed(problems), actual: reading.state });
  return { kind: "done", reading, done };
};

/** Of a step whose answer says nothing, the account decides. */
const byAccount = async (
  one: Try,
  observation: Exclude<Observation, Inconclusive>,
  message: string,
): Promise<TryEnd> =>
  observation.kind === "landed"
    ? finishShown(one, "applied", observation, { message: foundLater(message) })
    : { kind: "again", reading: observation.reading, message };

/** A temporary rule that another run has finished with: this run's create may still land, and stay. */
const isGoneAlready = (
  { step }: PlannedStep,
  { reading }: Extract<Observation, { kind: "landed" }>,
): boolean => step.kind === "create" && !reading.state.rules.some(({ name }) => name === step.rule.name);

export const judgeUnknown = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "unknown" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  const waits = outcome.neverSent === true ? run.timings.reconnect : run.timings.settle;
  const observation = await observeStep(run, planned, waits, outcome.message);
  if (observation.kind === "landed" && isGoneAlready(planned, observation)) {
    await settle(one, "unknown", { message: outcome.message });
    return stopped(stopForeignChange(run, planned.number, observation.reading.state));
  }
  if (!isInconclusive(observation)) return byAccount(one, observation, outcome.message);
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
};

/** The service says that this call changed nothing; after the wait, the account decides whether it is sent again. */
export const judgeThrottled = async (
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
  if (!isInconclusive(observation)) return byAccount(one, observation, outcome.message);
  await settle(one, "failed", { ...shownBy(outcome), message: notMadeSure(outcome.message) });
  return stopped(stopByObservation(run, planned, observation));
};

/**
 * A no is an answer, and answers may be wrong: behind a gateway that asks twice, the first try may have landed. So
 * the account is read, and only what it bears out is said. Nothing is asked about a request that never left.
 */
export const judgeRefused = async (
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
  const details = { ...shownBy(outcome), message };
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
