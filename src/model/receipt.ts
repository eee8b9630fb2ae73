/**
 * What each step of an apply did. Written ahead as JSON lines, flushed at each: a header, then records.
 * A reader takes the last record of each step; a torn last line is what a crash leaves, and is dropped.
 * The file spells these fields in snake_case, as every file of this tool does (apply/receipt.ts).
 */
import type { Prefix } from "../address/prefix.js";
import type { AccountState, RuleType } from "./rule.js";

/** `skipped`: found done, by an earlier or another run; or, where the message is `notBegun`, left out. */
export type StepOutcome = "started" | "applied" | "failed" | "skipped" | "unknown";

/** The message of a skipped step that the run stopped before. Receipts say it, so it is never changed. */
export const notBegun = "not begun";

export interface ReceiptHeader {
  readonly format: "dbt-ip-rules/receipt";
  /** 1: without what is needed to undo it. */
  readonly version: 1 | 2;
  readonly tool: string;
  readonly account: { readonly id: number; readonly host: string };
  /** ISO 8601, UTC, by this machine's clock. */
  readonly startedAt: string;
  /** Hash of the account's state that the plan was made from, and of the policy. */
  readonly basis: { readonly state: string; readonly policy: string };
  /** The names of the policy's rules; absent in receipts of older versions. */
  readonly policyRules?: readonly string[];
  /** The flags by which failed guards were let pass, when the plan was made or when it was applied. */
  readonly waived?: readonly string[];
  /** What the run was for; absent in version 1. Only `apply` and `grant` leave what the whole policy asks for. */
  readonly purpose?: ReceiptPurpose;
  /** Of a rollback: the receipts that it undoes, by the moment their runs began. */
  readonly undoes?: readonly string[];
  /** The rules that the steps touch, and enforcement, before the plan; absent in version 1. */
  readonly before?: AccountState;
  /** What a plan that undoes this one is checked against: `must_allow` and `must_deny` of the policy. */
  readonly guards?: ReceiptGuards;
  readonly steps: readonly ReceiptPlannedStep[];
}

export type ReceiptPurpose = "apply" | "only-expired" | "grant" | "rollback" | "disable-enforcement";

/** Whether such a run makes the account what the whole policy asks for; one of version 1 does. */
export const isWholePolicy = (purpose: ReceiptPurpose = "apply"): boolean =>
  purpose === "apply" || purpose === "grant";

export interface ReceiptGuards {
  readonly mustAllow: readonly Prefix[];
  readonly mustDeny: readonly Prefix[];
}

/** What a call leaves of a rule: the fields that it sets, and the entries that it adds and removes. */
export interface ReceiptEffect {
  readonly type: RuleType;
  readonly description: string;
  readonly added: readonly Prefix[];
  readonly removed: readonly Prefix[];
  /** Entries that are without effect after the call, and no more; absent where there are none. */
  readonly disabled?: readonly Prefix[];
  readonly released?: readonly Prefix[];
}

export interface ReceiptPlannedStep {
  readonly number: number;
  readonly action: "create" | "update" | "delete" | "enable" | "disable";
  /** The rule's name on the account after the call (before it, for a delete); absent for enforcement. */
  readonly rule?: string;
  /** The rule's name before the call, where the call renames it. */
  readonly renamedFrom?: string;
  /** Of a create or an update; absent in version 1. */
  readonly effect?: ReceiptEffect;
  /** Hash of the whole account's state after the step; absent in version 1. */
  readonly stateHash?: string;
}

export interface ReceiptRecord {
  readonly step: number;
  readonly outcome: StepOutcome;
  /** ISO 8601, UTC, by this machine's clock. */
  readonly at: string;
  /** ISO 8601, UTC, by the server's `Date` header where an answer came: the clock of the audit log. */
  readonly serverAt?: string;
  readonly ruleId?: number;
  /** Of a failed step: its calls are known to have changed nothing, so the audit log owes no event. */
  readonly unchanged?: true;
  /** What the API said, or why the step did not run; never holds the token. */
  readonly message?: string;
}

export interface ReceiptEnd {
  readonly end: "done" | "midway" | "refused" | "failed";
  readonly at: string;
  readonly message?: string;
}

export interface Receipt {
  readonly header: ReceiptHeader;
  /** The last record of each step, by step number; a step without one never began. */
  readonly records: ReadonlyMap<number, ReceiptRecord>;
  /** Absent: the process died before it could say how it ended. */
  readonly end?: ReceiptEnd;
}
