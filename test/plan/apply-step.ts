/** What one call leaves of a whole state: for tests that walk through a plan and look around in between. */
import type { AccountState } from "../../src/model/rule.js";
import { replacementOf } from "../../src/plan/live-access.js";
import { enforcementAfter } from "../../src/plan/order/probe.js";
import type { Step } from "../../src/plan/plan.js";
import { byName, rulesByName } from "../../src/plan/state.js";

/** The state after the call, if the API takes all of it. */
export const applyStep = (state: AccountState, step: Step): AccountState => {
  const enforcement = enforcementAfter(state.enforcement, step);
  const rules = rulesByName(state.rules);
  const { before, after } = replacementOf(rules, step);
  if (before !== undefined) rules.delete(before.name);
  if (after !== undefined) rules.set(after.name, after);
  return { enforcement, rules: [...rules.values()].sort(byName) };
};
