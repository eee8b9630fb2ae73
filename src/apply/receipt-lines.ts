/** The lines of a receipt (docs/apply.md): its header, made from the plan, and one JSON document a line. */
import { assertNever } from "../model/assert.js";
import type { ReceiptEnd, ReceiptHeader, ReceiptPlannedStep, ReceiptRecord } from "../model/receipt.js";
import type { Plan, PlannedStep } from "../plan/plan.js";

export const receiptFormat = "dbt-ip-rules/receipt";
export const receiptVersion = 1;

export const receiptLine = (line: ReceiptHeader | ReceiptRecord | ReceiptEnd): string => JSON.stringify(line);

export const receiptHeader = (plan: Plan, tool: string, now: Date): ReceiptHeader => ({
  format: receiptFormat,
  version: receiptVersion,
  tool,
  account: { id: plan.account.id, host: plan.account.host },
  startedAt: now.toISOString(),
  basis: { state: plan.basis.state, policy: plan.basis.policy },
  steps: plan.steps.map(receiptStep),
});

const receiptStep = ({ number, step }: PlannedStep): ReceiptPlannedStep => {
  switch (step.kind) {
    case "create":
      return { number, action: "create", rule: step.rule.name };
    case "update":
      return step.name === step.becomes.name
        ? { number, action: "update", rule: step.name }
        : { number, action: "update", rule: step.becomes.name, renamedFrom: step.name };
    case "delete":
      return { number, action: "delete", rule: step.name };
    case "enforcement":
      return { number, action: step.enabled ? "enable" : "disable" };
    default:
      return assertNever(step);
  }
};
