/** Reports as markdown, for a pull request, an issue or a job summary: a part for each policy, under one table. */
import type { Diagnostic } from "../model/diagnostic.js";
import { renderAccountMarkdown } from "./account-markdown.js";
import { renderApplyMarkdown } from "./apply-markdown.js";
import { renderAuditMarkdown } from "./audit-markdown.js";
import { auditClosing } from "./audit-words.js";
import { diagnosticsCount } from "./diagnostics-text.js";
import { renderDriftMarkdown } from "./drift-markdown.js";
import { defaultMaxBytes, diagnosticRows, fitReport } from "./markdown.js";
import { markdownCode } from "./neutralise.js";
import { renderPlanMarkdown } from "./plan-markdown.js";
import {
  type ApplyReport,
  exitCodeOf,
  outcomeWords,
  type PolicyReport,
  type Report,
  type Reporter,
} from "./report.js";

const applyText = (report: ApplyReport): string => {
  const applied = renderApplyMarkdown(report.result, {
    ...report.commands,
    account: report.account,
    ...(report.receipt === undefined ? {} : { receipt: report.receipt }),
  });
  return report.audit === undefined ? applied : `${applied}\n**${auditClosing(report.audit)}**\n`;
};

const failureText = (policy: string | undefined, diagnostics: readonly Diagnostic[]): string => {
  const of = policy === undefined ? "" : `: ${markdownCode(policy)}`;
  return fitReport(
    {
      head: `### dbt IP restrictions: failed${of}\n`,
      sections: [
        {
          title: diagnosticsCount(diagnostics),
          language: "text",
          rows: diagnosticRows(diagnostics),
          open: true,
        },
      ],
    },
    defaultMaxBytes,
  );
};

const textOf = (policy: string | undefined, report: Report): string | undefined => {
  switch (report.kind) {
    case "plan":
      return renderPlanMarkdown(report.plan, report);
    case "apply":
      return applyText(report);
    case "drift":
      return renderDriftMarkdown(report.drift, report);
    case "audit":
      return renderAuditMarkdown(report.verification);
    case "account":
      return renderAccountMarkdown(report.snapshot);
    case "failure":
      return failureText(policy, report.diagnostics);
    default:
      return undefined;
  }
};

const table = (reports: readonly PolicyReport[]): string =>
  `| policy | outcome |\n|---|---|\n${reports
    .map((one) => `| ${markdownCode(one.policy ?? "")} | ${outcomeWords[exitCodeOf(one)]} |\n`)
    .join("")}`;

export const markdownReport: Reporter = (reports) => {
  const parts = reports.flatMap(({ policy, report }) => textOf(policy, report) ?? []);
  return (reports.length > 1 ? [table(reports), ...parts] : parts).join("\n");
};
