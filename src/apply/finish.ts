/** The end of a run: what became of each step, what is still to do, and the last lines of the receipt. */
import { assertNever } from "../model/assert.js";
import { type Diagnostic, messageOf, persists } from "../model/diagnostic.js";
import { type ExitCode, exitCodes } from "../model/failure.js";
import { present } from "../model/present.js";
import { notBegun, type ReceiptEnd } from "../model/receipt.js";
import { isCatchAll } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import type { Plan, Step } from "../plan/plan.js";
import {
  type ApplyResult,
  type NextAction,
  notBegunSteps,
  type RemainingAllowAll,
  type StepReport,
} from "./result.js";
import { type ApplySession, readAccount, type Stop, stopCrashed } from "./session.js";
import { differences } from "./stops.js";
import { agrees } from "./timeline.js";

/** Everything is as planned. */
export const finishDone = async (run: ApplySession): Promise<ApplyResult> => {
  run.emit({ kind: "verified" });
  const problems = await writeEnd(run, "done", othersChanges(run));
  const outcome = run.done === run.total ? "nothing" : "done";
  // The account is as planned; that the receipt could not say so is still an error of this run.
  const exitCode = problems.length === 0 ? exitCodes.done : exitCodes.error;
  const diagnostics = [...run.remarks, ...problems];
  return { outcome, exitCode, steps: allReports(run), diagnostics, remaining: [], next: "nothing" };
};

/** A listing that is not believed proves no rule's absence, and no rule's presence either. */
const nothingShown: AccountState = { enforcement: "unknown", rules: [] };

/** The run stopped. Reads the account once more, unless the user wants to be off, to say what remains. */
export const finishStopped = async (run: ApplySession, stop: Stop): Promise<ApplyResult> => {
  const actual = stop.actual ?? (await lastReading(run, stop));
  const outcome = outcomeOf(run, stop, actual);
  const problems = [
    ...(await writeSkipped(run)),
    ...(await writeEnd(run, outcome, [...stop.diagnostics, ...othersChanges(run)])),
  ];
  return {
    outcome,
    exitCode: exitCodeOf(outcome),
    steps: allReports(run),
    diagnostics: [
      ...stop.diagnostics,
      ...run.remarks,
      ...problems.filter((problem) => !hasCode(stop.diagnostics, problem.code)),
    ],
    ...(actual === undefined ? {} : { remaining: differences(actual, run.timeline.endOver(actual)) }),
    ...present({ unexpected: stop.unexpected }),
    ...leftOpen(run.plan, allReports(run), stop.doubtful === true ? nothingShown : actual),
    next: stop.next ?? nextAfter(run, stop, actual),
    ...present({ cause: stop.cause }),
  };
};

/**
 * A bug ended the run, or a `Failure` that nobody has caught. What was under way counts as unknown, and the receipt
 * gets its end. Never throws.
 */
export const finishCrashed = async (run: ApplySession, error: unknown): Promise<ApplyResult> => {
  run.crashed = true;
  const stop = stopCrashed(error);
  try {
    await closeInFlight(run);
    return await finishStopped(run, stop);
  } catch {
    // What broke breaks the end as well: the little that is certain is said without it.
    const touched = [...run.reports.values()].some(({ status }) => status !== "already-done");
    const outcome = touched ? "midway" : "failed";
    const problems = await writeEnd(run, outcome, stop.diagnostics).catch(() => []);
    return {
      outcome,
      exitCode: exitCodeOf(outcome),
      steps: allReports(run),
      diagnostics: [...stop.diagnostics, ...problems],
      next: "apply-again",
      cause: error,
    };
  }
};

const closeInFlight = async (run: ApplySession): Promise<void> => {
  const { inFlight } = run;
  if (inFlight === undefined) return;
  const message = "the program failed before it knew what became of the call";
  await run.finishStep(inFlight.planned, "unknown", { attempts: inFlight.attempt, message });
};

/** What others have changed meanwhile belongs to the receipt too. */
const othersChanges = ({ remarks }: ApplySession): readonly Diagnostic[] =>
  remarks.filter(({ code }) => code === "kept-rules-changed");

const hasCode = (diagnostics: readonly Diagnostic[], code: Diagnostic["code"]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.code === code);

const lastReading = async (run: ApplySession, stop: Stop): Promise<AccountState | undefined> => {
  if (stop.reason === "interrupted" || stop.doubtful === true || run.reports.size === 0) return undefined;
  try {
    const reading = await readAccount(run);
    return reading.kind === "read" ? reading.state : undefined;
  } catch (error) {
    if (stop.reason === "crashed") return undefined;
    throw error;
  }
};

/** Whether this run, or one before it, may have changed the account decides between an error and a stop midway. */
const outcomeOf = (
  run: ApplySession,
  stop: Stop,
  actual: AccountState | undefined,
): "refused" | "midway" | "failed" => {
  if (stop.undone === true) return stop.reason === "refused" ? "refused" : "failed";
  const reports = [...run.reports.values()];
  if (reports.some(({ status }) => status === "applied" || status === "unknown")) return "midway";
  const touched = reports.some(({ status, unchanged }) => status === "failed" && unchanged !== true);
  if (touched && (actual === undefined || !isAsBegun(run, actual))) return "midway";
  if (run.done > 0 && run.done < run.total) return "midway";
  return stop.reason === "refused" ? "refused" : "failed";
};

/** Whatever others have changed in rules that the policy keeps is not this run's doing. */
const isAsBegun = (run: ApplySession, actual: AccountState): boolean => {
  const seen = run.timeline.fingerprintOf(actual);
  return agrees({ ...run.expected(run.done), kept: seen.kept }, seen);
};

const exitCodeOf = (outcome: "refused" | "midway" | "failed"): ExitCode => {
  switch (outcome) {
    case "refused":
      return exitCodes.refused;
    case "midway":
      return exitCodes.midway;
    case "failed":
      return exitCodes.error;
    default:
      return assertNever(outcome);
  }
};

/** On a state that the plan leads through, the same plan goes on; on any other a new one is needed. */
const nextAfter = (run: ApplySession, stop: Stop, actual: AccountState | undefined): NextAction => {
  if (stop.diagnostics.some(persists)) return "mend-first";
  if (actual === undefined) return "apply-again";
  return run.timeline.stepsDoneByNow(actual) === undefined ? "plan-again" : "apply-again";
};

const allReports = (run: ApplySession): readonly StepReport[] =>
  notBegunSteps(run.plan).map((step) => run.reports.get(step.planned.number) ?? step);

const writeSkipped = async (run: ApplySession): Promise<readonly Diagnostic[]> => {
  for (const { number } of run.plan.steps) {
    if (run.reports.has(number)) continue;
    const at = run.ports.now().toISOString();
    const problems = await run.write({ step: number, outcome: "skipped", at, message: notBegun });
    if (problems.length > 0) return problems;
  }
  return [];
};

const writeEnd = async (run: ApplySession, end: ReceiptEnd["end"], reasons: readonly Diagnostic[]) => {
  if (run.ended) return [];
  run.ended = true;
  const at = run.ports.now().toISOString();
  const message = reasons.map(messageOf).join("; ");
  return run.write(message === "" ? { end, at } : { end, at, message });
};

/**
 * The temporary allow-all that is on the account, or may be. `actual` is the account as last read, where that
 * reading still holds; what it does not show although this run has made it, and has not taken it off, is no
 * certainty but a doubt.
 */
const remainingAllowAll = (
  plan: Pick<Plan, "before">,
  steps: readonly StepReport[],
  actual: AccountState | undefined,
): RemainingAllowAll | undefined => {
  const shown = actual?.rules.find(isCatchAll);
  if (shown !== undefined) return { rule: shown.name, certain: true };
  const left = actual === undefined ? plan.before.rules.filter(isCatchAll).map(({ name }) => name) : [];
  const made = steps.filter(({ planned, status, unchanged }) =>
    planned.step.kind === "create" && isCatchAll(planned.step.rule)
      ? status !== "not-begun" && unchanged !== true
      : false,
  );
  const names = [...left, ...made.map(({ planned }) => nameOf(planned.step))];
  const rule = names.find((name) => removalOf(steps, name) !== "done");
  if (rule === undefined) return undefined;
  const isMade = made.every(({ status }) => status === "applied" || status === "already-done");
  const certain = actual === undefined && made.length > 0 && isMade && removalOf(steps, rule) === "open";
  return { rule, certain };
};

const nameOf = (step: Step): string => (step.kind === "create" ? step.rule.name : "");

/** `doubtful`: its delete was sent, and nobody knows what came of it. */
const removalOf = (steps: readonly StepReport[], name: string): "done" | "open" | "doubtful" => {
  const removal = steps.find(({ planned: { step } }) => step.kind === "delete" && step.name === name);
  switch (removal?.status) {
    case "applied":
    case "already-done":
      return "done";
    case "unknown":
      return "doubtful";
    case "failed":
      return removal.unchanged === true ? "open" : "doubtful";
    default:
      return "open";
  }
};

/** `remainingAllowAll` as the part of a result; empty where there is none. */
export const leftOpen = (
  ...account: Parameters<typeof remainingAllowAll>
): Pick<ApplyResult, "temporaryAllowAll"> => {
  const temporaryAllowAll = remainingAllowAll(...account);
  return temporaryAllowAll === undefined ? {} : { temporaryAllowAll };
};
