/** How an apply ended: what was changed, what was not, what nobody knows, and the next command. */
import { type ApplyResult, doneByAnother, type NextAction, type StepReport } from "../apply/result.js";
import { assertNever } from "../model/assert.js";
import { cut, quoted } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { Change } from "../plan/plan.js";
import { auditClosing } from "./audit.js";
import { looseChangeRows, stepTitle } from "./change-rows.js";
import { diagnosticsCount } from "./diagnostics.js";
import {
  diagnosticRows,
  foldedRows,
  foldedText,
  openText,
  type ReportPage,
  type Section,
  single,
  wrapped,
} from "./page.js";
import { nothingForPurpose } from "./plan-summary.js";
import type { ApplyReport, NextCommands } from "./report.js";

/** What to do next, with the command to type; empty where nothing is to be done. */
export const nextWords = (next: NextAction, commands: NextCommands): string => {
  const again = commands.applyAgain ?? "dbt-ip-rules apply";
  const orUndo =
    commands.rollback === undefined ? "" : `; or, to undo what this run changed: ${commands.rollback}`;
  switch (next) {
    case "nothing":
      return "";
    case "apply-again":
      return `${again}${orUndo}`;
    case "plan-again":
      return `${commands.planAgain ?? "dbt-ip-rules plan"}${orUndo}`;
    case "mend-first":
      return `fix what is said above, then ${again}${orUndo}`;
    case "rollback":
      return `fix what is said above, then ${rollbackCommand(commands)}`;
    default:
      return assertNever(next);
  }
};

const rollbackCommand = ({ rollback }: NextCommands): string => rollback ?? "dbt-ip-rules rollback";

/** The command that takes the temporary allow-all off again. */
export const removalCommand = (next: NextAction, commands: NextCommands): string =>
  next === "rollback" ? rollbackCommand(commands) : policyCommand(next, commands);

const policyCommand = (next: NextAction, commands: NextCommands): string =>
  (next === "plan-again" ? commands.applyPolicy : commands.applyAgain) ?? "dbt-ip-rules apply";

/** What has to be said before all else, and what the command that follows does; undefined where nothing is left open. */
export const openWarning = ({ temporaryAllowAll }: ApplyResult): string | undefined => {
  if (temporaryAllowAll === undefined) return undefined;
  const { rule, certain } = temporaryAllowAll;
  const [now, is] = certain ? ["OPEN NOW", "is"] : ["PERHAPS OPEN NOW", "may be"];
  return `${now}: the temporary rule ${quoted(rule)} ${is} still on the account, and it allows every address that no narrower rule denies. To remove it`;
};

interface StepGroups {
  readonly changed: readonly StepReport[];
  readonly unknown: readonly StepReport[];
  /** Failed, and not known to have changed nothing: a call may be carried out in part. */
  readonly partly: readonly StepReport[];
  readonly notChanged: readonly StepReport[];
}

const maybePartly = ({ status, unchanged }: StepReport): boolean => status === "failed" && unchanged !== true;

export const stepGroups = ({ steps }: ApplyResult): StepGroups => ({
  changed: steps.filter(({ status }) => status === "applied" || status === "already-done"),
  unknown: steps.filter(({ status }) => status === "unknown"),
  partly: steps.filter(maybePartly),
  notChanged: steps.filter(
    (one) => (one.status === "failed" || one.status === "not-begun") && !maybePartly(one),
  ),
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
  if (result.remaining === undefined && changed.length > 0 && changed.length === result.steps.length)
    return "The account was changed, but was not read again: it is not confirmed to be as planned.";
  if (result.remaining?.length === 0)
    return "The account is as planned, but something on the way was not: see above.";
  if (changed.length === 0 && result.remaining === undefined)
    return "The account was not read again: nobody can tell whether it was changed.";
  return "The account was changed, but is not as planned.";
};

/** Above the steps of `partly`. */
export const partlyTitle = "Failed; a part of it may be on the account";

/** Of a change that was not confirmed: what is undone, and what is on the account now. */
const wayBackWords = (result: ApplyResult): string => {
  if (result.wayBack === "in-part")
    return "Undone in part: the change was not confirmed, and is undone but for what others changed since.";
  const unconfirmed = "Not undone: the change was not confirmed, and";
  const { changed, unknown, partly } = stepGroups(result);
  if (changed.length + unknown.length + partly.length === 0)
    return `${unconfirmed} all of it is still on the account.`;
  return `${unconfirmed} of the way back ${tally(result)}. The rest is still on the account.`;
};

/** The titles of the steps that are done and that are not. */
export const stepTitles = ({ wayBack }: ApplyResult) =>
  wayBack === "failed"
    ? { changed: "Undone", notChanged: "Not undone", remaining: "Still to undo" }
    : { changed: "Changed", notChanged: "Not changed", remaining: "Still to do" };

/** The one line that says how it ended, for every format. */
export const applyClosing = (result: ApplyResult): string => {
  switch (result.outcome) {
    case "done":
      return `Applied: ${tally(result)}, and the account is now as planned.`;
    case "nothing":
      return result.steps.length === 0
        ? `Nothing to do: ${nothingForPurpose[result.purpose ?? "apply"] ?? "the account is as planned"}.`
        : `Nothing to do: ${counted(result.steps.length, "step")} done by an earlier run, and the account is as planned.`;
    case "refused":
      return stepGroups(result).changed.length === 0
        ? "Refused: nothing was changed."
        : `Refused: ${tally(result)}.`;
    case "failed":
      return stepGroups(result).changed.length === 0
        ? "Failed: nothing was changed."
        : `Failed: ${tally(result)}.`;
    case "undone":
      return "Undone: the change was not confirmed, and the account is as before.";
    case "midway":
      if (result.wayBack !== undefined) return wayBackWords(result);
      return `Stopped midway: ${tally(result)}. ${midwayWords(result)}`;
    default:
      return assertNever(result.outcome);
  }
};

/** The same, with what the audit log says of it where it was asked. */
export const applyOutcome = ({ result, audit }: Pick<ApplyReport, "result" | "audit">): string =>
  audit === undefined ? applyClosing(result) : `${applyClosing(result)} ${auditClosing(audit)}`;

export const doneByWhom = (message: string | undefined): string =>
  message === doneByAnother ? "done by another run" : "done by an earlier run";

/** `3. delete rule "Old": failed: the API said no`. */
export const stepReportText = ({ planned, status, message }: StepReport): string => {
  const words = { "already-done": doneByWhom(message), "not-begun": "not begun", applied: "" } as const;
  const state = status === "failed" || status === "unknown" ? status : words[status];
  const why =
    message === undefined || status === "applied" || status === "already-done" ? "" : cut(message, 300);
  const tail = [state, why].filter((part) => part !== "").join(": ");
  return `${planned.number}. ${stepTitle(planned.step)}${tail === "" ? "" : ` (${tail})`}`;
};

const outcomeTitles = {
  done: "applied",
  nothing: "nothing to do",
  refused: "refused",
  failed: "failed",
  midway: "stopped midway",
  undone: "undone",
} as const;

const wayBackTitles = { "in-part": "undone in part", failed: "not undone" } as const;

/** Verdict first, then what went wrong; what was done is folded. */
export const applyPage = (report: ApplyReport): ReportPage => {
  const { result, account, receipt, commands } = report;
  const next = nextWords(result.next, commands);
  const { changed, unknown, partly, notChanged } = stepGroups(result);
  const open = openWarning(result);
  const titles = stepTitles(result);
  const steps = (title: string, reports: readonly StepReport[], isOpen: boolean): Section => {
    const heading = `${title}: ${counted(reports.length, "step")}`;
    const rows = reports.map((one) => wrapped(stepReportText(one), 3));
    return isOpen ? openText(heading, "bad", rows) : foldedText(heading, rows);
  };
  const changes = (title: string, list: readonly Change[] = []): Section =>
    foldedRows(title, single(looseChangeRows(list)));
  return {
    kind: "apply",
    account,
    title: result.wayBack === undefined ? outcomeTitles[result.outcome] : wayBackTitles[result.wayBack],
    closing: () => applyOutcome(report),
    facts: [],
    commands: [
      ...(open === undefined
        ? []
        : [{ words: open, command: removalCommand(result.next, commands), urgent: true as const }]),
      ...(next === "" ? [] : [{ words: "Next", command: next }]),
      ...(receipt === undefined ? [] : [{ words: "Receipt", command: receipt.name }]),
    ],
    sections: [
      steps("Unknown", unknown, true),
      steps(partlyTitle, partly, true),
      steps(titles.notChanged, notChanged, true),
      openText(diagnosticsCount(result.diagnostics), "bad", diagnosticRows(result.diagnostics)),
      changes("Changed by somebody else", result.unexpected),
      steps(titles.changed, changed, false),
      changes(titles.remaining, result.remaining),
    ],
    whole: (spell) => `${spell("apply --write json=FILE")} writes all of them`,
  };
};
