/** Diagnostics as a versioned JSON document. */
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { diagnosticAsDocument } from "../plan/document-values.js";
import { jsonText } from "./neutralise.js";

/** `verdict` is `error` where one of them is an error, else `ok`. */
export const renderDiagnosticsJson = (diagnostics: readonly Diagnostic[]): string => {
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  return `${jsonText({
    format: "dbt-ip-rules/diagnostics",
    version: 1,
    verdict: hasErrors(diagnostics) ? "error" : "ok",
    counts: { errors: count("error"), warnings: count("warning"), notes: count("note") },
    diagnostics: diagnostics.map(diagnosticAsDocument),
  })}\n`;
};
