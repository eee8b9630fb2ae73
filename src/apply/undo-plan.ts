/**
 * Plans that undo, in the proven order: from the account as it is to what it was before an apply; to enforcement turned off;
 * and, before a change that waits for confirmation, whether whoever is to confirm it would be able to undo it: the caller must
 * stay allowed in the old state, in the new one, and in every state between the two, in both directions.
 */

import { type Address, formatAddress, formatPrefix, type Prefix } from "../address/prefix.js";
import { type Diagnostic, diagnostic, hasErrors, type SourceRange } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import type { OverrideFlag } from "../model/guards.js";
import type { Receipt, ReceiptGuards } from "../model/receipt.js";
import type { AccountState } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { Snapshot } from "../model/snapshot.js";
import { accessOf, isEnforced } from "../plan/access-change.js";
import { planStates } from "../plan/make-plan.js";
import type { Plan } from "../plan/plan.js";
import { checkSnapshot, contradictions, stateOf } from "../plan/state.js";
import { turnsEnforcementOn } from "../plan/step-effect.js";
import type { Policy, PolicyEntry } from "../policy/policy.js";
import { type Trace, traceOf } from "./trace.js";
import { type Undo, undoOn } from "./undo.js";

const nowhere: SourceRange = { file: "receipt", line: 1, column: 1, endLine: 1, endColumn: 1, lineText: "" };

const entryOf = (prefix: Prefix): PolicyEntry => ({ prefix, text: formatPrefix(prefix), source: nowhere });

/** What a plan without a policy is checked against. It restores what was there, so that no limit applies. */
const policyOfGuards = (guards: ReceiptGuards | undefined): Policy => ({
  account: {},
  enforcement: "ignore",
  unmanagedRules: "keep",
  rules: [],
  removedRules: [],
  tests: [],
  guards: {
    mustAllow: (guards?.mustAllow ?? []).map(entryOf),
    mustDeny: (guards?.mustDeny ?? []).map(entryOf),
    maxNewlyAllowed: {},
  },
  keySources: {},
  lint: {},
  file: nowhere.file,
  otherFiles: [],
});

interface UndoInput {
  /** The attempts at one plan, oldest first; each is of version 2. */
  readonly receipts: readonly Receipt[];
  readonly snapshot: Snapshot;
  readonly clientAddresses?: readonly Address[];
  readonly overrides?: ReadonlySet<OverrideFlag>;
}

interface UndoPlan {
  readonly plan: Plan;
  readonly trace: Trace;
  readonly undo: Undo;
}

/** The plan between two states that undoes; `guards` of the apply hold. */
const planBack = (
  before: AccountState,
  { after, renames }: Pick<Undo, "after" | "renames">,
  account: Pick<Snapshot, "accountId" | "host" | "enabledForServiceTokens">,
  checks: {
    readonly guards: ReceiptGuards | undefined;
    readonly clientAddresses?: readonly Address[];
    readonly overrides?: ReadonlySet<OverrideFlag>;
    readonly basis: string;
  },
): Plan => {
  const { guards, basis, ...rest } = checks;
  const plan = planStates({
    ...rest,
    policy: policyOfGuards(guards),
    snapshot: account,
    before,
    after,
    renames,
    unmanaged: [],
    basis,
  });
  return {
    ...plan,
    changes: plan.changes.map((change) =>
      change.kind === "delete" && change.reason === "unmanaged" ? { ...change, reason: "undone" } : change,
    ),
  };
};

/**
 * The account with rules that share a name told apart by their ids, which leaves who has access as it is: for a plan that
 * touches no rule, and so need not tell which one a name means.
 */
export const withOwnNames = (snapshot: Snapshot): Snapshot => {
  const names = snapshot.rules.map(({ name }) => name);
  const taken = new Set(names);
  const repeated = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  const ownName = (name: string, id: number): string => {
    let own = name;
    while (taken.has(own)) own = `${own} (id ${id})`;
    taken.add(own);
    return own;
  };
  return {
    ...snapshot,
    rules: snapshot.rules.map((rule) =>
      repeated.has(rule.name) ? { ...rule, name: ownName(rule.name, rule.id) } : rule,
    ),
  };
};

/** The account as it is, with enforcement off. Throws `Failure` where the account cannot be understood. */
export const planDisabling = (
  snapshot: Snapshot,
  checks: Pick<UndoInput, "clientAddresses" | "overrides">,
): Plan => {
  const problems = checkSnapshot(snapshot);
  if (hasErrors(problems)) throw new Failure(problems);
  const before = stateOf(snapshot);
  const after: AccountState = { ...before, enforcement: "disabled" };
  const basis = sha256("disable-enforcement");
  return planBack(before, { after, renames: new Map() }, snapshot, { ...checks, guards: undefined, basis });
};

/** Throws `Failure` where the account cannot be understood, or would contradict itself once it is undone. */
export const planUndo = ({ receipts, snapshot, ...rest }: UndoInput): UndoPlan => {
  const problems = checkSnapshot(snapshot);
  if (hasErrors(problems)) throw new Failure(problems);
  const now = stateOf(snapshot);
  const trace = traceOf(receipts, now);
  const undo = undoOn(trace, now);
  const contradicting = contradictions(undo.after.rules, "once it is undone");
  if (contradicting.length > 0) throw new Failure(contradicting);
  const header = receipts.at(-1)?.header;
  const basis = sha256(`rollback ${receipts.map(({ header: { startedAt } }) => startedAt).join(" ")}`);
  const plan = planBack(now, undo, snapshot, { ...rest, guards: header?.guards, basis });
  return { plan, trace, undo };
};

/** The old name of each rule that the plan renames, by its new one; and the other way round. */
const renamesBack = ({ changes }: Plan): ReadonlyMap<string, string> =>
  new Map(
    changes.flatMap((change) =>
      change.kind === "update" && change.before.name !== change.after.name
        ? [[change.before.name, change.after.name] as const]
        : [],
    ),
  );

/** The plan that undoes this one, from the state that it ends in. */
const wayBack = (plan: Plan): Plan => {
  const { after, before, account, protects: guards } = plan;
  const { enforcement } = before;
  // What an account without rules shows is not known; the way back turns enforcement off where the plan turned it on.
  const goal = enforcement === "unknown" && after.enforcement === "enabled" ? "disabled" : enforcement;
  return planBack(
    after,
    { after: { ...before, enforcement: goal }, renames: renamesBack(plan) },
    { accountId: account.id, host: account.host },
    { guards, basis: "" },
  );
};

const isEverEnforced = ({ before, after, steps }: Plan): boolean =>
  isEnforced(before) || isEnforced(after) || turnsEnforcementOn(steps);

/** Why the change cannot wait for confirmation; empty where the way back is proven open. */
export const wayBackProblems = (plan: Plan, callers: readonly Address[]): readonly Diagnostic[] => {
  if (plan.steps.length === 0 || !isEverEnforced(plan)) return [];
  if (callers.length === 0) return [diagnostic("confirm-caller-unknown")];
  const back = wayBack(plan);
  return callers.flatMap((caller): Diagnostic[] => {
    const address = formatAddress(caller);
    const blockedBy = (steps: Plan["steps"]) =>
      steps.find(({ access }) => access.newlyBlocked.contains(caller));
    if (accessOf(plan.before).blocked().contains(caller))
      return [diagnostic("confirm-caller-blocked", { address, where: "before the change" })];
    const there = blockedBy(plan.steps);
    if (there !== undefined)
      return [diagnostic("confirm-caller-blocked", { address, where: `after step ${there.number}` })];
    if (accessOf(plan.after).blocked().contains(caller))
      return [diagnostic("confirm-caller-blocked", { address, where: "after the change" })];
    const here = blockedBy(back.steps);
    return here === undefined
      ? []
      : [
          diagnostic("confirm-caller-blocked", {
            address,
            where: `after step ${here.number} of the way back`,
          }),
        ];
  });
};
