/**
 * Runs one step to an outcome that is known, or says that it is not. The rules it keeps:
 * - the receipt says "started" before the request leaves;
 * - an answer of "done" is believed only once the account shows it;
 * - after an unknown outcome the account decides, and the step is tried again only when the account has shown,
 *   to the end of the wait, that it did not land;
 * - after a 429 the wait is sat out, and the account read again, before the step is sent again;
 * - a definite no, or a partial yes, ends the run.
 */
import type { PlannedStep } from "../plan/plan.js";
import { type CallOutcome, callStep } from "./call.js";
import { rememberCreate } from "./duplicate-creates.js";
import { isNeverSent, judgeCall, type StepEnd, settle, stopped, type Try } from "./judge-call.js";
import type { GoodReading } from "./read-account.js";
import { type Run, type Stop, stopFailed, stopInterrupted } from "./run.js";
import { neverLanded, triesInVain } from "./step-problems.js";

/** `start` is a reading of the account, just made and found to be the state that the step starts from. */
export const runStep = async (run: Run, planned: PlannedStep, start: GoodReading): Promise<StepEnd> => {
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
    const end = await judgeCall(one, outcome);
    if (end.kind !== "again") return end;
    reading = end.reading;
    if (outcome.kind === "throttled") {
      throttled += 1;
      continue;
    }
    if (attempt - throttled >= run.patience.attempts) return giveUp(one, outcome, end.message);
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
