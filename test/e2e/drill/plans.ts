/** The plan from any account to a scenario's end. */
import type { AccountState } from "../../../src/model/rule.js";
import { orderSteps } from "../../../src/plan/order/transition.js";
import type { Plan } from "../../../src/plan/plan.js";
import { planOf } from "../../apply/hand-made.js";
import { accountId } from "./access.js";
import type { Scenario } from "./scenarios.js";

/** Renames that are done already are left out. */
export const planBetween = (before: AccountState, { after, renames }: Scenario, host: string): Plan => {
  const names = new Set(before.rules.map(({ name }) => name));
  const open = new Map([...renames].filter(([, old]) => names.has(old)));
  return planOf(before, orderSteps(before, after, open), { account: { id: accountId, host }, after });
};
