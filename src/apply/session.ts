/** One apply in progress: what it was given, and what it has found out so far. */

import type { AddressSet } from "../address/address-set.js";
import { type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import { Failure, failureOf } from "../model/failure.js";
import { present } from "../model/present.js";
import type { ReceiptEnd, ReceiptHeader, ReceiptRecord } from "../model/receipt.js";
import type { AccountState, Enforcement } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import type { Change, Plan, PlannedStep } from "../plan/plan.js";
import { checkSnapshot, stateOf } from "../plan/state.js";
import type { ApplyPorts } from "./ports.js";
import { receiptLine } from "./receipt.js";
import {
  type ApplyEvent,
  type ApplyOptions,
  defaultTimings,
  type NextAction,
  type RetryTimings,
  type StepReport,
  type StepStatus,
} from "./result.js";
import type { Fingerprint, Timeline } from "./timeline.js";

/** Why a run ends before its last step. */
export interface Stop {
  /** `crashed`: something threw that nothing foresaw; nothing more of this run may throw. */
  readonly reason: "refused" | "failed" | "interrupted" | "crashed";
  readonly diagnostics: readonly Diagnostic[];
  /** The account as last read, where that reading still holds. */
  readonly actual?: AccountState;
  readonly unexpected?: readonly Change[];
  readonly next?: NextAction;
  /** What was thrown, where the reason is `crashed`. */
  readonly cause?: unknown;
  /** Whatever this run changed, it has changed back. */
  readonly undone?: true;
  /** The service does not know the rule that it was asked about: another run may have deleted it. */
  readonly gone?: true;
  /** The last listing is not believed: what it shows, and what it lacks, says nothing of the account. */
  readonly doubtful?: true;
}

/** A step that an answer has called done. */
export interface AnsweredStep {
  readonly planned: PlannedStep;
  /** Addresses of the entries that it adds or removes. */
  readonly touches: AddressSet;
}

/** What is known of how a step ended. */
export interface StepDetails {
  readonly ruleId?: number;
  readonly serverAt?: string;
  readonly message?: string;
  readonly unchanged?: boolean;
}

export class ApplySession {
  readonly plan: Plan;
  /** The plan's states, over the rules that the policy keeps as they were last accepted (others.ts). */
  timeline: Timeline;
  /** The plan's steps, with what each does on the account as it is now. */
  steps: readonly PlannedStep[];
  readonly ports: ApplyPorts;
  readonly options: ApplyOptions;
  readonly timings: RetryTimings;
  readonly reports = new Map<number, StepReport>();
  /** Steps that were found done at the start. */
  done = 0;
  /** As last seen or set, for an account whose rules do not show it. */
  knownEnforcement: Enforcement = "unknown";
  /** Rules that this run has sent a create for, by name: the step, and each id that an answer named. */
  readonly created = new Map<string, { readonly number: number; readonly ids: readonly number[] }>();
  /** The step whose call may have left, and of which no end is recorded yet. */
  inFlight: { readonly planned: PlannedStep; readonly attempt: number } | undefined;
  /** Set by a throw that nothing foresaw: progress is no longer reported, and a receipt that fails is a value. */
  crashed = false;
  /** What the user has to know even where all is as planned. */
  readonly remarks: Diagnostic[] = [];
  /** The receipt has its last line. */
  ended = false;
  /** Whether enforcement is on, by the answer to the latest create that says so. */
  answeredEnforcement: Enforcement = "unknown";
  /** The last listing that was where the plan has the account. */
  listed: Snapshot | undefined;
  /** Steps that answers have said are done since the last listing, which has not shown them yet. */
  readonly answered: AnsweredStep[] = [];
  /** A write was repeated although an earlier try of it might still land. */
  inDoubt = false;
  /** The step about which the service said that it does not know its rule, after which the account was listed once more. */
  listedAgainFor: number | undefined;

  constructor(plan: Plan, timeline: Timeline, ports: ApplyPorts, options: ApplyOptions) {
    this.plan = plan;
    this.timeline = timeline;
    this.steps = plan.steps;
    this.ports = ports;
    this.options = options;
    this.timings = { ...defaultTimings, ...options.timings };
  }

  get total(): number {
    return this.plan.steps.length;
  }

  get interrupted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  emit(event: ApplyEvent): void {
    if (!this.crashed) this.options.onProgress?.(event);
  }

  /** The account as it must be once `done` steps are done. */
  expected(done: number): Fingerprint {
    const mark = this.timeline.at(done);
    return mark.enforcement === "unknown" ? { ...mark, enforcement: this.knownEnforcement } : mark;
  }

  /** The same as a whole state, for showing what differs. */
  expectedState(done: number): AccountState {
    return { ...this.timeline.stateAt(done), enforcement: this.expected(done).enforcement };
  }

  sleep(ms: number): Promise<void> {
    return this.ports.sleep(ms, this.options.signal);
  }

  /** Writes a line of the receipt; a diagnostic when it could not be made durable. */
  async write(line: ReceiptHeader | ReceiptRecord | ReceiptEnd): Promise<readonly Diagnostic[]> {
    try {
      await this.ports.journal.append(receiptLine(line));
      return [];
    } catch (error) {
      return this.crashed ? failureOf(error, "apply").diagnostics : diagnosticsOf(error);
    }
  }

  /** Notes how a step ended, in the report, the receipt and the progress; a diagnostic when the receipt failed. */
  async finishStep(
    planned: PlannedStep,
    status: StepStatus,
    details: { readonly attempts?: number } & StepDetails = {},
  ): Promise<readonly Diagnostic[]> {
    const { serverAt, ...shown } = details;
    const report: StepReport = { planned, status, attempts: 0, ...shown };
    this.reports.set(planned.number, report);
    if (this.inFlight?.planned.number === planned.number) this.inFlight = undefined;
    const { attempts: _, unchanged, ...fields } = details;
    const problems = await this.write({
      step: planned.number,
      outcome: recordOutcome(status),
      at: this.ports.now().toISOString(),
      ...fields,
      ...(status === "failed" && unchanged === true ? { unchanged } : {}),
    });
    this.emit({ kind: "step-finished", total: this.total, report });
    return problems;
  }
}

const recordOutcome = (status: StepStatus): ReceiptRecord["outcome"] =>
  status === "already-done" || status === "not-begun" ? "skipped" : status;

/** What became of a step. */
export type StepEnd =
  /** `done`: that many steps are; more than up to this one where another run of the plan has gone ahead. */
  | { readonly kind: "done"; readonly reading: GoodReading; readonly done: number }
  | { readonly kind: "stopped"; readonly stop: Stop };

export const stopped = (stop: Stop): StepEnd => ({ kind: "stopped", stop });

/** What one try came to. `again`: it is known not to have landed, so the step may be tried once more. */
export type TryEnd =
  | StepEnd
  | { readonly kind: "again"; readonly reading: GoodReading; readonly message: string };

/** One try of a step. */
export interface Try {
  readonly run: ApplySession;
  readonly planned: PlannedStep;
  /** From 1. */
  readonly attempt: number;
  /** How many of the earlier ones were answered with 429. */
  readonly throttled: number;
  /** An earlier try had an unknown outcome, and may have landed late. */
  readonly doubt: boolean;
}

/** Notes how a step ended with this try. */
export const settle = (one: Try, status: Exclude<StepStatus, "not-begun">, details: StepDetails) =>
  one.run.finishStep(one.planned, status, { attempts: one.attempt, ...details });

/** What an answer shows for the record of its step. */
export const shownBy = (outcome: { serverAt?: string; rule?: { id: number } }): StepDetails => ({
  ...(outcome.rule === undefined ? {} : { ruleId: outcome.rule.id }),
  ...present({ serverAt: outcome.serverAt }),
});

/** The diagnostics of a `Failure`; anything else that is thrown is a bug and goes on. */
export const diagnosticsOf = (error: unknown): readonly Diagnostic[] => {
  if (error instanceof Failure) return error.diagnostics;
  throw error;
};

/** Whatever was thrown; a `Failure` says itself what it is. */
export const stopCrashed = (error: unknown): Stop => ({
  reason: "crashed",
  diagnostics: failureOf(error, "apply").diagnostics,
  cause: error,
});

export const stopFailed = (diagnostics: readonly Diagnostic[]): Stop => ({ reason: "failed", diagnostics });

export const stopInterrupted = (): Stop => ({
  reason: "interrupted",
  diagnostics: [diagnostic("interrupted", { at: "apply" })],
});

/** What reading the account between two steps came to. Only `read` is a state that steps can start from. */
export type Reading =
  | { readonly kind: "read"; readonly snapshot: Snapshot; readonly state: AccountState }
  /** The account was read, and no plan can be made of it: two rules of one name, for example. */
  | {
      readonly kind: "ambiguous";
      readonly snapshot: Snapshot;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** The reader gave up; it has done its own waiting and retrying. */
  | { readonly kind: "unreadable"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "interrupted" };

export type GoodReading = Extract<Reading, { kind: "read" }>;

/** Reads the account now. A reading that the user interrupts is dropped: it changes nothing. */
export const readAccount = async (run: ApplySession): Promise<Reading> => {
  if (run.interrupted) return { kind: "interrupted" };
  run.emit({ kind: "reading" });
  const { signal } = run.options;
  if (signal === undefined) return readNow(run);
  const { aborted, forget } = listenTo<Reading>(signal, { kind: "interrupted" });
  try {
    return await Promise.race([aborted, readNow(run)]);
  } finally {
    forget();
  }
};

const readNow = async (run: ApplySession): Promise<Reading> => {
  let snapshot: Snapshot;
  try {
    snapshot = await run.ports.reader.readSnapshot();
  } catch (error) {
    return { kind: "unreadable", diagnostics: diagnosticsOf(error) };
  }
  const errors = checkSnapshot(snapshot).filter(({ severity }) => severity === "error");
  if (hasErrors(errors)) return { kind: "ambiguous", snapshot, diagnostics: errors };
  return { kind: "read", snapshot, state: stateOf(snapshot) };
};

/** `aborted` becomes `value` when the signal is aborted, and never once it is forgotten. */
export const listenTo = <T>(
  signal: AbortSignal,
  value: T,
): { readonly aborted: Promise<T>; readonly forget: () => void } => {
  let onAbort = (): void => undefined;
  const aborted = new Promise<T>((resolve) => {
    onAbort = () => resolve(value);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  return { aborted, forget: () => signal.removeEventListener("abort", onAbort) };
};
