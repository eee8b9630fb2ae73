/** What a report of Terraform's plan has in addition to what every plan has: its calls, its warnings, and its JSON document. */
import type { Diagnostic } from "../model/diagnostic.js";
import { quoted, visible } from "../model/escape.js";
import { present } from "../model/present.js";
import type { AccessChange, PlanAccessChange } from "../plan/access-change.js";
import type { Plan, TerraformFindings } from "../plan/plan.js";
import {
  accessAsDocument,
  diagnosticAsDocument,
  partAsDocument,
  planDocument,
  setAsDocument,
} from "../plan/plan-document.js";
import { planVerdict } from "./report.js";
import type { Row } from "./row.js";

const isFlip = (plan: Plan, one: Diagnostic): boolean => plan.terraform?.flips.includes(one) === true;

/** What a reviewer has to know next to the access change, but not that enforcement flips, which is said before. */
export const terraformWarnings = (plan: Plan): readonly Diagnostic[] =>
  plan.terraform === undefined
    ? []
    : plan.diagnostics.filter(
        (one) => one.severity === "warning" && one.source === undefined && !isFlip(plan, one),
      );

/** What is not said elsewhere in the report. */
export const otherDiagnostics = (plan: Plan): readonly Diagnostic[] => {
  const said = new Set(terraformWarnings(plan));
  return plan.diagnostics.filter((one) => !said.has(one) && !isFlip(plan, one));
};

/** The calls in the order of the plan, each with those that come before it in every order. */
export const terraformCallRows = ({ terraform }: Plan): readonly Row[] =>
  (terraform?.calls ?? []).map(({ verb, address, rule, waitsFor }): Row => {
    const after = waitsFor.map((index) => visible(terraform?.calls[index]?.address ?? ""));
    const sign = verb === "create" ? "+" : verb === "delete" ? "-" : "~";
    const wait = after.length === 0 ? "" : `, after ${after.join(", ")}`;
    return { sign, depth: 1, text: `${verb} ${visible(address)}: rule ${quoted(rule)}${wait}` };
  });

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

export type TerraformDocument = ReturnType<typeof terraformDocument>;
