/**
 * Exchanges that ended without an answer: what happened, in words, whether anything can have reached the
 * server, and whether trying again may help.
 */
import { Failure, failure } from "../model/failure.js";
import { codeOf, type Redact, safeCause } from "./redact.js";

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
      failure: failure(
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
    failure: failure(words.code, words.message(host), words.hint, { cause }),
  };
};

/** The user's Ctrl-C, or the end of a caller's patience. */
export const interrupted = (): Failure =>
  failure("interrupted", "Stopped before the call was done", "Run the command again to go on");
