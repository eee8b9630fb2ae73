/** The codes of connections and of what the service answers. */
import { assertNever } from "../assert.js";
import { grouped } from "../words.js";
import { code } from "./code.js";

// --- No answer came ---

export interface AtHost {
  /** With the proxy's host, where one is set. */
  readonly host: string;
}

const throughProxy = "Check the network; if only a proxy connects to the internet, set HTTPS_PROXY";

/** Why a certificate or a TLS connection was not accepted. */
export type TlsProblem = "unknown-authority" | "wrong-host-name" | "not-valid-now" | "other";

const tlsMessages: Readonly<Record<TlsProblem, (host: string) => string>> = {
  "unknown-authority": (host) =>
    `The certificate of ${host} is signed by an authority that this machine does not trust`,
  "wrong-host-name": (host) => `The certificate that answers for ${host} is for another host name`,
  "not-valid-now": (host) => `The certificate of ${host} has expired, or is not valid yet`,
  other: (host) => `The TLS connection to ${host} failed`,
};

/** A variable that other programs read for certificates, and Node.js does not. */
export type IgnoredCertificateVariable = "SSL_CERT_FILE" | "SSL_CERT_DIR";

const tlsHint = (problem: TlsProblem, ignored: IgnoredCertificateVariable | undefined): string => {
  switch (problem) {
    case "unknown-authority":
      return ignored === undefined
        ? "If a company proxy replaces certificates, set NODE_EXTRA_CA_CERTS to the file of its CA; do not turn off the check"
        : `${ignored} is set, but Node.js does not read it: set NODE_EXTRA_CA_CERTS to the file of the CA`;
    case "wrong-host-name":
      return "Check --host, DBT_CLOUD_HOST_URL or account.host for a typing error; a proxy or a wrong DNS entry may also answer in place of the host";
    case "not-valid-now":
      return "Check the date and time of this machine; if they are right, the certificate must be renewed";
    case "other":
      return "Check the port, and whether a firewall or proxy on the way allows TLS 1.2";
    default:
      return assertNever(problem);
  }
};

/** What is wrong with the proxy, or with the variable that names it. */
type ProxyProblem =
  | { readonly kind: "no-tunnel"; readonly host: string }
  /** The value is not repeated: it may hold a password. */
  | { readonly kind: "not-a-url" | "socks" | "percent"; readonly variable: string };

const proxyMessage = (problem: ProxyProblem): string => {
  switch (problem.kind) {
    case "no-tunnel":
      return `The proxy did not open a connection to ${problem.host}`;
    case "not-a-url":
      return `${problem.variable} is not the URL of a proxy`;
    case "socks":
      return `${problem.variable} names a SOCKS proxy, which is not supported`;
    case "percent":
      return `The user name or password in ${problem.variable} has a % that does not begin a code such as %40`;
    default:
      return assertNever(problem);
  }
};

const proxyHint = (problem: ProxyProblem): string => {
  switch (problem.kind) {
    case "no-tunnel":
      return "Check HTTPS_PROXY, its user name and password, and NO_PROXY";
    case "not-a-url":
      return "Write it with its scheme, as in http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128";
    case "socks":
      return `Set HTTPS_PROXY to an HTTP proxy, or unset ${problem.variable} to connect without a proxy`;
    case "percent":
      return "Write a % of the user name or password as %25, as in http://user:100%25@proxy.example.com:3128";
    default:
      return assertNever(problem);
  }
};

export const networkCodes = {
  "host-not-found": code<AtHost>({
    severity: "error",
    message: ({ host }) => `There is no host named ${host}`,
    hint: "Check --host, DBT_CLOUD_HOST_URL or account.host: it is the access URL under Account settings, such as ab123.us1.dbt.com",
    meaning: "There is no host of that name.",
    fix: "Check the access URL under Account settings.",
    persists: true,
  }),
  "dns-unavailable": code<AtHost>({
    severity: "error",
    message: ({ host }) => `The name ${host} could not be looked up: the DNS server did not answer`,
    hint: "Check this machine's network and DNS settings, then run it again",
    meaning: "The DNS server does not answer.",
    fix: "Check network and DNS settings.",
  }),
  "connection-refused": code<AtHost>({
    severity: "error",
    message: ({ host }) => `${host} refused the connection`,
    hint: "Check the host and its port, and any firewall or proxy on the way",
    meaning: "The host refuses the connection.",
    fix: "Check host, port, firewall and proxy.",
  }),
  "connection-timeout": code<AtHost>({
    severity: "error",
    message: ({ host }) => `${host} did not accept the connection in time`,
    hint: throughProxy,
    meaning: "The host did not accept the connection in time.",
    fix: "Check network, firewall and proxy.",
  }),
  "connection-lost": code<AtHost>({
    severity: "error",
    message: ({ host }) => `The connection to ${host} broke before the answer was complete`,
    hint: "Run it again; if it happens again, check the proxies and firewalls on the way",
    meaning: "The connection broke before the answer was complete.",
    fix: "Run it again.",
  }),
  "host-unreachable": code<AtHost>({
    severity: "error",
    message: ({ host }) => `${host} cannot be reached from this machine`,
    hint: throughProxy,
    meaning: "No network leads to the host.",
    fix: "Check network, proxy and VPN.",
  }),
  "tls-failed": code<
    AtHost & { readonly problem: TlsProblem; readonly ignored?: IgnoredCertificateVariable | undefined }
  >({
    severity: "error",
    message: ({ host, problem }) => tlsMessages[problem](host),
    hint: ({ problem, ignored }) => tlsHint(problem, ignored),
    meaning: "The TLS connection failed; mostly, the certificate is not trusted.",
    fix: "For a company's own CA, set `NODE_EXTRA_CA_CERTS`.",
    persists: true,
  }),
  "proxy-failed": code<ProxyProblem>({
    severity: "error",
    message: proxyMessage,
    hint: proxyHint,
    meaning: "The proxy did not connect, or its variable cannot be used.",
    fix: "Check `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.",
  }),
  "network-failed": code<AtHost & { readonly error: string }>({
    severity: "error",
    message: ({ host, error }) => `The call to ${host} failed: ${error}`,
    hint: "Run it again; if it happens again, run it with --debug",
    meaning: "The call failed for another reason.",
    fix: "Run it again, with `--debug`.",
  }),
  "answer-timeout": code<AtHost>({
    severity: "error",
    message: ({ host }) => `${host} did not answer in time`,
    hint: "Run it again later; the service's status page shows outages",
    meaning: "The host did not answer in time.",
    fix: "Run it again later.",
  }),
  "answer-not-http": code<AtHost>({
    severity: "error",
    message: ({ host }) => `${host} answered with something that is not HTTP`,
    hint: "Check the host's port, and whether to call it with https",
    meaning: "The answer is not HTTP.",
    fix: "Check host and port.",
  }),
};

// --- The service's answers ---

export interface AtRequest {
  readonly host: string;
  /** `GET /api/v3/accounts/1/ip-restrictions/`. */
  readonly request: string;
}

/** An answer that says no, with the server's own words; empty where it has none. */
export interface Refusal extends AtRequest {
  readonly said: string;
}

const withSaid = (text: string, said: string): string => (said === "" ? text : `${text}: ${said}`);

/** What a call is about: each needs its own role. */
export type RoleSubject = "account" | "rule" | "audit" | "export";

const roles: Readonly<Record<RoleSubject, string>> = {
  account:
    "Reading IP restrictions needs Account Viewer, Account Admin or Security Admin; changing them needs one of the last two",
  rule: "Changing IP restrictions needs Account Admin or Security Admin",
  audit: "The audit log needs an Enterprise plan, and Account Admin, Account Viewer or Security Admin",
  export:
    "A bulk export needs a personal access token: service tokens are refused. It also needs an Enterprise plan, and Account Admin, Account Viewer or Security Admin",
};

/** How a list contradicts itself. */
export type ListProblem =
  /** Undefined where the answer has no total. */
  | { readonly kind: "total-changed"; readonly from?: number | undefined; readonly to?: number | undefined }
  | { readonly kind: "page-repeated"; readonly page: number }
  | { readonly kind: "records-repeated"; readonly repeated: number; readonly read: number }
  | { readonly kind: "records-missing"; readonly read: number; readonly total: number };

const listProblem = (problem: ListProblem): string => {
  switch (problem.kind) {
    case "total-changed":
      return `its total changed from ${problem.from ?? "none"} to ${problem.to ?? "none"}`;
    case "page-repeated":
      return `page ${problem.page} repeats earlier records`;
    case "records-repeated":
      return `${problem.repeated} of ${problem.read} records appear twice`;
    case "records-missing":
      return `it has ${problem.read} records, of ${problem.total}`;
    default:
      return assertNever(problem);
  }
};

/** A value of an answer in words: never the value itself. */
export type ValueKind = "nothing" | "null" | "a list" | "an object" | `a ${string}`;

/** A list that was being read; `at`: host and path. */
export type ReadListing =
  | { readonly kind: "account-list"; readonly at: string }
  | { readonly kind: "audit-log" };

/** Which bound of a listing was passed. */
type ListingBound =
  | { readonly kind: "pages" | "mebibytes" | "minutes"; readonly most: number }
  /** `read`: records so far; `total`: records as the list says itself. */
  | { readonly kind: "records"; readonly read: number; readonly most: number }
  | { readonly kind: "total"; readonly total: number; readonly most: number };

const boundText = (bound: ListingBound): string => {
  const most = grouped(bound.most);
  switch (bound.kind) {
    case "pages":
      return `has more than ${most} pages`;
    case "mebibytes":
      return `is larger than ${most} MiB`;
    case "minutes":
      return `takes longer than ${most} minutes to read`;
    case "records":
      return `has ${grouped(bound.read)} records or more; at most ${most} are read`;
    case "total":
      return `says that it has ${grouped(bound.total)} records; at most ${most} are read`;
    default:
      return assertNever(bound);
  }
};

const checkHost =
  "Check that the host is your dbt access URL and that no proxy or login page answers for it, then run it again";
const reportApi =
  "Check that the host is your dbt access URL; if it is, the API has changed: please report it";
const notOfThisAccount =
  "Such an answer cannot be trusted: check the host, and any proxy between it and this machine";

export const serviceCodes = {
  "token-rejected": code<{ readonly host: string; readonly said: string }>({
    severity: "error",
    message: ({ host, said }) => withSaid(`${host} did not accept the token (401)`, said),
    hint: "Check DBT_CLOUD_TOKEN: the token may be expired, revoked, or for another region or account",
    meaning: "The service does not accept the token.",
    fix: "Check that it is current, and for this host.",
    persists: true,
  }),
  "permission-missing": code<{
    readonly request: string;
    readonly said: string;
    readonly subject: RoleSubject;
  }>({
    severity: "error",
    message: ({ request, said }) => withSaid(`The token is not allowed to do ${request} (403)`, said),
    hint: ({ subject }) => roles[subject],
    meaning: "The token is not allowed to do this.",
    fix: "Use one with Account Admin or Security Admin.",
    persists: true,
  }),
  "blocked-by-ip-restrictions": code<{ readonly host: string; readonly serviceToken: boolean }>({
    severity: "error",
    message: ({ host, serviceToken }) =>
      `The account's own IP restrictions block this machine's address (403 from ${host}${serviceToken ? "; they apply to service tokens too" : ""})`,
    hint: "Run it from an allowed address; if none is left, only dbt support can turn off the restrictions",
    meaning: "The account's own rules block this machine.",
    fix: "Use an allowed address; if there is none, ask dbt support.",
    persists: true,
  }),
  "account-not-found": code<Refusal>({
    severity: "error",
    message: ({ host, request, said }) => withSaid(`${host} has nothing at ${request} (404)`, said),
    hint: "Check the account id, and that this account is on that host; a token sees only its own account",
    meaning: "The host has no such account, or hides it from this token.",
    fix: "Check account, host and token.",
    persists: true,
  }),
  "account-foreign": code<
    { readonly host: string; readonly asked: number; readonly found: number | undefined } & (
      | { readonly what: "rule"; readonly name: string }
      | { readonly what: "record" }
    )
  >({
    severity: "error",
    message: (args) => {
      const { host, asked, found } = args;
      return args.what === "rule"
        ? `${host} was asked for account ${asked} and returned a rule of account ${found}, "${args.name}"`
        : `${host} was asked for the audit log of account ${asked} and returned a record of account ${found}`;
    },
    hint: notOfThisAccount,
    meaning: "The answer is about another account.",
    fix: "Check the host and any proxy.",
    persists: true,
  }),
  "audit-log-not-found": code<Refusal & { readonly subject: "audit" | "export" }>({
    severity: "error",
    message: ({ host, request, said }) => withSaid(`${host} has nothing at ${request} (404)`, said),
    hint: ({ subject }) => roles[subject],
    meaning: "The token sees no audit log.",
    fix: "It needs an Enterprise plan and a role.",
    persists: true,
  }),
  "rule-not-found": code<Refusal>({
    severity: "error",
    message: ({ host, request, said }) => withSaid(`${host} has nothing at ${request} (404)`, said),
    hint: "The rule is gone; somebody else may have deleted it: make a new plan",
    meaning: "A rule was deleted while it was being changed.",
    fix: "Plan again.",
  }),
  conflict: code<Refusal>({
    severity: "error",
    message: ({ host, request, said }) => withSaid(`${host} refused ${request} as a conflict (409)`, said),
    hint: "The account has this already; somebody else may have added it: make a new plan",
    meaning: "The call contradicts what is on the account.",
    fix: "Plan again.",
  }),
  "request-refused": code<Refusal & { readonly status: number }>({
    severity: "error",
    message: ({ host, request, status, said }) => withSaid(`${host} refused ${request} (${status})`, said),
    hint: "The message is the server's own; run it with --debug to see the calls",
    meaning: "The service refuses the call, in its own words.",
    fix: "Fix what the message says.",
    persists: true,
  }),
  "rate-limited": code<{ readonly host: string; readonly seconds: number; readonly said: string }>({
    severity: "error",
    message: ({ host, seconds, said }) =>
      withSaid(`${host} refuses further requests (429), and asks to wait ${seconds} s`, said),
    hint: "The limit is 5,000 requests a minute for the whole account: wait, then run it again",
    meaning: "The service asks for another wait after the first.",
    fix: "Run it again later.",
  }),
  "server-error": code<Refusal & { readonly status: number }>({
    severity: "error",
    message: ({ host, request, status, said }) => withSaid(`${host} failed at ${request} (${status})`, said),
    hint: "Run it again later; the service's status page shows outages",
    meaning: "The service failed repeatedly.",
    fix: "Run it again later.",
  }),
  redirected: code<AtRequest & { readonly status: number; readonly path: string | undefined }>({
    severity: "error",
    message: ({ host, request, status, path }) =>
      `${host} redirects ${request} ${path === undefined ? "without saying where to" : `to ${path}`} (${status}) instead of answering`,
    hint: "Check the host and the account id; a login page means that the API is not at this address",
    meaning: "The host redirects; redirects are not followed.",
    fix: "Check host and account id.",
    persists: true,
  }),
  "redirected-to-other-host": code<AtRequest & { readonly status: number; readonly target: string }>({
    severity: "error",
    message: ({ host, request, status, target }) =>
      `${host} redirects ${request} to another host, ${target} (${status}); the token is not sent there`,
    hint: ({ target }) => `If ${target} is your account's access URL, set it as the host`,
    meaning: "The host redirects to another host; the token is not sent there.",
    fix: "Set that host, if it is yours.",
    persists: true,
  }),
  "answer-is-html": code<AtRequest & { readonly title: string | undefined }>({
    severity: "error",
    message: ({ host, request, title }) =>
      `${host} answered ${request} with an HTML page${title === undefined ? "" : ` titled "${title}"`}, not with JSON`,
    hint: checkHost,
    meaning: "The answer is an HTML page, such as a login page.",
    fix: "Check the host and any proxy.",
    persists: true,
  }),
  "answer-not-json": code<AtRequest>({
    severity: "error",
    message: ({ host, request }) => `${host} answered ${request} with something that is not JSON`,
    hint: checkHost,
    meaning: "The answer is not JSON.",
    fix: "Check the host and any proxy.",
  }),
  "answer-empty": code<AtRequest & { readonly status?: number | undefined }>({
    severity: "error",
    message: ({ host, request, status }) =>
      status === undefined
        ? `${host} answered ${request} with nothing`
        : `${host} answered ${request} with ${status} instead of a file`,
    hint: ({ status }) => (status === undefined ? checkHost : "Run it again"),
    meaning: "The answer is empty.",
    fix: "Check the host, then run it again.",
  }),
  "answer-truncated": code<AtRequest & { readonly bytes: number }>({
    severity: "error",
    message: ({ host, request, bytes }) =>
      `The answer of ${host} to ${request} ends early, after ${bytes} bytes`,
    hint: checkHost,
    meaning: "The answer ends early.",
    fix: "Run it again.",
  }),
  "answer-too-large": code<AtRequest & { readonly mebibytes: number }>({
    severity: "error",
    message: ({ host, request, mebibytes }) =>
      `The answer of ${host} to ${request} is larger than ${mebibytes} MiB`,
    hint: "No list of this API is that long: check that the host is your dbt access URL",
    meaning: "The answer is larger than any real one.",
    fix: "Check the host.",
  }),
  "answer-too-complex": code<AtRequest>({
    severity: "error",
    message: ({ host, request }) =>
      `The answer of ${host} to ${request} is nested deeper, or contains more values, than any answer of this API`,
    hint: checkHost,
    meaning: "The answer has more values or levels than any real one.",
    fix: "Check the host.",
  }),
  "answer-unexpected": code<{
    /** `HOST to GET /path`. */
    readonly answer: string;
    /** `data[3].id`; empty for the whole answer. */
    readonly path: string;
    readonly found: ValueKind;
    readonly expected: string;
  }>({
    severity: "error",
    message: ({ answer, path, found, expected }) =>
      `The answer of ${answer} has ${found} ${path === "" ? "" : `at ${path} `}instead of ${expected}`,
    hint: reportApi,
    meaning: "The answer lacks a value, or has one of another type.",
    fix: "Check the host; if it is right, report it.",
  }),
  "answer-contradicts-itself": code<
    AtRequest & { readonly status: number; readonly code: number | undefined; readonly said: string }
  >({
    severity: "error",
    message: ({ host, request, status, code: envelopeCode, said }) =>
      withSaid(
        `${host} answered ${request} with ${status}, but the answer itself reports a failure${envelopeCode === undefined ? "" : ` (${envelopeCode})`}`,
        said,
      ),
    hint: "Run it again; if it happens again, the message is the server's own",
    meaning: "The HTTP status reports success, the answer itself a failure.",
    fix: "Run it again.",
  }),
  "answer-not-csv": code<AtRequest & { readonly type: string }>({
    severity: "error",
    message: ({ host, request, type }) => `${host} answered ${request} with ${type} instead of a CSV file`,
    hint: "Check that the host is your dbt access URL and that no proxy or login page answers for it",
    meaning: "The export is not CSV.",
    fix: "Check the host and any proxy.",
  }),
  "listing-incomplete": code<
    | { readonly what: "list"; readonly at: string; readonly problem: ListProblem }
    | { readonly what: "audit-log"; readonly host: string }
  >({
    severity: "error",
    message: (args) =>
      args.what === "list"
        ? `The list at ${args.at} is inconsistent: ${listProblem(args.problem)}`
        : `The audit log of ${args.host} does not report how many records there are, so missing ones would not be noticed`,
    hint: ({ what }) =>
      what === "list"
        ? "Somebody may be changing it, or a proxy may repeat old answers: run it again"
        : reportApi,
    meaning: "The list is not complete, so it is not used.",
    fix: "Run it again.",
  }),
  "listing-too-large": code<{ readonly list: ReadListing; readonly bound: ListingBound }>({
    severity: "error",
    message: ({ list, bound }) =>
      `${list.kind === "audit-log" ? "The audit log" : `The list at ${list.at}`} ${boundText(bound)}, so reading stopped`,
    hint: ({ list }) =>
      list.kind === "audit-log"
        ? "Ask for a shorter range with --since and --until, or use: dbt-ip-rules audit export"
        : "No account has that many rules: check that the host is your dbt access URL",
    meaning: "The list is longer, or slower, than any real one.",
    fix: "Check the host. For the audit log, use `--since` and `--until`.",
    persists: true,
  }),
  "account-contradicts-itself": code<
    | {
        readonly about: "enforcement" | "rule-set";
        readonly host: string;
        readonly first: string;
        readonly firstValue: string;
        readonly second: string;
        readonly secondValue: string;
      }
    /** The two fields of one entry that should hold the same range. */
    | {
        readonly about: "entry";
        readonly rule: string;
        readonly fields: readonly [name: string, text: string][];
      }
  >({
    severity: "error",
    message: (args) =>
      args.about === "entry"
        ? `An entry of the account's rule "${args.rule}" is ${args.fields.map(([name, text]) => `"${text}" in ${name}`).join(" and ")}`
        : `The rules from ${args.host} disagree on ${args.about === "enforcement" ? "whether enforcement is on" : "the id of the rule set"}: "${args.first}" says ${args.firstValue}, "${args.second}" says ${args.secondValue}`,
    hint: ({ about }) =>
      about === "entry"
        ? "Remove this entry in the account's settings and add it again: which of the two is in force is not known"
        : "It may have been changed while it was read: run it again",
    meaning: "Two rules or two fields of the account contradict each other.",
    fix: "Run it again. If an entry is the reason, remove it there and add it again.",
  }),
  "account-prefix-unreadable": code<{
    readonly rule: string;
    readonly text: string;
    readonly reason: string;
  }>({
    severity: "error",
    message: ({ rule, text, reason }) =>
      `The account's rule "${rule}" has an entry that is not a prefix, "${text}": ${reason}`,
    hint: "Fix or remove this entry in the account's settings: what it covers is not known",
    meaning: "An entry on the account is not a prefix.",
    fix: "Fix it there.",
    persists: true,
  }),
};
