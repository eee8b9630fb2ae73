/**
 * How a plan begins on an account that shows no rules, and so does not show whether enforcement is on. One empty
 * listing may be wrong; where rules are in force that it does not show, a temporary allow-all would open the account.
 * So the first call is one that harms nobody in either case: a temporary rule that denies only 100::/64
 * (`discardOnly`), sent without `rule_set_enabled`. Its answer, and the listing read after it, show whether
 * enforcement is on (docs/service.md: every rule shows `rule_set_enabled`). The plan goes on only where it is off:
 * then nobody is blocked, whatever rules there are, and the rest needs no temporary allow-all. The second call takes
 * the rule off again. apply/confirm-empty.ts holds a run to this.
 */
import {
  discardOnly,
  firstFree,
  isProbe,
  isStaleTemporary,
  probeDescription,
  probeName,
} from "../../model/reserved-names.js";
import type { AccountState } from "../../model/rule.js";
import type { Step } from "../plan.js";
import { rulesByName } from "../state.js";

/** Turning enforcement on lets nobody in, and neither does taking a probe off. */
const mayLetIn = ({ enforcement, rules }: AccountState): boolean =>
  rules.length > 0 || enforcement === "disabled";

/** Whether nothing but one empty listing says what is on the account. */
export const needsProbe = (before: AccountState, after: AccountState): boolean =>
  before.rules.length === 0 && before.enforcement === "unknown" && mayLetIn(after);

/** Makes the temporary rule, and removes it. */
export const probeSteps = (before: AccountState): Step[] => {
  const name = firstFree(probeName, rulesByName(before.rules));
  const rule = { name, type: "deny", description: probeDescription, prefixes: [discardOnly] } as const;
  return [
    { kind: "create", rule },
    { kind: "delete", name },
  ];
};

/**
 * Whether the account shows nothing but a probe that an earlier run has left, and not that enforcement is off: then
 * rules may be in force that the listing does not show.
 */
export const isUnconfirmed = (before: AccountState, after: AccountState): boolean =>
  before.enforcement !== "disabled" &&
  before.rules.some(isProbe) &&
  before.rules.every(isStaleTemporary) &&
  mayLetIn(after);
