/**
 * Reports as JSON: a versioned document for each kind, of which `schemas/` publishes the shapes; of several policies one
 * document that holds one for each. Text in it is safe to print.
 */
import type { catalogue } from "../../audit/catalogue.js";
import { type Diagnosis, doctorVerdict } from "../../doctor/judge.js";
import { assertNever } from "../../model/assert.js";
import { type Diagnostic, hasErrors } from "../../model/diagnostic.js";
import { jsonText } from "../../model/escape.js";
import { present } from "../../model/present.js";
import { diagnosticAsDocument } from "../../plan/documents.js";
import type { Plan } from "../../plan/plan.js";
import { planDocument } from "../../plan/plan-document.js";
import { exitCodeOf, type PolicyReport, planVerdict, type Reporter, worstExitCode } from "../report.js";
import { doctorClosing } from "../text/doctor.js";
import { runVerdicts, type VerdictOf } from "../verdicts.js";
import { accountDocument } from "./account.js";
import { applyDocument, auditDocument } from "./apply.js";
import { driftDocument } from "./drift.js";
import { explanationsDocument } from "./explain.js";
import { catalogueDocument, listsDocument } from "./lists.js";
import { replayDocument } from "./replay.js";
import { terraformDocument } from "./terraform.js";

/** The document of `doctor --format json`. */
const doctorDocument = (diagnosis: Diagnosis) => ({
  format: "dbt-ip-rules/doctor" as const,
  version: 1 as const,
  verdict: doctorVerdict(diagnosis),
  summary: doctorClosing(diagnosis),
  account: diagnosis.account,
  checks: diagnosis.checks.map(({ id, state, text, hint, code }) => ({
    id,
    state,
    text,
    ...present({ hint, code }),
  })),
  assumptions: diagnosis.assumptions.map(({ id, text, verdict, why }) => ({ id, text, verdict, why })),
  ...present({ recorded: diagnosis.recorded }),
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

/** A saved plan is without the verdict: it says what was to be done, and a guard may be waived when it is. */
const planReportDocument = (plan: Plan) => {
  if (plan.terraform !== undefined) return terraformDocument(plan, plan.terraform);
  const { format, version, ...rest } = planDocument(plan);
  return { format, version, verdict: planVerdict(plan), ...rest };
};

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
