import type { AccountState } from "../model/rule.js";
import { isEnforced } from "./access-change.js";
import type { Renames } from "./diff-states.js";
import { orderEnforced } from "./order-enforced.js";
import { orderUnenforced } from "./order-unenforced.js";
import type { Step } from "./plan.js";

/** The calls that lead from one state to the other, in the order of the essay above. */
export const orderSteps = (
  before: AccountState,
  after: AccountState,
  renames: Renames = new Map(),
): Step[] => {
  const enable: Step[] =
    after.enforcement === "enabled" && before.enforcement !== "enabled"
      ? [{ kind: "enforcement", enabled: true }]
      : [];
  const disable: Step[] =
    after.enforcement === "disabled" && before.enforcement !== "disabled"
      ? [{ kind: "enforcement", enabled: false }]
      : [];
  const order = isEnforced(before) && isEnforced(after) ? orderEnforced : orderUnenforced;
  return [...disable, ...order(before, after, renames), ...enable];
};

export { isEnforced };
