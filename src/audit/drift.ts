/**
 * Drift: how the account departs from the policy, difference by difference. Pure.
 * Promises: ids are stable over time and machines; a cause is named only where a base proves it.
 */
import { containsPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import type { Diagnostic, Severity, SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import { accessChange, type Direction, isEffective } from "../plan/access-change.js";
import { temporaryEntries } from "../plan/expiry.js";
import type { Plan } from "../plan/plan.js";
import { compareNames, ruleOf as ruleOfSnapshot, sameEntries } from "../plan/state.js";
import type { Policy } from "../policy/policy.js";
import { type Attributable, attribute, lastIds, type OwnEvent, type RuleFacts } from "./attribution.js";
import { ipRestrictionTypes } from "./catalogue.js";
import {
  type Attribution,
  type DriftCause,
  type DriftDetail,
  type DriftDifference,
  type DriftReport,
  detailsOf,
  differenceId,
  type Located,
  stateWith,
} from "./differences.js";
import { applyBegan, type DriftBase, type Judgement, judge } from "./drift-cause.js";
import type { AuditEvent } from "./event.js";
import { ruleEvidence } from "./evidence.js";

/** A rule that only the account has may be in the wanted state too, because it is kept: its own effect counts. */
const withoutAdded = (state: AccountState, { detail, rule: name }: Located): AccountState =>
  detail.kind === "rule-added"
    ? { ...state, rules: state.rules.filter((rule) => rule.name !== name) }
    : state;

/**
 * The state with only the entries that share an address with the prefix (prefixes nest or are apart), and one more
 * allow entry, which keeps the default what it is. Undefined where there is no such allow entry to keep.
 */
const around = (state: AccountState, prefix: Prefix): AccountState | undefined => {
  let keepsDefault = false;
  const rules = state.rules.map((rule) => ({
    ...rule,
    prefixes: rule.prefixes.filter((other) => {
      if (!keepsDefault && rule.type === "allow" && !samePrefix(other, prefix)) {
        keepsDefault = true;
        return true;
      }
      return containsPrefix(other, prefix) || containsPrefix(prefix, other);
    }),
  }));
  return keepsDefault ? { ...state, rules } : undefined;
};

const isAboutEntry = (detail: DriftDetail): detail is Extract<DriftDetail, { prefix: Prefix }> =>
  detail.kind === "entry-added" || detail.kind === "entry-removed" || detail.kind === "entry-enabled-changed";

/**
 * What one difference does to access, from the policy to the account. Exact. An entry's effect is local as long as
 * the default stays what it is, so only the entries around it are looked at: a thousand differences stay cheap.
 */
export const directionOf = (located: Located, wanted: AccountState): Direction => {
  const { detail } = located;
  if (detail.kind === "description-changed" || detail.kind === "name-changed") return "none";
  const enforced = detail.kind === "enforcement-changed" ? "as-is" : "assumed";
  const state = (isAboutEntry(detail) ? around(wanted, detail.prefix) : undefined) ?? wanted;
  return accessChange(withoutAdded(state, located), stateWith(state, located), { enforced }).direction;
};

export type DriftPlan = Pick<Plan, "account" | "before" | "after" | "changes" | "unmanaged" | "expired">;

/** What the audit log gave, or that it gave nothing. */
export type DriftLog =
  | {
      readonly kind: "read";
      readonly events: readonly AuditEvent[];
      /** Those of them that the last apply made. */
      readonly own: readonly OwnEvent[];
    }
  | { readonly kind: "unreadable" }
  | { readonly kind: "not-asked" };

export interface DriftInput {
  /** Made for this account and policy: `before` is the account, `after` what the policy makes of it. */
  readonly plan: DriftPlan;
  readonly policyFile: string;
  /** For the ids and time stamps of rules. */
  readonly snapshot: Snapshot;
  /** For the places of what it says. */
  readonly policy: Pick<Policy, "rules" | "keySources">;
  readonly base: DriftBase;
  readonly log: DriftLog;
  readonly diagnostics?: readonly Diagnostic[];
}

const ruleOf = (rule: SnapshotRule, names: readonly string[]): RuleFacts => ({
  names,
  id: rule.id,
  ...present({ updatedAt: rule.updatedAt }),
});

const areAlike = (rule: Rule, found: SnapshotRule): boolean =>
  found.type === rule.type && sameEntries(rule, ruleOfSnapshot(found));

/** What a rule that is missing is perhaps called now: the one rule that the policy does not name, of the same entries. */
const renamed = (missing: Rule, plan: DriftPlan, snapshot: Snapshot): RuleFacts | undefined => {
  const strangers = new Set(plan.unmanaged.map(({ rule }) => rule.name));
  const alike =
    missing.prefixes.length === 0
      ? []
      : snapshot.rules.filter((rule) => strangers.has(rule.name) && areAlike(missing, rule));
  const [only, another] = alike;
  if (only === undefined || another !== undefined) return undefined;
  return { ...ruleOf(only, [missing.name, only.name]), inferred: true };
};

const attributable = (
  { detail, rule, accountRule }: Located,
  {
    plan,
    snapshot,
    ids,
  }: Pick<DriftInput, "plan" | "snapshot"> & { readonly ids: ReadonlyMap<string, number> },
): Attributable => {
  if (rule === undefined) return { detail };
  const names = [...new Set([rule, accountRule ?? rule])];
  const found = snapshot.rules.find(({ name }) => names.includes(name));
  if (found !== undefined) return { detail, rule: ruleOf(found, names) };
  const id = ids.get(rule);
  if (id !== undefined) return { detail, rule: { names, id } };
  const inferred = detail.kind === "rule-removed" ? renamed(detail.rule, plan, snapshot) : undefined;
  return { detail, rule: inferred ?? { names } };
};

const unattributed = (log: DriftLog, cause: DriftCause): Attribution | undefined => {
  if (cause === "pending") return { kind: "unknown", reason: "not-drift" };
  if (log.kind === "unreadable") return { kind: "unknown", reason: "log-unreadable" };
  return log.kind === "not-asked" ? { kind: "unknown", reason: "not-asked" } : undefined;
};

/** What somebody did outside weighs more than what is only waiting to be applied. */
const severityOf = (direction: Direction, cause: DriftCause): Severity => {
  const broadens = direction === "broadens" || direction === "both";
  if (cause === "pending") return broadens ? "warning" : "note";
  if (broadens) return "error";
  return direction === "narrows" ? "warning" : "note";
};

const keptRules = (plan: DriftPlan): readonly Rule[] =>
  plan.unmanaged.filter(({ disposition }) => disposition === "kept").map(({ rule }) => rule);

/**
 * Rules that the policy tolerates are no difference to it. But one that lets addresses in, and that somebody made or
 * changed since the last apply, is what drift is looked for: the audit log tells, where a receipt gives the time.
 */
const touchedOutside = ({ plan, base, snapshot }: DriftInput): readonly Located[] => {
  const events = base.kind === "receipt" ? (base.eventsSince ?? []) : [];
  const made = events.filter(
    ({ type }) => type === ipRestrictionTypes.ruleAdded || type === ipRestrictionTypes.ruleChanged,
  );
  return keptRules(plan)
    .map((rule): Located => ({ rule: rule.name, detail: { kind: "rule-added", rule } }))
    .filter((located) => {
      const found = snapshot.rules.find(({ name }) => name === located.rule);
      const direction = directionOf(located, plan.after);
      if (found === undefined || direction === "narrows" || direction === "none") return false;
      const rule = ruleOf(found, [found.name]);
      return made.some((event) => ["id", "name"].includes(ruleEvidence(event, rule)));
    });
};

/** Where the policy says otherwise: the entry, else its rule; for what it does not name, the key that decides on it. */
const sourceOf = (
  { detail, rule: name }: Located,
  { rules, keySources }: DriftInput["policy"],
): SourceRange | undefined => {
  if (detail.kind === "enforcement-changed") return keySources.enforcement;
  const rule = rules.find((one) => one.name === name);
  if (rule === undefined) return keySources.unmanagedRules ?? keySources.rules;
  if (!isAboutEntry(detail)) return rule.source;
  const entries = [...rule.entries, ...(rule.disabled ?? []), ...rule.expired];
  return (entries.find(({ prefix }) => samePrefix(prefix, detail.prefix)) ?? rule).source;
};

const severityOrder: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

const inReportOrder = (a: DriftDifference, b: DriftDifference): number =>
  severityOrder[a.severity] - severityOrder[b.severity] || compareNames(a.rule ?? "", b.rule ?? "");

const counted = (differences: readonly DriftDifference[], cause: DriftCause): number =>
  differences.filter((difference) => difference.cause === cause).length;

/** The name on the account of each rule that the policy calls otherwise. */
const renamesOf = ({ changes }: Pick<Plan, "changes">): ReadonlyMap<string, string> =>
  new Map(
    changes.flatMap((change) =>
      change.kind === "update" ? [[change.after.name, change.before.name] as const] : [],
    ),
  );

/** The report. Costs one access computation a difference. Never throws on data. */
export const findDrift = (input: DriftInput): DriftReport => {
  const { plan, log, base } = input;
  const touched = touchedOutside(input);
  const located = [...detailsOf(plan), ...touched];
  const ids = log.kind === "read" ? lastIds(log.events, log.own) : new Map<string, number>();
  const attributables = located.map((one) => attributable(one, { ...input, ids }));
  const since = base.kind === "receipt" ? applyBegan(base.receipt) : undefined;
  const attributions = log.kind === "read" ? attribute(attributables, log.events, log.own, since) : [];
  const differences = located.map((one, index): DriftDifference => {
    const rule = attributables[index]?.rule;
    const judgement: Judgement = touched.includes(one)
      ? { cause: "drift", reason: "unmanaged-rule-changed" }
      : judge(one, base, { expired: plan.expired, ...present({ rule }) });
    const direction = directionOf(one, plan.after);
    const source = sourceOf(one, input.policy);
    return {
      id: differenceId(plan.account.id, one),
      detail: one.detail,
      ...present({ rule: one.rule }),
      ...judgement,
      severity: severityOf(direction, judgement.cause),
      direction,
      attribution: unattributed(log, judgement.cause) ??
        attributions[index] ?? { kind: "unknown", reason: "no-event" },
      ...present({ source }),
    };
  });
  const effective = isEffective(plan.before) || isEffective(plan.after);
  return {
    account: plan.account,
    policyFile: input.policyFile,
    differences: differences.sort(inReportOrder),
    access: accessChange(located.reduce(withoutAdded, plan.after), plan.before, {
      enforced: effective ? "as-is" : "assumed",
    }),
    effective,
    unmanaged: keptRules(plan).filter(({ name }) => !touched.some(({ rule }) => rule === name)),
    base: base.kind,
    entries: temporaryEntries(input.policy, plan.before, renamesOf(plan)),
    counts: {
      drift: counted(differences, "drift"),
      pending: counted(differences, "pending"),
      cannotTell: counted(differences, "cannot-tell"),
    },
    diagnostics: input.diagnostics ?? [],
  };
};
