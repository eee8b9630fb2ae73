/** Whether a saved plan still fits the account: as it was, midway through the plan's own steps, or otherwise. */
import type { AccountState } from "../model/rule.js";
import { diffStates } from "./diff-states.js";
import type { Change, Plan } from "./plan.js";
import { hashState } from "./state.js";

export type Staleness =
  /** The account means what it meant when the plan was made. */
  | { readonly kind: "fresh" }
  /** The account is as it is after step `after`: go on with the next one. All done where it is the last. */
  | { readonly kind: "resumable"; readonly after: number }
  /** Somebody changed the account: these are the differences from what the plan was made for. */
  | { readonly kind: "stale"; readonly differences: readonly Change[] };

/** Compares meanings only: order, spelling, ids and timestamps do not matter. */
export const staleness = (plan: Plan, now: AccountState): Staleness => {
  const hash = hashState(now);
  if (hash === plan.basis.state) return { kind: "fresh" };
  // The latest, should a plan ever pass one state twice.
  const step = plan.steps.findLast(({ stateHash }) => stateHash === hash);
  if (step !== undefined) return { kind: "resumable", after: step.number };
  return { kind: "stale", differences: diffStates(plan.before, now) };
};
