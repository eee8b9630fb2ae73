/** How an apply ended: what was changed, what was not, what nobody knows, and the next command. */
import type { ApplyResult, NextAction, StepReport } from "../apply/result.js";
import { assertNever } from "../model/assert.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { looseChangeRows, stepTitle } from "./change-rows.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import type { Look } from "./look.js";
import { cut, quoted, visible } from "./neutralise.js";
import { rowLines } from "./row.js";
import { wrap } from "./width.js";
import { counted } from "./words.js";

/** The commands that the summary tells the user to type. */
export interface NextCommands {
  /** Applies the same plan again: `dbt-ip-rules apply plan.json`. */
  readonly applyAgain?: string;
  readonly planAgain?: string;
  /** Plans the policy and applies it, whatever plan this run was given: `dbt-ip-rules apply`. */
  readonly applyPolicy?: string;
}

export const nextText = (next: NextAction, commands: NextCommands): string => {
  const again = commands.applyAgain ?? "dbt-ip-rules apply";
  switch (next) {
    case "nothing":
      return "";
    case "apply-again":
      return `Next: ${again}`;
    case "plan-again":
      return `Next: ${commands.planAgain ?? "dbt-ip-rules plan"}`;
    case "mend-first":
      return `Next: mend what is said above, then ${again}`;
    default:
      return assertNever(next);
  }
};

/** The command that takes the temporary allow-all off again. */
export const removalCommand = (next: NextAction, commands: NextCommands): string =>
  (next === "plan-again" ? commands.applyPolicy : commands.applyAgain) ?? "dbt-ip-rules apply";

/** What has to be said before all else, and ends where the command follows; undefined where nothing is left open. */
export const openWarning = ({ temporaryAllowAll }: ApplyResult): string | undefined => {
  if (temporaryAllowAll === undefined) return undefined;
  const { rule, certain } = temporaryAllowAll;
  const [now, is] = certain ? ["OPEN NOW", "is"] : ["PERHAPS OPEN NOW", "may be"];
  return `${now}: the temporary rule ${quoted(rule)} ${is} still on the account, and it lets in every address that no narrower rule denies. To remove it:`;
};

export interface StepGroups {
  readonly changed: readonly StepReport[];
  readonly unknown: readonly StepReport[];
  readonly notChanged: readonly StepReport[];
}

export const stepGroups = ({ steps }: ApplyResult): StepGroups => ({
  changed: steps.filter(({ status }) => status === "applied" || status === "already-done"),
  unknown: steps.filter(({ status }) => status === "unknown"),
  notChanged: steps.filter(({ status }) => status === "failed" || status === "not-begun"),
});

/** `2 of 3 steps done, 1 unknown`. */
const tally = (result: ApplyResult): string => {
  const { changed, unknown } = stepGroups(result);
  const done = `${changed.length} of ${counted(result.steps.length, "step")} done`;
  return unknown.length === 0 ? done : `${done}, ${unknown.length} unknown`;
};

/** What is known of the account; that it could not be read again is no proof that it was changed. */
const midwayWords = (result: ApplyResult): string => {
  const { changed } = stepGroups(result);
  if (result.remaining?.length === 0)
    return "The account is as planned, but something on the way was not: see above.";
  if (changed.length === 0 && result.remaining === undefined)
    return "The account was not read again: nobody can tell whether it was changed.";
  return "The account was changed, but is not as planned.";
};

/** The one line that says how it ended, for every format. */
export const applyClosing = (result: ApplyResult): string => {
  switch (result.outcome) {
    case "done":
      return `Applied: ${tally(result)}, and the account now is as planned.`;
    case "nothing":
      return result.steps.length === 0
        ? "Nothing to do: the account is as planned."
        : `Nothing to do: ${counted(result.steps.length, "step")} done by an earlier run, and the account is as planned.`;
    case "refused":
      return stepGroups(result).changed.length === 0
        ? "Refused: nothing was changed."
        : `Refused: ${tally(result)}.`;
    case "failed":
      return stepGroups(result).changed.length === 0
        ? "Failed: nothing was changed."
        : `Failed: ${tally(result)}.`;
    case "midway":
      return `Stopped midway: ${tally(result)}. ${midwayWords(result)}`;
    default:
      return assertNever(result.outcome);
  }
};

/** `3. delete rule "Old": failed: the API said no`. */
export const stepReportText = ({ planned, status, message }: StepReport): string => {
  const words = { "already-done": "done by an earlier run", "not-begun": "not begun", applied: "" } as const;
  const state = status === "failed" || status === "unknown" ? status : words[status];
  const why =
    message === undefined || status === "applied" || status === "already-done" ? "" : cut(message, 300);
  const tail = [state, why].filter((part) => part !== "").join(": ");
  return `${planned.number}. ${stepTitle(planned.step)}${tail === "" ? "" : ` (${tail})`}`;
};

const group = (title: string, reports: readonly StepReport[], { style, width }: Look): string[] =>
  reports.length === 0
    ? []
    : [
        style.strong(title),
        ...reports.flatMap((report) => wrap(`  ${stepReportText(report)}`, width, 5)),
        "",
      ];

const changesBlock = (title: string, changes: ApplyResult["remaining"], look: Look): string[] =>
  changes === undefined || changes.length === 0
    ? []
    : [look.style.strong(title), ...looseChangeRows(changes).flatMap((row) => rowLines(row, look)), ""];

export interface ApplyTextOptions extends Look, NextCommands {
  /** What the plan above has said already, and need not be said again. */
  readonly shown?: readonly Diagnostic[];
}

export const renderApplyText = (result: ApplyResult, options: ApplyTextOptions): string => {
  const { changed, unknown, notChanged } = stepGroups(result);
  const { style } = options;
  const problems = renderDiagnosticsText(
    result.diagnostics.filter((one) => options.shown?.includes(one) !== true),
    options,
  );
  const closing = applyClosing(result);
  const good = result.outcome === "done" || result.outcome === "nothing";
  const next = nextText(result.next, options);
  const open = openWarning(result);
  return `${[
    ...(open === undefined
      ? []
      : [
          ...wrap(open, options.width, 2).map(style.error),
          `  ${visible(removalCommand(result.next, options))}`,
          "",
        ]),
    ...(good ? [] : group("Changed", changed, options)),
    ...group("Unknown: the call was made and nobody can tell whether it took effect", unknown, options),
    ...group("Not changed", notChanged, options),
    ...changesBlock("Changed by somebody else", result.unexpected, options),
    ...(good ? [] : changesBlock("Still to do", result.remaining, options)),
    ...(problems === "" ? [] : [problems]),
    good ? style.strong(closing) : style.error(closing),
    ...(next === "" ? [] : [visible(next)]),
  ].join("\n")}\n`;
};
