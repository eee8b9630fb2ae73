/**
 * The programmatic API: what the commands are made of, without the commands. Everything here is a plain value or a
 * pure function, but `loadPolicy` (reads files) and the clients (HTTP).
 */
export { type AccessEntry, AccessMap } from "./address/access-map.js";
export { AddressSet } from "./address/address-set.js";
export { type Address, formatPrefix, type Prefix, parseAddress, parsePrefix } from "./address/prefix.js";
export { type ParsedLines, PrefixLines, printPrefixLines } from "./address/prefix-lines.js";
export { applyPlan } from "./apply/apply-plan.js";
export type { ApplyPorts } from "./apply/ports.js";
export type { ApplyEvent, ApplyOptions, ApplyResult } from "./apply/result.js";
export {
  type ClientOptions,
  createDbtClient,
  createReadOnlyClient,
  type DbtClient,
  type ReadOnlyClient,
} from "./dbt/client.js";
export { type Connection, type ConnectionSources, resolveConnection } from "./dbt/connection.js";
export { type LoadedPolicy, loadPolicy } from "./files/load-policy.js";
export { type Code, type Diagnostic, hasErrors, hintOf, messageOf } from "./model/diagnostic.js";
export { Failure } from "./model/failure.js";
export type { GuardName, OverrideFlag } from "./model/guards.js";
export type { AccountState, Rule } from "./model/rule.js";
export type { Snapshot } from "./model/snapshot.js";
export { explain } from "./plan/explain.js";
export { makePlan, type PlanInput, type PlanResult } from "./plan/make-plan.js";
export type { Change, Plan, PlannedStep } from "./plan/plan.js";
export { planDocument } from "./plan/plan-document.js";
export { readPlanFile, writePlanFile } from "./plan/plan-file.js";
export { checkSnapshot, stateOf } from "./plan/state.js";
export type { Policy } from "./policy/policy.js";
export { renderDiagnosticsText } from "./report/diagnostics.js";
export { plainStyle, type Style } from "./report/layout.js";
export { renderPlanMarkdown } from "./report/markdown.js";
export {
  exitCodeOf,
  type PlanVerdict,
  type PolicyReport,
  planVerdict,
  type Report,
  type ReporterContext,
} from "./report/report.js";
export { type Format, renderReports } from "./report/reporters.js";
export { renderPlanText } from "./report/text/plan.js";
