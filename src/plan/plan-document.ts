/**
 * A plan as a JSON document: what `plan --format json` prints and what a saved plan holds. Published as
 * schemas/plan.schema.json. Snake case; counts of addresses as decimal strings, since 2^128 is no JSON number.
 */
import { formatPrefix } from "../address/prefix.js";
import { changeAccess } from "./change-access.js";
import { changeAsDocument, expiredByRule, stepAsDocument } from "./document-changes.js";
import {
  accessAsDocument,
  diagnosticAsDocument,
  partAsDocument,
  ruleAsDocument,
  stateAsDocument,
  verdictAsDocument,
} from "./document-values.js";
import type { Change, DatedEntry, Plan } from "./plan.js";

export const planFormat = "dbt-ip-rules/plan" as const;
export const planVersion = 1 as const;

const summaryOf = (plan: Plan) => {
  const count = (kind: Change["kind"]): number =>
    plan.changes.filter((change) => change.kind === kind).length;
  const toggle = plan.changes.find((change) => change.kind === "enforcement");
  const fated = (fate: Plan["unmanaged"][number]["fate"]): number =>
    plan.unmanaged.filter((one) => one.fate === fate).length;
  return {
    create: count("create"),
    update: count("update"),
    delete: count("delete"),
    enforcement: toggle === undefined ? "unchanged" : toggle.after,
    steps: plan.steps.length,
    unmanaged_kept: fated("kept"),
    unmanaged_deleted: fated("deleted"),
    unmanaged_refused: fated("refused"),
    refused_by: plan.verdicts.filter(({ state }) => state === "failed").map(({ guard }) => guard),
  };
};

const datedAsDocument = ({ rule, prefix, expires }: DatedEntry) => ({
  rule,
  cidr: formatPrefix(prefix),
  expires,
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
    ...(plan.validFrom === undefined ? {} : { valid_from: plan.validFrom }),
    ...(plan.validUntil === undefined ? {} : { valid_until: plan.validUntil }),
    basis: { state: plan.basis.state, policy: plan.basis.policy },
    summary: summaryOf(plan),
    changes: plan.changes.map((change, index) => changeAsDocument(change, access[index]!, expired)),
    access_change: {
      ...accessAsDocument(plan.access.change),
      effective_now: plan.access.enforcedBefore,
      effective_after: plan.access.enforcedAfter,
    },
    access_parts: plan.access.change.parts.map(partAsDocument),
    unmanaged_rules: plan.unmanaged.map(({ rule, fate }) => ({ rule: ruleAsDocument(rule), fate })),
    steps: plan.steps.map(stepAsDocument),
    guards: plan.verdicts.map(verdictAsDocument),
    diagnostics: plan.diagnostics.map(diagnosticAsDocument),
    expired: plan.expired.map(datedAsDocument),
    expiring: plan.expiring.map(datedAsDocument),
    before: stateAsDocument(plan.before),
    after: stateAsDocument(plan.after),
  };
};

export type PlanDocument = ReturnType<typeof planDocument>;
