/** Whether a run that stops leaves the temporary rule on the account that allows everything. */
import { isCatchAll } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import type { Plan, Step } from "../plan/plan.js";
import type { ApplyResult, StandingAllowAll, StepReport } from "./result.js";

/**
 * The temporary allow-all that is on the account, or may be. `actual` is the account as last read, where that
 * reading still holds; what it does not show although this run has made it, and has not taken it off, is no
 * certainty but a doubt.
 */
const standingAllowAll = (
  plan: Pick<Plan, "before">,
  steps: readonly StepReport[],
  actual: AccountState | undefined,
): StandingAllowAll | undefined => {
  const shown = actual?.rules.find(isCatchAll);
  if (shown !== undefined) return { rule: shown.name, certain: true };
  const left = actual === undefined ? plan.before.rules.filter(isCatchAll).map(({ name }) => name) : [];
  const made = steps.filter(({ planned, status, unchanged }) =>
    planned.step.kind === "create" && isCatchAll(planned.step.rule)
      ? status !== "not-begun" && unchanged !== true
      : false,
  );
  const names = [...left, ...made.map(({ planned }) => nameOf(planned.step))];
  const rule = names.find((name) => removalOf(steps, name) !== "done");
  if (rule === undefined) return undefined;
  const isMade = made.every(({ status }) => status === "applied" || status === "already-done");
  const certain = actual === undefined && made.length > 0 && isMade && removalOf(steps, rule) === "open";
  return { rule, certain };
};

const nameOf = (step: Step): string => (step.kind === "create" ? step.rule.name : "");

/** `doubtful`: its delete was sent, and nobody knows what came of it. */
const removalOf = (steps: readonly StepReport[], name: string): "done" | "open" | "doubtful" => {
  const removal = steps.find(({ planned: { step } }) => step.kind === "delete" && step.name === name);
  switch (removal?.status) {
    case "applied":
    case "already-done":
      return "done";
    case "unknown":
      return "doubtful";
    case "failed":
      return removal.unchanged === true ? "open" : "doubtful";
    default:
      return "open";
  }
};

/** The part of a result that says so. */
export const leftOpen = (
  ...account: Parameters<typeof standingAllowAll>
): Pick<ApplyResult, "temporaryAllowAll"> => {
  const temporaryAllowAll = standingAllowAll(...account);
  return temporaryAllowAll === undefined ? {} : { temporaryAllowAll };
};
