/**
 * What an apply says while it runs: `progressLine` gives one plain line a step, for CI; `liveLine` gives the text of the one
 * line that a terminal redraws.
 */
import { type ApplyEvent, doneByAnother, type StepReport } from "../../apply/result.js";
import { assertNever } from "../../model/assert.js";
import { cellsOf } from "../../model/cells.js";
import { cut } from "../../model/escape.js";
import { countdown, counted, duration } from "../../model/words.js";
import type { PlannedStep } from "../../plan/plan.js";
import { doneByWhom } from "../apply.js";
import { stepTitle } from "../change-rows.js";
import type { RenderContext } from "../layout.js";

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
      // Those of an earlier run are shown once for all, by "resuming".
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

interface WaitWords {
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
