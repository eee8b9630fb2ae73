/**
 * The life of a step, top to bottom: the account is listed where too much rests on answers, the service is asked where the
 * call might lock its caller out, the call is made, and its answer judged. A step ends with an outcome that is known, or
 * the run says that it is not. The rules:
 * - the receipt says "started" before the request leaves;
 * - an answer of "done" is believed where it shows all that was sent (call.ts); else, and at the latest a few calls later,
 *   the account has to show it;
 * - after an unknown outcome the account decides, and the step is tried again only when the account has shown, to the end
 *   of the wait, that it did not land;
 * - after a 429 the run waits as long as the answer says, and reads the account before it sends the step again;
 * - a definite no, or a partial yes, ends the run (not-applied.ts).
 */

import { assertNever } from "../model/assert.js";
import type { PlannedStep } from "../plan/plan.js";
import { isProbeStep } from "../plan/step-effect.js";
import { type CallOutcome, callStep, isNeverSent, needsListing, readingByAnswer, touchedBy } from "./call.js";
import { confirmEmpty } from "./confirm-empty.js";
import { askServer } from "./lockout.js";
import { judgeRefused, judgeThrottled, judgeUnknown } from "./not-applied.js";
import { observeStep, stopByObservation } from "./observe.js";
import type { WriteOutcome } from "./ports.js";
import {
  type ApplySession,
  type GoodReading,
  type StepEnd,
  type Stop,
  settle,
  shownBy,
  stopFailed,
  stopInterrupted,
  stopped,
  type Try,
  type TryEnd,
} from "./session.js";
import { neverLanded, noteUnseen, triesInVain, unseen } from "./stops.js";

/**
 * Goes one step further, or only as far as a listing, from the account as it is once `done` steps are done; undefined where
 * nothing is left to do or to see.
 */
export const advance = async (
  run: ApplySession,
  reading: GoodReading,
  done: number,
): Promise<StepEnd | undefined> => {
  const [last, planned] = [run.steps[done - 1], run.steps[done]];
  const isListed = planned === undefined ? run.answered.length > 0 : needsListing(run, planned, reading);
  if (last !== undefined && isListed) return confirmAnswers(run, last);
  if (planned === undefined) return undefined;
  const no = await askServer(run, planned, reading);
  if (no?.gone === true && run.listedAgainFor !== planned.number) {
    run.listedAgainFor = planned.number;
    return listAgain(run, planned);
  }
  if (no !== undefined) return stopped({ actual: reading.state, ...no });
  const end = await runStep(run, planned, reading);
  return isProbeStep(planned.step) ? confirmEmpty(run, planned, end) : end;
};

/** `start` is a reading of the account, just made and found to be the state that the step starts from. */
const runStep = async (run: ApplySession, planned: PlannedStep, start: GoodReading): Promise<StepEnd> => {
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
    const outcome = await callStep(run, planned, reading);
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

const judgeApplied = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "applied" }>,
  start: GoodReading,
): Promise<StepEnd> => {
  const { run, planned } = one;
  const problems = await settle(one, "applied", shownBy(outcome));
  if (problems.length > 0) return stopped(stopFailed(problems));
  run.answered.push({ planned, touches: touchedBy(planned.step, start) });
  const next = one.doubt ? undefined : readingByAnswer(run, planned, outcome, start);
  if (next !== undefined) return { kind: "done", reading: next, done: planned.number };
  return confirmAnswers(run, planned);
};

/** Lists the account once answers have said that all steps up to `planned` are done, until it shows them. */
const confirmAnswers = async (run: ApplySession, planned: PlannedStep): Promise<StepEnd> => {
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
const listAgain = async (run: ApplySession, planned: PlannedStep): Promise<StepEnd> => {
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
