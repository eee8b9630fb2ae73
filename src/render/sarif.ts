/** SARIF 2.1.0 (OASIS): the log around results, and text that no viewer reads as a link or a placeholder. */
import type { Severity, SourceRange } from "../model/diagnostic.js";
import { fileUri } from "./file-uri.js";
import { cut, jsonText, messageCells } from "./neutralise.js";

export interface Tool {
  readonly version: string;
}

export interface SarifResult {
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

/** `describe` says what a rule stands for, in a sentence. */
export const renderSarif = (
  results: readonly SarifResult[],
  tool: Tool,
  describe: (rule: string) => string,
): string => {
  const rules = [...new Set(results.map(({ rule }) => rule))].sort();
  return `${jsonText({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "dbt-ip-rules",
            version: tool.version,
            rules: rules.map((id) => ({ id, shortDescription: { text: messageText(describe(id)) } })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: results.map(({ rule, severity, message, source, fingerprint }) => ({
          ruleId: rule,
          ruleIndex: rules.indexOf(rule),
          level: severity,
          message: { text: messageText(message) },
          ...(source === undefined ? {} : { locations: [location(source)] }),
          partialFingerprints: { "dbtIpRules/v1": fingerprint },
        })),
      },
    ],
  })}\n`;
};
