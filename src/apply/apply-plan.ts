/**
 * Carries out a plan, one call after the other, and never says more than it knows.
 *
 * The account is listed before the first call, whenever a call is to rest on more than answers (call.ts), and at the
 * end; each listing must be the state that the plan names for that moment, or the run stops. So one listing serves three
 * ends: it confirms the steps before it, it catches anybody else's change before the step after it, and the last one is
 * the final verification.
 * An interrupted plan is taken up where the account shows it stopped: see docs/apply.md.
 */

import type { Diagnostic } from "../model/diagnostic.js";
import { exitCodes } from "../model/failure.js";
import type { Plan, PlannedStep } from "../plan/plan.js";
import { begin } from "./begin.js";
import { readWithoutSurplus } from "./duplicate-creates.js";
import { finishCrashed, finishDone, finishStopped, leftOpen } from "./finish.js";
import { askServer, askServerEarly } from "./lockout.js";
import { acceptOthers, doneOverOthers } from "./others.js";
import type { ApplyPorts } from "./ports.js";
import { receiptHeader } from "./receipt.js";
import { type ApplyOptions, type ApplyResult, doneByAnother, notBegunSteps } from "./result.js";
import { ApplySession, type GoodReading, type Stop, stopFailed, stopInterrupted } from "./session.js";
import { advance } from "./step.js";
import { stopUnlessFinal } from "./stops.js";
import { timelineOf } from "./timeline.js";

/**
 * Applies `plan`. Never throws for anything that a user or the service can cause: the result says it all. Once the
 * receipt has its header not even a bug is thrown: the receipt gets its end, and the result says what is known.
 * Nothing is written to the account before the receipt holds its header and all checks have passed.
 */
export const applyPlan = async (
  plan: Plan,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<ApplyResult> => {
  const { timeline, diagnostics } = timelineOf(plan);
  if (timeline === undefined) return unusable(plan, diagnostics);
  const run = new ApplySession(plan, timeline, ports, options);
  const header = await run.write(receiptHeader(plan, options, ports.now()));
  if (header.length > 0) return unusable(plan, header);
  try {
    return await carryOut(run);
  } catch (error) {
    return finishCrashed(run, error);
  }
};

/** What a person should know before saying yes. */
interface ApplyPreview {
  /** Steps that the account shows done already. */
  readonly done: number;
  /** Whether the first calls would be made; else the run would stop before any, and say why. */
  readonly goesAhead: boolean;
  /** Of the calls after the first: what may stop the run at one of them. */
  readonly doubts: readonly Diagnostic[];
}

/**
 * What `applyPlan` finds out before its first call, without a receipt and without a call that writes: asked before a
 * person confirms, so that nobody confirms what is refused then.
 */
export const previewApply = async (
  plan: Plan,
  ports: Pick<ApplyPorts, "reader" | "now" | "sleep">,
  options: ApplyOptions,
): Promise<ApplyPreview> => {
  const { timeline } = timelineOf(plan);
  if (timeline === undefined) return { done: 0, goesAhead: false, doubts: [] };
  // It has no writer: `begin` and the question about the first step only read.
  const writer = {} as ApplyPorts["writer"];
  const run = new ApplySession(
    plan,
    timeline,
    { ...ports, writer, journal: { append: async () => undefined } },
    options,
  );
  const start = await begin(run);
  if (isStop(start)) return { done: run.done, goesAhead: false, doubts: [] };
  const first = run.steps[run.done];
  const no = first === undefined ? undefined : await askServer(run, first, start);
  return { done: run.done, goesAhead: no === undefined, doubts: await askServerEarly(run, start) };
};

const carryOut = async (run: ApplySession): Promise<ApplyResult> => {
  const start = await begin(run);
  if (isStop(start)) return finishStopped(run, start);
  const stop = await runSteps(run, start);
  return stop === undefined ? finishDone(run) : finishStopped(run, stop);
};

const isStop = (value: object): value is Stop => "reason" in value;

const unusable = (plan: Plan, diagnostics: readonly Diagnostic[]): ApplyResult => ({
  outcome: "failed",
  exitCode: exitCodes.error,
  steps: notBegunSteps(plan),
  diagnostics,
  ...leftOpen(plan, [], undefined),
  next: "plan-again",
});

/** Runs what is left; undefined when the account has been read as the plan's end. */
const runSteps = async (run: ApplySession, start: GoodReading): Promise<Stop | undefined> => {
  let { reading, done } = { reading: start, done: run.done };
  for (;;) {
    const end = await advance(run, reading, done);
    if (end === undefined) break;
    if (end.kind === "stopped") return end.stop;
    const problems = await passOver(run, run.steps.slice(done, end.done));
    if (problems.length > 0) return { ...stopFailed(problems), actual: end.reading.state };
    ({ reading, done } = end);
    learnEnforcement(run, done, reading);
  }
  const last = run.steps.at(-1);
  const late = run.inDoubt && last !== undefined ? await lateCheck(run, last) : undefined;
  return late ?? stopUnlessFinal(run, reading.state);
};

/** Of steps that are done, those that this run has not done: another run of the same plan has, meanwhile. */
const passOver = async (run: ApplySession, steps: readonly PlannedStep[]): Promise<readonly Diagnostic[]> => {
  for (const planned of steps.filter(({ number }) => !run.reports.has(number))) {
    const problems = await run.finishStep(planned, "already-done", { message: doneByAnother });
    if (problems.length > 0) return problems;
  }
  return [];
};

/** Enforcement as the account shows it, else as the plan has set it. */
const learnEnforcement = (run: ApplySession, done: number, { state }: GoodReading): void => {
  run.knownEnforcement = state.enforcement === "unknown" ? run.expected(done).enforcement : state.enforcement;
};

/** A write whose try was given up on may land after its repetition: one more wait, one more reading. */
const lateCheck = async (run: ApplySession, last: PlannedStep): Promise<Stop | undefined> => {
  const ms = run.timings.settle.at(-1) ?? 0;
  run.emit({ kind: "late-check", ms });
  await run.sleep(ms);
  const reading = await readWithoutSurplus(run, last);
  if (reading.kind === "interrupted") return stopInterrupted();
  if (reading.kind !== "read") return stopFailed(reading.diagnostics);
  const byOthers = doneOverOthers(run, run.total, reading.state);
  const conflict = byOthers === undefined ? undefined : acceptOthers(run, byOthers, reading.state);
  return conflict ?? stopUnlessFinal(run, reading.state);
};
