/**
 * Proves the last steps of a plan anew over an account in which others have changed rules that the policy keeps. The
 * calls are the same; whom they let in or shut out may be somebody else now.
 */
import type { Diagnostic } from "../../model/diagnostic.js";
import type { AccountState } from "../../model/rule.js";
import { planAccessChange } from "../access-change.js";
import { brokenGuards, cutOffSince } from "../guards.js";
import { replacementOf } from "../live-access.js";
import type { Plan, PlannedStep, Step } from "../plan.js";
import { byName, contradictions, rulesByName } from "../state.js";
import { otherReading } from "./other-reading.js";
import { enforcementAfter } from "./probe.js";
import { verifySteps } from "./verify-steps.js";

const endOf = (from: AccountState, steps: readonly Step[]): AccountState => {
  const rules = rulesByName(from.rules);
  let { enforcement } = from;
  for (const step of steps) {
    const { before, after } = replacementOf(rules, step);
    if (before !== undefined) rules.delete(before.name);
    if (after !== undefined) rules.set(after.name, after);
    enforcement = enforcementAfter(enforcement, step);
  }
  return { enforcement, rules: [...rules.values()].sort(byName) };
};

/**
 * The steps after the first `done` ones, with what each does and disturbs from `from` on; and what speaks against
 * them: a guard that passed when the plan was made, or one prefix on both types. `from`: the rules that the steps name
 * are as the plan has them there.
 */
export const proveAgain = (
  plan: Plan,
  from: AccountState,
  done: number,
): { readonly steps: readonly PlannedStep[]; readonly problems: readonly Diagnostic[] } => {
  const left = plan.steps.slice(done).map(({ step }) => step);
  const after = endOf(from, left);
  const problems = contradictions(after.rules, "once the rest of the plan is applied");
  if (problems.length > 0) return { steps: [], problems };
  const inPlan = (steps: readonly PlannedStep[]) =>
    steps.map((one) => ({ ...one, number: one.number + done }));
  const steps = inPlan(verifySteps(from, after, left));
  const access = planAccessChange(from, after);
  const other = otherReading(from, after, left);
  return {
    steps,
    problems: [
      ...brokenGuards(plan, { before: from, after, steps, access }),
      ...cutOffSince(plan, done, access),
      ...(other === undefined ? [] : brokenGuards(plan, { ...other, steps: inPlan(other.steps) })),
    ],
  };
};
