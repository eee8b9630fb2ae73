/** The reasons to stop that come from comparing the account with what the plan expects. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { diffStates } from "../plan/diff-states.js";
import type { Change, Plan, PlannedStep, Verdict } from "../plan/plan.js";
import type { Run, Stop } from "./run.js";
import { enforcementFlipped, refusedButChanged, refusedButDone } from "./step-problems.js";
import { agrees, fingerprintOf } from "./timeline.js";

/** What turns one account into the other, rule by rule; renames show as delete and create. */
export const differences = (from: AccountState, to: AccountState): readonly Change[] =>
  diffStates(from, to, new Map());

/** Before the first write: the account is on none of the states that the plan leads through. */
export const stopStale = (run: Run, actual: AccountState): Stop => ({
  reason: "refused",
  diagnostics: [
    {
      code: "plan-stale",
      severity: "error",
      message: "The account is not as it was when the plan was made",
      hint: "Make a new plan and review it; the differences are listed",
    },
  ],
  actual,
  unexpected: differences(run.plan.before, actual),
  next: "plan-again",
});

/** Before the first write: by the date, the policy asks for something else than when the plan was made. */
export const stopOutOfDate = (run: Run): Stop | undefined => {
  const today = run.ports.now().toISOString().slice(0, "2026-11-21".length);
  const { validFrom, validUntil } = run.plan;
  if (validUntil !== undefined && today >= validUntil) {
    return outOfDate(`An entry that this plan lets in has expired on ${validUntil}`);
  }
  if (validFrom !== undefined && today < validFrom) {
    return outOfDate(`This plan leaves out an entry that expires only on ${validFrom}`);
  }
  return undefined;
};

const outOfDate = (message: string): Stop => ({
  reason: "refused",
  diagnostics: [
    {
      code: "plan-stale",
      severity: "error",
      message,
      hint: "Make a new plan and review it: the dates have moved on",
    },
  ],
  next: "plan-again",
});

/** Between two steps: somebody else has changed the account. `number` is the step that was to be seen. */
export const stopForeignChange = (run: Run, number: number, actual: AccountState): Stop => {
  const after = differences(run.expectedState(number), actual);
  const before = differences(run.expectedState(number - 1), actual);
  const stop = foreignChange(`Around step ${number}`, actual, after.length <= before.length ? after : before);
  return { ...stop, diagnostics: [...flippedAround(run, number, actual), ...stop.diagnostics] };
};

/** Where enforcement is neither as before the step nor as after it; what matters most is said first. */
const flippedAround = (run: Run, number: number, { enforcement }: AccountState): readonly Diagnostic[] => {
  const before = run.expected(number - 1).enforcement;
  return run.expected(number).enforcement === enforcement
    ? []
    : enforcementFlipped(`Before step ${number}`, before, enforcement);
};

/** A step that was answered with a no, or a partial yes, on an account that shows it done. */
export const stopDoneAllTheSame = (
  planned: PlannedStep,
  stop: Stop,
  answer: "refused" | "partial",
  actual: AccountState,
): Stop => ({
  ...stop,
  // A partial yes says the contradiction itself.
  diagnostics: answer === "partial" ? stop.diagnostics : [refusedButDone(planned), ...stop.diagnostics],
  actual,
});

/** The same on an account that is neither as before the step nor as after it. */
export const stopChangedAllTheSame = (
  run: Run,
  planned: PlannedStep,
  stop: Stop,
  answer: "refused" | "partial",
  actual: AccountState,
): Stop => {
  const flipped = flippedAround(run, planned.number, actual);
  // A part of the step is its own doing, and shows in what remains.
  if (answer === "partial") return { ...stop, diagnostics: [...flipped, ...stop.diagnostics], actual };
  return {
    ...stop,
    diagnostics: [...flipped, refusedButChanged(planned), ...stop.diagnostics],
    actual,
    unexpected: differences(run.expectedState(planned.number - 1), actual),
    next: "plan-again",
  };
};

const foreignChange = (when: string, actual: AccountState, unexpected: readonly Change[]): Stop => ({
  reason: "failed",
  diagnostics: [
    {
      code: "account-changed",
      severity: "error",
      message: `${when} the account changed in a way that is not of this plan`,
      hint: "Find out who changed it, then make a new plan; the differences are listed",
    },
  ],
  actual,
  unexpected,
  next: "plan-again",
});

/** The guards and tests that failed and whose override is not among the flags given. */
export const standingRefusals = (
  { verdicts }: Pick<Plan, "verdicts">,
  flags: readonly string[],
): readonly Verdict[] => {
  const given = new Set(flags.map(bareFlag));
  return verdicts.filter(
    ({ state, override }) => state === "failed" && (override === undefined || !given.has(bareFlag(override))),
  );
};

/** Before the first write: a failed guard ends the run. */
export const stopByVerdicts = (run: Run): Stop | undefined => {
  const failed = standingRefusals(run.plan, run.options.overrides ?? []);
  if (failed.length === 0) return undefined;
  const diagnostics = failed.flatMap(({ guard, diagnostics: said }): readonly Diagnostic[] =>
    said.some(({ severity }) => severity === "error") ? said : [silentVerdict(guard), ...said],
  );
  return { reason: "refused", diagnostics, next: "mend-first" };
};

const silentVerdict = (guard: string): Diagnostic => ({
  code: "guard-failed",
  severity: "error",
  message: `The plan fails the guard ${guard}`,
  hint: "Plan again: Checks says why, and which flag lets it pass",
});

/** Flags are compared without their dashes. */
export const bareFlag = (flag: string): string => flag.replace(/^--/, "");

/** After the last step: the account must be the plan's end, and nothing else. */
export const stopUnlessFinal = (run: Run, actual: AccountState): Stop | undefined => {
  const seen = fingerprintOf(actual);
  if (agrees(run.expected(run.total), seen) && agrees(fingerprintOf(run.plan.after), seen)) return undefined;
  const stop = foreignChange(
    "After the last step",
    actual,
    differences(run.expectedState(run.total), actual),
  );
  const flipped = enforcementFlipped(
    "After the last step",
    run.expected(run.total).enforcement,
    actual.enforcement,
  );
  return { ...stop, diagnostics: [...flipped, ...stop.diagnostics] };
};
