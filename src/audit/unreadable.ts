/** When the audit log cannot be read: what to tell, and whether asking again could help. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { Failure } from "../model/failure.js";

/** Failures of `dbt/` that stay what they are, however often one asks: the plan, the token, the account, the query. */
const lasting: ReadonlySet<string> = new Set([
  "token-rejected",
  "permission-missing",
  "blocked-by-ip-restrictions",
  "audit-log-not-found",
  "account-not-found",
  "redirected",
  "redirected-to-other-host",
  "request-refused",
  "answer-is-html",
  "account-foreign",
  "host-not-found",
  "tls-failed",
]);

export const isLasting = ({ diagnostics }: Failure): boolean =>
  diagnostics.some(({ code }) => lasting.has(code));

/** Failures that mean "the API gives no more", when an older stretch is asked for. */
export const meansNoMore = ({ diagnostics }: Failure): boolean =>
  diagnostics.some(({ code }) => code === "request-refused" || code === "audit-log-not-found");

export const unreadableDiagnostics = (reason: Failure): readonly Diagnostic[] => [
  {
    code: "audit-log-unreadable",
    severity: "error",
    message: "The audit log could not be read, so this run neither confirms nor denies anything",
  },
  ...reason.diagnostics,
];
