/** The check of receipts against the audit log: a table of step and event, what others did, one closing line. */
import type { AuditVerification, ForeignEvent, ReceiptVerification } from "../audit/verification.js";
import {
  actorText,
  auditClosing,
  auditedTitle,
  type StepVerdict,
  shortType,
  stampText,
  stepVerdict,
} from "./audit-words.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { duration } from "./duration.js";
import type { Look } from "./look.js";
import { visible } from "./neutralise.js";
import type { Role, Style } from "./style.js";
import { columns } from "./width.js";

const roles: Readonly<Record<StepVerdict, Role>> = {
  strong: "added",
  weak: "warning",
  missing: "error",
  "not due": "faint",
  unchecked: "warning",
};

const head = ["#", "Step", "Event", "At (UTC)", "Match"];

/** What the table takes besides a name: the other columns, blanks, quotes and the action. */
const otherCells = 59;

/** One row a step; a name longer than the table allows is cut. */
export const verificationRows = (
  { steps }: ReceiptVerification,
  names: { readonly max: number; readonly was: boolean },
): string[][] =>
  steps.map((step) => {
    const event = step.kind === "recorded" ? step.event : undefined;
    const silent = step.kind === "missing" ? "none" : "";
    return [
      String(step.step.number),
      auditedTitle(step.step, names),
      event === undefined ? silent : shortType(event.type),
      event === undefined ? "" : stampText(event.at),
      step.kind === "missing" ? "MISSING" : stepVerdict(step),
    ];
  });

const paintLast = (line: string, verdict: StepVerdict | undefined, style: Style): string => {
  if (verdict === undefined) return line;
  const at = line.length - verdict.length;
  return `${line.slice(0, at)}${style[roles[verdict]](line.slice(at))}`;
};

const receiptLines = (receipt: ReceiptVerification, { style, width }: Look): string[] => {
  const lines = columns([
    head,
    ...verificationRows(receipt, { max: Math.max(12, width - otherCells), was: width >= 120 }),
  ]);
  const verdicts = receipt.steps.map(stepVerdict);
  return [
    style.strong(`Receipt ${visible(receipt.file)}, begun ${stampText(receipt.startedAt)} UTC`),
    ...lines.map((line, index) =>
      index === 0 ? style.faint(`  ${line}`) : `  ${paintLast(line, verdicts[index - 1], style)}`,
    ),
    "",
  ];
};

export const foreignRows = (foreign: readonly ForeignEvent[]): string[][] =>
  foreign.map(({ event, sameActor }) => [
    stampText(event.at),
    shortType(event.type),
    `${actorText(event)}${sameActor ? ", the actor of these steps" : ""}`,
  ]);

export const renderAuditText = (verification: AuditVerification, look: Look): string => {
  const { style } = look;
  const foreign = columns(foreignRows(verification.foreign)).map((line) => `  ${line}`);
  const problems = renderDiagnosticsText(verification.diagnostics, look);
  const closing = auditClosing(verification);
  const waited =
    verification.waitedMs >= 1_000 ? ` Waited ${duration(verification.waitedMs)} for the log.` : "";
  const said = problems === "" ? [] : [problems];
  const flipped = verification.verdict === "enforcement-flipped";
  return `${[
    ...(flipped ? said : []),
    ...verification.receipts.flatMap((receipt) => receiptLines(receipt, look)),
    ...(foreign.length === 0 ? [] : [style.strong("Events of no step"), ...foreign, ""]),
    ...(flipped ? [] : said),
    `${verification.verdict === "confirmed" ? style.strong(closing) : style.error(closing)}${waited}`,
  ].join("\n")}\n`;
};
