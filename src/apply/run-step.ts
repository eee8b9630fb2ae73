/**
 * Runs one step to an outcome that is known, or says that it is not. The rules it keeps:
 * - the receipt says "started" before the request leaves;
 * - an answer of "done" is believed only once the account shows it;
 * - after an unknown outcome the account decides, and the step is tried again only when the account has shown,
 *   to the end of the wait, that it did not land;
 * - a definite no, or a partial yes, ends the run.
 */
import { assertNever } from "../model/assert.js";
import type { PlannedStep } from "../plan/plan.js";
import { type CallOutcome, callStep } from "./call.js";
import { lookForStep, type Sight } from "./look.js";
import type { WriteOutcome } from "./ports.js";
import type { GoodReading } from "./read-account.js";
import { type Run, type Stop, stopFailed, stopInterrupted } from "./run.js";
import { foundLater, neverLanded, refusal, triesInVain, unseen } from "./step-problems.js";
import { stopForeignChange } from "./stops.js";

export type StepEnd =
  | { readonly kind: "done"; readonly reading: GoodReading }
  | { readonly kind: "stopped"; readonly stop: Stop };

/** What one try came to. `again`: it is known not to have landed, so the step may be tried once more. */
type TryEnd = StepEnd | { readonly kind: "again"; readonly reading: GoodReading; readonly message: string };

/** One try of a step. `doubt`: an earlier try had an unknown outcome, and may have landed late. */
interface Try {
  readonly run: Run;
  readonly planned: PlannedStep;
  readonly attempt: number;
  readonly doubt: boolean;
}

const stopped = (stop: Stop): StepEnd => ({ kind: "stopped", stop });

/** `start` is a reading of the account, just made and found to be the state that the step starts from. */
export const runStep = async (run: Run, planned: PlannedStep, start: GoodReading): Promise<StepEnd> => {
  let reading = start;
  let doubt = false;
  for (let attempt = 1; ; attempt += 1) {
    if (run.interrupted) return stopBeforeTry({ run, planned, attempt, doubt }, stopInterrupted());
    const at = run.ports.now().toISOString();
    const started = await run.write({ step: planned.number, outcome: "started", at });
    if (started.length > 0) return stopBeforeTry({ run, planned, attempt, doubt }, stopFailed(started));
    run.emit({ kind: "step-started", planned, total: run.total, attempt });
    const outcome = await callStep(run, planned.step, reading);
    rememberCreate(run, planned, outcome);
    const end = await judge({ run, planned, attempt, doubt }, outcome);
    if (end.kind !== "again") return end;
    if (attempt >= run.patience.attempts) return giveUp({ run, planned, attempt, doubt }, end.message);
    reading = end.reading;
    if (!(outcome.kind === "unknown" && outcome.neverSent === true)) {
      doubt = true;
      run.inDoubt = true;
    }
  }
};

/** A step whose first try was never made has not begun; the tries before a later one did not land. */
const stopBeforeTry = async (one: Try, stop: Stop): Promise<StepEnd> => {
  const made = { ...one, attempt: one.attempt - 1 };
  if (made.attempt > 0) await settle(made, "failed", { message: triesInVain(made.attempt) });
  return stopped(stop);
};

const judge = async (one: Try, outcome: CallOutcome): Promise<TryEnd> => {
  switch (outcome.kind) {
    case "applied":
      return judgeApplied(one, outcome);
    case "unknown":
      return judgeUnknown(one, outcome);
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

/** For twins.ts: what this run has made itself. */
const rememberCreate = (run: Run, { number, step }: PlannedStep, outcome: CallOutcome): void => {
  if (step.kind !== "create") return;
  const ruleId = outcome.kind === "applied" ? outcome.rule?.id : undefined;
  run.created.set(step.rule.name, ruleId === undefined ? { number } : { number, ruleId });
};

type Details = { ruleId?: number; serverAt?: string; message?: string };

const settle = (one: Try, status: "applied" | "failed" | "unknown", details: Details) =>
  one.run.finishStep(one.planned, status, { attempts: one.attempt, ...details });

/** Ends a step that the account shows to be done, whatever its answer was. */
const finishApplied = async (one: Try, reading: GoodReading, details: Details): Promise<StepEnd> => {
  const problems = await settle(one, "applied", details);
  if (problems.length > 0) return stopped({ ...stopFailed(problems), actual: reading.state });
  return { kind: "done", reading };
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
  if (sight.kind === "landed" || sight.kind === "invisible") return { kind: "done", reading: sight.reading };
  if (sight.kind !== "not-landed") return stopped(stopBySight(one, sight));
  await settle(one, "unknown", {
    ...answered(outcome),
    message: "the answer said done, but the account does not show it",
  });
  return stopped({ ...stopFailed([unseen(planned)]), actual: sight.reading.state });
};

const judgeUnknown = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "unknown" }>,
): Promise<TryEnd> => {
  const { run, planned } = one;
  const waits = outcome.neverSent === true ? run.patience.reconnect : run.patience.settle;
  const sight = await lookForStep(run, planned, waits, outcome.message);
  switch (sight.kind) {
    case "landed":
      return finishApplied(one, sight.reading, { message: foundLater(outcome.message) });
    case "not-landed":
    case "invisible":
      return { kind: "again", reading: sight.reading, message: outcome.message };
    case "elsewhere":
    case "unclear":
    case "interrupted":
      await settle(one, "unknown", { message: outcome.message });
      return stopped(stopBySight(one, sight));
    default:
      return assertNever(sight);
  }
};

const judgeRefused = async (
  one: Try,
  outcome: Extract<WriteOutcome, { kind: "refused" | "partial" }>,
): Promise<StepEnd> => {
  const stop = stopFailed([refusal(one.planned, outcome)]);
  // A plain no to a first try needs no second look: nothing was changed.
  const sight: Sight =
    one.doubt || outcome.kind === "partial"
      ? await lookForStep(one.run, one.planned, [0], outcome.message)
      : { kind: "unclear", diagnostics: [] };
  if (sight.kind !== "landed") {
    await settle(one, "failed", { ...answered(outcome), message: outcome.message });
    return stopped(sight.kind === "elsewhere" ? { ...stop, actual: sight.state } : stop);
  }
  const details = { ...answered(outcome), message: foundLater(outcome.message) };
  // The earlier try has landed since: this answer only says that everything was there already.
  if (one.doubt) return finishApplied(one, sight.reading, details);
  // The answer and the account contradict each other: the account is as planned, but nothing is guessed.
  await settle(one, "applied", details);
  return stopped({ ...stop, actual: sight.reading.state });
};

const giveUp = async (one: Try, message: string): Promise<StepEnd> => {
  await settle(one, "failed", { message: `${message}; ${triesInVain(one.attempt)}` });
  return stopped(stopFailed([neverLanded(one.planned, one.attempt, message)]));
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
