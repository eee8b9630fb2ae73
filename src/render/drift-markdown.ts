/** Drift for an issue or a comment: verdict and access first, differences by cause, folded where they are many. */
import type { DriftCause, DriftReport } from "../audit/differences.js";
import { fitWithAccess } from "./access-markdown.js";
import { accessTitle, causeTitles, differenceRows, unmanagedText } from "./drift-text.js";
import { type DriftCommands, driftClosing, driftNext, driftVerbs } from "./drift-words.js";
import { accountLine, defaultMaxBytes, diagnosticRows, markerOf, type Section } from "./markdown.js";
import { markdownCode } from "./neutralise.js";
import { driftVerdict } from "./report.js";
import { diffRow } from "./row.js";
import { counted } from "./words.js";

/** More differences than this are folded. */
const mostUnfolded = 10;

const causeSection = (cause: DriftCause, { differences }: DriftReport): Section => {
  const own = differences.filter((one) => one.cause === cause);
  return {
    title: `${causeTitles[cause]}: ${counted(own.length, "difference")}`,
    language: "diff",
    rows: own.map((difference) => differenceRows(difference).map(diffRow).join("\n")),
    open: own.length <= mostUnfolded,
  };
};

export const renderDriftMarkdown = (
  report: DriftReport,
  options: { readonly maxBytes?: number; readonly commands: DriftCommands },
): string => {
  const differs = driftVerdict(report) === "differences";
  const sections: Section[] = [
    causeSection("drift", report),
    causeSection("cannot-tell", report),
    causeSection("pending", report),
    {
      title: `Unmanaged: ${counted(report.unmanaged.length, "rule")}`,
      language: "text",
      rows: unmanagedText(report),
    },
    {
      title: "Notes",
      language: "text",
      rows: diagnosticRows(report.diagnostics),
    },
  ];
  return fitWithAccess(
    report.access,
    options.maxBytes ?? defaultMaxBytes,
    (block) => ({
      marker: markerOf("drift", report.account),
      head: [
        `### dbt IP restrictions: ${differs ? "the account differs from the policy" : "no drift"}\n`,
        `**${driftClosing(report, markdownCode(report.policyFile))}**\n`,
        `${accountLine(report.account)}\n`,
        ...(report.access.direction === "none" ? [] : [`${accessTitle(report)}:\n`]),
        block,
        ...driftNext(report, options.commands).map(
          ({ words, command }) =>
            `${words}${command === undefined ? "" : `: ${markdownCode(command, 300)}`}\n`,
        ),
      ].join("\n"),
      sections,
    }),
    driftVerbs,
  );
};
