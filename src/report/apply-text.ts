/** How an apply ended: what was changed, what was not, what nobody knows, and the next command. */
import {
  type ApplyEvent,
  type ApplyResult,
  doneByAnother,
  type NextAction,
  type StepReport,
} from "../apply/result.js";
import { assertNever } from "../model/assert.js";
import { cellsOf } from "../model/cells.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { cut, quoted, visible } from "../model/escape.js";
import { countdown, counted, duration } from "../model/words.js";
import type { PlannedStep } from "../plan/plan.js";
import { looseChangeRows, stepTitle } from "./change-rows.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { type RenderContext, wrap } from "./layout.js";
import { nothingForPurpose } from "./plan-summary.js";
import type { NextCommands } from "./report.js";
import { rowLines } from "./row.js";

export const nextText = (next: NextAction, commands: NextCommands): string => {
  const again = commands.applyAgain ?? "dbt-ip-rules apply";
  const orUndo =
    commands.rollback === undefined ? "" : `; or, to undo what this run changed: ${commands.rollback}`;
  switch (next) {
    case "nothing":
      return "";
    case "apply-again":
      return `Next: ${again}${orUndo}`;
    case "plan-again":
      return `Next: ${commands.planAgain ?? "dbt-ip-rules plan"}${orUndo}`;
    case "mend-first":
      return `Next: fix what is said above, then ${again}${orUndo}`;
    case "rollback":
      return `Next: fix what is said above, then ${rollbackCommand(commands)}`;
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

/** What has to be said before all else, and ends where the command follows; undefined where nothing is left open. */
export const openWarning = ({ temporaryAllowAll }: ApplyResult): string | undefined => {
  if (temporaryAllowAll === undefined) return undefined;
  const { rule, certain } = temporaryAllowAll;
  const [now, is] = certain ? ["OPEN NOW", "is"] : ["PERHAPS OPEN NOW", "may be"];
  return `${now}: the temporary rule ${quoted(rule)} ${is} still on the account, and it allows every address that no narrower rule denies. To remove it:`;
};

export interface StepGroups {
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

const doneByWhom = (message: string | undefined): string =>
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

const group = (title: string, reports: readonly StepReport[], { style, width }: RenderContext): string[] =>
  reports.length === 0
    ? []
    : [
        style.strong(title),
        ...reports.flatMap((report) => wrap(`  ${stepReportText(report)}`, width, 5)),
        "",
      ];

const changesBlock = (title: string, changes: ApplyResult["remaining"], look: RenderContext): string[] =>
  changes === undefined || changes.length === 0
    ? []
    : [look.style.strong(title), ...looseChangeRows(changes).flatMap((row) => rowLines(row, look)), ""];

export interface ApplyTextOptions extends RenderContext, NextCommands {
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
  const next = nextText(result.next, options);
  const open = openWarning(result);
  const titles = stepTitles(result);
  return `${[
    ...(open === undefined
      ? []
      : [
          ...wrap(open, options.width, 2).map(style.error),
          `  ${visible(removalCommand(result.next, options))}`,
          "",
        ]),
    ...(good ? [] : group(titles.changed, changed, options)),
    ...group("Unknown: the call was sent, and its outcome could not be found out", unknown, options),
    ...group(partlyTitle, partly, options),
    ...group(titles.notChanged, notChanged, options),
    ...changesBlock("Changed by somebody else", result.unexpected, options),
    ...(good ? [] : changesBlock(titles.remaining, result.remaining, options)),
    ...(problems === "" ? [] : [problems]),
    good ? style.strong(closing) : style.error(closing),
    ...(next === "" ? [] : [visible(next)]),
  ].join("\n")}\n`;
};

// What an apply says while it runs: `progressLine` gives one plain line a step, for CI; `liveLine` gives the text of the
// one line that a terminal redraws.

const messageCells = 300;

const numbered = ({ number, step }: PlannedStep, total: number): string =>
  `[${String(number).padStart(String(total).length)}/${total}] ${stepTitle(step)}`;

const because = (message: string | undefined): string =>
  message === undefined || message === "" ? "" : `: ${cut(message, messageCells)}`;

const stepOutcome = (
  { status, message, attempts }: StepReport,
  elapsedMs: number | undefined,
  { style }: RenderContext,
): string => {
  const took = elapsedMs === undefined ? "" : ` (${duration(elapsedMs)})`;
  switch (status) {
    case "applied": {
      const tries = attempts > 1 ? `, ${counted(attempts, "try", "tries")}` : "";
      return `${style.added("done")}${took.replace(")", `${tries})`)}`;
    }
    case "already-done":
      return style.faint(doneByWhom(message));
    case "failed":
      return `${style.error("failed")}${because(message)}${took}`;
    case "unknown":
      return `${style.warning("outcome unknown")}${because(message)}${took}`;
    case "not-begun":
      return `${style.faint("not begun")}${because(message)}`;
    default:
      return assertNever(status);
  }
};

/** One line, or nothing where an event deserves none. `elapsedMs`: since the step's first call began. */
export const progressLine = (
  event: ApplyEvent,
  look: RenderContext,
  elapsedMs?: number,
): string | undefined => {
  switch (event.kind) {
    case "reading":
    case "asking-server":
    case "throttled":
      return undefined;
    case "step-started":
      return event.attempt === 1
        ? undefined
        : `${numbered(event.planned, event.total)} … try ${event.attempt}`;
    case "resuming":
      return event.done === event.total
        ? `An earlier run did all ${counted(event.total, "step")}`
        : `Continuing: ${event.done} of ${counted(event.total, "step")} done by an earlier run`;
    case "lockout-allowed":
      return `${look.style.warning("Lockout allowed")}${because(event.message)}`;
    case "step-waiting":
      return `Step ${event.planned.number}${because(event.message)}; reading the account again${event.ms === 0 ? "" : ` in ${duration(event.ms)}`}`;
    case "step-finished":
      // Those of an earlier run are told once for all, by "resuming".
      if (event.report.status === "already-done" && event.report.message !== doneByAnother) return undefined;
      return `${numbered(event.report.planned, event.total)} … ${stepOutcome(event.report, elapsedMs, look)}`;
    case "late-check":
      return `Everything is as planned; reading once more in ${duration(event.ms)}, since a call was repeated`;
    case "verified":
      return "Read the account again: it is as planned";
    default:
      return assertNever(event);
  }
};

/** What the terminal's live line says after an event; undefined leaves it as it is. */
export const liveText = (event: ApplyEvent): string | undefined => {
  switch (event.kind) {
    case "reading":
      return "Reading the account";
    case "asking-server":
      return `Asking the server whether you would still have access (step ${event.planned.number})`;
    case "step-started":
      return numbered(event.planned, event.total);
    case "step-waiting":
      return `Step ${event.planned.number}${because(event.message)}; waiting ${duration(event.ms)}`;
    case "late-check":
      return `Waiting ${duration(event.ms)} before reading the account a last time`;
    case "resuming":
    case "lockout-allowed":
    case "throttled":
    case "step-finished":
    case "verified":
      return undefined;
    default:
      return assertNever(event);
  }
};

/** What Ctrl-C is answered with. */
export const interruptText =
  "Stopping: finishing the call in flight… (press Ctrl-C again to quit without waiting for it)";

/** The live line: text and elapsed time (none for a countdown), cut to the width so that it never wraps. */
export const liveLine = (
  text: string,
  elapsedMs: number | undefined,
  { width, style }: RenderContext,
): string => {
  if (elapsedMs === undefined) return cutEnd(text, width - 1);
  const clock = ` … ${countdown(Math.floor(elapsedMs / 1_000))}`;
  const room = width - cellsOf(clock) - 1;
  return `${cutEnd(text, room)}${style.faint(clock)}`;
};

const cutEnd = (text: string, room: number): string => {
  if (cellsOf(text) <= room) return text;
  let shown = "";
  for (const character of text) {
    if (cellsOf(shown) + cellsOf(character) > room - 1) break;
    shown += character;
  }
  return `${shown}…`;
};

export interface WaitWords {
  /** Seconds still to go. */
  readonly seconds: number;
  readonly reason: "rate-limited" | "retrying" | "pacing";
  /** What made it necessary. */
  readonly message: string;
}

/** A wait that the service asked for, as a countdown. */
export const waitText = ({ seconds, reason, message }: WaitWords): string => {
  switch (reason) {
    case "rate-limited":
      return `Too many requests: the service asks to wait, ${countdown(seconds)} to go`;
    case "pacing":
      return `Half of the requests that the service allows a minute are used, and the other half is left to others: ${countdown(seconds)} to go`;
    case "retrying":
      return `${cut(message, messageCells)}; trying again in ${countdown(seconds)}`;
  }
};
