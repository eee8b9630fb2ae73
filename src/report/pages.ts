/** The page of each kind of report that has one. */
import { formatPrefix } from "../address/prefix.js";
import { present } from "../model/present.js";
import { accountPage } from "./account.js";
import { applyPage } from "./apply.js";
import { auditPage } from "./audit.js";
import { diagnosticsCount } from "./diagnostics.js";
import { driftPage } from "./drift.js";
import { renderExplainText } from "./explain.js";
import { diagnosticRows, openText, type ReportPage } from "./page.js";
import { planPage } from "./plan.js";
import { replayPage } from "./replay.js";
import type { Report } from "./report.js";

type ReportOf<Kind extends Report["kind"]> = Extract<Report, { readonly kind: Kind }>;

const failurePage = ({ diagnostics }: ReportOf<"failure">, policy: string | undefined): ReportPage => ({
  title: "failed",
  ...present({ of: policy }),
  closing: () => "There is no result",
  facts: [],
  sections: [openText(diagnosticsCount(diagnostics), "bad", diagnosticRows(diagnostics))],
  whole: (spell) => `${spell("--format json")} shows all of them`,
});

const explanationPage = ({ explained, asked }: ReportOf<"explanation">): ReportPage => ({
  title: "who gets in, explained",
  closing: (spell) => `Answered from ${asked.views.map(({ title }) => spell(title)).join(", then ")}.`,
  facts: [],
  sections: explained.map((one) =>
    openText(formatPrefix(one.prefix), "plain", [(look) => renderExplainText([one], look).trimEnd()]),
  ),
  whole: (spell) => `all of them: ${spell("dbt-ip-rules explain --format json")}`,
});

/** `policy`: of which of several the report is. */
export const pageOf = (report: Report, policy?: string): ReportPage | undefined => {
  switch (report.kind) {
    case "plan":
      return planPage(report);
    case "apply":
      return applyPage(report);
    case "drift":
      return driftPage(report.drift, report.commands);
    case "audit":
      return auditPage(report.verification);
    case "replay":
      return replayPage(report);
    case "account":
      return accountPage(report.snapshot, report.entries);
    case "explanation":
      return explanationPage(report);
    case "failure":
      return failurePage(report, policy);
    default:
      return undefined;
  }
};
