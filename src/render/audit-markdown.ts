/** The audit check for a comment or a job summary. */
import type { AuditVerification } from "../audit/verification.js";
import { foreignRows, verificationRows } from "./audit-text.js";
import { auditClosing } from "./audit-words.js";
import {
  type Account,
  accountLine,
  defaultMaxBytes,
  diagnosticRows,
  fitReport,
  markerOf,
} from "./markdown.js";
import { columns } from "./width.js";
import { counted } from "./words.js";

const titles = {
  confirmed: "confirmed by the audit log",
  missing: "missing from the audit log",
  "could-not-check": "audit log not checked",
  "enforcement-flipped": "enforcement turned by the run",
} as const;

export const renderAuditMarkdown = (
  verification: AuditVerification,
  options: { readonly maxBytes?: number } = {},
): string => {
  const account: Account = verification.receipts[0]?.account ?? { id: 0, host: "" };
  const bad = verification.verdict !== "confirmed";
  const flipped = verification.verdict === "enforcement-flipped";
  const notes = {
    title: "Notes",
    language: "text" as const,
    rows: diagnosticRows(verification.diagnostics),
    open: bad,
  };
  return fitReport(
    {
      marker: markerOf("audit", account),
      head: [
        `### dbt IP restrictions: ${titles[verification.verdict]}\n`,
        `**${auditClosing(verification)}**\n`,
        ...(verification.receipts.length === 0 ? [] : [`${accountLine(account)}\n`]),
      ].join("\n"),
      sections: [
        ...(flipped ? [notes] : []),
        ...verification.receipts.map((receipt) => ({
          title: `Receipt begun ${receipt.startedAt.replace(/[^0-9TZ:.-]/g, "_")}: ${counted(receipt.steps.length, "step")}`,
          language: "text" as const,
          rows: columns([
            ["#", "Step", "Event", "At (UTC)", "Match"],
            ...verificationRows(receipt, { max: 40, was: true }),
          ]),
          open: bad,
        })),
        {
          title: `Events of no step: ${verification.foreign.length}`,
          language: "text",
          rows: columns(foreignRows(verification.foreign)),
          open: false,
        },
        ...(flipped ? [] : [notes]),
      ],
    },
    options.maxBytes ?? defaultMaxBytes,
  );
};
