/** Diagnostics as a versioned JSON document. */
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { diagnosticAsDocument } from "../plan/document-values.js";
import { jsonText } from "./neutralise.js";

const diagnosticsDocument = (diagnostics: readonly Diagnostic[]) => {
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  return {
    format: "dbt-ip-rules/diagnostics" as const,
    version: 1 as const,
    verdict: hasErrors(diagnostics) ? ("error" as const) : ("ok" as const),
    counts: { errors: count("error"), warnings: count("warning"), notes: count("note") },
    diagnostics: diagnostics.map(diagnosticAsDocument),
  };
};

/** What a command prints as JSON where it came to no verdict of its own, and what `validate` prints. */
export type DiagnosticsDocument = ReturnType<typeof diagnosticsDocument>;

/** `verdict` is `error` where one of them is an error, else `ok`. */
export const renderDiagnosticsJson = (diagnostics: readonly Diagnostic[]): string =>
  `${jsonText(diagnosticsDocument(diagnostics))}\n`;
