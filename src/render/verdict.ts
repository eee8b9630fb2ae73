/** One verdict per value: every format, and the exit code, derive from these. */

import type { DriftReport } from "../audit/drift-report.js";
import type { AuditVerdict } from "../audit/verification.js";
import { assertNever } from "../model/assert.js";
import { type ExitCode, exitCodes } from "../model/failure.js";
import type { Plan, Verdict } from "../plan/plan.js";

/** `refused`: a guard or a policy test says no, whether or not there is anything to do. */
export type PlanVerdict = "no-changes" | "changes" | "refused";

export const refusals = (plan: Pick<Plan, "verdicts">): readonly Verdict[] =>
  plan.verdicts.filter(({ state }) => state === "failed");

/** Whether a check has more to say than that it passed. */
export const isLoud = ({ state, diagnostics }: Verdict): boolean =>
  state === "failed" || state === "waived" || diagnostics.length > 0;

export const stateWords = ({ state, diagnostics }: Verdict): string => {
  switch (state) {
    case "passed":
      return diagnostics.length === 0 ? "passed" : "passed, but";
    case "failed":
      return "FAILED";
    case "waived":
      return "failed and waived:";
    case "not-checked":
      return "not checked:";
    default:
      return assertNever(state);
  }
};

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

export type DriftVerdict = "no-drift" | "differences";

export const driftVerdict = ({ differences }: Pick<DriftReport, "differences">): DriftVerdict =>
  differences.length === 0 ? "no-drift" : "differences";

export const driftExitCode = (verdict: DriftVerdict): ExitCode =>
  verdict === "no-drift" ? exitCodes.done : exitCodes.differences;

/** 3 where a record is missing, 1 where the log could not be read, 4 where the run did what nobody had asked for. */
export const auditExitCode = (verdict: AuditVerdict): ExitCode => {
  switch (verdict) {
    case "confirmed":
      return exitCodes.done;
    case "missing":
      return exitCodes.refused;
    case "could-not-check":
      return exitCodes.error;
    case "enforcement-flipped":
      return exitCodes.midway;
    default:
      return assertNever(verdict);
  }
};
