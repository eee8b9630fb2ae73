/**
 * What GitLab reads: its terraform report, which a merge request shows as three numbers, and its code-quality report, a
 * list of issues in the CodeClimate form.
 */
import { type Diagnostic, fullText } from "../model/diagnostic.js";
import { cut, jsonText, messageCells } from "../model/escape.js";
import type { Plan } from "../plan/plan.js";
import { fingerprints, relativePath } from "./places.js";
import { planCounts } from "./plan-summary.js";
import type { PolicyReport, Reporter } from "./report.js";

/** A change of enforcement counts as an update. */
const countsOf = (plan: Plan) => {
  const counts = planCounts(plan);
  return {
    create: counts.create,
    update: counts.update + (counts.enforcement === undefined ? 0 : 1),
    delete: counts.delete,
  };
};

/**
 * The sums over all plans. Where one of the policies could not be planned there is no number that would be true:
 * GitLab shows a report without the three as one that failed.
 */
export const gitlabReport: Reporter = (reports) => {
  const sum = { create: 0, update: 0, delete: 0 };
  for (const { report } of reports) {
    if (report.kind !== "plan") return "{}\n";
    const counts = countsOf(report.plan);
    for (const key of ["create", "update", "delete"] as const) sum[key] += counts[key];
  }
  return `${jsonText(sum, 0)}\n`;
};

const severities = { error: "critical", warning: "minor", note: "info" } as const;

const diagnosticsOf = ({ report }: PolicyReport): readonly Diagnostic[] => {
  if (report.kind === "validation") return report.validation.diagnostics;
  return report.kind === "failure" ? report.diagnostics : [];
};

/** GitLab wants a path on every issue: without one of its own, an issue is put on this file. */
const fallbackPath = ({ policy }: PolicyReport, diagnostics: readonly Diagnostic[]): string =>
  diagnostics.find(({ source }) => source !== undefined)?.source?.file ?? policy ?? "policy.yaml";

const issuesOf = (one: PolicyReport) => {
  const diagnostics = diagnosticsOf(one);
  const elsewhere = fallbackPath(one, diagnostics);
  // A failure without a place is another one for each policy.
  const marks = fingerprints(diagnostics, one.report.kind === "failure" ? elsewhere : "");
  return diagnostics.map((diagnostic, index) => {
    const { code, severity, source } = diagnostic;
    return {
      type: "issue",
      description: cut(fullText(diagnostic), messageCells),
      check_name: code,
      fingerprint: marks[index],
      severity: severities[severity],
      categories: ["Security"],
      location: {
        path: relativePath(source?.file ?? elsewhere),
        lines: { begin: source?.line ?? 1, end: source?.endLine ?? 1 },
      },
    };
  });
};

export const codeQualityReport: Reporter = (reports) => `${jsonText(reports.flatMap(issuesOf))}\n`;
