/** Reports as text for people: a part for each policy under its name, then a line for each that says how it ended. */
import { assertNever } from "../model/assert.js";
import { renderAccountText } from "./account.js";
import { renderApplyText } from "./apply-text.js";
import { renderAuditText } from "./audit-text.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { renderDriftText } from "./drift-text.js";
import { renderEventTypesText } from "./event-types.js";
import { renderExplainText } from "./explain.js";
import type { Look } from "./look.js";
import { visible } from "./neutralise.js";
import { renderPlanText } from "./plan-text.js";
import { exitCodeOf, outcomeWords, type PolicyReport, type Report, type Reporter } from "./report.js";
import { renderValidationText } from "./validation-text.js";

/** What a command says of one policy; empty where its result is elsewhere. */
export const reportText = (report: Report, look: Look): string => {
  switch (report.kind) {
    case "plan":
      return renderPlanText(report.plan, {
        ...look,
        ...(report.policyFile === undefined ? {} : { policyFile: report.policyFile }),
      });
    case "apply": {
      const applied = renderApplyText(report.result, { ...look, ...report.commands, shown: report.shown });
      return report.audit === undefined ? applied : `${applied}\n${renderAuditText(report.audit, look)}`;
    }
    case "validation":
      return renderValidationText(report.validation, look);
    case "drift":
      return renderDriftText(report.drift, { ...look, commands: report.commands });
    case "audit":
      return renderAuditText(report.verification, look);
    case "account":
      return renderAccountText(report.snapshot, look);
    case "explanation":
      return renderExplainText(report.explained, look);
    case "event-types":
      return renderEventTypesText(report.events, look);
    case "failure":
      return renderDiagnosticsText(report.diagnostics, look);
    case "done":
      return "";
    default:
      return assertNever(report);
  }
};

export const policyHeading = (policy: string, { style }: Look): string =>
  style.strong(`== ${visible(policy)} ==`);

/** The line in which a report says how it stands: its last. A failure is told where it happened. */
const closingOf = (report: Report, look: Look): string =>
  report.kind === "failure" ? "" : (reportText(report, look).trimEnd().split("\n").at(-1)?.trim() ?? "");

/** One line a policy, in the order given: how its run ended, and what it said last. */
export const renderSummary = (reports: readonly PolicyReport[], look: Look): string => {
  const words = reports.map((one) => outcomeWords[exitCodeOf(one)]);
  const width = Math.max(...words.map((word) => word.length));
  return [
    look.style.strong(`== ${reports.length} policies ==`),
    ...reports.map(({ policy = "", report }, at) => {
      const closing = closingOf(report, look);
      return `${(words[at] ?? "").padEnd(width)}  ${visible(policy)}${closing === "" ? "" : `: ${closing}`}`;
    }),
    "",
  ].join("\n");
};

export const textReport: Reporter = (reports, look) => {
  const [only, ...more] = reports;
  if (only !== undefined && more.length === 0) return reportText(only.report, look);
  return [
    ...reports.map(
      ({ policy = "", report }) => `${policyHeading(policy, look)}\n${reportText(report, look).trimEnd()}\n`,
    ),
    renderSummary(reports, look),
  ].join("\n");
};
