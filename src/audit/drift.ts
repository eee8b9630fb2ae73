/**
 * Drift: how the account departs from the policy, difference by difference. Pure.
 * Promises: ids are stable over time and machines; a cause is named only where a base proves it.
 */
import { containsPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import type { Diagnostic, Severity } from "../model/diagnostic.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import { accessChange, isEffective } from "../plan/access-change.js";
import type { Direction, Plan } from "../plan/plan.js";
import { ipRestrictionTypes } from "./catalogue.js";
import {
  type Attributable,
  type Attribution,
  attribute,
  type DriftCause,
  type DriftDifference,
  type DriftReport,
  detailsOf,
  differenceId,
  type Located,
  stateWith,
} from "./differences.js";
import { type DriftBase, type Judgement, judge } from "./drift-cause.js";
import type { AuditEvent } from "./event.js";
import { ruleEvidence } from "./evidence.js";

/**
 * What one difference does to access, from the policy to the account. Exact. An entry's effect is local as long as
 * the default stays what it is, so only the entries around it are looked at: a thousand differences stay cheap.
 */

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

export const directionOf = (located: Located, wanted: AccountState): Direction => {
  const { detail } = located;
  if (detail.kind === "description-changed" || detail.kind === "name-changed") return "none";
  const enforced = detail.kind === "enforcement-changed" ? "as-is" : "assumed";
  const isEntry = detail.kind === "entry-added" || detail.kind === "entry-removed";
  const state = (isEntry ? around(wanted, detail.prefix) : undefined) ?? wanted;
  return accessChange(withoutAdded(state, located), stateWith(state, located), { enforced }).direction;
};

export type * from "./differences.js";

export type DriftPlan = Pick<Plan, "account" | "before" | "after" | "changes" | "unmanaged" | "expired">;

/** What the audit log gave, or that it gave nothing. */
export type DriftLog =
  | {
      readonly kind: "read";
      readonly events: readonly AuditEvent[];
      readonly ownEventIds: ReadonlySet<string>;
    }
  | { readonly kind: "unreadable" }
  | { readonly kind: "not-asked" };

export interface DriftInput {
  /** Made for this account and policy: `before` is the account, `after` what the policy makes of it. */
  readonly plan: DriftPlan;
  readonly policyFile: string;
  /** For the ids and time stamps of rules. */
  readonly snapshot: Snapshot;
  readonly base: DriftBase;
  readonly log: DriftLog;
  readonly diagnostics?: readonly Diagnostic[];
}

const attributable = ({ detail, rule, accountRule }: Located, snapshot: Snapshot): Attributable => {
  if (rule === undefined) return { detail };
  const names = [...new Set([rule, accountRule ?? rule])];
  const found = snapshot.rules.find(({ name }) => names.includes(name));
  return {
    detail,
    rule: {
      names,
      ...(found === undefined ? {} : { id: found.id }),
      ...(found?.updatedAt === undefined ? {} : { updatedAt: found.updatedAt }),
    },
  };
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
  plan.unmanaged.filter(({ fate }) => fate === "kept").map(({ rule }) => rule);

/**
 * Rules that the policy tolerates are no difference to it. But one that lets addresses in, and that somebody made or
 * changed since the last apply, is what drift is looked for: the audit log tells, where a receipt gives the time.
 */
const touchedOutside = (plan: DriftPlan, base: DriftBase, snapshot: Snapshot): readonly Located[] => {
  const events = base.kind === "receipt" ? (base.eventsSince ?? []) : [];
  const made = events.filter(
    ({ type }) => type === ipRestrictionTypes.ruleAdded || type === ipRestrictionTypes.ruleChanged,
  );
  return keptRules(plan)
    .map((rule): Located => ({ rule: rule.name, detail: { kind: "rule-added", rule } }))
    .filter((located) => {
      const { rule } = attributable(located, snapshot);
      const direction = directionOf(located, plan.after);
      if (rule === undefined || direction === "narrows" || direction === "none") return false;
      return made.some((event) => ["id", "name"].includes(ruleEvidence(event, rule)));
    });
};

const severityOrder: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

const inReportOrder = (a: DriftDifference, b: DriftDifference): number =>
  severityOrder[a.severity] - severityOrder[b.severity] || compareText(a.rule ?? "", b.rule ?? "");

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const counted = (differences: readonly DriftDifference[], cause: DriftCause): number =>
  differences.filter((difference) => difference.cause === cause).length;

/** The report. Costs one access computation a difference. Never throws on data. */
export const findDrift = (input: DriftInput): DriftReport => {
  const { plan, log, snapshot } = input;
  const touched = touchedOutside(plan, input.base, snapshot);
  const located = [...detailsOf(plan), ...touched];
  const events = log.kind === "read" ? log.events.filter(({ id }) => !log.ownEventIds.has(id)) : [];
  const attributables = located.map((one) => attributable(one, snapshot));
  const attributions = log.kind === "read" ? attribute(attributables, events) : [];
  const differences = located.map((one, index): DriftDifference => {
    const rule = attributables[index]?.rule;
    const judgement: Judgement = touched.includes(one)
      ? { cause: "drift", reason: "event-since-receipt" }
      : judge(one, input.base, { expired: plan.expired, ...(rule === undefined ? {} : { rule }) });
    const direction = directionOf(one, plan.after);
    return {
      id: differenceId(plan.account.id, one),
      detail: one.detail,
      ...(one.rule === undefined ? {} : { rule: one.rule }),
      ...judgement,
      severity: severityOf(direction, judgement.cause),
      direction,
      attribution: unattributed(log, judgement.cause) ??
        attributions[index] ?? { kind: "unknown", reason: "no-event" },
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
    base: input.base.kind,
    counts: {
      drift: counted(differences, "drift"),
      pending: counted(differences, "pending"),
      cannotTell: counted(differences, "cannot-tell"),
    },
    diagnostics: input.diagnostics ?? [],
  };
};
