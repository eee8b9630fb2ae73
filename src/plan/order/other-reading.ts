/**
 * Whether a disabled allow entry counts for the default (what nothing matches is denied where there is any allow entry)
 * is not documented (docs/service.md, "Rules"). A plan is made for the reading in which it does not count, as it is
 * "without effect" otherwise. The two differ only while enforcement may be on, no allow entry is in force and a disabled
 * one is there; a plan that passes such a state is computed once more by the other reading, for the guards to look at.
 */

import { type AccountState, hasDisabledAllow, type Rule } from "../../model/rule.js";
import { isEnforced, type PlanAccessChange, planAccessChange } from "../access-change.js";
import type { PlannedStep, Step } from "../plan.js";
import { rulesByName } from "../state.js";
import { enforcementAfter, takeStep } from "../step-effect.js";
import { verifySteps } from "./verify-steps.js";

/** A plan by the other reading: the same steps, with what each then does and disturbs. */
export interface OtherReading {
  readonly before: AccountState;
  readonly after: AccountState;
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
}

class AllowEntries {
  #inForce = 0;
  #disabled = 0;

  count(rule: Rule | undefined, by: 1 | -1): void {
    if (rule?.type !== "allow") return;
    this.#inForce += by * rule.prefixes.length;
    this.#disabled += by * (rule.disabled?.length ?? 0);
  }

  get areOnlyDisabled(): boolean {
    return this.#inForce === 0 && this.#disabled > 0;
  }
}

/** Whether any state of the plan means something else by the other reading. */
const differs = (before: AccountState, steps: readonly Step[]): boolean => {
  const rules = rulesByName(before.rules);
  const allows = new AllowEntries();
  for (const rule of before.rules) allows.count(rule, 1);
  let { enforcement } = before;
  if (isEnforced({ enforcement }) && allows.areOnlyDisabled) return true;
  return steps.some((step) => {
    enforcement = enforcementAfter(enforcement, step);
    if (step.kind !== "enforcement") {
      const { before: old, after: now } = takeStep(rules, step);
      allows.count(old, -1);
      allows.count(now, 1);
    }
    return isEnforced({ enforcement }) && allows.areOnlyDisabled;
  });
};

/** Undefined where both readings agree in every state of the plan. */
export const otherReading = (
  before: AccountState,
  after: AccountState,
  steps: readonly Step[],
): OtherReading | undefined => {
  const isNew = steps.some((step) => step.kind === "update" && step.disable !== undefined);
  const hasAny = [...before.rules, ...after.rules].some(hasDisabledAllow);
  if ((!hasAny && !isNew) || !differs(before, steps)) return undefined;
  const counting = (state: AccountState): AccountState => ({ ...state, disabledAllowCounts: true });
  const [from, to] = [counting(before), counting(after)];
  return { before: from, after: to, steps: verifySteps(from, to, steps), access: planAccessChange(from, to) };
};
