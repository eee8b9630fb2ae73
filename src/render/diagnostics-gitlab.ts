/** Diagnostics as GitLab's code-quality report, a list of issues in the CodeClimate form. */
import type { Diagnostic } from "../model/diagnostic.js";
import { relativePath } from "./file-uri.js";
import { fingerprints } from "./fingerprint.js";
import { cut, jsonText, messageCells } from "./neutralise.js";

const severities = { error: "critical", warning: "minor", note: "info" } as const;

/** GitLab wants a path on every issue: without one of its own, an issue is put on this file. */
const fallbackPath = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.find(({ source }) => source !== undefined)?.source?.file ?? "policy.yaml";

export const renderDiagnosticsGitlab = (diagnostics: readonly Diagnostic[]): string => {
  const marks = fingerprints(diagnostics);
  const elsewhere = fallbackPath(diagnostics);
  const issues = diagnostics.map(({ code, severity, message, hint, source }, index) => ({
    type: "issue",
    description: cut(hint === undefined ? message : `${message}. ${hint}`, messageCells),
    check_name: code,
    fingerprint: marks[index],
    severity: severities[severity],
    categories: ["Security"],
    location: {
      path: relativePath(source?.file ?? elsewhere),
      lines: { begin: source?.line ?? 1, end: source?.endLine ?? 1 },
    },
  }));
  return `${jsonText(issues)}\n`;
};
