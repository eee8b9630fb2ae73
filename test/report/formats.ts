/** Every renderer over the samples, by the name of its golden file. */
import type { AuditEvent } from "../../src/audit/event.js";
import type { Diagnostic } from "../../src/model/diagnostic.js";
import type { Policy } from "../../src/policy/policy.js";
import { createStyle } from "../../src/report/color.js";
import { renderDiagnosticsText } from "../../src/report/diagnostics.js";
import { type EventFormat, eventFrame } from "../../src/report/events.js";
import { plainStyle } from "../../src/report/layout.js";
import type { Report } from "../../src/report/report.js";
import { type Format, renderReports } from "../../src/report/reporters.js";
import { renderPlanText } from "../../src/report/text/plan.js";
import { progressLine } from "../../src/report/text/progress.js";
import { planWith } from "./plans.js";
import { replayOf } from "./replay-sample.js";
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

const policyOf = (names: Names): Policy => ({
  account: {},
  enforcement: "enabled",
  unmanagedRules: "keep",
  keySources: {},
  rules: [],
  removedRules: [],
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

/** A value in a format, as the program prints it in a pipe. */
export const inFormat = (format: Format, report: Report): Promise<string> =>
  renderReports(format, [{ report }], { ...look, version: "1.2.3" });

const validationOf = (names: Names, more: readonly Diagnostic[]): Report => {
  const tests = testsOf(names);
  return {
    kind: "validation",
    validation: {
      file: "policy.yaml",
      policy: policyOf(names),
      tests,
      diagnostics: [...more, ...tests.flatMap((one) => one.diagnostics)],
    },
  };
};

/** Golden file name without its case → text. */
export const everyFormat = async (names: Names): Promise<Readonly<Record<string, string>>> => {
  const plan = planWith(names);
  const diagnostics = diagnosticsOf(names);
  const events = [eventOf(names, "e1", "rule.added"), eventOf(names, "e2", "toggled")];
  const planned: Report = { kind: "plan", plan, policyFile: "policy.yaml" };
  const found: Report = {
    kind: "validation",
    validation: { file: "policy.yaml", policy: policyOf(names), tests: [], diagnostics },
  };
  const account: Report = { kind: "account", snapshot: snapshotOf(names) };
  const applied: Report = {
    kind: "apply",
    account: { id: 66847, host: "ab123.us1.dbt.com" },
    result: applyResultOf(names),
    receipt: { path: "receipt.jsonl", name: "receipt.jsonl" },
    commands: {},
    shown: [],
  };
  const audited: Report = { kind: "audit", verification: verificationOf(names) };
  const drifted: Report = { kind: "drift", drift: driftOf(names), commands: driftCommands };
  const explained: Report = {
    kind: "explanation",
    explained: [explainOf(names)],
    asked: { views: [{ title: "policy.yaml", state: plan.after }] },
  };
  return {
    "plan.txt": await inFormat("text", planned),
    "plan.colour.txt": renderPlanText(plan, { ...colour, policyFile: "policy.yaml" }),
    "plan.json": await inFormat("json", planned),
    "plan.md": await inFormat("markdown", planned),
    "plan.github.txt": await inFormat("github", planned),
    "plan.gitlab.json": await inFormat("gitlab", planned),
    "diagnostics.txt": renderDiagnosticsText(diagnostics, look),
    "diagnostics.json": await inFormat("json", found),
    "diagnostics.github.txt": await inFormat("github", found),
    "diagnostics.gitlab.json": await inFormat("code-quality", found),
    "diagnostics.sarif.json": await inFormat("sarif", found),
    "validation.txt": await inFormat("text", validationOf(names, [])),
    "tests.junit.xml": await inFormat("junit", validationOf(names, diagnostics)),
    "account.txt": await inFormat("text", account),
    "account.md": await inFormat("markdown", account),
    "account.json": await inFormat("json", account),
    "apply.txt": await inFormat("text", {
      ...applied,
      commands: { applyAgain: "dbt-ip-rules apply plan.json" },
    }),
    "apply.json": await inFormat("json", applied),
    "apply.md": await inFormat("markdown", applied),
    "apply.progress.txt": progressOf(names),
    "audit.txt": await inFormat("text", audited),
    "audit.json": await inFormat("json", audited),
    "audit.md": await inFormat("markdown", audited),
    "audit.junit.xml": await inFormat("junit", audited),
    "events.txt": eventsAs("text", events),
    "events.json": eventsAs("json", events),
    "events.ndjson": eventsAs("ndjson", events),
    "events.csv": eventsAs("csv", events),
    "drift.txt": await inFormat("text", drifted),
    "drift.json": await inFormat("json", drifted),
    "drift.md": await inFormat("markdown", drifted),
    "drift.sarif.json": await inFormat("sarif", drifted),
    "replay.txt": await inFormat("text", replayOf(names, true)),
    "replay.numbers.txt": await inFormat("text", replayOf(names, false)),
    "replay.json": await inFormat("json", replayOf(names, true)),
    "replay.md": await inFormat("markdown", replayOf(names, true)),
    "explain.txt": await inFormat("text", explained),
    "explain.json": await inFormat("json", explained),
  };
};
