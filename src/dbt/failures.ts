/**
 * Exchanges that ended without an answer: what happened, in words, whether anything can have reached the
 * server, and whether trying again may help.
 */

import { Failure, legacyFailure } from "../model/failure.js";
import type { Redact } from "../model/secrets.js";
import {
  type Answer,
  htmlTitle,
  isRecord,
  looksLikeHtml,
  openEnvelope,
  parseJson,
  shorten,
} from "./answer.js";
import { reportedCidrs, shownCidrs } from "./rule-wire.js";
import { askedSeconds, cooldownSeconds } from "./waiting.js";

/** Keeps the token out of what a thrown value says (model/secrets.ts). */

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

export interface Broken {
  readonly kind: "broken";
  readonly failure: Failure;
  /** False only where it is certain that no byte of the request left: a write then did not happen. */
  readonly sent: boolean;
  /** Whether the same call may succeed a moment later. */
  readonly passing: boolean;
}

interface Words {
  readonly code: string;
  readonly message: (host: string) => string;
  readonly hint: string;
  readonly passing: boolean;
}

const dnsUnavailable: Words = {
  code: "dns-unavailable",
  message: (host) => `The name ${host} could not be looked up: the resolver did not answer`,
  hint: "Check this machine's network and DNS settings, then run it again",
  passing: true,
};
const hostNotFound: Words = {
  code: "host-not-found",
  message: (host) => `There is no host named ${host}`,
  hint: "Check --host, DBT_CLOUD_HOST_URL or account.host: it is the access URL under Account settings, such as ab123.us1.dbt.com",
  passing: false,
};
const refused: Words = {
  code: "connection-refused",
  message: (host) => `${host} refused the connection`,
  hint: "Check the host and its port, and whether a firewall or a proxy stands between",
  passing: true,
};
const unreachable: Words = {
  code: "host-unreachable",
  message: (host) => `${host} cannot be reached from this machine`,
  hint: "Check the network; where only a proxy leads out, set HTTPS_PROXY",
  passing: true,
};
const connectTimeout: Words = {
  code: "connection-timeout",
  message: (host) => `${host} did not take the connection in time`,
  hint: "Check the network; where only a proxy leads out, set HTTPS_PROXY",
  passing: true,
};
const answerTimeout: Words = {
  code: "answer-timeout",
  message: (host) => `${host} did not answer in time`,
  hint: "Run it again later; the service's status page tells of outages",
  passing: true,
};
const lost: Words = {
  code: "connection-lost",
  message: (host) => `The connection to ${host} broke before the answer was complete`,
  hint: "Run it again; if it stays, check proxies and firewalls between",
  passing: true,
};
const malformed: Words = {
  code: "answer-not-http",
  message: (host) => `${host} answered with something that is not HTTP`,
  hint: "Check the host's port and whether it is to be called with https",
  passing: false,
};
const tls: Words = {
  code: "tls-failed",
  message: (host) => `The TLS connection to ${host} failed: its certificate or protocol was not accepted`,
  hint: "Where a company proxy replaces certificates, point NODE_EXTRA_CA_CERTS to its CA file; do not turn checking off",
  passing: false,
};
const proxy: Words = {
  code: "proxy-failed",
  message: (host) => `The proxy did not open a connection to ${host}`,
  hint: "Check HTTPS_PROXY, its credentials and NO_PROXY",
  passing: false,
};

const byCode: Readonly<Record<string, Words>> = {
  ENOTFOUND: hostNotFound,
  EAI_AGAIN: dnsUnavailable,
  EAI_FAIL: dnsUnavailable,
  ECONNREFUSED: refused,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
  UND_ERR_CONNECT_TIMEOUT: connectTimeout,
  ETIMEDOUT: connectTimeout,
  UND_ERR_HEADERS_TIMEOUT: answerTimeout,
  UND_ERR_BODY_TIMEOUT: answerTimeout,
  ECONNRESET: lost,
  EPIPE: lost,
  UND_ERR_SOCKET: lost,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: lost,
  UND_ERR_PRX_TLS: proxy,
};

/** True where the failure belongs to a step before the request: the look-up, the proxy's tunnel, the certificate. */
const failedBeforeSending = (words: Words, thrown: unknown): boolean => {
  if (words === hostNotFound || words === refused || words === proxy) return true;
  // A broken record or an alert may come late, on a connection that already carried the request.
  return words === tls && !/^(?:EPROTO|ERR_SSL)/.test(codeOf(thrown) ?? "");
};

const wordsFor = (thrown: unknown): Words | undefined => {
  const code = codeOf(thrown) ?? "";
  const message = thrown instanceof Error ? thrown.message : "";
  if (thrown instanceof Error && thrown.name === "HTTPParserError") return malformed;
  if (message.includes("HTTP Tunneling") || message.includes("Proxy Authentication")) return proxy;
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)) return tls;
  return byCode[code];
};

/** True where the system call that failed was the look-up or the connect itself, on every address tried. */
const neverConnected = (thrown: unknown): boolean => {
  if (codeOf(thrown) === "UND_ERR_CONNECT_TIMEOUT") return true;
  if (thrown instanceof AggregateError)
    return thrown.errors.length > 0 && thrown.errors.every(neverConnected);
  if (typeof thrown !== "object" || thrown === null || !("syscall" in thrown)) return false;
  return thrown.syscall === "connect" || thrown.syscall === "getaddrinfo";
};

/** Explains what undici threw; `timedOut` when our own clock ended the exchange. */
export const brokenExchange = (thrown: unknown, host: string, redact: Redact, timedOut: boolean): Broken => {
  // What made the exchange impossible in the first place has its words already.
  if (thrown instanceof Failure) return { kind: "broken", sent: false, passing: false, failure: thrown };
  const words = timedOut ? answerTimeout : wordsFor(thrown);
  const cause = safeCause(thrown, redact);
  if (words === undefined) {
    return {
      kind: "broken",
      sent: !neverConnected(thrown),
      passing: true,
      failure: legacyFailure(
        "network-failed",
        `The call to ${host} failed: ${cause.message}`,
        "Run it again; if it stays, run it with --debug",
        { cause },
      ),
    };
  }
  return {
    kind: "broken",
    sent: !(neverConnected(thrown) || failedBeforeSending(words, thrown)),
    passing: words.passing,
    failure: legacyFailure(words.code, words.message(host), words.hint, { cause }),
  };
};

/** The user's Ctrl-C, or the end of a caller's patience. */
export const interrupted = (): Failure =>
  legacyFailure("interrupted", "Stopped before the call was done", "Run the command again to go on");

/** Error answers: each status with its own code, message and hint (sources: docs/service.md). */

/** What a call is about: the same status means another thing for a rule than for the audit log. */
export type Subject = "account" | "rule" | "audit" | "export" | "link";

const roles: Readonly<Record<Exclude<Subject, "link">, string>> = {
  account:
    "Reading IP restrictions needs Account Viewer, Account Admin or Security Admin; changing them one of the last two",
  rule: "Changing IP restrictions needs Account Admin or Security Admin",
  audit: "The audit log needs an Enterprise plan, and Account Admin, Account Viewer or Security Admin",
  export:
    "A bulk export needs a personal access token: service tokens are refused. It also needs an Enterprise plan, and Account Admin, Account Viewer or Security Admin",
};

/** The failure that an answer outside 2xx stands for. `now` in milliseconds, for dates in `Retry-After`. */
export const statusFailure = (answer: Answer, subject: Subject, now: number): Failure => {
  const said = serverMessage(answer);
  const { status, request, host } = answer;
  const tell = (text: string) => (said === "" ? text : `${text}: ${said}`);
  // Another host's answer to a signed link: neither our token nor our account is at fault.
  if (subject === "link" && status >= 400 && status < 500 && status !== 429) return linkRefused(answer);
  switch (status) {
    case 401:
      return legacyFailure(
        "token-rejected",
        tell(`${host} did not accept the token (401)`),
        "Check DBT_CLOUD_TOKEN: the token may be expired, revoked, or of another region or account",
      );
    case 403:
      return forbidden(answer, subject === "link" ? "export" : subject, tell);
    case 404:
      return notFound(answer, subject === "link" ? "export" : subject, tell);
    case 409:
      return legacyFailure(
        "conflict",
        tell(`${host} refused ${request} as a conflict (409)`),
        "The account holds this already, perhaps by someone else's change: make a new plan",
      );
    case 429:
      return legacyFailure(
        "rate-limited",
        tell(
          `${host} answers too many requests (429), and asks to wait ${askedSeconds(answer.headers, now) ?? cooldownSeconds} s`,
        ),
        "The limit is 5,000 requests a minute for the whole account: wait for the cooldown, and run it again",
      );
    default:
      return otherStatus(answer, tell);
  }
};

const linkRefused = ({ host, status }: Answer): Failure =>
  legacyFailure(
    "export-link-refused",
    `${host} refused the export's link (${status}): such links expire`,
    "Ask for the download again: the export itself is kept, and its job id stays good",
  );

const forbidden = (
  answer: Answer,
  subject: Exclude<Subject, "link">,
  tell: (text: string) => string,
): Failure => {
  const parsed = parseJson(answer);
  const data = "value" in parsed ? openEnvelope(parsed.value).data : undefined;
  if (isRecord(data) && data.account_access_denied === true) {
    const token = data.is_service_token === true ? "; the rules hold for service tokens too" : "";
    return legacyFailure(
      "blocked-by-ip-restrictions",
      `The account's own IP restrictions block this machine's address (403 from ${answer.host}${token})`,
      "Run it from an allowed address; where none is left, only dbt support can switch the restrictions off",
    );
  }
  return legacyFailure(
    "permission-missing",
    tell(`The token may not do ${answer.request} (403)`),
    roles[subject],
  );
};

const notFound = (
  answer: Answer,
  subject: Exclude<Subject, "link">,
  tell: (text: string) => string,
): Failure => {
  switch (subject) {
    case "rule":
      return legacyFailure(
        "rule-not-found",
        tell(`${answer.host} has nothing at ${answer.request} (404)`),
        "The rule is gone, perhaps by someone else's change: make a new plan",
      );
    case "account":
      return legacyFailure(
        "account-not-found",
        tell(`${answer.host} has nothing at ${answer.request} (404)`),
        "Check the account id, and that the host is the one this account lives on; a token sees only its own account",
      );
    default:
      return legacyFailure(
        "audit-log-not-found",
        tell(`${answer.host} has nothing at ${answer.request} (404)`),
        roles[subject],
      );
  }
};

const otherStatus = (answer: Answer, tell: (text: string) => string): Failure => {
  const { status, request, host } = answer;
  if (status >= 300 && status < 400) return redirectFailure(answer);
  if (status >= 500) {
    return legacyFailure(
      "server-error",
      tell(`${host} failed at ${request} (${status})`),
      "Run it again later; the service's status page tells of outages",
    );
  }
  return legacyFailure(
    "request-refused",
    tell(`${host} refused ${request} (${status})`),
    "The message is the server's own; run it with --debug to see the calls",
  );
};

/** Names where the redirect points: the token never follows it. */
const redirectFailure = ({ headers, host, request, status }: Answer): Failure => {
  const target = redirectTarget(headers.location, host);
  if (target !== undefined && target.host !== host) {
    return legacyFailure(
      "redirected-to-other-host",
      `${host} sends ${request} on to another host, ${target.host} (${status}); the token does not follow`,
      `If ${target.host} is your account's access URL, set it as the host`,
    );
  }
  return legacyFailure(
    "redirected",
    `${host} sends ${request} on to ${target === undefined ? "nowhere" : shorten(target.pathname, 120)} (${status}) instead of answering`,
    "Check the host and the account id; a login page means that the API is not at this address",
  );
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
  isRecord(data) && typeof data.detail === "string" ? data.detail : JSON.stringify(data);
