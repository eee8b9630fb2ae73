/**
 * The account as the policy wants it. Unmanaged rules are copied in here, before anything is compared, so a
 * delete of one cannot be computed unless the policy says `unmanaged_rules: delete`.
 */

import { countAddresses, rangesText } from "../model/address-words.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { isReservedName, isStaleTemporary, reservedNamePrefix } from "../model/reserved-names.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import type { Policy, PolicyRule } from "../policy/policy.js";
import { accessChange } from "./access-change.js";
import type { Plan } from "./plan.js";
import { byName, contradictions, rulesByName, sortedPrefixes } from "./state.js";

export interface Desired {
  readonly state: AccountState;
  /** New name to the name on the account. No new name is on the account, no old one in the policy. */
  readonly renames: ReadonlyMap<string, string>;
  readonly unmanaged: Plan["unmanaged"];
}

export interface DesiredResult {
  /** Absent when there are errors. */
  readonly desired?: Desired;
  readonly diagnostics: readonly Diagnostic[];
}

const problem = (rule: PolicyRule, code: string, message: string, hint: string): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
  source: rule.source,
});

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

const reservedNames = (policy: Policy): Diagnostic[] =>
  policy.rules
    .filter(({ name, previousNames }) => isReservedName(name) || previousNames.some(isReservedName))
    .map((rule) =>
      problem(
        rule,
        "reserved-rule-name",
        `Rule ${JSON.stringify(rule.name)} uses a name that is kept for temporary rules`,
        `Names that begin with ${JSON.stringify(reservedNamePrefix)} belong to rules that exist only during an apply: choose another`,
      ),
    );

/** The rule on the account that this policy rule is, by an earlier name; or why that cannot be told. */
const previousName = (
  rule: PolicyRule,
  account: ReadonlyMap<string, Rule>,
  managed: ReadonlySet<string>,
): string | Diagnostic | undefined => {
  const present = [...new Set(rule.previousNames)].filter((name) => name !== rule.name && account.has(name));
  const free = present.filter((name) => !managed.has(name));
  if (account.has(rule.name)) {
    if (free.length === 0) return undefined;
    return problem(
      rule,
      "rename-both-exist",
      `The account has a rule ${JSON.stringify(rule.name)} and also its previous name ${quoted(free)}`,
      "Nothing tells which of them it is: remove the entry from `previous_names`, or delete one of the rules",
    );
  }
  const claimed = present.find((name) => managed.has(name));
  if (claimed !== undefined) {
    return problem(
      rule,
      "rename-name-in-use",
      `Rule ${JSON.stringify(rule.name)} was once ${JSON.stringify(claimed)}, but the policy has a rule of that name too`,
      "Rename in one apply and add the new rule of the old name in the next, or remove the entry from `previous_names`",
    );
  }
  if (free.length > 1) {
    return problem(
      rule,
      "rename-ambiguous",
      `The account has more than one of the previous names of rule ${JSON.stringify(rule.name)}: ${quoted(free)}`,
      "Leave in `previous_names` only the one that this rule is",
    );
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
        problem(
          rule,
          "rename-claimed-twice",
          `Rules ${quoted([other, rule.name])} both name ${JSON.stringify(found)} as a previous name`,
          "One rule of the account can become only one rule of the policy",
        ),
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
    const prefixes = sortedPrefixes(rule.entries.map(({ prefix }) => prefix));
    if (old === undefined && prefixes.length === 0) return [];
    const description = rule.description === "" ? (old?.description ?? "") : rule.description;
    return [{ name: rule.name, type: rule.type, description, prefixes }];
  });

const desiredEnforcement = (policy: Policy, before: AccountState, rules: number): Enforcement => {
  if (policy.enforcement === "ignore") return before.enforcement;
  const untold = before.enforcement === "unknown" && before.rules.length === 0 && rules === 0;
  return untold ? "unknown" : policy.enforcement;
};

const notes = (policy: Policy, enforcement: Enforcement): Diagnostic[] =>
  policy.enforcement !== "ignore" && enforcement === "unknown"
    ? [
        {
          code: "enforcement-not-told",
          severity: "note",
          message: `The account has no rules, so it does not tell whether enforcement is on, and the policy's \`${policy.enforcement}\` is left for the first rule`,
          hint: "Without rules every address is allowed, whatever the switch says",
        },
      ]
    : [];

/** What the policy makes of the account. Pure; errors name the rule's place in the policy. */
export const desiredState = (policy: Policy, before: AccountState): DesiredResult => {
  const account = rulesByName(before.rules);
  const { renames, diagnostics } = findRenames(policy, account);
  const errors = [...reservedNames(policy), ...diagnostics];
  const managed = new Set([...policy.rules.map(({ name }) => name), ...renames.values()]);
  const unmanagedRules = before.rules.filter((rule) => !managed.has(rule.name) && !isStaleTemporary(rule));
  const dispositions = { keep: "kept", fail: "refused", delete: "deleted" } as const;
  const unmanaged = unmanagedRules.map((rule) => ({
    rule,
    disposition: dispositions[policy.unmanagedRules],
  }));
  const kept = policy.unmanagedRules === "delete" ? [] : unmanagedRules;
  const rules = [...desiredRules(policy, account, renames), ...kept].sort(byName);
  const all = [...errors, ...contradictions(rules, "once the policy is applied")];
  if (all.length > 0) return { diagnostics: all };
  const enforcement = desiredEnforcement(policy, before, rules.length);
  return {
    desired: { state: { enforcement, rules }, renames, unmanaged },
    diagnostics: notes(policy, enforcement),
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
  return [
    {
      code: "unmanaged-access",
      severity: many ? "warning" : "note",
      message: `${kept.size === 1 ? "The unmanaged rule lets" : "The unmanaged rules let"} in ${countAddresses(newlyAllowed)} that the policy does not: ${rangesText(newlyAllowed, 5)}`,
      hint: "Take it into the policy with `import --merge`, or set `unmanaged_rules` to fail or delete",
    },
  ];
};
