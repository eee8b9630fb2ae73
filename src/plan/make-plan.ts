/**
 * From a policy and the account as read to a plan. Pure: the same input gives the same plan, on any machine.
 * Nothing is planned for an account or a policy that cannot be understood for sure.
 */

import { type Address, type Prefix, prefixKey } from "../address/prefix.js";
import { type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import type { OverrideFlag } from "../model/guards.js";
import { present } from "../model/present.js";
import type { AccountState } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import type { Policy, PolicyEntry } from "../policy/policy.js";
import { planAccessChange } from "./access-change.js";
import { planReplay, type TrafficEvidence } from "./cut-off.js";
import { desiredState, unmanagedAccess } from "./desired.js";
import { diffStates, entryChanges, type Renames } from "./diff-states.js";
import { type AddedEntries, datedEntry, expiringEntries, overdueEntries, validity } from "./expiry.js";
import { guardVerdicts } from "./guards.js";
import { type EarlierPolicy, leftRules } from "./left-rules.js";
import { otherReading } from "./order/other-reading.js";
import { orderSteps } from "./order/transition.js";
import { verifySteps } from "./order/verify-steps.js";
import type { Change, ListedEntries, MustHold, Plan } from "./plan.js";
import {
  allPrefixes,
  checkSnapshot,
  compareNames,
  hashPolicy,
  hashState,
  prefixesOf,
  prefixKeys,
  sortedPrefixes,
  stateOf,
} from "./state.js";

export interface PlanInput {
  readonly policy: Policy;
  readonly snapshot: Snapshot;
  /** Addresses that this run is known to come from: they must stay allowed. */
  readonly clientAddresses?: readonly Address[];
  /** Flags given. */
  readonly overrides?: ReadonlySet<OverrideFlag>;
  /** What reading the policy brought to light; warnings and notes are shown with the plan. */
  readonly diagnostics?: readonly Diagnostic[];
  /** What the policy held before, where that is known. */
  readonly earlier?: EarlierPolicy | undefined;
  /** What reading the log came to; absent: it was not read, and a policy with `max_cut_off` is refused. */
  readonly traffic?: TrafficEvidence | undefined;
}

export interface PlanResult {
  /** Absent when there are errors. A plan that a guard refuses is a plan. */
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

export const otherAccount = ({ account }: Policy, snapshot: Snapshot): Diagnostic[] =>
  account.id === undefined || account.id === snapshot.accountId
    ? []
    : [diagnostic("policy-for-other-account", { policy: account.id, account: snapshot.accountId })];

/** Of each rule, the prefixes that the changes add or enable. */
const addedEntries = (changes: readonly Change[]): AddedEntries =>
  new Map(
    changes.flatMap((change): [string, ReadonlySet<bigint>][] => {
      if (change.kind === "create") return [[change.rule.name, prefixKeys(allPrefixes(change.rule))]];
      if (change.kind !== "update") return [];
      const { added, enabled, addedDisabled } = entryChanges(change.before, change.after);
      return [[change.after.name, prefixKeys([...added, ...enabled, ...addedDisabled])]];
    }),
  );

/** Entries that the changes add and that are from published lists, list by list. */
const listedEntries = (policy: Policy, added: AddedEntries): Plan["lists"] =>
  policy.rules.flatMap(({ name: rule, entries, disabled = [] }) => {
    const byList = new Map<string, ListedEntries & { readonly prefixes: Prefix[] }>();
    for (const { prefix, list } of [...entries, ...disabled]) {
      if (list === undefined || added.get(rule)?.has(prefixKey(prefix)) !== true) continue;
      const known = byList.get(list.name);
      if (known === undefined) byList.set(list.name, { rule, ...list, prefixes: [prefix] });
      else known.prefixes.push(prefix);
    }
    return [...byList.values()];
  });

const mustHold = ({ rules, removedRules, guards, tests }: Policy): MustHold => {
  const prefixes = (entries: readonly PolicyEntry[]): Prefix[] => sortedPrefixes(prefixesOf(entries));
  const names = [
    ...rules.flatMap(({ name, previousNames }) => [name, ...previousNames]),
    ...removedRules.map(({ name }) => name),
  ];
  return {
    names: [...new Set(names)].sort(compareNames),
    mustAllow: prefixes(guards.mustAllow),
    mustDeny: prefixes(guards.mustDeny),
    maxNewlyAllowed: guards.maxNewlyAllowed,
    tests: tests.map(({ allowed, denied }) => ({ allowed: prefixes(allowed), denied: prefixes(denied) })),
  };
};

export const makePlan = (input: PlanInput): PlanResult => {
  const { policy, snapshot, diagnostics = [], earlier } = input;
  const problems = [...diagnostics, ...otherAccount(policy, snapshot), ...checkSnapshot(snapshot)];
  if (hasErrors(problems)) return { diagnostics: problems };
  const before = stateOf(snapshot);
  const wanted = desiredState(policy, before);
  const found = [...problems, ...wanted.diagnostics];
  if (wanted.desired === undefined) return { diagnostics: found };
  const { state: after, unmanaged } = wanted.desired;
  const plan = planStates({ ...input, ...wanted.desired, before, after, basis: hashPolicy(policy) });
  const left = leftRules(policy, plan, earlier);
  const all = [...found, ...left, ...unmanagedAccess(policy, after, unmanaged)];
  const expired = overdueEntries(policy, before, wanted.desired.renames).map(datedEntry);
  return { plan: { ...plan, diagnostics: all, expired }, diagnostics: all };
};

const protectsOf = ({ guards: { mustAllow, mustDeny } }: Policy): Pick<Plan, "protects"> =>
  mustAllow.length + mustDeny.length === 0
    ? {}
    : {
        protects: {
          mustAllow: sortedPrefixes(prefixesOf(mustAllow)),
          mustDeny: sortedPrefixes(prefixesOf(mustDeny)),
        },
      };

/** Two states of an account, and what the plan between them is checked against. */
interface StatesInput extends Omit<PlanInput, "snapshot" | "earlier"> {
  readonly snapshot: Pick<Snapshot, "accountId" | "host" | "enabledForServiceTokens">;
  readonly before: AccountState;
  readonly after: AccountState;
  readonly renames: Renames;
  readonly unmanaged: Plan["unmanaged"];
  /** Of the rules that go, those that the policy's `removed_rules` names. */
  readonly removed?: ReadonlySet<string>;
  /** What the plan carries out, as a hash: the policy's, where that is the whole policy. */
  readonly basis: string;
}

/** The plan from one state to another: its steps in the proven order, its access change, its guards. */
export const planStates = (input: StatesInput): Plan => {
  const { policy, snapshot, before, after, renames, unmanaged, removed, basis } = input;
  const { clientAddresses = [], overrides = new Set<OverrideFlag>(), diagnostics = [] } = input;
  const ordered = orderSteps(before, after, renames);
  const steps = verifySteps(before, after, ordered);
  const other = otherReading(before, after, ordered);
  const changes = diffStates(before, after, renames, removed);
  const access = planAccessChange(before, after);
  const { enabledForServiceTokens } = snapshot;
  const { traffic } = input;
  const replay =
    traffic?.kind === "read"
      ? planReplay(traffic.traffic, { before, after, serviceTokensSubject: enabledForServiceTokens })
      : undefined;
  const facts = {
    ...{ policy, before, after, changes, unmanaged, steps, access, clientAddresses, overrides },
    traffic,
    replay,
    other,
  };
  const added = addedEntries(changes);
  return {
    account: { id: snapshot.accountId, host: snapshot.host },
    before,
    after,
    basis: { state: hashState(before), policy: basis },
    ...present({ mustHold: policy.unmanagedRules === "keep" ? mustHold(policy) : undefined }),
    changes,
    unmanaged,
    steps,
    access,
    ...protectsOf(policy),
    verdicts: guardVerdicts(facts),
    diagnostics,
    ...present({ enabledForServiceTokens, replay }),
    expired: [],
    expiring: expiringEntries(policy, added),
    lists: listedEntries(policy, added),
    ...validity(policy),
  };
};
