/** Why a run stops: the account is not what the plan expects, or a step was not simply done. */
import { type Diagnostic, diagnostic, messageOf, recordedDiagnostic } from "../model/diagnostic.js";
import type { AccountState, Enforcement } from "../model/rule.js";
import { diffStates } from "../plan/diff-states.js";
import type { Change, PlannedStep } from "../plan/plan.js";
import { notSentStatus, type WriteOutcome } from "./ports.js";
import type { ApplySession, Stop } from "./session.js";
import { agrees, describeStep } from "./timeline.js";

/** What turns one account into the other, rule by rule; renames show as delete and create. */
export const differences = (from: AccountState, to: AccountState): readonly Change[] =>
  diffStates(from, to, new Map());

/** Between two steps: somebody else has changed the account. `number` is the step that was to be seen. */
export const stopForeignChange = (run: ApplySession, number: number, actual: AccountState): Stop => {
  const after = differences(run.expectedState(number), actual);
  const before = differences(run.expectedState(number - 1), actual);
  const stop = foreignChange(`Around step ${number}`, actual, after.length <= before.length ? after : before);
  return { ...stop, diagnostics: [...flippedAround(run, number, actual), ...stop.diagnostics] };
};

/** Where enforcement is neither as before the step nor as after it; what matters most is said first. */
const flippedAround = (
  run: ApplySession,
  number: number,
  { enforcement }: AccountState,
): readonly Diagnostic[] => {
  const before = run.expected(number - 1).enforcement;
  return run.expected(number).enforcement === enforcement
    ? []
    : enforcementFlipped(`Before step ${number}`, before, enforcement);
};

/** What the refusal itself advises does not help once the account contradicts it. */
const withoutHint = (one: Diagnostic): Diagnostic =>
  recordedDiagnostic(one.code, one.severity, { message: messageOf(one) }, one.source);

/** A step that was answered with a no, or a partial yes, on an account that shows it done. */
export const stopDoneAllTheSame = (
  planned: PlannedStep,
  stop: Stop,
  answer: "refused" | "partial",
  actual: AccountState,
): Stop => ({
  ...stop,
  // A partial yes says the contradiction itself.
  diagnostics:
    answer === "partial" ? stop.diagnostics : [refusedButDone(planned), ...stop.diagnostics.map(withoutHint)],
  actual,
});

/** The same on an account that is neither as before the step nor as after it. */
export const stopChangedAllTheSame = (
  run: ApplySession,
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
    diagnostics: [...flipped, refusedButChanged(planned), ...stop.diagnostics.map(withoutHint)],
    actual,
    unexpected: differences(run.expectedState(planned.number - 1), actual),
    next: "plan-again",
  };
};

const foreignChange = (when: string, actual: AccountState, unexpected: readonly Change[]): Stop => ({
  reason: "failed",
  diagnostics: [diagnostic("account-changed", { when })],
  actual,
  unexpected,
  next: "plan-again",
});

/** After the last step: the account must be the plan's end, and nothing else. */
export const stopUnlessFinal = (run: ApplySession, actual: AccountState): Stop | undefined => {
  const seen = run.timeline.fingerprintOf(actual);
  const end = run.timeline.fingerprintOf(run.timeline.endOver(actual));
  if (agrees(run.expected(run.total), seen) && agrees(end, seen)) return undefined;
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

/** For the record of a step whose answer was no yes, and which the account shows to be done. */
export const foundLater = (message: string): string =>
  `${message}; the account read afterwards shows the step done`;

/** For the record of a step that was answered with a no, where the account did not say whether it holds. */
export const notMadeSure = (message: string): string =>
  `${message}; the account did not show whether anything was changed`;

export const triesInVain = (attempts: number): string =>
  attempts === 1
    ? "tried once, and the account does not show it"
    : `tried ${attempts} times, and the account shows none of them`;

export const neverLanded = (planned: PlannedStep, attempts: number, said: string): Diagnostic =>
  diagnostic("step-did-not-land", { step: describeStep(planned), tried: triesInVain(attempts), said });

/** The listing leaves out rules that no step has removed: all of them, or one that the service still knows. */
export const stopDoubtful = (found: "emptied" | "shortened"): Stop => ({
  reason: "failed",
  diagnostics: [diagnostic("account-not-confirmed", { found })],
  next: "apply-again",
  doubtful: true,
});

/** Steps that an answer has called done, and the account does not show: nobody knows what became of them. */
export const noteUnseen = async (run: ApplySession, steps: readonly PlannedStep[]): Promise<void> => {
  for (const planned of steps) {
    const { attempts = 1, ruleId } = run.reports.get(planned.number) ?? {};
    await run.finishStep(planned, "unknown", {
      attempts,
      ...(ruleId === undefined ? {} : { ruleId }),
      message: "the answer said done, but the account does not show it",
    });
  }
};

/** Answered as done, and nowhere to be seen. */
export const unseen = (planned: PlannedStep): Diagnostic =>
  diagnostic("step-not-visible", { step: describeStep(planned) });

/** It never left this machine, and neither does anything else. */
export const notSent = (
  planned: PlannedStep,
  { message, hint }: { message: string; hint?: string },
): Diagnostic => diagnostic("step-not-sent", { step: describeStep(planned), said: message, hint });

/** A definite no, or a partial yes. */
export const answeredNo = (
  planned: PlannedStep,
  outcome: Extract<WriteOutcome, { kind: "refused" | "partial" }>,
): Diagnostic => {
  const step = describeStep(planned);
  if (outcome.kind === "partial") return diagnostic("step-partial", { step, said: outcome.message });
  const { status, message, hint } = outcome;
  if (status === notSentStatus) return notSent(planned, outcome);
  return diagnostic("step-refused", { step, status, said: message, hint });
};

/** Answered with a no, and done all the same. */
const refusedButDone = (planned: PlannedStep): Diagnostic =>
  diagnostic("refused-but-done", { step: describeStep(planned) });

/** Answered with a no, and the account is not what it was before. */
const refusedButChanged = (planned: PlannedStep): Diagnostic =>
  diagnostic("refused-but-changed", { step: describeStep(planned) });

/**
 * Every write of a rule repeats the position of enforcement as last read (docs/service.md, "The rule set"), so whoever changes
 * it at that moment is overruled; or somebody changed it right after.
 */
const enforcementFlipped = (when: string, before: Enforcement, now: Enforcement): readonly Diagnostic[] =>
  before === "unknown" || now === "unknown" || before === now
    ? []
    : [diagnostic("enforcement-flipped", { by: "reading", when, before, now })];
