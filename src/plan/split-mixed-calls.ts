/**
 * A call that adds and removes may be carried out in part: the API can take the removals and refuse an addition
 * (docs/service.md, "Rules": `extra.failed_cidrs`). So such a call stays one only where its removals alone would disturb
 * nobody; else the additions are a call of their own, before the removals. With some of the additions each address
 * has the verdict that it has with none or with all of them, so these two say it all, unless the default flips.
 */
import type { AccountState } from "../model/rule.js";
import type { Step } from "./plan.js";
import { PlanWalk } from "./verify-steps.js";

type Update = Extract<Step, { kind: "update" }>;

const isMixed = (step: Step): step is Update =>
  step.kind === "update" && step.add.length > 0 && step.remove.length > 0;

const inTwo = (step: Update): readonly [Update, Update] => [
  { ...step, remove: [] },
  { ...step, name: step.becomes.name, add: [] },
];

/** `before` to `after` by the same changes, with enforcement on throughout. */
export const splitMixedCalls = (
  before: AccountState,
  after: AccountState,
  steps: readonly Step[],
): Step[] => {
  if (!steps.some(isMixed)) return [...steps];
  const walk = new PlanWalk(before, after, steps);
  const types = new Map(before.rules.map(({ name, type }) => [name, type]));
  return steps.flatMap((step) => {
    const changesType = step.kind === "update" && types.get(step.name) !== step.becomes.type;
    if (step.kind === "update") types.set(step.becomes.name, step.becomes.type);
    if (step.kind === "create") types.set(step.rule.name, step.rule.type);
    // A rule that changes its type cannot do so in two calls: its entries would have the wrong type in between.
    if (!isMixed(step) || changesType) {
      walk.follow(step);
      return [step];
    }
    const [additions, removals] = inTwo(step);
    const defaultBefore = walk.allowsByDefault;
    const { disturbs } = walk.follow({ ...step, add: [] });
    const harmless =
      disturbs.blocked.isEmpty() && disturbs.allowed.isEmpty() && walk.allowsByDefault === defaultBefore;
    walk.follow({ ...additions, name: step.becomes.name });
    return harmless ? [step] : [additions, removals];
  });
};
