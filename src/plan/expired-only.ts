/**
 * `apply --only-expired`: a plan of the removals alone whose time has come. It starts from the account as it is and leaves
 * every other difference alone, so that it can run on a schedule, without anybody's approval: taking out an allow entry
 * lets nobody in, nor does taking out one that is disabled. Taking out a deny entry in force may, so that waits for an
 * apply that somebody approves.
 */
import { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix, prefixKey } from "../address/prefix.js";
import { type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { Policy } from "../policy/policy.js";
import { accessOf } from "./access-change.js";
import { desiredState } from "./desired.js";
import { diffStates } from "./diff-states.js";
import { datedEntry, type OverdueEntry, overdueEntries } from "./expiry.js";
import { otherAccount, type PlanInput, type PlanResult, planStates } from "./make-plan.js";
import { checkSnapshot, entryFields, hashPolicy, stateOf } from "./state.js";

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
const guardsFor = (policy: Policy, before: AccountState): Policy => {
  // That a date has come is reason enough, whoever used the entry.
  const { maxCutOff: _, cutOffWindow: __, ...guards } = policy.guards;
  const mustAllow = guards.mustAllow.flatMap((entry) =>
    accessOf(before, "assumed")
      .allowed()
      .intersect(AddressSet.ofPrefixes([entry.prefix]))
      .prefixes()
      .map((prefix) => ({ ...entry, prefix })),
  );
  return { ...policy, tests: [], guards: { ...guards, mustDeny: [], mustAllow } };
};

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
  const expired = leaving.map((one) => datedEntry({ ...one, rule: one.accountRule }));
  return { plan: { ...plan, expired }, diagnostics: found };
};
