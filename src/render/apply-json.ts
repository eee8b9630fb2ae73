/** The end of an apply as a versioned JSON document. */
import type { ApplyResult } from "../apply/result.js";
import { applyClosing } from "./apply-text.js";
import { stepTitle } from "./change-rows.js";
import { changesJson } from "./changes-json.js";
import { diagnosticJson } from "./diagnostics-json.js";
import { jsonText } from "./neutralise.js";

export interface ApplyJsonOptions {
  readonly account: { readonly id: number; readonly host: string };
  /** The receipt's file, where one was written. */
  readonly receipt?: string;
}

export const renderApplyJson = (result: ApplyResult, options: ApplyJsonOptions): string =>
  `${jsonText({
    format: "dbt-ip-rules/apply",
    version: 1,
    account: { id: options.account.id, host: options.account.host },
    ...(options.receipt === undefined ? {} : { receipt: options.receipt }),
    outcome: result.outcome,
    exit_code: result.exitCode,
    summary: applyClosing(result),
    next: result.next,
    steps: result.steps.map(({ planned, status, attempts, ruleId, message }) => ({
      number: planned.number,
      action:
        planned.step.kind === "enforcement"
          ? planned.step.enabled
            ? "enable"
            : "disable"
          : planned.step.kind,
      title: stepTitle(planned.step),
      status,
      attempts,
      ...(ruleId === undefined ? {} : { rule_id: ruleId }),
      ...(message === undefined ? {} : { message }),
    })),
    ...(result.remaining === undefined ? {} : { remaining: changesJson(result.remaining) }),
    ...(result.unexpected === undefined ? {} : { unexpected: changesJson(result.unexpected) }),
    diagnostics: result.diagnostics.map(diagnosticJson),
  })}\n`;
