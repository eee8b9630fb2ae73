/** What a plan of Terraform would do, as JSON. */
import { present } from "../../model/present.js";
import type { AccessChange, PlanAccessChange } from "../../plan/access-change.js";
import {
  accessAsDocument,
  diagnosticAsDocument,
  partAsDocument,
  setAsDocument,
} from "../../plan/documents.js";
import type { Plan, TerraformFindings } from "../../plan/plan.js";
import { planDocument } from "../../plan/plan-document.js";
import { planVerdict } from "../report.js";

const changeAsDocument = (change: AccessChange) => ({
  ...accessAsDocument(change),
  parts: change.parts.map(partAsDocument),
});

/** Either exact figures, or bounds: never figures that hide that something is not known. */
const accessDocument = ({ change, sure, enforcedBefore, enforcedAfter }: PlanAccessChange) => ({
  exact: sure === undefined,
  ...(sure === undefined
    ? accessAsDocument(change)
    : { in_any_case: changeAsDocument(sure), at_most: changeAsDocument(change) }),
  effective_now: enforcedBefore,
  effective_after: enforcedAfter,
});

const callAsDocument = (
  { verb, address, rule, sets, waitsFor }: TerraformFindings["calls"][number],
  calls: TerraformFindings["calls"],
) => ({
  action: verb,
  address,
  rule,
  ...present({
    rule_set_enabled: sets === undefined ? undefined : sets === "unknown" ? null : sets === "on",
  }),
  after: waitsFor.map((index) => calls[index]?.address ?? ""),
});

/** What `plan --terraform FILE --format json` prints. */
export const terraformDocument = (plan: Plan, terraform: TerraformFindings) => {
  const document = planDocument(plan);
  const { calls, orders, unknown, enforcementAfter } = terraform;
  const { steps: _, unmanaged_deleted: __, unmanaged_refused: ___, ...summary } = document.summary;
  return {
    format: "dbt-ip-rules/terraform-plan" as const,
    version: 1 as const,
    verdict: planVerdict(plan),
    account: document.account,
    ...present({ enabled_for_service_tokens: plan.enabledForServiceTokens }),
    summary: {
      ...summary,
      enforcement: enforcementAfter === "either" ? ("unknown" as const) : summary.enforcement,
      calls: calls.length,
    },
    enforcement: {
      before: plan.before.enforcement,
      after: enforcementAfter === "either" ? ("unknown" as const) : enforcementAfter,
      set_by: calls.flatMap(({ address, sets }) =>
        sets === undefined ? [] : [{ address, rule_set_enabled: sets === "unknown" ? null : sets === "on" }],
      ),
    },
    access_change: accessDocument(plan.access),
    ...(plan.access.sure === undefined ? { access_parts: document.access_parts } : {}),
    unknown: unknown.map(({ address, attributes }) => ({ address, attributes })),
    orders: {
      exact: orders.exact,
      blocked: setAsDocument(orders.blocked),
      blocked_until_last_call: setAsDocument(orders.blockedUntilLast),
      allowed: setAsDocument(orders.allowed),
      example: orders.example.map((index) => ({
        action: calls[index]?.verb ?? "update",
        address: calls[index]?.address ?? "",
      })),
    },
    // Of one change, the figure would be exact where that of the plan is not.
    changes: document.changes.map(({ access_change: access, expired: ____, ...change }) =>
      plan.access.sure === undefined ? { ...change, access_change: access } : change,
    ),
    calls: calls.map((call) => callAsDocument(call, calls)),
    unmanaged_rules: document.unmanaged_rules,
    guards: document.guards,
    ...present({ replay: document.replay }),
    diagnostics: plan.diagnostics.map(diagnosticAsDocument),
    before: document.before,
    after: document.after,
  };
};
