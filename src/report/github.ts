/**
 * Reports as GitHub workflow commands. GitHub shows at most ten annotations of a level a step; where there
 * are more, the tenth says how many are not shown.
 */
import { type Diagnostic, hintOf, messageOf, type Severity, type SourceRange } from "../model/diagnostic.js";
import { cut, messageCells, visible, workflowData, workflowProperty } from "../model/escape.js";
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

/** What an annotation says, and where; `policy`: for which of several. */
interface Annotation {
  readonly policy?: string | undefined;
  readonly code: string;
  readonly severity: Severity;
  readonly texts: readonly (string | undefined)[];
  readonly source?: SourceRange;
}

const annotationOf = (diagnostic: Diagnostic): Annotation => ({
  ...diagnostic,
  texts: [messageOf(diagnostic), hintOf(diagnostic)],
});

/** The same may be said of each of several policies. */
const ofPolicy = (policy: string | undefined, text: string): string =>
  policy === undefined ? text : `${visible(policy)}: ${text}`;

const annotation = ({ policy, code, severity, texts, source }: Annotation): string => {
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
  const text = texts.filter((part) => part !== undefined).map((part) => cut(part, messageCells));
  const said = ofPolicy(source === undefined ? policy : undefined, text.join("\n"));
  return workflowCommand(commands[severity], { ...place, title: code }, said);
};

const ofLevel = (all: readonly Annotation[], severity: Severity, reserved: number): string => {
  const own = all.filter((one) => one.severity === severity);
  const room = maxOfLevel - reserved;
  if (own.length <= room) return own.map(annotation).join("");
  const shown = own.slice(0, room - 1);
  const more = counted(own.length - shown.length, `more ${severity}`);
  return `${shown.map(annotation).join("")}${workflowCommand(commands[severity], { title: "dbt-ip-rules" }, `${more} not annotated: see the log`)}`;
};

/** `reservedNotices`: notices that the caller adds itself. */
const annotations = (all: readonly Annotation[], reservedNotices: number): string =>
  ofLevel(all, "error", 0) + ofLevel(all, "warning", 0) + ofLevel(all, "note", reservedNotices);

/** With the flag that lets it pass, behind what each finding says to do. */
const refusalAnnotations = ({ guard, diagnostics, override }: Verdict): Annotation[] => {
  const pass = override === undefined ? undefined : `To let it pass: ${override}`;
  if (diagnostics.length === 0)
    return [{ code: "refused", severity: "error", texts: [`Refused by ${guard}`, pass] }];
  return diagnostics.map((one) => {
    const hints = [hintOf(one), pass].filter((part) => part !== undefined);
    return {
      ...one,
      severity: "error",
      texts: [messageOf(one), ...(hints.length > 0 ? [hints.join(". ")] : [])],
    };
  });
};

/** The closing line of a plan, as a notice; `policy`: for which of several. */
const planNotice = ({ plan, policyFile }: PlanReport, policy: string | undefined): string =>
  workflowCommand(
    "notice",
    { title: planVerdict(plan) === "refused" ? "Plan refused" : "Plan" },
    ofPolicy(policy, closingLine(plan, policyFile ?? "the policy")),
  );

const annotationsOf = (report: Report): readonly Annotation[] => {
  switch (report.kind) {
    case "plan":
      return [
        ...refusals(report.plan).flatMap(refusalAnnotations),
        ...report.plan.diagnostics.map(annotationOf),
      ];
    case "validation":
      return report.validation.diagnostics.map(annotationOf);
    case "failure":
      return report.diagnostics.map(annotationOf);
    default:
      return [];
  }
};

/**
 * Refusals as errors, warnings at their lines, the closing line of each plan as a notice. Of several policies each
 * notice, and each annotation without a place, names its own.
 */
export const githubReport: Reporter = (reports) => {
  const nameOf = (policy: string | undefined) => (reports.length > 1 ? policy : undefined);
  const notices = reports.flatMap(({ report, policy }) =>
    report.kind === "plan" ? [planNotice(report, nameOf(policy))] : [],
  );
  const all = reports.flatMap(({ report, policy }) =>
    annotationsOf(report).map((one) => ({ ...one, policy: nameOf(policy) })),
  );
  return annotations(all, Math.min(notices.length, maxOfLevel - 1)) + notices.join("");
};
