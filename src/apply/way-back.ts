/**
 * Before a change that waits for confirmation: would whoever waits for its confirmation be able to undo it? The way back is planned
 * before the first write, and the caller must stay allowed in the old state, in the new one, and in every state between
 * the two, in both directions.
 */
import { type Address, formatAddress } from "../address/prefix.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { accessOf, isEnforced } from "../plan/access-change.js";
import type { Plan } from "../plan/plan.js";
import { planBack } from "./undo-plan.js";

/** The old name of each rule that the plan renames, by its new one; and the other way round. */
const renamesBack = ({ changes }: Plan): ReadonlyMap<string, string> =>
  new Map(
    changes.flatMap((change) =>
      change.kind === "update" && change.before.name !== change.after.name
        ? [[change.before.name, change.after.name] as const]
        : [],
    ),
  );

/** The plan that undoes this one, from the state that it ends in. */
export const wayBack = (plan: Plan): Plan => {
  const { after, before, account, protects: guards } = plan;
  const { enforcement } = before;
  // What an account without rules shows is not known; the way back turns enforcement off where the plan turned it on.
  const goal = enforcement === "unknown" && after.enforcement === "enabled" ? "disabled" : enforcement;
  return planBack(
    after,
    { after: { ...before, enforcement: goal }, renames: renamesBack(plan) },
    { accountId: account.id, host: account.host },
    { guards, basis: "" },
  );
};

const isEverEnforced = ({ before, after, steps }: Plan): boolean =>
  isEnforced(before) ||
  isEnforced(after) ||
  steps.some(({ step }) => step.kind === "enforcement" && step.enabled);

/** Why the change cannot wait for confirmation; empty where the way back is proven open. */
export const wayBackProblems = (plan: Plan, callers: readonly Address[]): readonly Diagnostic[] => {
  if (plan.steps.length === 0 || !isEverEnforced(plan)) return [];
  if (callers.length === 0) return [diagnostic("confirm-caller-unknown")];
  const back = wayBack(plan);
  return callers.flatMap((caller): Diagnostic[] => {
    const address = formatAddress(caller);
    const blockedBy = (steps: Plan["steps"]) =>
      steps.find(({ access }) => access.newlyBlocked.contains(caller));
    if (accessOf(plan.before).blocked().contains(caller))
      return [diagnostic("confirm-caller-blocked", { address, where: "before the change" })];
    const there = blockedBy(plan.steps);
    if (there !== undefined)
      return [diagnostic("confirm-caller-blocked", { address, where: `after step ${there.number}` })];
    if (accessOf(plan.after).blocked().contains(caller))
      return [diagnostic("confirm-caller-blocked", { address, where: "after the change" })];
    const here = blockedBy(back.steps);
    return here === undefined
      ? []
      : [
          diagnostic("confirm-caller-blocked", {
            address,
            where: `after step ${here.number} of the way back`,
          }),
        ];
  });
};
