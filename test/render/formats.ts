/** Every renderer over the samples, by the name of its golden file. */
import type { AuditEvent } from "../../src/audit/event.js";
import type { Policy } from "../../src/policy/policy.js";
import { renderAccountJson, renderAccountText } from "../../src/render/account.js";
import { renderAccountMarkdown } from "../../src/render/account-markdown.js";
import { renderApplyJson } from "../../src/render/apply-json.js";
import { renderApplyMarkdown } from "../../src/render/apply-markdown.js";
import { progressLine } from "../../src/render/apply-progress.js";
import { renderApplyText } from "../../src/render/apply-text.js";
import { type EventFormat, eventFrame } from "../../src/render/audit-events.js";
import { renderAuditJson } from "../../src/render/audit-json.js";
import { renderAuditJunit } from "../../src/render/audit-junit.js";
import { renderAuditMarkdown } from "../../src/render/audit-markdown.js";
import { renderAuditText } from "../../src/render/audit-text.js";
import { createStyle } from "../../src/render/color-style.js";
import { renderDiagnosticsGithub } from "../../src/render/diagnostics-github.js";
import { renderDiagnosticsGitlab } from "../../src/render/diagnostics-gitlab.js";
import { renderDiagnosticsJson } from "../../src/render/diagnostics-json.js";
import { renderDiagnosticsSarif } from "../../src/render/diagnostics-sarif.js";
import { renderDiagnosticsText } from "../../src/render/diagnostics-text.js";
import { renderDriftJson } from "../../src/render/drift-json.js";
import { renderDriftMarkdown } from "../../src/render/drift-markdown.js";
import { renderDriftSarif } from "../../src/render/drift-sarif.js";
import { renderDriftText } from "../../src/render/drift-text.js";
import { renderExplainJson, renderExplainText } from "../../src/render/explain.js";
import { renderPlanGithub } from "../../src/render/plan-github.js";
import { renderPlanGitlab } from "../../src/render/plan-gitlab.js";
import { renderPlanJson } from "../../src/render/plan-json.js";
import { renderPlanMarkdown } from "../../src/render/plan-markdown.js";
import { renderPlanText } from "../../src/render/plan-text.js";
import { plainStyle } from "../../src/render/style.js";
import { renderTestsJunit } from "../../src/render/tests-junit.js";
import { renderValidationText } from "../../src/render/validation-text.js";
import { planWith } from "./plans.js";
import {
  applyResultOf,
  diagnosticsOf,
  driftCommands,
  driftOf,
  eventOf,
  explainOf,
  type Names,
  snapshotOf,
  testsOf,
  verificationOf,
} from "./samples.js";

export const look = { style: plainStyle, width: 80 };
export const colour = { style: createStyle({ color: true }), width: 80 };
const account = { id: 66847, host: "ab123.us1.dbt.com" };
const tool = { version: "1.2.3" };

const policyOf = (names: Names): Policy => ({
  account: {},
  enforcement: "enabled",
  unmanagedRules: "keep",
  rules: [],
  tests: [],
  guards: { mustAllow: [], mustDeny: [], maxNewlyAllowed: {} },
  lint: {},
  file: names.vpn,
  otherFiles: [],
});

const eventsAs = (format: EventFormat, events: readonly AuditEvent[]): string => {
  const { head, event, tail } = eventFrame(format, look);
  return `${head}${events.map(event).join("")}${tail(events.length, true)}`;
};

const progressOf = (names: Names): string => {
  const { steps } = applyResultOf(names);
  const lines = [
    progressLine({ kind: "resuming", done: 1, total: 3 }, look),
    ...steps.map((report) => progressLine({ kind: "step-finished", total: 3, report }, look, 120)),
    ...steps
      .slice(0, 1)
      .flatMap(({ planned }) => [
        progressLine({ kind: "step-started", planned, total: 3, attempt: 2 }, look),
        progressLine({ kind: "step-waiting", planned, ms: 2_000, message: names.vpn }, look),
      ]),
    progressLine({ kind: "lockout-allowed", message: names.partner }, look),
    progressLine({ kind: "late-check", ms: 20_000 }, look),
    progressLine({ kind: "verified" }, look),
  ];
  return `${lines.filter((line) => line !== undefined).join("\n")}\n`;
};

/** Golden file name without its case → text. */
export const everyFormat = (names: Names): Readonly<Record<string, string>> => {
  const plan = planWith(names);
  const diagnostics = diagnosticsOf(names);
  const tests = testsOf(names);
  const events = [eventOf(names, "e1", "rule.added"), eventOf(names, "e2", "toggled")];
  return {
    "plan.txt": renderPlanText(plan, { ...look, policyFile: "policy.yaml" }),
    "plan.colour.txt": renderPlanText(plan, { ...colour, policyFile: "policy.yaml" }),
    "plan.json": renderPlanJson(plan),
    "plan.md": renderPlanMarkdown(plan, { policyFile: "policy.yaml" }),
    "plan.github.txt": renderPlanGithub(plan, { policyFile: "policy.yaml" }),
    "plan.gitlab.json": renderPlanGitlab(plan),
    "diagnostics.txt": renderDiagnosticsText(diagnostics, look),
    "diagnostics.json": renderDiagnosticsJson(diagnostics),
    "diagnostics.github.txt": renderDiagnosticsGithub(diagnostics),
    "diagnostics.gitlab.json": renderDiagnosticsGitlab(diagnostics),
    "diagnostics.sarif.json": renderDiagnosticsSarif(diagnostics, tool),
    "validation.txt": renderValidationText(
      {
        file: "policy.yaml",
        policy: policyOf(names),
        tests,
        diagnostics: tests.flatMap((one) => one.diagnostics),
      },
      look,
    ),
    "tests.junit.xml": renderTestsJunit(
      "policy.yaml",
      [...diagnostics, ...tests.flatMap((one) => one.diagnostics)],
      tests,
    ),
    "account.txt": renderAccountText(snapshotOf(names), look),
    "account.md": renderAccountMarkdown(snapshotOf(names)),
    "account.json": renderAccountJson(snapshotOf(names)),
    "apply.txt": renderApplyText(applyResultOf(names), {
      ...look,
      applyAgain: "dbt-ip-rules apply plan.json",
    }),
    "apply.json": renderApplyJson(applyResultOf(names), { account, receipt: "receipt.jsonl" }),
    "apply.md": renderApplyMarkdown(applyResultOf(names), { account, receipt: "receipt.jsonl" }),
    "apply.progress.txt": progressOf(names),
    "audit.txt": renderAuditText(verificationOf(names), look),
    "audit.json": renderAuditJson(verificationOf(names)),
    "audit.md": renderAuditMarkdown(verificationOf(names)),
    "audit.junit.xml": renderAuditJunit(verificationOf(names)),
    "events.txt": eventsAs("text", events),
    "events.json": eventsAs("json", events),
    "events.ndjson": eventsAs("ndjson", events),
    "events.csv": eventsAs("csv", events),
    "drift.txt": renderDriftText(driftOf(names), { ...look, commands: driftCommands }),
    "drift.json": renderDriftJson(driftOf(names)),
    "drift.md": renderDriftMarkdown(driftOf(names), { commands: driftCommands }),
    "drift.sarif.json": renderDriftSarif(driftOf(names), tool),
    "explain.txt": renderExplainText([explainOf(names)], look),
    "explain.json": renderExplainJson([explainOf(names)]),
  };
};
