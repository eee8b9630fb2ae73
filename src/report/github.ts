/**
 * Diagnostics as GitHub workflow commands. GitHub shows at most ten annotations of a level a step; where there
 * are more, the tenth tells how many are not shown.
 */
import type { Diagnostic, Severity } from "../model/diagnostic.js";
import { cut, messageCells, workflowData, workflowProperty } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { Verdict } from "../plan/plan.js";
import { relativePath } from "./places.js";
import { closingLine } from "./plan-summary.js";
import { type PlanReport, planVerdict, type Report, type Reporter, refusals } from "./report.js";

const maxOfLevel = 10;
const commands = { error: "error", warning: "warning", note: "notice" } as const;

/** One workflow command, properties in the order given. */
const workflowCommand = (
  name: "error" | "warning" | "notice",
  properties: Readonly<Record<string, string | number>>,
  message: string,
): string => {
  const shown = Object.entries(properties).map(([key, value]) => `${key}=${workflowProperty(String(value))}`);
  return `::${name}${shown.length === 0 ? "" : ` ${shown.join(",")}`}::${workflowData(message)}\n`;
};

const annotation = ({ code, severity, message, hint, source }: Diagnostic): string => {
  const place =
    source === undefined
      ? {}
      : {
          file: relativePath(source.file),
          line: source.line,
          // Columns are only shown for a range within one line.
          ...(source.line === source.endLine ? { col: source.column, endColumn: source.endColumn } : {}),
          endLine: source.endLine,
        };
  const text = [message, hint].filter((part) => part !== undefined).map((part) => cut(part, messageCells));
  return workflowCommand(commands[severity], { ...place, title: code }, text.join("\n"));
};

const ofLevel = (diagnostics: readonly Diagnostic[], severity: Severity, reserved: number): string => {
  const own = diagnostics.filter((one) => one.severity === severity);
  const room = maxOfLevel - reserved;
  if (own.length <= room) return own.map(annotation).join("");
  const shown = own.slice(0, room - 1);
  const more = counted(own.length - shown.length, `more ${severity}`);
  return `${shown.map(annotation).join("")}${workflowCommand(commands[severity], { title: "dbt-ip-rules" }, `${more} not annotated: see the log`)}`;
};

/** `reservedNotices`: notices that the caller adds itself. */
const annotations = (diagnostics: readonly Diagnostic[], reservedNotices: number): string =>
  ofLevel(diagnostics, "error", 0) +
  ofLevel(diagnostics, "warning", 0) +
  ofLevel(diagnostics, "note", reservedNotices);

const refusalDiagnostics = ({ guard, diagnostics, override }: Verdict): Diagnostic[] => {
  const pass = override === undefined ? undefined : `To let it pass: ${override}`;
  const found: readonly Diagnostic[] =
    diagnostics.length > 0
      ? diagnostics
      : [{ code: "refused", severity: "error", message: `Refused by ${guard}` }];
  return found.map((one) => {
    const hint = [one.hint, pass].filter((part) => part !== undefined).join(". ");
    return { ...one, severity: "error", ...(hint === "" ? {} : { hint }) };
  });
};

/** The closing line of a plan, as a notice. */
const planNotice = ({ plan, policyFile }: PlanReport): string =>
  workflowCommand(
    "notice",
    { title: planVerdict(plan) === "refused" ? "Plan refused" : "Plan" },
    closingLine(plan, policyFile ?? "the policy"),
  );

const diagnosticsOf = (report: Report): readonly Diagnostic[] => {
  switch (report.kind) {
    case "plan":
      return [...refusals(report.plan).flatMap(refusalDiagnostics), ...report.plan.diagnostics];
    case "validation":
      return report.validation.diagnostics;
    case "failure":
      return report.diagnostics;
    default:
      return [];
  }
};

/** Refusals as errors, warnings at their lines, the closing line of each plan as a notice. */
export const githubReport: Reporter = (reports) => {
  const notices = reports.flatMap(({ report }) => (report.kind === "plan" ? [planNotice(report)] : []));
  const diagnostics = reports.flatMap(({ report }) => diagnosticsOf(report));
  return annotations(diagnostics, Math.min(notices.length, maxOfLevel - 1)) + notices.join("");
};
