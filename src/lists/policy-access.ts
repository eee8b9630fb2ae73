/** What an update of lists does to the access that a policy means by itself, as if nothing else were on the account. */
import { comparePrefixes } from "../address/prefix.js";
import type { AccountState } from "../model/rule.js";
import { accessChange } from "../plan/access-change.js";
import type { AccessChange } from "../plan/plan.js";
import type { Lock } from "../policy/lock.js";
import type { ParsedPolicy } from "../policy/parse-policy.js";
import type { Policy, ReadFile } from "../policy/policy.js";
import { resolvePolicy } from "../policy/resolve-policy.js";

/** The rules as if enforced: what a list means is of interest before enforcement is on. */
const stateOf = ({ rules }: Policy): AccountState => ({
  enforcement: "enabled",
  rules: rules
    .map(({ name, type, description, entries }) => ({
      name,
      type,
      description,
      prefixes: entries.map(({ prefix }) => prefix).sort(comparePrefixes),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});

/** Without any entry in force, allow rules would mean that everybody gets in; before its first lock, nobody meant that. */
const saysNothing = ({ rules }: Policy): boolean => {
  const allows = rules.filter(({ type }) => type === "allow");
  return allows.length > 0 && allows.every(({ entries }) => entries.length === 0);
};

/**
 * From one lock to another; undefined where the policy means nothing yet with the first, or is not valid for another
 * reason, which `validate` explains.
 */
export const policyAccess = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
  { before, after, now }: { readonly before: Lock; readonly after: Lock; readonly now: Date },
): AccessChange | undefined => {
  const policyWith = (lock: Lock): Policy | undefined =>
    resolvePolicy(parsed, files, { now, asIs: lock }).policy;
  const [was, is] = [policyWith(before), policyWith(after)];
  if (was === undefined || is === undefined || saysNothing(was)) return undefined;
  return accessChange(stateOf(was), stateOf(is), { enforced: "assumed" });
};
