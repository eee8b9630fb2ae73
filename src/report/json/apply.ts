/** What an apply did, and what the audit log says of it, as JSON. */
import type { AuditVerification, StepVerification } from "../../audit/verification.js";
import type { ExitCode } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { diagnosticAsDocument, looseChangeAsDocument } from "../../plan/documents.js";
import { applyClosing, openWarning, removalCommand } from "../apply.js";
import { auditClosing, stepVerdict } from "../audit.js";
import { stepTitle } from "../change-rows.js";
import { eventJson } from "../events.js";
import type { ApplyReport } from "../report.js";
import type { VerdictOf } from "../verdicts.js";

const stepJson = (verification: StepVerification) => {
  const { step } = verification;
  return {
    number: step.number,
    action: step.action,
    ...present({ rule: step.rule, renamed_from: step.renamedFrom, rule_id: step.ruleId }),
    outcome: step.outcome,
    ...present({ at: step.at }),
    event_type: step.eventType,
    match: stepVerdict(verification).replace(" ", "-"),
    ...(verification.kind === "recorded"
      ? { evidence: verification.evidence, event: eventJson(verification.event) }
      : {}),
  };
};

/** The document of `audit verify`, and what is under `audit` in that of `apply --audit`. */
const auditJson = (verification: AuditVerification) => ({
  verdict: verification.verdict,
  summary: auditClosing(verification),
  counts: verification.counts,
  ...present({ window: verification.window }),
  waited_ms: verification.waitedMs,
  receipts: verification.receipts.map(({ file, account, startedAt, verdict, steps }) => ({
    file,
    account: { id: account.id, host: account.host },
    started_at: startedAt,
    verdict,
    steps: steps.map(stepJson),
  })),
  foreign: verification.foreign.map(({ event, sameActor }) => ({
    ...eventJson(event),
    same_actor: sameActor,
  })),
  diagnostics: verification.diagnostics.map(diagnosticAsDocument),
});

/** The rule that a run left standing, and what removes it. */
const openDocument = ({ result, commands }: ApplyReport) => {
  const { temporaryAllowAll: open, next } = result;
  if (open === undefined) return {};
  const command = removalCommand(next, commands);
  return {
    temporary_allow_all: { ...open, message: `${openWarning(result)}: ${command}`, remove_with: command },
  };
};

/** The run's own outcome, or else what the log says of it where that is not what was to be. */
const applyVerdict = ({ result, audit }: ApplyReport): VerdictOf<"apply"> =>
  audit === undefined || audit.verdict === "confirmed" ? result.outcome : audit.verdict;

export const applyDocument = (report: ApplyReport, exitCode: ExitCode) => {
  const { account, result, receipt, audit } = report;
  return {
    format: "dbt-ip-rules/apply" as const,
    version: 1 as const,
    verdict: applyVerdict(report),
    account: { id: account.id, host: account.host },
    ...openDocument(report),
    ...present({ receipt: receipt?.path }),
    outcome: result.outcome,
    exit_code: exitCode,
    summary: applyClosing(result),
    next: result.next,
    ...present({ way_back: result.wayBack }),
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
      ...present({ rule_id: ruleId, message }),
    })),
    ...present({
      remaining: result.remaining?.map(looseChangeAsDocument),
      unexpected: result.unexpected?.map(looseChangeAsDocument),
      audit: audit && auditJson(audit),
    }),
    diagnostics: result.diagnostics.map(diagnosticAsDocument),
  };
};

export const auditDocument = (verification: AuditVerification) => ({
  format: "dbt-ip-rules/audit" as const,
  version: 1 as const,
  ...auditJson(verification),
});

export type ApplyDocument = ReturnType<typeof applyDocument>;
export type AuditDocument = ReturnType<typeof auditDocument>;
