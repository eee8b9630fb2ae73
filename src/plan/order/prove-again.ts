/**
 * Proves the last steps of a plan anew over an account in which others have changed rules that the policy keeps. The
 * calls are the same; whom they allow or block may be somebody else now, so that each guard that passed is asked again.
 */
import { AddressSet } from "../../address/address-set.js";
import type { Prefix } from "../../address/prefix.js";
import { rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import type { GuardName } from "../../model/guards.js";
import type { AccountState } from "../../model/rule.js";
import { accessOf, type PlanAccessChange, planAccessChange } from "../access-change.js";
import { disturbances, isLeftOpen, newlyAllowed } from "../guards.js";
import type { MustHold, Plan, PlannedStep } from "../plan.js";
import { lostVerdicts, underMustAllow, underMustDeny } from "../protected-addresses.js";
import { contradictions } from "../state.js";
import { stateAfter } from "../step-effect.js";
import { otherReading } from "./other-reading.js";
import { verifySteps } from "./verify-steps.js";

const brokenTests = ({ tests }: MustHold, after: AccountState): Diagnostic[] => {
  const map = accessOf(after, "assumed");
  const [allowed, blocked] = [map.allowed(), map.blocked()];
  const passes = tests.every(
    (test) =>
      AddressSet.ofPrefixes(test.allowed).intersect(blocked).isEmpty() &&
      AddressSet.ofPrefixes(test.denied).intersect(allowed).isEmpty(),
  );
  return passes ? [] : [diagnostic("guard-failed", { guard: "policy-tests" })];
};

interface LastSteps {
  readonly before: AccountState;
  readonly after: AccountState;
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
}

/**
 * Of the guards that passed when the plan was made, what speaks against its last steps. The caller's own addresses are for
 * apply, which knows them.
 */
const brokenGuards = ({ verdicts, mustHold }: Plan, facts: LastSteps): Diagnostic[] => {
  if (mustHold === undefined) return [];
  const passed = new Set(verdicts.filter(({ state }) => state === "passed").map(({ guard }) => guard));
  const entries = (prefixes: readonly Prefix[]) => prefixes.map((prefix) => ({ prefix }));
  const checks: readonly (readonly [GuardName, () => Diagnostic[]])[] = [
    ["policy-tests", () => brokenTests(mustHold, facts.after)],
    ["must-allow", () => lostVerdicts(facts, underMustAllow(entries(mustHold.mustAllow)))],
    ["must-deny", () => lostVerdicts(facts, underMustDeny(entries(mustHold.mustDeny)))],
    ["max-newly-allowed", () => newlyAllowed(mustHold.maxNewlyAllowed, facts)],
    ["disturbance", () => disturbances(facts)],
  ];
  return [
    ...(isLeftOpen(facts.after) ? [diagnostic("no-allow-in-force", { of: "account", own: false })] : []),
    ...checks.flatMap(([guard, check]) => (passed.has(guard) ? check() : [])),
  ].filter(({ severity }) => severity === "error");
};

/**
 * Of a plan that passed `max-cut-off`: addresses that the steps after the first `done` ones block in the end (`access`), and
 * that the plan does not. The log was read for the plan alone, and the file of a plan holds no address of it: who uses them
 * is not known, so the guard does not pass.
 */
const cutOffSince = (
  { verdicts, steps, access: planned }: Plan,
  done: number,
  access: PlanAccessChange,
): Diagnostic[] => {
  if (!verdicts.some(({ guard, state }) => guard === "max-cut-off" && state === "passed")) return [];
  const byThePlan = steps
    .slice(done)
    .reduce((all, step) => all.union(step.access.newlyBlocked), planned.change.newlyBlocked);
  const more = access.change.newlyBlocked.subtract(byThePlan);
  return more.isEmpty() ? [] : [diagnostic("cut-off-changed", { prefixes: rangesText(more, 5) })];
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
  const after = stateAfter(from, left);
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
