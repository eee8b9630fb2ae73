/** Diagnostics as SARIF: a rule for each code, fingerprints that survive moved lines. */
import type { Diagnostic } from "../model/diagnostic.js";
import { fingerprints } from "./fingerprint.js";
import { renderSarif, type Tool } from "./sarif.js";

/** `bare-zero-address` → `Bare zero address`. */
const words = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("-", " ");

export const renderDiagnosticsSarif = (diagnostics: readonly Diagnostic[], tool: Tool): string => {
  const marks = fingerprints(diagnostics);
  return renderSarif(
    diagnostics.map(({ code, severity, message, hint, source }, index) => ({
      rule: code,
      severity,
      message: hint === undefined ? message : `${message}. ${hint}`,
      fingerprint: marks[index] ?? "",
      ...(source === undefined ? {} : { source }),
    })),
    tool,
    words,
  );
};
