/** The check of receipts against the audit log as a versioned JSON document. */
import type { AuditVerification, StepVerification } from "../audit/verification.js";
import { diagnosticAsDocument } from "../plan/document-values.js";
import { eventJson } from "./audit-events.js";
import { auditClosing, stepVerdict } from "./audit-words.js";
import { jsonText } from "./neutralise.js";

const stepJson = (verification: StepVerification) => {
  const { step } = verification;
  return {
    number: step.number,
    action: step.action,
    ...(step.rule === undefined ? {} : { rule: step.rule }),
    ...(step.renamedFrom === undefined ? {} : { renamed_from: step.renamedFrom }),
    ...(step.ruleId === undefined ? {} : { rule_id: step.ruleId }),
    outcome: step.outcome,
    ...(step.at === undefined ? {} : { at: step.at }),
    event_type: step.eventType,
    match: stepVerdict(verification).replace(" ", "-"),
    ...(verification.kind === "recorded"
      ? { evidence: verification.evidence, event: eventJson(verification.event) }
      : {}),
  };
};

/** What stands in the document of `audit verify`, and under `audit` in that of `apply --audit`. */
export const auditJson = (verification: AuditVerification) => ({
  verdict: verification.verdict,
  summary: auditClosing(verification),
  counts: verification.counts,
  ...(verification.window === undefined ? {} : { window: verification.window }),
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

const auditDocument = (verification: AuditVerification) => ({
  format: "dbt-ip-rules/audit" as const,
  version: 1 as const,
  ...auditJson(verification),
});

/** What `audit verify --format json` prints. */
export type AuditDocument = ReturnType<typeof auditDocument>;

export const renderAuditJson = (verification: AuditVerification): string =>
  `${jsonText(auditDocument(verification))}\n`;
