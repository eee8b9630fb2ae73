/**
 * `apply --only-expired`: a plan of the removals alone whose time has come. It starts from the account as it is and leaves
 * every other difference alone, so that it can run on a schedule, without anybody's approval: taking out an allow entry
 * lets nobody in, nor does taking out one that is disabled. Taking out a deny entry in force may, so that waits for an
 * apply that somebody approves.
 */
import { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix, prefixKey } from "../address/prefix.js";
import { type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import { compareExpiry } from "../model/instant.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { Policy, PolicyEntry, PolicyRule } from "../policy/policy.js";
import { accessOf } from "./access-change.js";
import { desiredState } from "./desired.js";
import { diffStates } from "./diff-states.js";
import { otherAccount, type PlanInput, type PlanResult, planStates } from "./make-plan.js";
import type { DatedEntry } from "./plan.js";
import { checkSnapshot, entryFields, hashPolicy, rulesByName, stateOf } from "./state.js";

/** An entry whose time has come and that is still on the account, with the rule that it is on there. */
export interface OverdueEntry extends DatedEntry {
  /** The rule's name on the account, which a rename may not have reached yet. */
  readonly accountRule: string;
  /** Whether it denies there, and is in force. */
  readonly denies: boolean;
}

/** Every entry that should be gone by now; `renames` as `desiredState` finds them. */
const overdueEntries = (
  policy: Pick<Policy, "rules">,
  account: AccountState,
  renames: ReadonlyMap<string, string>,
): readonly OverdueEntry[] => {
  const rules = rulesByName(account.rules);
  return policy.rules.flatMap((rule) => {
    const found = rules.get(renames.get(rule.name) ?? rule.name);
    return rule.expired.length === 0 || found === undefined ? [] : overdueOf(rule, found);
  });
};

const overdueOf = (rule: PolicyRule, found: Rule): readonly OverdueEntry[] => {
  const inForce = new Set(found.prefixes.map(prefixKey));
  const disabled = new Set((found.disabled ?? []).map(prefixKey));
  const kept = new Set([...rule.entries, ...(rule.disabled ?? [])].map(({ prefix }) => prefixKey(prefix)));
  const isOverdue = ({ prefix }: PolicyEntry): boolean => {
    const key = prefixKey(prefix);
    return (inForce.has(key) || disabled.has(key)) && !kept.has(key);
  };
  return rule.expired.filter(isOverdue).map(({ prefix, expires = "" }) => ({
    rule: rule.name,
    prefix,
    expires,
    accountRule: found.name,
    denies: found.type === "deny" && inForce.has(prefixKey(prefix)),
  }));
};

/** What is on the account for a time. */
export interface TemporaryEntries {
  /** In force, with an end, the next one first. */
  readonly temporary: readonly DatedEntry[];
  /** Their time has come, and they are still there. */
  readonly overdue: readonly DatedEntry[];
}

const byEnd = (a: DatedEntry, b: DatedEntry): number => compareExpiry(a.expires, b.expires);

/** Of the entries that the account has, those that the policy gives an end. */
export const temporaryEntries = (
  policy: Pick<Policy, "rules">,
  account: AccountState,
  renames: ReadonlyMap<string, string>,
): TemporaryEntries => {
  const rules = rulesByName(account.rules);
  const temporary = policy.rules.flatMap(({ name, entries }) => {
    const dated = entries.filter(({ expires }) => expires !== undefined);
    if (dated.length === 0) return [];
    const there = new Set((rules.get(renames.get(name) ?? name)?.prefixes ?? []).map(prefixKey));
    return dated
      .filter(({ prefix }) => there.has(prefixKey(prefix)))
      .map(({ prefix, expires = "" }) => ({ rule: name, prefix, expires }));
  });
  return {
    temporary: temporary.sort(byEnd),
    overdue: [...overdueEntries(policy, account, renames)].sort(byEnd),
  };
};

const without = (state: AccountState, entries: readonly OverdueEntry[]): AccountState => ({
  ...state,
  rules: state.rules.map((rule) => {
    const gone = new Set(
      entries.filter(({ accountRule }) => accountRule === rule.name).map(({ prefix }) => prefixKey(prefix)),
    );
    if (gone.size === 0) return rule;
    const { disabled = [], ...rest } = rule;
    const isLeft = (prefix: Prefix): boolean => !gone.has(prefixKey(prefix));
    return { ...rest, ...entryFields(rule.prefixes.filter(isLeft), disabled.filter(isLeft)) };
  }),
});

/** What is pending anyway is no reason to keep an entry: only what these removals take away counts. */
const guardsFor = (policy: Policy, before: AccountState): Policy => ({
  ...policy,
  tests: [],
  guards: {
    // Without `max_cut_off`: that a date has come is reason enough, whoever used the entry.
    maxNewlyAllowed: policy.guards.maxNewlyAllowed,
    ...present({ maxRemovedRules: policy.guards.maxRemovedRules }),
    mustDeny: [],
    mustAllow: policy.guards.mustAllow.flatMap((entry) =>
      accessOf(before, "assumed")
        .allowed()
        .intersect(AddressSet.ofPrefixes([entry.prefix]))
        .prefixes()
        .map((prefix) => ({ ...entry, prefix })),
    ),
  },
});

const waiting = (entries: readonly OverdueEntry[]): Diagnostic[] =>
  entries.map(({ rule, prefix, expires }) =>
    diagnostic("expired-deny-waits", { prefix: formatPrefix(prefix), rule, expires }),
  );

/** The same input as `makePlan`, and the same errors, but for those of what is pending. */
export const planExpired = (input: PlanInput): PlanResult => {
  const { policy, snapshot, diagnostics = [] } = input;
  const problems = [...diagnostics, ...otherAccount(policy, snapshot), ...checkSnapshot(snapshot)];
  if (hasErrors(problems)) return { diagnostics: problems };
  const before = stateOf(snapshot);
  const { desired } = desiredState(policy, before);
  const overdue = overdueEntries(policy, before, desired?.renames ?? new Map());
  const leaving = overdue.filter(({ denies }) => !denies);
  const after = without(before, leaving);
  const pending = desired === undefined ? [] : diffStates(after, desired.state, desired.renames);
  const found = [
    ...problems,
    ...waiting(overdue.filter(({ denies }) => denies)),
    ...(pending.length === 0 ? [] : [diagnostic("other-changes-wait", { changes: pending.length })]),
  ];
  const plan = planStates({
    ...input,
    policy: guardsFor(policy, before),
    before,
    after,
    renames: new Map(),
    // Those that the policy would delete or refuse are left alone too, and shown.
    unmanaged: (desired?.unmanaged ?? []).map(({ rule }) => ({ rule, disposition: "kept" })),
    // Not the policy's own: the account is not what the whole policy says.
    basis: sha256(`only-expired ${hashPolicy(policy)}`),
    diagnostics: found,
  });
  const expired = leaving.map(({ accountRule, prefix, expires }) => ({ rule: accountRule, prefix, expires }));
  return { plan: { ...plan, expired }, diagnostics: found };
};
