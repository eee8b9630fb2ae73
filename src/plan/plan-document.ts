import { formatPrefix, prefixKey } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { present } from "../model/present.js";
import type { AccessChange } from "./access-change.js";
import { changeAccess } from "./change-access.js";
import { countsByKind, entryChanges } from "./diff-states.js";
import {
  accessAsDocument,
  cidrs,
  diagnosticAsDocument,
  disabledFields,
  disturbanceAsDocument,
  looseChangeAsDocument,
  partAsDocument,
  replayAsDocument,
  ruleAsDocument,
  stateAsDocument,
} from "./documents.js";
import type {
  Change,
  DatedEntry,
  ListedEntries,
  MustHold,
  Plan,
  PlannedStep,
  Step,
  Verdict,
} from "./plan.js";
import { prefixKeys } from "./state.js";

/** `passed` is there only where the guard was asked: what was not checked has not passed. */
const verdictAsDocument = ({ guard, state, override, diagnostics }: Verdict) => ({
  guard,
  state,
  ...(state === "not-checked" ? {} : { passed: state !== "failed" }),
  ...present({ override }),
  diagnostics: diagnostics.map(diagnosticAsDocument),
});

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
  const removed = prefixKeys([...change.removed, ...removedDisabled]);
  return (expired.get(change.after.name) ?? [])
    .filter(({ prefix }) => removed.has(prefixKey(prefix)))
    .map(({ prefix, expires }) => ({ cidr: formatPrefix(prefix), expires }));
};

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
  const toggle = plan.changes.find((change) => change.kind === "enforcement");
  const unmanaged = (disposition: Plan["unmanaged"][number]["disposition"]): number =>
    plan.unmanaged.filter((one) => one.disposition === disposition).length;
  return {
    ...countsByKind(plan.changes),
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
