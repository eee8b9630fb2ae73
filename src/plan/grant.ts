/**
 * What a grant does to access: a plan of the policy with its entry, next to the plan without it. Throws `Failure` where the entry
 * would let nobody in, or block somebody; notes are added to the plan.
 */
import { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { diagnostic } from "../model/diagnostic.js";
import { exitCodes, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { Rule } from "../model/rule.js";
import type { Grant } from "../policy/add-to-policy.js";
import { accessChange, accessOf } from "./access-change.js";
import { type ExplainedPart, explain } from "./explain.js";
import type { Change, Plan } from "./plan.js";
import { entryFields, sameRules, withoutPrefixes } from "./state.js";

/** The service saves no range that is on a rule of the other type. */
export const refuseDenied = (
  rules: readonly Pick<Rule, "name" | "type" | "prefixes">[],
  { prefix }: Pick<Grant, "prefix">,
): void => {
  const deny = rules.filter(
    ({ type, prefixes }) => type === "deny" && prefixes.some((one) => samePrefix(one, prefix)),
  );
  if (deny.length > 0)
    throw failure("grant-no-help", { prefix: formatPrefix(prefix), rules: deny.map(({ name }) => name) });
};

export interface GrantPlan {
  readonly plan: Plan;
  /** Changes that the policy asks for apart from the grant, which an earlier run may have written into it. */
  readonly pending: number;
}

export const grantPlan = (grant: Grant, without: Plan, plan: Plan): GrantPlan => {
  refuseToBlock(without, plan);
  const pending = without.changes.length === 0 ? [] : plan.changes.filter((one) => !isOfGrant(one, grant));
  return { plan: withHelp(withAlready(plan, without, grant), grant), pending: pending.length };
};

/** The first allow entry of an account blocks whoever no entry allows: compared is the policy without the grant and with it. */
const refuseToBlock = (without: Plan, { after }: Plan): void => {
  const { newlyBlocked } = accessChange(without.after, after, { enforced: "as-is" });
  if (newlyBlocked.isEmpty()) return;
  const args = { blocked: rangesText(newlyBlocked, 5) };
  throw failure("grant-blocks-others", args, { exitCode: exitCodes.refused });
};

/** Whether the change adds the entry and does nothing else. */
const isOfGrant = (change: Change, { rule, prefix }: Grant): boolean => {
  const isOnly = (added: readonly Prefix[]): boolean =>
    added.length === 1 && added.every((one) => samePrefix(one, prefix));
  if (change.kind === "create") {
    const { name, prefixes, disabled } = change.rule;
    return name === rule && isOnly(prefixes) && disabled === undefined;
  }
  if (change.kind !== "update") return false;
  const { before, after } = change;
  const without = entryFields(withoutPrefixes(after.prefixes, [prefix]), after.disabled ?? []);
  return (
    after.name === rule &&
    isOnly(withoutPrefixes(after.prefixes, before.prefixes)) &&
    sameRules(before, { name: after.name, type: after.type, description: after.description, ...without })
  );
};

/** Whoever is let in already, as the account is now, may need something else. */
const withAlready = (plan: Plan, { before }: Plan, { prefix }: Grant): Plan => {
  const { parts } = explain(before, prefix);
  if (parts.some(({ verdict }) => verdict === "blocked")) return plan;
  const { decider } = parts[0] as ExplainedPart; // a prefix has at least one
  const by = parts.length === 1 && decider.kind === "entry" ? decider.rule : undefined;
  const off = decider.kind === "enforcement-off";
  const already = diagnostic("grant-already-allowed", {
    prefix: formatPrefix(prefix),
    ...present({ by }),
    off,
  });
  return { ...plan, diagnostics: [...plan.diagnostics, already] };
};

const withHelp = (plan: Plan, { prefix }: Grant): Plan => {
  const asked = AddressSet.ofPrefixes([prefix]);
  const blocked = asked.intersect(accessOf(plan.after, "assumed").blocked());
  if (blocked.isEmpty()) return plan;
  const rules = plan.after.rules
    .filter(
      ({ type, prefixes }) =>
        type === "deny" && !AddressSet.ofPrefixes(prefixes).intersect(blocked).isEmpty(),
    )
    .map(({ name }) => name);
  if (blocked.equals(asked)) throw failure("grant-no-help", { prefix: formatPrefix(prefix), rules });
  const some = diagnostic("grant-helps-in-part", {
    prefix: formatPrefix(prefix),
    blocked: rangesText(blocked, 5),
    rules,
  });
  return { ...plan, diagnostics: [...plan.diagnostics, some] };
};
