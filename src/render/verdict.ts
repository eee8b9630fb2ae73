/** One verdict per value (DESIGN.md, promise 12): every format, and the exit code, derive from these. */
import { assertNever } from "../model/assert.js";
import { type ExitCode, exitCodes } from "../model/failure.js";
import type { Plan, Verdict } from "../plan/plan.js";

/** `refused`: a guard or a policy test says no, whether or not there is anything to do. */
export type PlanVerdict = "no-changes" | "changes" | "refused";

export const refusals = (plan: Pick<Plan, "verdicts">): readonly Verdict[] =>
  plan.verdicts.filter(({ passed }) => !passed);

export const planVerdict = (plan: Pick<Plan, "verdicts" | "changes" | "steps">): PlanVerdict => {
  if (refusals(plan).length > 0) return "refused";
  return plan.changes.length === 0 && plan.steps.length === 0 ? "no-changes" : "changes";
};

/** `detailed`: 2 where there are changes (`plan --detailed-exitcode`). */
export const planExitCode = (verdict: PlanVerdict, options: { readonly detailed: boolean }): ExitCode => {
  switch (verdict) {
    case "no-changes":
      return exitCodes.done;
    case "changes":
      return options.detailed ? exitCodes.differences : exitCodes.done;
    case "refused":
      return exitCodes.refused;
    default:
      return assertNever(verdict);
  }
};
