/** The end of an apply as a versioned JSON document. */
import type { ApplyResult } from "../apply/result.js";
import type { AuditVerification } from "../audit/verification.js";
import type { ExitCode } from "../model/failure.js";
import { looseChangeAsDocument } from "../plan/document-changes.js";
import { diagnosticAsDocument } from "../plan/document-values.js";
import { applyClosing, type NextCommands, openWarning, removalCommand } from "./apply-text.js";
import { auditJson } from "./audit-json.js";
import { stepTitle } from "./change-rows.js";
import { jsonText } from "./neutralise.js";

export interface ApplyJsonOptions extends NextCommands {
  readonly account: { readonly id: number; readonly host: string };
  /** The receipt's file, where one was written. */
  readonly receipt?: string;
  /** What the audit log says of the receipt, where it was asked (`apply --audit`). */
  readonly audit?: AuditVerification;
  /** What the process exits with, where that is not the result's own: the audit's verdict counts too. */
  readonly exitCode?: ExitCode;
}

const openDocument = (result: ApplyResult, options: NextCommands) => {
  const { temporaryAllowAll: open, next } = result;
  if (open === undefined) return {};
  const command = removalCommand(next, options);
  return {
    temporary_allow_all: { ...open, message: `${openWarning(result)} ${command}`, remove_with: command },
  };
};

const applyDocument = (result: ApplyResult, options: ApplyJsonOptions) => ({
  format: "dbt-ip-rules/apply" as const,
  version: 1 as const,
  account: { id: options.account.id, host: options.account.host },
  ...openDocument(result, options),
  ...(options.receipt === undefined ? {} : { receipt: options.receipt }),
  outcome: result.outcome,
  exit_code: options.exitCode ?? result.exitCode,
  summary: applyClosing(result),
  next: result.next,
  steps: result.steps.map(({ planned, status, attempts, ruleId, message }) => ({
    number: planned.number,
    action:
      planned.step.kind === "enforcement" ? (planned.step.enabled ? "enable" : "disable") : planned.step.kind,
    title: stepTitle(planned.step),
    status,
    attempts,
    ...(ruleId === undefined ? {} : { rule_id: ruleId }),
    ...(message === undefined ? {} : { message }),
  })),
  ...(result.remaining === undefined ? {} : { remaining: result.remaining.map(looseChangeAsDocument) }),
  ...(result.unexpected === undefined ? {} : { unexpected: result.unexpected.map(looseChangeAsDocument) }),
  ...(options.audit === undefined ? {} : { audit: auditJson(options.audit) }),
  diagnostics: result.diagnostics.map(diagnosticAsDocument),
});

/** What `apply --format json` prints. */
export type ApplyDocument = ReturnType<typeof applyDocument>;

export const renderApplyJson = (result: ApplyResult, options: ApplyJsonOptions): string =>
  `${jsonText(applyDocument(result, options))}\n`;
