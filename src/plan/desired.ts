/**
 * The account as the policy wants it. Unmanaged rules are copied in here, before anything is compared, so a
 * delete of one cannot be computed unless the policy says `unmanaged_rules: delete`, or names it in `removed_rules`.
 */

import { AddressSet } from "../address/address-set.js";
import { countAddresses, rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic, withSeverity } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { isReservedName, isStaleTemporary, reservedNamePrefix } from "../model/reserved-names.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import { skeleton } from "../policy/look-alike.js";
import type { Policy, PolicyRule, RemovedRule } from "../policy/policy.js";
import { suggest } from "../policy/suggest.js";
import { accessChange } from "./access-change.js";
import type { Plan } from "./plan.js";
import { byName, contradictions, ruleOf, rulesByName } from "./state.js";

interface Desired {
  readonly state: AccountState;
  /** New name to the name on the account. No new name is on the account, no old one in the policy. */
  readonly renames: ReadonlyMap<string, string>;
  readonly unmanaged: Plan["unmanaged"];
  /** Rules of the account that `removed_rules` names. */
  readonly removed: ReadonlySet<string>;
}

interface DesiredResult {
  /** Absent when there are errors. */
  readonly desired?: Desired;
  readonly diagnostics: readonly Diagnostic[];
}

const reservedNames = (policy: Policy): Diagnostic[] =>
  policy.rules
    .filter(({ name, previousNames }) => isReservedName(name) || previousNames.some(isReservedName))
    .map(({ name, source }) =>
      diagnostic("reserved-rule-name", { rule: name, prefix: reservedNamePrefix }, source),
    );

/** The rule on the account that this policy rule is, by an earlier name; or why that is not clear. */
const previousName = (
  rule: PolicyRule,
  account: ReadonlyMap<string, Rule>,
  managed: ReadonlySet<string>,
): string | Diagnostic | undefined => {
  const present = [...new Set(rule.previousNames)].filter((name) => name !== rule.name && account.has(name));
  const free = present.filter((name) => !managed.has(name));
  if (account.has(rule.name)) {
    if (free.length === 0) return undefined;
    return diagnostic("rename-both-exist", { rule: rule.name, previous: free }, rule.source);
  }
  const claimed = present.find((name) => managed.has(name));
  if (claimed !== undefined) {
    return diagnostic("rename-name-in-use", { rule: rule.name, previous: claimed }, rule.source);
  }
  if (free.length > 1) {
    return diagnostic("rename-ambiguous", { rule: rule.name, previous: free }, rule.source);
  }
  return free[0];
};

const findRenames = (policy: Policy, account: ReadonlyMap<string, Rule>) => {
  const managed = new Set(policy.rules.map(({ name }) => name));
  const renames = new Map<string, string>();
  const owners = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const rule of policy.rules) {
    const found = previousName(rule, account, managed);
    if (found === undefined) continue;
    if (typeof found !== "string") {
      diagnostics.push(found);
      continue;
    }
    const other = owners.get(found);
    if (other !== undefined) {
      diagnostics.push(
        diagnostic("rename-claimed-twice", { rules: [other, rule.name], previous: found }, rule.source),
      );
    }
    owners.set(found, rule.name);
    renames.set(rule.name, found);
  }
  return { renames, diagnostics };
};

/**
 * A rule without a description in the policy keeps the one on the account: the API takes no empty description
 * (docs/service.md, "Rules"), so it cannot be cleared. A rule without entries need not exist, since none can be created.
 */
const desiredRules = (
  policy: Policy,
  account: ReadonlyMap<string, Rule>,
  renames: ReadonlyMap<string, string>,
) =>
  policy.rules.flatMap((rule): Rule[] => {
    const old = account.get(renames.get(rule.name) ?? rule.name);
    const wanted = ruleOf(rule);
    if (old === undefined && wanted.prefixes.length === 0 && wanted.disabled === undefined) return [];
    return [wanted.description === "" ? { ...wanted, description: old?.description ?? "" } : wanted];
  });

const desiredEnforcement = (policy: Policy, before: AccountState, rules: number): Enforcement => {
  if (policy.enforcement === "ignore") return before.enforcement;
  const untold = before.enforcement === "unknown" && before.rules.length === 0 && rules === 0;
  return untold ? "unknown" : policy.enforcement;
};

/** `others`: names of rules on the account that the policy does not name. A slip leaves the rule where it is. */
const goneRule = ({ name, source }: RemovedRule, others: readonly string[]): Diagnostic => {
  const same = others.find((other) => skeleton(other) === skeleton(name));
  const meant = same ?? suggest(name, others);
  const found = diagnostic("removed-rule-gone", { rule: name, ...present({ meant }) }, source);
  return same === undefined ? found : withSeverity(found, "warning");
};

const notes = (
  policy: Policy,
  enforcement: Enforcement,
  gone: readonly RemovedRule[],
  others: readonly string[],
): Diagnostic[] => [
  ...gone.map((one) => goneRule(one, others)),
  ...(policy.enforcement !== "ignore" && enforcement === "unknown"
    ? [diagnostic("enforcement-not-told", { wanted: policy.enforcement })]
    : []),
];

/** What the policy makes of the account. Pure; errors name the rule's place in the policy. */
export const desiredState = (policy: Policy, before: AccountState): DesiredResult => {
  const account = rulesByName(before.rules);
  const { renames, diagnostics } = findRenames(policy, account);
  const errors = [...reservedNames(policy), ...diagnostics];
  const managed = new Set([...policy.rules.map(({ name }) => name), ...renames.values()]);
  const unmanagedRules = before.rules.filter((rule) => !managed.has(rule.name) && !isStaleTemporary(rule));
  const toRemove = new Set(policy.removedRules.map(({ name }) => name));
  const dispositions = { keep: "kept", fail: "refused", delete: "deleted" } as const;
  const unmanaged = unmanagedRules.map((rule) => ({
    rule,
    disposition: toRemove.has(rule.name) ? ("deleted" as const) : dispositions[policy.unmanagedRules],
  }));
  const kept = unmanaged.filter(({ disposition }) => disposition !== "deleted").map(({ rule }) => rule);
  const rules = [...desiredRules(policy, account, renames), ...kept].sort(byName);
  const all = [...errors, ...contradictions(rules, "once the policy is applied")];
  if (all.length > 0) return { diagnostics: all };
  const enforcement = desiredEnforcement(policy, before, rules.length);
  return {
    desired: {
      state: { enforcement, rules },
      renames,
      unmanaged,
      removed: new Set([...toRemove].filter((name) => account.has(name))),
    },
    diagnostics: notes(
      policy,
      enforcement,
      policy.removedRules.filter(({ name }) => !account.has(name)),
      unmanagedRules.map(({ name }) => name).filter((name) => !toRemove.has(name)),
    ),
  };
};

/**
 * Who gets access only by rules that the policy does not name: kept, and always said. One diagnostic, or none where the kept rules let nobody in whom the policy's own rules do not: a note, and a
 * warning where it is more than a plan may let in (`max_newly_allowed`).
 */
export const unmanagedAccess = (
  { guards }: Policy,
  after: AccountState,
  unmanaged: Plan["unmanaged"],
): Diagnostic[] => {
  const kept = new Set(
    unmanaged.filter(({ disposition }) => disposition === "kept").map(({ rule }) => rule.name),
  );
  if (kept.size === 0) return [];
  const own = { ...after, rules: after.rules.filter(({ name }) => !kept.has(name)) };
  const { newlyAllowed } = accessChange(own, after, { enforced: "assumed" });
  if (newlyAllowed.isEmpty()) return [];
  const { ipv4, ipv6 } = newlyAllowed.count();
  const limits = guards.maxNewlyAllowed;
  const many =
    (limits.ipv4 !== undefined && ipv4 > limits.ipv4) || (limits.ipv6 !== undefined && ipv6 > limits.ipv6);
  const allowing = after.rules.filter(
    ({ name, type, prefixes }) =>
      kept.has(name) &&
      type === "allow" &&
      !AddressSet.ofPrefixes(prefixes).intersect(newlyAllowed).isEmpty(),
  );
  const found = diagnostic("unmanaged-access", {
    rules: allowing.map(({ name }) => name),
    addresses: countAddresses(newlyAllowed),
    prefixes: rangesText(newlyAllowed, 5),
  });
  return [withSeverity(found, many ? "warning" : "note")];
};
