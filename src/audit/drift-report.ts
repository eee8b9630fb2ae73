/** The result of comparing an account with its policy, as data for every renderer. */
import type { Prefix } from "../address/prefix.js";
import type { Diagnostic, Severity } from "../model/diagnostic.js";
import type { Enforcement, Rule, RuleType } from "../model/rule.js";
import type { AccessChange, Direction } from "../plan/plan.js";
import type { Attribution } from "./attribution.js";

/** What differs, told from the account's side: `entry-added` is on the account and not in the policy. */
export type DriftDetail =
  | { readonly kind: "rule-added"; readonly rule: Rule }
  | { readonly kind: "rule-removed"; readonly rule: Rule }
  /** The account knows the rule under one of the policy's `previous_names`. */
  | { readonly kind: "name-changed"; readonly policy: string; readonly account: string }
  | { readonly kind: "entry-added"; readonly type: RuleType; readonly prefix: Prefix }
  | { readonly kind: "entry-removed"; readonly type: RuleType; readonly prefix: Prefix }
  | { readonly kind: "type-changed"; readonly policy: RuleType; readonly account: RuleType }
  | { readonly kind: "description-changed"; readonly policy: string; readonly account: string }
  | {
      readonly kind: "enforcement-changed";
      readonly policy: "enabled" | "disabled";
      readonly account: Enforcement;
    };

/**
 * `drift`: the account changed. `pending`: the policy changed (or an entry's date came) and was not applied.
 * `cannot-tell`: nothing given says which.
 */
export type DriftCause = "drift" | "pending" | "cannot-tell";

/** Why the cause is what it is; stable codes. */
export type DriftReason =
  | "base-agrees-with-policy"
  | "base-agrees-with-account"
  | "both-changed"
  | "policy-unchanged-since-receipt"
  | "no-event-since-receipt"
  | "event-since-receipt"
  | "entry-expired"
  | "receipt-unfinished"
  | "receipt-unproven"
  | "no-base";

export interface DriftDifference {
  /** 16 hexadecimal digits: a hash of account, rule, kind and what. */
  readonly id: string;
  readonly detail: DriftDetail;
  /** The rule's name in the policy (on the account, for `rule-added`); absent for the switch. */
  readonly rule?: string;
  readonly cause: DriftCause;
  readonly reason: DriftReason;
  /** `error`: the account lets in what the policy does not; `warning`: it shuts out; `note`: cosmetic. */
  readonly severity: Severity;
  /** What this difference alone does to access, from the policy to the account. */
  readonly direction: Direction;
  readonly attribution: Attribution;
}

export interface DriftReport {
  readonly account: { readonly id: number; readonly host: string };
  /** The policy file, as the user named it. */
  readonly policyFile: string;
  /** Errors first, then warnings, then notes; within each by rule. */
  readonly differences: readonly DriftDifference[];
  /** The whole access change from the policy to the account: what the account allows and the policy does not, and the reverse. */
  readonly access: AccessChange;
  /** False where the switch is known to be off in both (or unknown without rules): `access` is what would be if it were on. */
  readonly effective: boolean;
  /** Rules on the account that the policy tolerates (`unmanaged_rules: keep`). */
  readonly unmanaged: readonly Rule[];
  /** What told drift from pending. */
  readonly base: "policy" | "receipt" | "none";
  readonly counts: { readonly drift: number; readonly pending: number; readonly cannotTell: number };
  /** Why the log could not be read, warnings of the policy, and notes. */
  readonly diagnostics: readonly Diagnostic[];
}
