/** Diagnostics as a versioned JSON document. */
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { jsonText } from "./neutralise.js";

/** A diagnostic as it stands in every JSON document of the program. */
export const diagnosticJson = ({ code, severity, message, hint, source }: Diagnostic) => ({
  code,
  severity,
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(source === undefined
    ? {}
    : {
        source: {
          file: source.file,
          line: source.line,
          column: source.column,
          end_line: source.endLine,
          end_column: source.endColumn,
        },
      }),
});

/** `verdict` is `error` where one of them is an error, else `ok`. */
export const renderDiagnosticsJson = (diagnostics: readonly Diagnostic[]): string => {
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  return `${jsonText({
    format: "dbt-ip-rules/diagnostics",
    version: 1,
    verdict: hasErrors(diagnostics) ? "error" : "ok",
    counts: { errors: count("error"), warnings: count("warning"), notes: count("note") },
    diagnostics: diagnostics.map(diagnosticJson),
  })}\n`;
};
