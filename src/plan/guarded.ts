/** What guards look at, the flags that override them, and how they word a refusal. */
import type { Address } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { Policy, PolicyEntry } from "../policy/policy.js";
import type { Plan, PlanAccessChange, PlannedStep } from "./plan.js";

/** The flags, one or two guards each; no flag contains another. */
export const overrideFlags = {
  lockout: "--allow-lockout",
  disturbance: "--accept-disturbance",
  removedRules: "--allow-removed-rules",
  newlyAllowed: "--allow-newly-allowed",
  mustDeny: "--allow-must-deny",
  unmanaged: "--allow-unmanaged-rules",
  tests: "--allow-failed-tests",
} as const;

export type OverrideFlag = (typeof overrideFlags)[keyof typeof overrideFlags];

export interface Guarded {
  readonly policy: Policy;
  readonly before: AccountState;
  readonly after: AccountState;
  readonly changes: Plan["changes"];
  readonly unmanaged: Plan["unmanaged"];
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
  readonly clientAddresses: readonly Address[];
  readonly overrides: ReadonlySet<string>;
}

export const guardRefusal = (
  code: string,
  message: string,
  hint: string,
  source?: PolicyEntry["source"],
): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
  ...(source && { source }),
});
