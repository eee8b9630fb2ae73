/** A plan as GitHub annotations: refusals as errors, warnings at their lines, and the closing line as a notice. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { Plan, Verdict } from "../plan/plan.js";
import { renderDiagnosticsGithub, workflowCommand } from "./diagnostics-github.js";
import { closingLine } from "./plan-summary.js";
import { planVerdict, refusals } from "./verdict.js";

const refusalDiagnostics = ({ guard, diagnostics, override }: Verdict): Diagnostic[] => {
  const pass = override === undefined ? undefined : `To let it pass: ${override}`;
  const found: readonly Diagnostic[] =
    diagnostics.length > 0
      ? diagnostics
      : [{ code: "refused", severity: "error", message: `Refused by ${guard}` }];
  return found.map((one) => {
    const hint = [one.hint, pass].filter((part) => part !== undefined).join(". ");
    return { ...one, severity: "error", ...(hint === "" ? {} : { hint }) };
  });
};

export const renderPlanGithub = (plan: Plan, options: { readonly policyFile?: string } = {}): string => {
  const refused = planVerdict(plan) === "refused";
  const diagnostics = [...refusals(plan).flatMap(refusalDiagnostics), ...plan.diagnostics];
  const closing = workflowCommand(
    "notice",
    { title: refused ? "Plan refused" : "Plan" },
    closingLine(plan, options.policyFile ?? "the policy"),
  );
  return renderDiagnosticsGithub(diagnostics, { reservedNotices: 1 }) + closing;
};
