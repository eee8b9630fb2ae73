/**
 * Reports as JSON: a versioned document for each kind, of which `schemas/` publishes the shapes; of several policies one
 * document that holds one for each. Text in it is safe to print.
 */
import { formatPrefix } from "../address/prefix.js";
import type { catalogue } from "../audit/catalogue.js";
import type { Attribution, DriftDetail, DriftReport } from "../audit/differences.js";
import type { AuditVerification, StepVerification } from "../audit/verification.js";
import { assertNever } from "../model/assert.js";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { jsonText, visible } from "../model/escape.js";
import type { ExitCode } from "../model/failure.js";
import { present } from "../model/present.js";
import type { Plan } from "../plan/plan.js";
import {
  accessAsDocument,
  diagnosticAsDocument,
  looseChangeAsDocument,
  planDocument,
  replayAsDocument,
  ruleAsDocument,
} from "../plan/plan-document.js";
import { accountDocument } from "./account.js";
import { applyClosing, openWarning, removalCommand } from "./apply-text.js";
import { auditClosing, stepVerdict } from "./audit-text.js";
import { stepTitle } from "./change-rows.js";
import { doctorDocument } from "./doctor.js";
import { driftClosing } from "./drift-text.js";
import { eventJson } from "./events.js";
import { explanationsDocument } from "./explain.js";
import { catalogueDocument, listsDocument } from "./lists.js";
import { replayDocument } from "./replay.js";
import {
  type ApplyReport,
  driftVerdict,
  exitCodeOf,
  type PolicyReport,
  planVerdict,
  type Reporter,
  worstExitCode,
} from "./report.js";
import { temporaryDocument } from "./temporary.js";
import { terraformDocument } from "./terraform.js";
import { runVerdicts, type VerdictOf } from "./verdicts.js";

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
    temporary_allow_all: { ...open, message: `${openWarning(result)} ${command}`, remove_with: command },
  };
};

/** The run's own outcome, or else what the log says of it where that is not what was to be. */
const applyVerdict = ({ result, audit }: ApplyReport): VerdictOf<"apply"> =>
  audit === undefined || audit.verdict === "confirmed" ? result.outcome : audit.verdict;

const applyDocument = (report: ApplyReport, exitCode: ExitCode) => {
  const { account, result, receipt, audit } = report;
  return {
    format: "dbt-ip-rules/apply" as const,
    version: 1 as const,
    verdict: applyVerdict(report),
    account: { id: account.id, host: account.host },
    ...openDocument(report),
    ...(receipt === undefined ? {} : { receipt: receipt.path }),
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
    ...(result.remaining === undefined ? {} : { remaining: result.remaining.map(looseChangeAsDocument) }),
    ...(result.unexpected === undefined ? {} : { unexpected: result.unexpected.map(looseChangeAsDocument) }),
    ...(audit === undefined ? {} : { audit: auditJson(audit) }),
    diagnostics: result.diagnostics.map(diagnosticAsDocument),
  };
};

const detailJson = (detail: DriftDetail) => {
  switch (detail.kind) {
    case "rule-added":
    case "rule-removed":
      return { kind: detail.kind, definition: ruleAsDocument(detail.rule) };
    case "entry-added":
    case "entry-removed":
      return {
        kind: detail.kind,
        type: detail.type,
        cidr: formatPrefix(detail.prefix),
        ...(detail.enabled === undefined ? {} : { enabled: detail.enabled }),
      };
    case "entry-enabled-changed":
      return {
        kind: detail.kind,
        type: detail.type,
        cidr: formatPrefix(detail.prefix),
        policy: detail.policy ? "enabled" : "disabled",
        account: detail.account ? "enabled" : "disabled",
      };
    default:
      return { kind: detail.kind, policy: detail.policy, account: detail.account };
  }
};

const attributionJson = (attribution: Attribution) =>
  attribution.kind === "unknown"
    ? { kind: attribution.kind, reason: attribution.reason }
    : {
        kind: attribution.kind,
        strength: attribution.strength,
        ...present({ through: attribution.through }),
        other_events: attribution.others,
        event: eventJson(attribution.event),
      };

const driftDocument = (report: DriftReport) => ({
  format: "dbt-ip-rules/drift" as const,
  version: 1 as const,
  verdict: driftVerdict(report),
  summary: driftClosing(report, visible(report.policyFile)),
  account: { id: report.account.id, host: report.account.host },
  policy: report.policyFile,
  base: report.base,
  counts: {
    drift: report.counts.drift,
    pending: report.counts.pending,
    cannot_tell: report.counts.cannotTell,
  },
  access: { ...accessAsDocument(report.access), effective: report.effective },
  differences: report.differences.map((difference) => ({
    id: difference.id,
    cause: difference.cause,
    reason: difference.reason,
    severity: difference.severity,
    direction: difference.direction,
    ...present({ rule: difference.rule }),
    ...detailJson(difference.detail),
    attribution: attributionJson(difference.attribution),
  })),
  unmanaged: report.unmanaged.map(ruleAsDocument),
  ...temporaryDocument(report.entries),
  ...(report.replay === undefined ? {} : { replay: replayAsDocument(report.replay) }),
  ...(report.replayUnknown === undefined ? {} : { replay_unknown: report.replayUnknown }),
  diagnostics: report.diagnostics.map(diagnosticAsDocument),
});

/** `verdict` is `error` where one of them is an error, else `ok`. */
const diagnosticsDocument = (diagnostics: readonly Diagnostic[]) => {
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  return {
    format: "dbt-ip-rules/diagnostics" as const,
    version: 1 as const,
    verdict: hasErrors(diagnostics) ? ("error" as const) : ("ok" as const),
    counts: { errors: count("error"), warnings: count("warning"), notes: count("note") },
    diagnostics: diagnostics.map(diagnosticAsDocument),
  };
};

const eventTypesDocument = (events: typeof catalogue) => ({
  format: "dbt-ip-rules/audit-event-types" as const,
  version: 1 as const,
  verdict: "ok" satisfies VerdictOf<"audit-event-types">,
  events,
});

const auditDocument = (verification: AuditVerification) => ({
  format: "dbt-ip-rules/audit" as const,
  version: 1 as const,
  ...auditJson(verification),
});

/** A saved plan is without the verdict: it says what was to be done, and a guard may be waived when it is. */
const planReportDocument = (plan: Plan) => {
  if (plan.terraform !== undefined) return terraformDocument(plan, plan.terraform);
  const { format, version, ...rest } = planDocument(plan);
  return { format, version, verdict: planVerdict(plan), ...rest };
};

/** What each command prints as JSON; `DiagnosticsDocument` where it came to no verdict of its own. */
export type ApplyDocument = ReturnType<typeof applyDocument>;
export type AuditDocument = ReturnType<typeof auditDocument>;
export type DriftDocument = ReturnType<typeof driftDocument>;
export type DiagnosticsDocument = ReturnType<typeof diagnosticsDocument>;

/** The document of one report; null for a command whose result is elsewhere. */
const documentOf = (one: PolicyReport): unknown => {
  const { report } = one;
  switch (report.kind) {
    case "plan":
      return planReportDocument(report.plan);
    case "apply":
      return applyDocument(report, exitCodeOf(one));
    case "validation":
      return diagnosticsDocument(report.validation.diagnostics);
    case "drift":
      return driftDocument(report.drift);
    case "audit":
      return auditDocument(report.verification);
    case "account":
      return accountDocument(report.snapshot, report.entries);
    case "explanation":
      return explanationsDocument(report.explained);
    case "replay":
      return replayDocument(report);
    case "event-types":
      return eventTypesDocument(report.events);
    case "doctor":
      return doctorDocument(report.diagnosis);
    case "lists":
      return listsDocument(report);
    case "list-catalogue":
      return catalogueDocument(report.lists);
    case "failure":
      return diagnosticsDocument(report.diagnostics);
    case "done":
      return null;
    default:
      return assertNever(report);
  }
};

export const jsonReport: Reporter = (reports) => {
  const [only, ...more] = reports;
  if (only !== undefined && more.length === 0) return `${jsonText(documentOf(only))}\n`;
  const exitCode = worstExitCode(reports.map(exitCodeOf));
  return `${jsonText({
    format: "dbt-ip-rules/policies" as const,
    version: 1 as const,
    verdict: runVerdicts[exitCode],
    exit_code: exitCode,
    policies: reports.map((one) => ({
      policy: one.policy,
      exit_code: exitCodeOf(one),
      result: documentOf(one),
    })),
  })}\n`;
};
