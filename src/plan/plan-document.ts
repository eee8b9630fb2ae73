/**
 * A plan as a JSON document: what `plan --format json` prints and what a saved plan holds. Published as
 * schemas/plan.schema.json. Snake case; counts of addresses as decimal strings, since 2^128 is no JSON number.
 */
import type { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix, prefixKey } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { type Diagnostic, hintOf, messageOf } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { AccessChange, AccessPart, Decider } from "./access-change.js";
import { changeAccess } from "./change-access.js";
import type { PlanReplay } from "./cut-off.js";
import { entryChanges, patchOf } from "./diff-states.js";
import type {
  Change,
  DatedEntry,
  Disturbance,
  ListedEntries,
  MustHold,
  Plan,
  PlannedStep,
  Step,
  Verdict,
} from "./plan.js";
import { withoutPrefixes } from "./state.js";

// Rules, states, address sets and diagnostics, as this document and every other one holds them.

const cidrs = (prefixes: readonly Prefix[]): string[] => prefixes.map(formatPrefix);

/** Absent where there are none, as in documents of older versions. */
const optionalCidrs = (prefixes: readonly Prefix[] | undefined): string[] | undefined =>
  prefixes === undefined || prefixes.length === 0 ? undefined : cidrs(prefixes);

export const ruleAsDocument = ({ name, type, description, prefixes, disabled }: Rule) => ({
  name,
  type,
  description,
  cidrs: cidrs(prefixes),
  ...present({ disabled_cidrs: optionalCidrs(disabled) }),
});

const stateAsDocument = ({ enforcement, rules }: AccountState) => ({
  enforcement,
  rules: rules.map(ruleAsDocument),
});

export const setAsDocument = (set: AddressSet) => {
  const { ipv4, ipv6 } = set.count();
  return { cidrs: cidrs(set.prefixes()), ipv4_addresses: `${ipv4}`, ipv6_addresses: `${ipv6}` };
};

export const accessAsDocument = ({ direction, newlyAllowed, newlyBlocked }: AccessChange) => ({
  direction,
  newly_allowed: setAsDocument(newlyAllowed),
  newly_blocked: setAsDocument(newlyBlocked),
});

const disturbanceAsDocument = ({ blocked, allowed }: Disturbance) => ({
  blocked: setAsDocument(blocked),
  allowed: setAsDocument(allowed),
});

const deciderAsDocument = (decider: Decider) =>
  decider.kind === "entry" ? { ...decider, prefix: formatPrefix(decider.prefix) } : decider;

export const partAsDocument = ({ verdict, prefixes, before, after }: AccessPart) => ({
  verdict,
  cidrs: cidrs(prefixes),
  before: deciderAsDocument(before),
  after: deciderAsDocument(after),
});

export const diagnosticAsDocument = (diagnostic: Diagnostic) => {
  const { code, severity, source } = diagnostic;
  const hint = hintOf(diagnostic);
  return {
    code,
    severity,
    message: messageOf(diagnostic),
    ...present({ hint }),
    ...(source === undefined
      ? {}
      : {
          source: {
            file: source.file,
            line: source.line,
            column: source.column,
            end_line: source.endLine,
            end_column: source.endColumn,
            line_text: source.lineText,
          },
        }),
  };
};

/** `passed` is there only where the guard was asked: what was not checked has not passed. */
const verdictAsDocument = ({ guard, state, override, diagnostics }: Verdict) => ({
  guard,
  state,
  ...(state === "not-checked" ? {} : { passed: state !== "failed" }),
  ...present({ override }),
  diagnostics: diagnostics.map(diagnosticAsDocument),
});

interface ChangeFields {
  readonly action: "create" | "update" | "delete" | "enable" | "disable";
  readonly rule?: string;
  readonly renamed_from?: string;
  readonly type?: string;
  readonly reason?: string;
  /** What comes into force, and what is in force no more. */
  readonly cidrs_added: string[];
  readonly cidrs_removed: string[];
  /** What is there without effect from now on, and no more; with the lists above, an entry whose `enabled` changes. */
  readonly disabled_cidrs_added?: string[];
  readonly disabled_cidrs_removed?: string[];
}

/** Each absent where there are none. */
const disabledFields = (added: readonly Prefix[] = [], removed: readonly Prefix[] = []) =>
  present({
    disabled_cidrs_added: optionalCidrs(added),
    disabled_cidrs_removed: optionalCidrs(removed),
  });

const changeFields = (change: Change): ChangeFields => {
  switch (change.kind) {
    case "create":
      return {
        action: "create",
        rule: change.rule.name,
        type: change.rule.type,
        cidrs_added: cidrs(change.rule.prefixes),
        cidrs_removed: [],
        ...disabledFields(change.rule.disabled),
      };
    case "update": {
      const { before, after, added, removed } = change;
      return {
        action: "update",
        rule: after.name,
        ...(before.name === after.name ? {} : { renamed_from: before.name }),
        type: after.type,
        cidrs_added: cidrs(added),
        cidrs_removed: cidrs(removed),
        ...disabledFields(
          withoutPrefixes(after.disabled ?? [], before.disabled ?? []),
          withoutPrefixes(before.disabled ?? [], after.disabled ?? []),
        ),
      };
    }
    case "delete":
      return {
        action: "delete",
        rule: change.rule.name,
        type: change.rule.type,
        reason: change.reason,
        cidrs_added: [],
        cidrs_removed: cidrs(change.rule.prefixes),
        ...disabledFields([], change.rule.disabled),
      };
    case "enforcement":
      return {
        action: change.after === "enabled" ? "enable" : "disable",
        cidrs_added: [],
        cidrs_removed: [],
      };
    default:
      return assertNever(change);
  }
};

type ExpiredOf = ReadonlyMap<string, Plan["expired"]>;

const expiredByRule = (plan: Plan): ExpiredOf => {
  const byRule = new Map<string, Plan["expired"][number][]>();
  for (const one of plan.expired) byRule.set(one.rule, [...(byRule.get(one.rule) ?? []), one]);
  return byRule;
};

/** Why entries of this change go: their date has come. */
const expiredIn = (change: Change, expired: ExpiredOf) => {
  if (change.kind !== "update") return [];
  const { removedDisabled } = entryChanges(change.before, change.after);
  const removed = new Set([...change.removed, ...removedDisabled].map(prefixKey));
  return (expired.get(change.after.name) ?? [])
    .filter(({ prefix }) => removed.has(prefixKey(prefix)))
    .map(({ prefix, expires }) => ({ cidr: formatPrefix(prefix), expires }));
};

/** A difference by itself, of no plan: what is left to do, or what somebody else did. */
export const looseChangeAsDocument = (change: Change) => ({
  ...changeFields(change),
  patch: patchOf(change),
});

const changeAsDocument = (change: Change, access: AccessChange, expired: ExpiredOf) => ({
  ...looseChangeAsDocument(change),
  expired: expiredIn(change, expired),
  access_change: accessAsDocument(access),
});

const stepFields = (step: Step) => {
  switch (step.kind) {
    case "create":
      return {
        action: "create",
        rule: step.rule.name,
        type: step.rule.type,
        description: step.rule.description,
        cidrs_added: cidrs(step.rule.prefixes),
        ...disabledFields(step.rule.disabled),
      };
    case "update":
      return {
        action: "update",
        rule: step.name,
        becomes: step.becomes,
        cidrs_added: cidrs(step.add),
        cidrs_removed: cidrs(step.remove),
        ...disabledFields(step.disable, step.release),
      };
    case "delete":
      return { action: "delete", rule: step.name };
    case "enforcement":
      return { action: step.enabled ? "enable" : "disable" };
    default:
      return assertNever(step);
  }
};

const stepAsDocument = ({ number, step, access, disturbs, stateHash }: PlannedStep) => ({
  number,
  ...stepFields(step),
  access_change: accessAsDocument(access),
  disturbs: disturbanceAsDocument(disturbs),
  state_hash: stateHash,
});

export const planFormat = "dbt-ip-rules/plan" as const;
export const planVersion = 1 as const;

const summaryOf = (plan: Plan) => {
  const count = (kind: Change["kind"]): number =>
    plan.changes.filter((change) => change.kind === kind).length;
  const toggle = plan.changes.find((change) => change.kind === "enforcement");
  const unmanaged = (disposition: Plan["unmanaged"][number]["disposition"]): number =>
    plan.unmanaged.filter((one) => one.disposition === disposition).length;
  return {
    create: count("create"),
    update: count("update"),
    delete: count("delete"),
    enforcement: toggle === undefined ? "unchanged" : toggle.after,
    steps: plan.steps.length,
    unmanaged_kept: unmanaged("kept"),
    unmanaged_deleted: unmanaged("deleted"),
    unmanaged_refused: unmanaged("refused"),
    refused_by: plan.verdicts.filter(({ state }) => state === "failed").map(({ guard }) => guard),
  };
};

const datedAsDocument = ({ rule, prefix, expires }: DatedEntry) => ({
  rule,
  cidr: formatPrefix(prefix),
  expires,
});

/** Also of a drift report. */
export const replayAsDocument = ({ window, events, effective, counts, losers, unreadable }: PlanReplay) => ({
  window: { since: window.since, until: window.until },
  events: { read: events.read, without_address: events.withoutAddress },
  effective,
  counts: {
    cut_off: counts.cut_off,
    partly: counts.partly,
    blocked: counts.blocked,
    gains: counts.gains,
    keeps: counts.keeps,
  },
  losers: losers.map(({ label, kind, outcome, addresses, lost, events: count, lastSeen }) => ({
    name: label,
    type: kind,
    outcome,
    addresses,
    lost,
    events: count,
    last_seen: lastSeen,
  })),
  // Absent where there are none, as in documents of older versions.
  ...(unreadable.length === 0
    ? {}
    : {
        unreadable: unreadable.map(({ label, kind, events: count, lastSeen }) => ({
          name: label,
          type: kind,
          events: count,
          last_seen: lastSeen,
        })),
      }),
});

const mustHoldAsDocument = ({ names, mustAllow, mustDeny, maxNewlyAllowed, tests }: MustHold) => ({
  names,
  must_allow: cidrs(mustAllow),
  must_deny: cidrs(mustDeny),
  max_newly_allowed: present({
    ipv4: maxNewlyAllowed.ipv4?.toString(),
    ipv6: maxNewlyAllowed.ipv6?.toString(),
  }),
  tests: tests.map(({ allowed, denied }) => ({ allowed: cidrs(allowed), denied: cidrs(denied) })),
});

const listedAsDocument = ({ rule, name, fetchedAt, prefixes }: ListedEntries) => ({
  rule,
  list: name,
  fetched_at: fetchedAt,
  cidrs: cidrs(prefixes),
});

/** Everything of a plan; keys always in the same order. */
export const planDocument = (plan: Plan) => {
  const access = changeAccess(plan.before, plan.after, plan.changes);
  const expired = expiredByRule(plan);
  return {
    format: planFormat,
    version: planVersion,
    account: { id: plan.account.id, host: plan.account.host },
    ...(plan.enabledForServiceTokens === undefined
      ? {}
      : { enabled_for_service_tokens: plan.enabledForServiceTokens }),
    ...present({ valid_from: plan.validFrom, valid_until: plan.validUntil }),
    basis: { state: plan.basis.state, policy: plan.basis.policy },
    summary: summaryOf(plan),
    changes: plan.changes.map((change, index) => changeAsDocument(change, access[index]!, expired)),
    access_change: {
      ...accessAsDocument(plan.access.change),
      effective_now: plan.access.enforcedBefore,
      effective_after: plan.access.enforcedAfter,
    },
    access_parts: plan.access.change.parts.map(partAsDocument),
    ...(plan.protects === undefined
      ? {}
      : {
          protects: {
            must_allow: cidrs(plan.protects.mustAllow),
            must_deny: cidrs(plan.protects.mustDeny),
          },
        }),
    unmanaged_rules: plan.unmanaged.map(({ rule, disposition }) => ({
      rule: ruleAsDocument(rule),
      fate: disposition,
    })),
    steps: plan.steps.map(stepAsDocument),
    guards: plan.verdicts.map(verdictAsDocument),
    ...(plan.replay === undefined ? {} : { replay: replayAsDocument(plan.replay) }),
    diagnostics: plan.diagnostics.map(diagnosticAsDocument),
    expired: plan.expired.map(datedAsDocument),
    expiring: plan.expiring.map(datedAsDocument),
    ...(plan.lists.length === 0 ? {} : { lists: plan.lists.map(listedAsDocument) }),
    before: stateAsDocument(plan.before),
    after: stateAsDocument(plan.after),
    ...present({ must_hold: plan.mustHold && mustHoldAsDocument(plan.mustHold) }),
  };
};

export type PlanDocument = ReturnType<typeof planDocument>;
