/** What an update of lists does to the access that a policy means by itself, as if nothing else were on the account. */
import { discardOnly } from "../model/reserved-names.js";
import type { AccountState, Rule } from "../model/rule.js";
import { type AccessChange, accessChange } from "../plan/access-change.js";
import { isLeftOpen } from "../plan/guards.js";
import { byName, ruleOf } from "../plan/state.js";
import type { Lock } from "../policy/lock.js";
import type { ParsedPolicy } from "../policy/parse-policy.js";
import type { Policy, ReadFile } from "../policy/policy.js";
import { resolvePolicy } from "../policy/resolve-policy.js";

/** The rules as if enforced: what a list means is of interest before enforcement is on. */
const stateOf = ({ rules }: Policy): AccountState => ({
  enforcement: "enabled",
  rules: rules.map(ruleOf).sort(byName),
});

/** Of a prefix that nobody comes from: with it, allow rules without entries let nobody in. */
const letsNobodyIn: Rule = { name: "", type: "allow", description: "", prefixes: [discardOnly] };

/**
 * From one lock to another; before the first lock, the rules let nobody in. Undefined where the policy is not valid for
 * another reason, which `validate` explains.
 */
export const policyAccess = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
  { before, after, now }: { readonly before: Lock; readonly after: Lock; readonly now: Date },
): AccessChange | undefined => {
  const [was, is] = [before, after].map((asIs) => resolvePolicy(parsed, files, { now, asIs }).policy);
  if (was === undefined || is === undefined) return undefined;
  const [old, updated] = [stateOf(was), stateOf(is)];
  const more = isLeftOpen(old) && !isLeftOpen(updated) ? [letsNobodyIn] : [];
  const withMore = (state: AccountState): AccountState => ({ ...state, rules: [...more, ...state.rules] });
  return accessChange(withMore(old), withMore(updated), { enforced: "assumed" });
};
