/** The end of an apply for a comment or a job summary: verdict first, steps folded. */
import type { ApplyResult } from "../apply/result.js";
import {
  applyClosing,
  type NextCommands,
  nextText,
  openWarning,
  removalCommand,
  stepGroups,
  stepReportText,
} from "./apply-text.js";
import { looseChangeRows } from "./change-rows.js";
import { diagnosticsCount } from "./diagnostics-text.js";
import { accountLine, defaultMaxBytes, diagnosticRows, fitReport, markerOf } from "./markdown.js";
import { markdownCode } from "./neutralise.js";
import { diffRow, fenceWidth } from "./row.js";
import { wrap } from "./width.js";
import { counted } from "./words.js";

export interface ApplyMarkdownOptions extends NextCommands {
  readonly account: { readonly id: number; readonly host: string };
  /** The receipt's file, where one was written. */
  readonly receipt?: string;
  readonly maxBytes?: number;
}

const titles = {
  done: "applied",
  nothing: "nothing to apply",
  refused: "refused",
  failed: "failed",
  midway: "stopped midway",
} as const;

export const renderApplyMarkdown = (result: ApplyResult, options: ApplyMarkdownOptions): string => {
  const { changed, unknown, notChanged } = stepGroups(result);
  const next = nextText(result.next, options);
  const open = openWarning(result);
  const steps = (title: string, reports: typeof changed, open: boolean) => ({
    title: `${title}: ${counted(reports.length, "step")}`,
    language: "text" as const,
    rows: reports.map((report) => wrap(stepReportText(report), fenceWidth, 3).join("\n")),
    open,
  });
  return fitReport(
    {
      marker: markerOf("apply", options.account),
      head: [
        `### dbt IP restrictions: ${titles[result.outcome]}\n`,
        ...(open === undefined
          ? []
          : [`**${open}** ${markdownCode(removalCommand(result.next, options), 300)}\n`]),
        `**${applyClosing(result)}**\n`,
        `${accountLine(options.account)}\n`,
        ...(next === "" ? [] : [`Next: ${markdownCode(next.replace(/^Next: /, ""), 300)}\n`]),
        ...(options.receipt === undefined ? [] : [`Receipt: ${markdownCode(options.receipt, 300)}\n`]),
      ].join("\n"),
      sections: [
        steps("Unknown", unknown, true),
        steps("Not changed", notChanged, true),
        {
          title: diagnosticsCount(result.diagnostics),
          language: "text",
          rows: diagnosticRows(result.diagnostics),
          open: true,
        },
        {
          title: "Changed by somebody else",
          language: "diff",
          rows: looseChangeRows(result.unexpected ?? []).map(diffRow),
        },
        steps("Changed", changed, false),
        {
          title: "Still to do",
          language: "diff",
          rows: looseChangeRows(result.remaining ?? []).map(diffRow),
        },
      ],
    },
    options.maxBytes ?? defaultMaxBytes,
  );
};
