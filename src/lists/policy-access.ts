/** What an update of lists does to the access that a policy means by itself, as if nothing else were on the account. */
import { comparePrefixes } from "../address/prefix.js";
import { discardOnly } from "../model/reserved-names.js";
import type { AccountState, Rule } from "../model/rule.js";
import { accessChange } from "../plan/access-change.js";
import type { AccessChange } from "../plan/plan.js";
import type { Lock } from "../policy/lock.js";
import type { ParsedPolicy } from "../policy/parse-policy.js";
import type { Policy, ReadFile } from "../policy/policy.js";
import { resolvePolicy } from "../policy/resolve-policy.js";

/** The rules as if enforced: what a list means is of interest before enforcement is on. */
const stateOf = ({ rules }: Policy, more: readonly Rule[]): AccountState => ({
  enforcement: "enabled",
  rules: rules
    .map(
      ({ name, type, description, entries }): Rule => ({
        name,
        type,
        description,
        prefixes: entries.map(({ prefix }) => prefix).sort(comparePrefixes),
      }),
    )
    .concat(more)
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});

/** Whether allow rules exist and none has an entry, which would let everybody in: nobody means that. */
const letsAllIn = ({ rules }: Policy): boolean => {
  const allows = rules.filter(({ type }) => type === "allow");
  return allows.length > 0 && allows.every(({ entries }) => entries.length === 0);
};

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
  const more = letsAllIn(was) && !letsAllIn(is) ? [letsNobodyIn] : [];
  return accessChange(stateOf(was, more), stateOf(is, more), { enforced: "assumed" });
};
