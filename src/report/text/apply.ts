/** The end of an apply as text: what is still open first, what was done and what was not, the next command. */
import type { ApplyResult, StepReport } from "../../apply/result.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import {
  applyClosing,
  nextWords,
  openWarning,
  partlyTitle,
  removalCommand,
  stepGroups,
  stepReportText,
  stepTitles,
} from "../apply.js";
import { looseChangeRows } from "../change-rows.js";
import { renderDiagnosticsText } from "../diagnostics.js";
import { type RenderContext, rowsText, section, wrap } from "../layout.js";
import type { NextCommands } from "../report.js";

const steps = (title: string, reports: readonly StepReport[], look: RenderContext): string[] =>
  section(
    title,
    reports.flatMap((report) => wrap(`  ${stepReportText(report)}`, look.width, 5)),
    look,
  );

const changesBlock = (title: string, changes: ApplyResult["remaining"] = [], look: RenderContext): string[] =>
  section(title, rowsText(looseChangeRows(changes), look), look);

interface ApplyTextOptions extends RenderContext, NextCommands {
  /** What the plan above has said already, and need not be said again. */
  readonly shown?: readonly Diagnostic[];
}

export const renderApplyText = (result: ApplyResult, options: ApplyTextOptions): string => {
  const { changed, unknown, partly, notChanged } = stepGroups(result);
  const { style } = options;
  const problems = renderDiagnosticsText(
    result.diagnostics.filter((one) => options.shown?.includes(one) !== true),
    options,
  );
  const closing = applyClosing(result);
  const good = result.outcome === "done" || result.outcome === "nothing";
  const next = nextWords(result.next, options);
  const open = openWarning(result);
  const titles = stepTitles(result);
  return `${[
    ...(open === undefined
      ? []
      : [
          ...wrap(`${open}:`, options.width, 2).map(style.error),
          `  ${visible(removalCommand(result.next, options))}`,
          "",
        ]),
    ...(good ? [] : steps(titles.changed, changed, options)),
    ...steps("Unknown: the call was sent, and its outcome could not be found out", unknown, options),
    ...steps(partlyTitle, partly, options),
    ...steps(titles.notChanged, notChanged, options),
    ...changesBlock("Changed by somebody else", result.unexpected, options),
    ...(good ? [] : changesBlock(titles.remaining, result.remaining, options)),
    ...(problems === "" ? [] : [problems]),
    good ? style.strong(closing) : style.error(closing),
    ...(next === "" ? [] : [visible(`Next: ${next}`)]),
  ].join("\n")}\n`;
};
