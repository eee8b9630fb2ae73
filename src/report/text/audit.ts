/** The check of receipts against the audit log as text: a table of step and event, what others did, one closing line. */
import type { AuditVerification, ReceiptVerification } from "../../audit/verification.js";
import { visible } from "../../model/escape.js";
import { duration } from "../../model/words.js";
import {
  auditClosing,
  foreignRows,
  type StepVerdict,
  stampText,
  stepVerdict,
  verificationTable,
} from "../audit.js";
import { renderDiagnosticsText } from "../diagnostics.js";
import { columns, type RenderContext, type Role, type Style } from "../layout.js";

const roles: Readonly<Record<StepVerdict, Role>> = {
  strong: "added",
  weak: "warning",
  missing: "error",
  "not due": "faint",
  unchecked: "warning",
};

/** The width of a table's row without the name: the other columns, spaces, quotes and the action. */
const otherCells = 59;

const paintLast = (line: string, verdict: StepVerdict | undefined, style: Style): string => {
  if (verdict === undefined) return line;
  const at = line.length - verdict.length;
  return `${line.slice(0, at)}${style[roles[verdict]](line.slice(at))}`;
};

const receiptLines = (receipt: ReceiptVerification, { style, width }: RenderContext): string[] => {
  const lines = columns(
    verificationTable(receipt, { max: Math.max(12, width - otherCells), was: width >= 120 }),
  );
  const verdicts = receipt.steps.map(stepVerdict);
  return [
    style.strong(`Receipt ${visible(receipt.file)}, begun ${stampText(receipt.startedAt)} UTC`),
    ...lines.map((line, index) =>
      index === 0 ? style.faint(`  ${line}`) : `  ${paintLast(line, verdicts[index - 1], style)}`,
    ),
    "",
  ];
};

export const renderAuditText = (verification: AuditVerification, look: RenderContext): string => {
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
