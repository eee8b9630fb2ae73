/** What an apply is given, what it reports while it runs, and what it returns at the end. Values only: `report/` makes text. */
import type { Address } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { ExitCode } from "../model/failure.js";
import type { OverrideFlag } from "../model/guards.js";
import type { ReceiptPurpose } from "../model/receipt.js";
import type { Change, Plan, PlannedStep } from "../plan/plan.js";

export interface ApplyOptions {
  /** Name and version of the program, for the receipt. */
  readonly tool: string;
  /** The override flags given. */
  readonly overrides?: readonly OverrideFlag[];
  /** Lets a step run although it may shut its caller out. */
  readonly allowLockout?: boolean;
  /** For the receipt: what the run is for, `apply` unless given, and of a rollback what it undoes. */
  readonly purpose?: ReceiptPurpose;
  readonly undoes?: readonly string[];
  /**
   * The plan takes out entries that were to end by now and nothing else: that an unknown address of the caller may be
   * one of them is no reason to keep them.
   */
  readonly onlyExpired?: boolean;
  /** Addresses that the caller is known to come from; each must stay allowed in every state that is to come. */
  readonly clientAddresses?: readonly Address[];
  /** Aborted by Ctrl-C. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ApplyEvent) => void;
  readonly timings?: Partial<RetryTimings>;
}

/** How long to wait for what; all in milliseconds. */
export interface RetryTimings {
  /**
   * After a write of unknown outcome: the waits before each reading of the account, the last of which decides
   * that the write did not land. Their sum is the time that a late write has to show itself.
   */
  readonly settle: readonly number[];
  /** The same where the request never left this machine. */
  readonly reconnect: readonly number[];
  /** After an answer that says "done", while the account does not show it yet. */
  readonly visible: readonly number[];
  /** After a no, or a partial yes: whether the account bears it out. */
  readonly refused: readonly number[];
  /** How long a call in flight may still take once the user has asked to stop. */
  readonly finishCall: number;
  /** How often one step is tried at most, each time only after the one before is known not to have landed. */
  readonly attempts: number;
  /** How often the service's cooldown (429) is waited for in one step. */
  readonly cooldowns: number;
}

export const defaultTimings: RetryTimings = {
  settle: [1_000, 2_000, 4_000, 8_000, 15_000],
  reconnect: [2_000, 5_000],
  visible: [500, 1_000, 2_000, 4_000],
  refused: [0, 1_000],
  finishCall: 10_000,
  attempts: 3,
  cooldowns: 3,
};

export type StepStatus =
  | "applied"
  /** Found done when this run began: an earlier run did it; or another run did meanwhile (`doneByAnother`). */
  | "already-done"
  | "failed"
  /** Asked for, and nobody knows whether it was done. */
  | "unknown"
  | "not-begun";

/** The message of a step that another run has done while this one was under way. */
export const doneByAnother = "done by another run at the same time";

export interface StepReport {
  readonly planned: PlannedStep;
  readonly status: StepStatus;
  /** Calls made for this step in this run. */
  readonly attempts: number;
  readonly ruleId?: number;
  /** What the API said, or how the outcome was found out. */
  readonly message?: string;
  /** Of a failed step: its calls are known to have changed nothing. */
  readonly unchanged?: boolean;
}

export const notBegunSteps = ({ steps }: Pick<Plan, "steps">): readonly StepReport[] =>
  steps.map((planned) => ({ planned, status: "not-begun", attempts: 0 }));

export type ApplyEvent =
  | { readonly kind: "reading" }
  /** Steps 1 to `done` were found done. */
  | { readonly kind: "resuming"; readonly done: number; readonly total: number }
  | { readonly kind: "asking-server"; readonly planned: PlannedStep }
  | { readonly kind: "lockout-allowed"; readonly planned?: PlannedStep; readonly message: string }
  | {
      readonly kind: "step-started";
      readonly planned: PlannedStep;
      readonly total: number;
      readonly attempt: number;
    }
  /** The outcome is unknown, or not visible yet; the account is read again after `ms`. */
  | {
      readonly kind: "step-waiting";
      readonly planned: PlannedStep;
      readonly ms: number;
      readonly message: string;
    }
  /** Too many requests: the step is sent again after `seconds` more of `total`. Sent each second; 0 at the end. */
  | {
      readonly kind: "throttled";
      readonly planned: PlannedStep;
      readonly seconds: number;
      readonly total: number;
      readonly message: string;
    }
  | { readonly kind: "step-finished"; readonly total: number; readonly report: StepReport }
  /** Everything is as planned; a write that was once in doubt gets `ms` more to show itself. */
  | { readonly kind: "late-check"; readonly ms: number }
  | { readonly kind: "verified" };

/** What the user does next. `apply-again`: the same plan goes on where this run stopped. `rollback`: its receipt is undone. */
export type NextAction = "nothing" | "apply-again" | "plan-again" | "mend-first" | "rollback";

/** The temporary rule that allows everything, on the account when a run has stopped. */
export interface RemainingAllowAll {
  readonly rule: string;
  /** False: it may be there, and nobody can tell. */
  readonly certain: boolean;
}

export interface ApplyResult {
  /**
   * `failed`: an error before anything was changed. `midway`: the account was changed, but not as planned. `undone`: it was
   * changed, was not confirmed, and is as before.
   */
  readonly outcome: "done" | "nothing" | "refused" | "midway" | "failed" | "undone";
  readonly exitCode: ExitCode;
  /**
   * Where the change was not confirmed, and is not undone completely: `in-part`: but for what others have changed since;
   * `failed`: the way back did not get through, and `steps` and `remaining` are those of the way back.
   */
  readonly wayBack?: "in-part" | "failed";
  /** All steps of the plan, in order. */
  readonly steps: readonly StepReport[];
  /** Why it stopped, and what happened on the way that the user has to know. */
  readonly diagnostics: readonly Diagnostic[];
  /** Between the account as last read and the plan's end; absent when the account could not be read. */
  readonly remaining?: readonly Change[];
  /** Where somebody else changed the account: what differs from what this run expected to find. */
  readonly unexpected?: readonly Change[];
  /** Absent where the run has not left one. */
  readonly temporaryAllowAll?: RemainingAllowAll;
  readonly next: NextAction;
  /** What the run was for; absent: that the account is as the policy says. */
  readonly purpose?: ReceiptPurpose;
  /** What was thrown, where a bug of ours ended the run: for `--debug`. */
  readonly cause?: unknown;
}
