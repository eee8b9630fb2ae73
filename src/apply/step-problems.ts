/** What is said about a step that did not simply succeed. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { Enforcement } from "../model/rule.js";
import type { PlannedStep } from "../plan/plan.js";
import { notSentStatus, type WriteOutcome } from "./ports.js";
import { describeStep } from "./timeline.js";

/** For the record of a step whose answer was no yes, and which the account shows to be done. */
export const foundLater = (message: string): string =>
  `${message}; the account read afterwards shows the step done`;

/** For the record of a step that this run has not done itself. */
export const doneByAnother = "done by another run at the same time";

/** For the record of a step that was answered with a no, where the account did not say whether it holds. */
export const notMadeSure = (message: string): string =>
  `${message}; the account did not show whether anything was changed`;

export const triesInVain = (attempts: number): string =>
  attempts === 1
    ? "tried once, and the account does not show it"
    : `tried ${attempts} times, and the account shows none of them`;

export const neverLanded = (planned: PlannedStep, attempts: number, message: string): Diagnostic => ({
  code: "step-did-not-land",
  severity: "error",
  message: `${capital(describeStep(planned))} was ${triesInVain(attempts)}: ${message}`,
  hint: "Run the same apply again once the service answers",
});

/** Answered as done, and nowhere to be seen. */
export const unseen = (planned: PlannedStep): Diagnostic => ({
  code: "step-not-visible",
  severity: "error",
  message: `The service said that ${describeStep(planned)} was done, but the account does not show it`,
  hint: "Wait a minute, then run the same apply again: it reads the account and goes on from what it finds",
});

/** It never left this machine, and neither does anything else. */
export const notSent = (planned: PlannedStep, outcome: { message: string; hint?: string }): Diagnostic => ({
  code: "step-not-sent",
  severity: "error",
  message: `${capital(describeStep(planned))} could not be sent: ${outcome.message}`,
  hint: outcome.hint ?? "Run the same apply again once the service can be reached",
});

/** A definite no, or a partial yes. */
export const answeredNo = (
  planned: PlannedStep,
  outcome: Extract<WriteOutcome, { kind: "refused" | "partial" }>,
): Diagnostic => {
  if (outcome.kind === "partial") {
    return {
      code: "step-partial",
      severity: "error",
      message: `The service says that it took only a part of ${describeStep(planned)}: ${outcome.message}`,
      hint: "Make a new plan: it shows what is missing",
    };
  }
  const { status, message, hint } = outcome;
  if (status === notSentStatus) return notSent(planned, outcome);
  return {
    code: "step-refused",
    severity: "error",
    message: `The service refused ${describeStep(planned)} with status ${status}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
};

/** Answered with a no, and done all the same. */
export const refusedButDone = (planned: PlannedStep): Diagnostic => ({
  code: "refused-but-done",
  severity: "error",
  message: `The service refused ${describeStep(planned)}, but the account shows it done, by this call or by somebody else`,
  hint: "Look whether somebody else is at work, or a gateway repeats calls; then run the same apply again: it goes on from what it finds",
});

/** Answered with a no, and the account is not what it was before. */
export const refusedButChanged = (planned: PlannedStep): Diagnostic => ({
  code: "refused-but-changed",
  severity: "error",
  message: `The service refused ${describeStep(planned)}, but the account is no longer as it was before the call`,
  hint: "The differences are listed, made by this call or by somebody else: make a new plan, and review it",
});

/**
 * Every write of a rule repeats the position of enforcement as last read (docs/service.md, "The rule set"), so whoever changes
 * it at that moment is overruled; or somebody changed it right after.
 */
export const enforcementFlipped = (
  when: string,
  before: Enforcement,
  now: Enforcement,
): readonly Diagnostic[] =>
  before === "unknown" || now === "unknown" || before === now
    ? []
    : [
        {
          code: "enforcement-flipped",
          severity: "error",
          message: `${when} enforcement was ${before}, and now it is ${now}: by a call of this run, or by somebody else`,
          hint: `To set it back, write \`enforcement: ${before}\` in the policy, then type: dbt-ip-rules apply`,
        },
      ];

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
