/** Reports as SARIF 2.1.0 (OASIS), with text that no viewer reads as a link or a placeholder. */

import type { DriftReport } from "../audit/differences.js";
import { fixOf, meaningOf } from "../model/codes/code.js";
import { isCode, isLintRow, rowOf } from "../model/codes/index.js";
import { type Diagnostic, fullText, type Severity, type SourceRange } from "../model/diagnostic.js";
import { cut, jsonText, messageCells } from "../model/escape.js";
import { isUnconfirmed } from "./diagnostics.js";
import { attributionText, differenceText, reasonWords } from "./drift.js";
import { fileUri, fingerprints } from "./places.js";
import type { PolicyReport, Reporter } from "./report.js";

interface SarifResult {
  /** Stable, kebab-case. */
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** A place in a file, or a whole file. */
  readonly source?: SourceRange | { readonly file: string };
  /** What makes this finding the same one in another run. */
  readonly fingerprint: string;
}

/** Section 3.11: `[text](target)` would be a link, and a brace is written twice. */
const messageText = (text: string): string =>
  cut(text, messageCells).replaceAll("](", "]\\x28").replace(/[{}]/g, "$&$&");

const location = (source: NonNullable<SarifResult["source"]>) => ({
  physicalLocation: {
    artifactLocation: { uri: fileUri(source.file) },
    region:
      "line" in source
        ? {
            startLine: source.line,
            startColumn: source.column,
            endLine: source.endLine,
            endColumn: source.endColumn,
          }
        : { startLine: 1 },
  },
});

/** What the differences of a drift report mean; their ids are no codes. */
const driftRules: Readonly<Record<string, string>> = {
  "drift-rule-added": "A rule on the account that the policy does not have",
  "drift-rule-removed": "A rule of the policy that is missing on the account",
  "drift-name-changed": "A rule that has another name on the account",
  "drift-entry-added": "An entry on the account that the policy does not have",
  "drift-entry-removed": "An entry of the policy that is missing on the account",
  "drift-entry-enabled-changed": "An entry that is enabled on one side and disabled on the other",
  "drift-type-changed": "A rule that allows on one side and denies on the other",
  "drift-description-changed": "A rule with another description on the account",
  "drift-enforcement-changed": "Enforcement is not as the policy says",
};

/** A text of the table without the targets of its links. */
const ruleText = (text: string) => ({ text: messageText(text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")) });

/** A rule as its code is explained in docs/lint.md or docs/errors.md. */
const ruleOf = (id: string) => {
  if (!isCode(id)) return { id, shortDescription: ruleText(driftRules[id] ?? id) };
  const row = rowOf(id);
  return isLintRow(row)
    ? {
        id,
        shortDescription: ruleText(row.title),
        fullDescription: ruleText(row.explanation),
        help: ruleText(`${row.explanation} See docs/lint.md#${id}`),
      }
    : {
        id,
        shortDescription: ruleText(meaningOf(row)),
        fullDescription: ruleText(meaningOf(row)),
        help: ruleText(`${fixOf(row)} See docs/errors.md`),
      };
};

const renderSarif = (results: readonly SarifResult[], version: string): string => {
  const rules = [...new Set(results.map(({ rule }) => rule))].sort();
  return `${jsonText({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "dbt-ip-rules",
            version,
            rules: rules.map(ruleOf),
          },
        },
        columnKind: "utf16CodeUnits",
        results: results.map(({ rule, severity, message, source, fingerprint }) => ({
          ruleId: rule,
          ruleIndex: rules.indexOf(rule),
          level: severity,
          message: { text: messageText(message) },
          ...(source === undefined ? {} : { locations: [location(source)] }),
          // The first is the name that code scanning goes by; without it, it makes one of the text of the line alone.
          partialFingerprints: { primaryLocationLineHash: fingerprint, "dbtIpRules/v1": fingerprint },
        })),
      },
    ],
  })}\n`;
};

/** Code scanning leaves out results without a place: those of a failure are put on the policy. */
const diagnosticResults = (
  diagnostics: readonly Diagnostic[],
  policy: string | undefined,
): readonly SarifResult[] => {
  const marks = fingerprints(diagnostics, policy);
  return diagnostics.map((diagnostic, index) => {
    const { code, severity, source } = diagnostic;
    return {
      rule: code,
      severity,
      message: fullText(diagnostic),
      fingerprint: marks[index] ?? "",
      ...(source !== undefined ? { source } : policy === undefined ? {} : { source: { file: policy } }),
    };
  });
};

const driftResults = (drift: DriftReport): readonly SarifResult[] =>
  drift.differences.map((difference) => ({
    rule: `drift-${difference.detail.kind}`,
    severity: difference.severity,
    message: `${differenceText(difference)}; ${reasonWords[difference.reason]}; ${attributionText(difference.attribution)}`,
    source: difference.source ?? { file: drift.policyFile },
    fingerprint: difference.id,
  }));

const resultsOf = ({ policy, report }: PolicyReport): readonly SarifResult[] => {
  switch (report.kind) {
    case "validation":
      return diagnosticResults(report.validation.diagnostics, undefined);
    case "drift":
      return [
        ...diagnosticResults(report.drift.diagnostics.filter(isUnconfirmed), report.drift.policyFile),
        ...driftResults(report.drift),
      ];
    case "failure":
      return diagnosticResults(report.diagnostics, policy);
    default:
      return [];
  }
};

/** One run of the tool, whatever the number of policies: code scanning takes one of a tool. */
export const sarifReport: Reporter = (reports, { version }) =>
  renderSarif(reports.flatMap(resultsOf), version);
