/**
 * Exchanges that ended without an answer: what happened, in words, whether anything can have reached the
 * server, and whether trying again may help.
 */

import type {
  IgnoredCertificateVariable,
  networkCodes,
  RoleSubject,
  TlsProblem,
} from "../model/codes/service.js";
import { Failure, failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import type { Redact } from "../model/secrets.js";
import { type Answer, htmlTitle, looksLikeHtml, openEnvelope, parseJson, shorten } from "./answer.js";
import { reportedCidrs, shownCidrs } from "./rule-wire.js";
import { askedSeconds, cooldownSeconds } from "./waiting.js";

/** What a thrown value says about itself, for `--debug`: never the value, which may carry headers and sockets. */
export const safeCause = (thrown: unknown, redact: Redact): Error => {
  if (!(thrown instanceof Error)) return new Error(redact(String(thrown)));
  const cause = new Error(redact(thrown.message === "" ? thrown.name : thrown.message));
  cause.name = redact(thrown.name);
  cause.stack = redact(thrown.stack ?? "");
  const code = codeOf(thrown);
  return code === undefined ? cause : Object.assign(cause, { code });
};

/** The `code` of a Node or undici error; of several tries (happy eyeballs), the first one's. */
const codeOf = (thrown: unknown): string | undefined => {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return undefined;
};

export interface TransportError {
  readonly kind: "broken";
  readonly failure: Failure;
  /** False only where it is certain that no byte of the request left: a write then did not happen. */
  readonly sent: boolean;
  /** Whether the same call may succeed a moment later. */
  readonly passing: boolean;
}

/** Why no answer came: a code of `networkCodes`, with what else its texts need. */
type Trouble =
  | { readonly code: Exclude<keyof typeof networkCodes, "tls-failed" | "network-failed"> }
  | { readonly code: "tls-failed"; readonly problem: TlsProblem };

interface Traits {
  /** Whether the same call may succeed a moment later. */
  readonly passing: boolean;
  /** Whether it belongs to a step before the request: the look-up, the proxy's tunnel, the certificate. */
  readonly beforeSending: boolean;
}

const traits: Readonly<Record<Trouble["code"], Traits>> = {
  "dns-unavailable": { passing: true, beforeSending: false },
  "host-not-found": { passing: false, beforeSending: true },
  "connection-refused": { passing: true, beforeSending: true },
  "host-unreachable": { passing: true, beforeSending: false },
  "connection-timeout": { passing: true, beforeSending: false },
  "answer-timeout": { passing: true, beforeSending: false },
  "connection-lost": { passing: true, beforeSending: false },
  "answer-not-http": { passing: false, beforeSending: false },
  "tls-failed": { passing: false, beforeSending: true },
  "proxy-failed": { passing: false, beforeSending: true },
};

const byCode: Readonly<Record<string, Trouble>> = {
  ENOTFOUND: { code: "host-not-found" },
  EAI_AGAIN: { code: "dns-unavailable" },
  EAI_FAIL: { code: "dns-unavailable" },
  ECONNREFUSED: { code: "connection-refused" },
  EHOSTUNREACH: { code: "host-unreachable" },
  ENETUNREACH: { code: "host-unreachable" },
  EADDRNOTAVAIL: { code: "host-unreachable" },
  UND_ERR_CONNECT_TIMEOUT: { code: "connection-timeout" },
  ETIMEDOUT: { code: "connection-timeout" },
  UND_ERR_HEADERS_TIMEOUT: { code: "answer-timeout" },
  UND_ERR_BODY_TIMEOUT: { code: "answer-timeout" },
  ECONNRESET: { code: "connection-lost" },
  EPIPE: { code: "connection-lost" },
  UND_ERR_SOCKET: { code: "connection-lost" },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { code: "connection-lost" },
  UND_ERR_PRX_TLS: { code: "proxy-failed" },
};

/** Node's names for what a certificate lacks (tls documentation, "X509 certificate error codes"). */
const tlsProblems: Readonly<Record<string, TlsProblem>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong-host-name",
  HOSTNAME_MISMATCH: "wrong-host-name",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-authority",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknown-authority",
  CERT_UNTRUSTED: "unknown-authority",
  CERT_HAS_EXPIRED: "not-valid-now",
  CERT_NOT_YET_VALID: "not-valid-now",
};

const isTls = (code: string): boolean =>
  code in tlsProblems || /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code);

const troubleOf = (thrown: unknown): Trouble | undefined => {
  const code = codeOf(thrown) ?? "";
  const message = thrown instanceof Error ? thrown.message : "";
  if (thrown instanceof Error && thrown.name === "HTTPParserError") return { code: "answer-not-http" };
  if (message.includes("HTTP Tunneling") || message.includes("Proxy Authentication"))
    return { code: "proxy-failed" };
  if (isTls(code)) return { code: "tls-failed", problem: tlsProblems[code] ?? "other" };
  return byCode[code];
};

const failedBeforeSending = ({ code }: Trouble, thrown: unknown): boolean =>
  // A broken record or an alert may come late, on a connection that already carried the request.
  traits[code].beforeSending && !/^(?:EPROTO|ERR_SSL)/.test(codeOf(thrown) ?? "");

/** True where the system call that failed was the look-up or the connect itself, on every address tried. */
const neverConnected = (thrown: unknown): boolean => {
  if (codeOf(thrown) === "UND_ERR_CONNECT_TIMEOUT") return true;
  if (thrown instanceof AggregateError)
    return thrown.errors.length > 0 && thrown.errors.every(neverConnected);
  if (typeof thrown !== "object" || thrown === null || !("syscall" in thrown)) return false;
  return thrown.syscall === "connect" || thrown.syscall === "getaddrinfo";
};

/** Where a call went, for messages. */
interface CallTarget {
  /** With the proxy's, where one is set. */
  readonly host: string;
  /** Set, though Node.js does not read it. */
  readonly ignored?: IgnoredCertificateVariable | undefined;
}

/** Explains what undici threw; `timedOut` when our own clock ended the exchange. */
export const transportError = (
  thrown: unknown,
  target: CallTarget,
  redact: Redact,
  timedOut: boolean,
): TransportError => {
  // What made the exchange impossible in the first place has its words already.
  if (thrown instanceof Failure) return { kind: "broken", sent: false, passing: false, failure: thrown };
  const trouble: Trouble | undefined = timedOut ? { code: "answer-timeout" } : troubleOf(thrown);
  const cause = safeCause(thrown, redact);
  if (trouble === undefined) {
    return {
      kind: "broken",
      sent: !neverConnected(thrown),
      passing: true,
      failure: failure("network-failed", { host: target.host, error: cause.message }, { cause }),
    };
  }
  return {
    kind: "broken",
    sent: !(neverConnected(thrown) || failedBeforeSending(trouble, thrown)),
    passing: traits[trouble.code].passing,
    failure: troubleFailure(trouble, target, cause),
  };
};

const troubleFailure = (trouble: Trouble, { host, ignored }: CallTarget, cause: Error): Failure => {
  switch (trouble.code) {
    case "tls-failed":
      return failure("tls-failed", { host, problem: trouble.problem, ignored }, { cause });
    case "proxy-failed":
      return failure("proxy-failed", { kind: "no-tunnel", host }, { cause });
    default:
      return failure(trouble.code, { host }, { cause });
  }
};

// Error answers: each status with its own code, message and hint (sources: docs/service.md).

/** What a call is about: the same status means another thing for a rule than for the audit log. */
export type Subject = "account" | "rule" | "audit" | "export" | "link";

/** The failure that an answer outside 2xx stands for. `now` in milliseconds, for dates in `Retry-After`. */
export const statusFailure = (answer: Answer, subject: Subject, now: number): Failure => {
  const { status, request, host } = answer;
  const said = serverMessage(answer);
  // Another host's answer to a signed link: neither our token nor our account is at fault.
  if (subject === "link" && status >= 400 && status < 500 && status !== 429)
    return failure("export-link-refused", { host, status }, { status });
  switch (status) {
    case 401:
      return failure("token-rejected", { host, said }, { status });
    case 403:
      return forbidden(answer, subject === "link" ? "export" : subject, said);
    case 404:
      return notFound(answer, subject === "link" ? "export" : subject, said);
    case 409:
      return failure("conflict", { host, request, said }, { status });
    case 429: {
      const seconds = askedSeconds(answer.headers, now) ?? cooldownSeconds;
      return failure("rate-limited", { host, seconds, said }, { status });
    }
    default:
      return otherStatus(answer, said);
  }
};

const forbidden = (answer: Answer, subject: RoleSubject, said: string): Failure => {
  const { host, request, status } = answer;
  const parsed = parseJson(answer);
  const data = "value" in parsed ? openEnvelope(parsed.value).data : undefined;
  if (isObject(data) && data.account_access_denied === true) {
    const serviceToken = data.is_service_token === true;
    return failure("blocked-by-ip-restrictions", { host, serviceToken }, { status });
  }
  return failure("permission-missing", { request, said, subject }, { status });
};

const notFound = (answer: Answer, subject: RoleSubject, said: string): Failure => {
  const { host, request, status } = answer;
  switch (subject) {
    case "rule":
      return failure("rule-not-found", { host, request, said }, { status });
    case "account":
      return failure("account-not-found", { host, request, said }, { status });
    default:
      return failure("audit-log-not-found", { host, request, said, subject }, { status });
  }
};

const otherStatus = (answer: Answer, said: string): Failure => {
  const { status, request, host } = answer;
  if (status >= 300 && status < 400) return redirectFailure(answer);
  return failure(
    status >= 500 ? "server-error" : "request-refused",
    { host, request, status, said },
    { status },
  );
};

/** Names where the redirect points: the token never follows it. */
const redirectFailure = ({ headers, host, request, status }: Answer): Failure => {
  const target = redirectTarget(headers.location, host);
  if (target !== undefined && target.host !== host)
    return failure("redirected-to-other-host", { host, request, status, target: target.host }, { status });
  const path = target === undefined ? undefined : shorten(target.pathname, 120);
  return failure("redirected", { host, request, status, path }, { status });
};

const redirectTarget = (location: string | undefined, host: string): URL | undefined => {
  if (location === undefined || !URL.canParse(location, `https://${host}`)) return undefined;
  return new URL(location, `https://${host}`);
};

/** The server's own words, from the envelope's messages, REST-framework field errors, or a page's title. */
const serverMessage = (answer: Answer): string => {
  if (looksLikeHtml(answer)) {
    const title = htmlTitle(answer.bytes);
    return title === undefined ? "an HTML page" : `an HTML page titled "${title}"`;
  }
  const parsed = parseJson(answer);
  if (!("value" in parsed)) return "";
  const { enveloped, status, data, extra } = openEnvelope(parsed.value);
  const words = [status.userMessage, status.developerMessage].filter(
    (text) => text !== undefined && text !== "",
  );
  const { failed, existing } = reportedCidrs(extra);
  const ranges = failed.length + existing.length === 0 ? "" : `: ${shownCidrs([...failed, ...existing])}`;
  if (words.length > 0) return shorten(`${[...new Set(words)].join("; ")}${ranges}`, 300);
  if (data === undefined || data === null) return "";
  // Bounded: `parseJson` takes no value that is too deep to be printed.
  return shorten(enveloped ? JSON.stringify(data) : fieldErrors(data), 300);
};

const fieldErrors = (data: unknown): string =>
  isObject(data) && typeof data.detail === "string" ? data.detail : JSON.stringify(data);
