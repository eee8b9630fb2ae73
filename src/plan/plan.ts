/** The values of a plan. Pure data: nothing here reads, writes or knows the time. */

import type { AddressSet } from "../address/address-set.js";
import type { Prefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { GuardName, OverrideFlag } from "../model/guards.js";
import type { ReceiptGuards } from "../model/receipt.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../model/rule.js";
import type { ListOrigin } from "../policy/policy.js";
import type { AccessChange, PlanAccessChange } from "./access-change.js";
import type { PlanReplay } from "./cut-off.js";

/** Why a rule is deleted: `unmanaged_rules: delete`, `removed_rules`, or an apply that broke off has left it. */
export type DeleteReason = "unmanaged" | "removed" | "left-over" | "undone" | "terraform";

/** One difference between the account and the policy, a rule each, or enforcement. */
export type Change =
  | { readonly kind: "create"; readonly rule: Rule }
  | {
      readonly kind: "update";
      readonly before: Rule;
      readonly after: Rule;
      /** What comes into force, and what is in force no more; `entryChanges` says how. */
      readonly added: readonly Prefix[];
      readonly removed: readonly Prefix[];
    }
  | { readonly kind: "delete"; readonly rule: Rule; readonly reason: DeleteReason }
  | { readonly kind: "enforcement"; readonly before: Enforcement; readonly after: "enabled" | "disabled" };

/** One API call, addressed by rule name: ids are looked up in the account as read just before the call. */
export type Step =
  | { readonly kind: "create"; readonly rule: Rule }
  | {
      readonly kind: "update";
      /** The name on the account when the call is made. */
      readonly name: string;
      /** Name, type and description that the call leaves behind. */
      readonly becomes: { readonly name: string; readonly type: RuleType; readonly description: string };
      /** What comes into force: new entries, and disabled ones that are enabled. */
      readonly add: readonly Prefix[];
      /** What is in force no more: entries that go, and such as are disabled. */
      readonly remove: readonly Prefix[];
      /** What the rule holds disabled from now on; of `remove`, it is disabled instead of removed. Absent: none. */
      readonly disable?: readonly Prefix[];
      /** What it holds disabled no more; of `add`, it is enabled instead of added. Absent: none. */
      readonly release?: readonly Prefix[];
    }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "enforcement"; readonly enabled: boolean };

/** Addresses that have the same verdict before and after the whole plan, but another one in between. */
export interface Disturbance {
  readonly blocked: AddressSet;
  readonly allowed: AddressSet;
}

export interface PlannedStep {
  /** From 1. */
  readonly number: number;
  readonly step: Step;
  /** The access change that this call alone causes. */
  readonly access: AccessChange;
  readonly disturbs: Disturbance;
  /** Hash of the account's state once this step is done: where an interrupted plan may go on. */
  readonly stateHash: string;
}

/**
 * What a guard says. `failed` alone stops a plan. `waived`: it failed, and its flag was given. `not-checked`: what it
 * looks at is not known.
 */
export type VerdictState = "passed" | "failed" | "waived" | "not-checked";

/** A guard's or test's verdict; `override` is the flag that lets it pass. */
export interface Verdict {
  readonly guard: GuardName;
  readonly state: VerdictState;
  readonly diagnostics: readonly Diagnostic[];
  readonly override?: OverrideFlag;
}

/** An entry and the UTC date (ISO) from which on it is absent. */
export interface DatedEntry {
  readonly rule: string;
  readonly prefix: Prefix;
  readonly expires: string;
}

/**
 * Of a policy that keeps unmanaged rules: what the rest of a run has to hold to, where others change such rules while it
 * is under way (order/prove-again.ts). An apply has the plan, and not always the policy.
 */
export interface MustHold {
  /** Names that the policy decides about, its rules' earlier ones and `removed_rules` among them; the others are kept. */
  readonly names: readonly string[];
  readonly mustAllow: readonly Prefix[];
  readonly mustDeny: readonly Prefix[];
  /** The largest count that passes, a family each; absent: no limit. */
  readonly maxNewlyAllowed: { readonly ipv4?: bigint; readonly ipv6?: bigint };
  readonly tests: readonly { readonly allowed: readonly Prefix[]; readonly denied: readonly Prefix[] }[];
}

/** Entries of a rule that the plan adds and that are from one published list. */
export interface ListedEntries extends ListOrigin {
  readonly rule: string;
  readonly prefixes: readonly Prefix[];
}

/** A call that Terraform makes. */
interface TerraformCall {
  readonly verb: "create" | "update" | "delete";
  /** As Terraform writes it: `dbtcloud_ip_restrictions_rule.site["oslo"]`. */
  readonly address: string;
  readonly rule: string;
  /** What it sets enforcement to, for the whole account; absent: it sends nothing. */
  readonly sets?: "on" | "off" | "unknown";
  /** Indices of the calls that come before it in every order. */
  readonly waitsFor: readonly number[];
}

/** The way between the calls of Terraform, in the worst of all orders that its graph leaves open. */
interface TerraformOrders {
  /** Whether each order was looked at; else these are bounds, never too narrow. */
  readonly exact: boolean;
  /** Allowed before and surely after, and blocked in between in some order. */
  readonly blocked: AddressSet;
  /** Of them, those that are blocked until the last call in some order; empty where not each order was looked at. */
  readonly blockedUntilLast: AddressSet;
  /** Blocked before and surely after, and allowed in between in some order. */
  readonly allowed: AddressSet;
  /** Indices of calls that come first in a worst order. */
  readonly example: readonly number[];
}

/** What a plan of Terraform has in addition to what every plan has. */
export interface TerraformFindings {
  readonly calls: readonly TerraformCall[];
  /** What enforcement is once all calls are made; `either`: it depends on their order, or on what is not known. */
  readonly enforcementAfter: Enforcement | "either";
  /** About enforcement: said before all else. */
  readonly flips: readonly Diagnostic[];
  readonly unknown: readonly { readonly address: string; readonly attributes: readonly string[] }[];
  readonly orders: TerraformOrders;
}

export interface Plan {
  readonly account: { readonly id: number; readonly host: string };
  readonly before: AccountState;
  readonly after: AccountState;
  /** What `must_allow` and `must_deny` of the policy hold, for a plan that undoes this one; absent where they are empty. */
  readonly protects?: ReceiptGuards;
  /** Hashes that bind a saved plan: of the canonical account, and of the policy. */
  readonly basis: { readonly state: string; readonly policy: string };
  /** Absent where the policy does not keep unmanaged rules: any change by others then stops a run. */
  readonly mustHold?: MustHold;
  readonly changes: readonly Change[];
  /** Rules on the account that no policy rule names. */
  readonly unmanaged: readonly {
    readonly rule: Rule;
    readonly disposition: "kept" | "deleted" | "refused";
  }[];
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
  readonly verdicts: readonly Verdict[];
  /** Warnings and notes of the policy and the account that a reviewer should see. */
  readonly diagnostics: readonly Diagnostic[];
  readonly enabledForServiceTokens?: boolean;
  /** Who would be cut off, by the traffic on record, where that was read. */
  readonly replay?: PlanReplay;
  /** Entries that are leaving because their date has come, for the reason shown next to a removal. */
  readonly expired: readonly DatedEntry[];
  /** Entries that are added for a time: their date is shown next to the addition. */
  readonly expiring: readonly DatedEntry[];
  /** Entries that are added and are from published lists: list and date are shown next to them. */
  readonly lists: readonly ListedEntries[];
  /**
   * UTC dates (ISO). Between them the policy asks for what this plan does: from the first, since an entry expired
   * then; before the second, when the next one does. Absent where no date bounds it.
   */
  readonly validFrom?: string;
  readonly validUntil?: string;
  /** Of a plan that Terraform made: it has calls in a free order, and no steps. */
  readonly terraform?: TerraformFindings;
}
