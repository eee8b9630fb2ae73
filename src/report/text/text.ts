/** Reports as text for people: a part for each policy under its name, then a line for each that says how it ended. */
import type { catalogue } from "../../audit/catalogue.js";
import { assertNever } from "../../model/assert.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { quoted, visible } from "../../model/escape.js";
import { present } from "../../model/present.js";
import { counted } from "../../model/words.js";
import { applyOutcome } from "../apply.js";
import { auditClosing } from "../audit.js";
import { diagnosticsCount, renderDiagnosticsText } from "../diagnostics.js";
import { driftClosing } from "../drift.js";
import { renderExplainText } from "../explain.js";
import { padCells, type RenderContext, wrap } from "../layout.js";
import { listsClosing } from "../lists.js";
import { closingLine } from "../plan-summary.js";
import { replayClosing } from "../replay.js";
import {
  exitCodeOf,
  exitWords,
  type PolicyReport,
  type Report,
  type Reporter,
  type TestOutcome,
  type Validation,
  validationVerdict,
} from "../report.js";
import { renderAccountText } from "./account.js";
import { renderApplyText } from "./apply.js";
import { renderAuditText } from "./audit.js";
import { doctorClosing, renderDoctorText } from "./doctor.js";
import { renderDriftText } from "./drift.js";
import { renderCatalogueText, renderListsText } from "./lists.js";
import { renderPlanText } from "./plan.js";
import { renderReplayText } from "./replay.js";

/** The event types of the audit log, grouped, each with what it means. */
const renderEventTypesText = (events: typeof catalogue, { style, width }: RenderContext): string => {
  const typeCells = Math.max(...events.map(({ type }) => type.length)) + 4;
  const groups = new Map<string, string[]>();
  for (const { group, type, description } of events) {
    const [first = "", ...more] = wrap(`${" ".repeat(typeCells)}${description}`, width, typeCells);
    const line = `  ${padCells(type, typeCells - 2)}${first.trimStart()}`;
    groups.set(group, [...(groups.get(group) ?? []), line, ...more]);
  }
  const blocks = [...groups].map(([group, own]) => [style.strong(group), ...own, ""].join("\n"));
  return `${[...blocks, `${counted(events.length, "event type")}.`].join("\n")}\n`;
};

const testLines = (tests: readonly TestOutcome[], { style }: RenderContext): string =>
  tests
    .map(
      ({ test, passed }) =>
        `${passed ? style.added("passed") : style.error("FAILED")} test ${quoted(test.name)}\n`,
    )
    .join("");

const found = (diagnostics: readonly Diagnostic[]): string => {
  const count = diagnosticsCount(diagnostics);
  return count === "" ? "" : ` (${count})`;
};

const validationClosing = (validation: Validation): string => {
  const { file, policy, tests, diagnostics } = validation;
  switch (validationVerdict(validation)) {
    case "invalid":
      return `${visible(file)} is not valid: ${diagnosticsCount(diagnostics) || "it could not be read"}.`;
    case "tests-failed": {
      const failed = tests.filter(({ passed }) => !passed).length;
      return `${visible(file)} is well-formed, but ${failed} of ${counted(tests.length, "test")} failed.`;
    }
    default: {
      const rules = policy?.rules ?? [];
      const entries = rules.reduce((sum, { entries: own }) => sum + own.length, 0);
      const passed = tests.length === 0 ? "no tests" : `${counted(tests.length, "test")} passed`;
      return `${visible(file)} is valid: ${counted(rules.length, "rule")}, ${counted(entries, "entry", "entries")}, ${passed}${found(diagnostics)}.`;
    }
  }
};

/** What `validate` says: every problem, then the tests, then one line. */
const renderValidationText = (validation: Validation, look: RenderContext): string => {
  const verdict = validationVerdict(validation);
  const line = validationClosing(validation);
  const problems = renderDiagnosticsText(validation.diagnostics, look);
  const tests = verdict === "invalid" ? "" : testLines(validation.tests, look);
  const parts = [problems, tests].filter((part) => part !== "").map((part) => `${part}\n`);
  return `${parts.join("")}${verdict === "valid" ? line : look.style.error(line)}\n`;
};

/** What a command says of one policy; empty where its result is elsewhere. */
export const reportText = (report: Report, look: RenderContext): string => {
  switch (report.kind) {
    case "plan":
      return renderPlanText(report.plan, {
        ...look,
        ...present({ policyFile: report.policyFile, people: report.people }),
      });
    case "apply": {
      const applied = renderApplyText(report.result, { ...look, ...report.commands, shown: report.shown });
      return report.audit === undefined ? applied : `${applied}\n${renderAuditText(report.audit, look)}`;
    }
    case "validation":
      return renderValidationText(report.validation, look);
    case "drift":
      return renderDriftText(report.drift, { ...look, commands: report.commands });
    case "audit":
      return renderAuditText(report.verification, look);
    case "account":
      return renderAccountText(report.snapshot, look, report.entries);
    case "explanation":
      return renderExplainText(report.explained, look);
    case "replay":
      return renderReplayText(report, look);
    case "event-types":
      return renderEventTypesText(report.events, look);
    case "doctor":
      return renderDoctorText(report.diagnosis, look);
    case "lists":
      return renderListsText(report, look);
    case "list-catalogue":
      return renderCatalogueText(report.lists, look);
    case "failure":
      return renderDiagnosticsText(report.diagnostics, look);
    case "done":
      return "";
    default:
      return assertNever(report);
  }
};

export const policyHeading = (policy: string, { style }: RenderContext): string =>
  style.strong(`== ${visible(policy)} ==`);

/** How a report ended, in a line; empty where that is another kind of text, or was said where it happened. */
const closingOf = (report: Report): string => {
  switch (report.kind) {
    case "plan":
      return closingLine(report.plan, report.policyFile ?? "the policy");
    case "apply":
      return applyOutcome(report);
    case "validation":
      return validationClosing(report.validation);
    case "drift":
      return driftClosing(report.drift);
    case "audit":
      return auditClosing(report.verification);
    case "doctor":
      return doctorClosing(report.diagnosis);
    case "replay":
      return replayClosing(report);
    case "lists":
      return listsClosing(report);
    case "account":
    case "explanation":
    case "event-types":
    case "list-catalogue":
    case "failure":
    case "done":
      return "";
    default:
      return assertNever(report);
  }
};

/** One line a policy, in the order given: how its run ended, in a word and in its own line. */
export const renderSummary = (reports: readonly PolicyReport[], look: RenderContext): string => {
  const words = reports.map((one) => exitWords[exitCodeOf(one)]);
  const width = Math.max(...words.map((word) => word.length));
  return [
    look.style.strong(`== ${reports.length} policies ==`),
    ...reports.map(({ policy = "", report }, at) => {
      const closing = closingOf(report);
      return `${(words[at] ?? "").padEnd(width)}  ${visible(policy)}${closing === "" ? "" : `: ${closing}`}`;
    }),
    "",
  ].join("\n");
};

export const textReport: Reporter = (reports, look) => {
  const [only, ...more] = reports;
  if (only !== undefined && more.length === 0) return reportText(only.report, look);
  return [
    ...reports.map(
      ({ policy = "", report }) => `${policyHeading(policy, look)}\n${reportText(report, look).trimEnd()}\n`,
    ),
    renderSummary(reports, look),
  ].join("\n");
};
