/**
 * What was seen of an account, judged: one check for each thing that the program needs or that its user should know.
 * Pure. A failure is shown once, at the check that it is about; what could not be asked because of it is `not-checked`.
 */
import { formatAddress } from "../address/prefix.js";
import type { Code } from "../model/codes/index.js";
import { type Diagnostic, hintOf, messageOf } from "../model/diagnostic.js";
import { quoted, visible } from "../model/escape.js";
import { counted, duration } from "../model/words.js";
import { explain } from "../plan/explain.js";
import { checkSnapshot, stateOf } from "../plan/state.js";
import { type JudgedAssumption, judgeAssumptions } from "./assumptions.js";
import type { Outcome, RecordedCall, Seen } from "./seen.js";

const checkIds = [
  "settings",
  "host",
  "tls",
  "proxy",
  "token",
  "account",
  "rules",
  "audit_log",
  "clock",
  "enforcement",
  "address",
  "policy",
] as const;
export type CheckId = (typeof checkIds)[number];

/** `failed`: something that is needed does not work. `unknown`: the service does not say. */
export type CheckState = "ok" | "warning" | "failed" | "unknown" | "not-checked";

export interface Check {
  readonly id: CheckId;
  readonly state: CheckState;
  /** A sentence without its full stop, safe to print. */
  readonly text: string;
  /** What to do next. */
  readonly hint?: string;
  readonly code?: Code;
}

export interface Diagnosis {
  /** In the order of `checkIds`; of one id there may be several. */
  readonly checks: readonly Check[];
  readonly assumptions: readonly JudgedAssumption[];
  readonly account: { readonly id?: number; readonly host?: string };
  /** Where the shapes of the answers were written to. */
  readonly recorded?: string;
}

type DoctorVerdict = "works" | "fails";

export const doctorVerdict = ({ checks }: Pick<Diagnosis, "checks">): DoctorVerdict =>
  checks.some(({ state }) => state === "failed") ? "fails" : "works";

/** The check that a failure is about, where it is not that of the call that met it. */
const about: Readonly<Partial<Record<Code, CheckId>>> = {
  "token-missing": "token",
  "token-conflict": "token",
  "token-malformed": "token",
  "token-rejected": "token",
  "host-missing": "host",
  "host-invalid": "host",
  "host-insecure": "tls",
  "host-mismatch": "host",
  "shared-host": "host",
  "account-missing": "account",
  "account-invalid": "account",
  "account-mismatch": "account",
  "account-not-found": "account",
  "account-foreign": "account",
  "host-not-found": "host",
  "dns-unavailable": "host",
  "connection-refused": "host",
  "connection-timeout": "host",
  "connection-lost": "host",
  "host-unreachable": "host",
  "network-failed": "host",
  "answer-timeout": "host",
  "answer-not-http": "host",
  "answer-is-html": "host",
  "answer-not-json": "host",
  "answer-empty": "host",
  redirected: "host",
  "redirected-to-other-host": "host",
  "tls-failed": "tls",
  "proxy-failed": "proxy",
  "blocked-by-ip-restrictions": "address",
};

/** No further call can do better: nothing answers, or what answers is not the service. */
export const endsQuestions = ({ code }: Diagnostic): boolean => {
  const id = about[code];
  return id === "host" || id === "tls" || id === "proxy" || id === "token";
};

const shown = (one: Diagnostic, fallback: CheckId): Check => {
  const hint = hintOf(one);
  return {
    id: about[one.code] ?? fallback,
    state: one.severity === "error" ? "failed" : "warning",
    text: visible(messageOf(one)),
    ...(hint === undefined ? {} : { hint: visible(hint) }),
    code: one.code,
  };
};

const failuresOf = (outcome: Outcome<unknown>, fallback: CheckId): readonly Check[] =>
  outcome.kind === "failed" ? outcome.diagnostics.map((one) => shown(one, fallback)) : [];

const ok = (id: CheckId, text: string): Check => ({ id, state: "ok", text });
const unknown = (id: CheckId, text: string, hint?: string): Check => ({
  id,
  state: "unknown",
  text,
  ...(hint === undefined ? {} : { hint }),
});
const warning = (id: CheckId, text: string, hint: string): Check => ({ id, state: "warning", text, hint });
const notChecked = (id: CheckId): Check => ({ id, state: "not-checked", text: "not checked" });

/** `PREFIX.REGION.dbt.com` (docs/service.md, "Hosts and authentication"). */
const regionOf = (host: string): string => {
  const region = /^[^.]+\.([a-z]{2}\d)\.dbt\.com$/i.exec(host)?.[1];
  if (region !== undefined) return `region ${region.toLowerCase()}`;
  if (/^(?:emea|au)\.dbt\.com$/i.test(host)) return "a region's shared host";
  if (/\.private\.dbt\.com$/i.test(host)) return "private ingress";
  if (/(?:^|\.)getdbt\.com$/i.test(host)) return "an old shared host";
  if (/^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(host)) return "this machine";
  return "single-tenant, or not dbt's own";
};

const isAnswered = (seen: Seen): boolean =>
  [seen.accounts, seen.snapshot, seen.log].some(({ kind }) => kind === "answered") ||
  seen.clocks !== undefined;

const hostChecks = (seen: Seen): readonly Check[] => {
  const { host, isTls, proxy } = seen.settings;
  if (host === undefined) return [];
  const answered = isAnswered(seen);
  const named = `${visible(host)}, ${regionOf(host)}`;
  return [
    answered ? ok("host", `${named}: it answers`) : { ...notChecked("host"), text: named },
    isTls === false
      ? ok("tls", "none: plain http, which is for this machine alone")
      : answered
        ? ok("tls", "the certificate is accepted")
        : notChecked("tls"),
    proxy === undefined ? ok("proxy", "none is set") : ok("proxy", `${visible(proxy)} is set`),
  ];
};

const blockedServiceToken = ({ snapshot }: Seen): boolean | undefined => {
  if (snapshot.kind !== "failed") return undefined;
  const found = snapshot.diagnostics.find(({ code }) => code === "blocked-by-ip-restrictions");
  return found?.code === "blocked-by-ip-restrictions" && "args" in found
    ? found.args.serviceToken
    : undefined;
};

const kindText = (seen: Seen): string => {
  const isService = blockedServiceToken(seen);
  if (isService !== undefined) return isService ? "a service token" : "a personal token";
  switch (seen.settings.tokenLooks) {
    case "service":
      return "a service token, by its first letters";
    case "personal":
      return "a personal token, by its first letters";
    default:
      return "its kind is not shown";
  }
};

const tokenCheck = (seen: Seen): Check => {
  const accepted = [seen.accounts, seen.snapshot, seen.log].some(({ kind }) => kind === "answered");
  return accepted || blockedServiceToken(seen) !== undefined
    ? ok("token", `accepted; ${kindText(seen)}`)
    : notChecked("token");
};

const accountCheck = (seen: Seen): Check => {
  const { accountId } = seen.settings;
  if (accountId === undefined) return notChecked("account");
  if (seen.accounts.kind !== "answered")
    return seen.snapshot.kind === "answered" ? ok("account", `${accountId}`) : notChecked("account");
  const ids = seen.accounts.value;
  if (ids.includes(accountId)) return ok("account", `${accountId}, which this token may see`);
  const others =
    ids.length === 0
      ? "no account"
      : ids.length > 5
        ? counted(ids.length, "other account")
        : `only ${ids.join(", ")}`;
  return warning(
    "account",
    `${accountId} is not in the list of accounts: this token sees ${others}`,
    "Check --account and the host; the list may also leave out an account that blocks this address",
  );
};

const rulesCheck = ({ snapshot }: Seen): Check => {
  if (snapshot.kind !== "answered") return notChecked("rules");
  const { rules } = snapshot.value;
  const entries = rules.reduce((sum, { entries: own }) => sum + own.length, 0);
  return ok(
    "rules",
    `can be read: ${counted(rules.length, "rule")}, ${counted(entries, "entry", "entries")}; only a write shows whether the token may write`,
  );
};

const logCheck = ({ log }: Seen): Check =>
  log.kind === "answered"
    ? ok("audit_log", `can be read: ${counted(log.value.total, "event")} in 90 days`)
    : notChecked("audit_log");

/** A `Date` header has whole seconds, and an answer takes a while. */
const clockTolerance = 5_000;
const clockLimit = 60_000;

const clockCheck = ({ clocks }: Seen): Check => {
  if (clocks === undefined) return unknown("clock", "no answer shows the service's time");
  const ahead = clocks.at.getTime() - Date.parse(clocks.serverAt);
  const size = Math.abs(ahead);
  if (size <= clockTolerance) return ok("clock", "as the service's, within 5 s");
  const text = `${duration(size)} ${ahead > 0 ? "ahead of" : "behind"} the service's`;
  return size <= clockLimit
    ? ok("clock", text)
    : warning("clock", text, "Set this machine's clock: expiry dates and times of the audit log follow it");
};

const enforcementCheck = ({ snapshot }: Seen): Check => {
  if (snapshot.kind !== "answered") return notChecked("enforcement");
  const { enforcement, enabledForServiceTokens: tokens, rules } = snapshot.value;
  const who =
    tokens === undefined
      ? "not shown whether for service tokens"
      : `service tokens are ${tokens ? "" : "not "}subject to the rules`;
  return enforcement === "unknown"
    ? unknown(
        "enforcement",
        `not known: ${rules.length === 0 ? "an account without rules does" : "the rules do"} not show it`,
      )
    : ok("enforcement", `${enforcement === "enabled" ? "on" : "off"}; ${who}`);
};

const addressHint = "Name this token's actor in the audit log: --actor NAME, or its id";

const addressCheck = (seen: Seen): Check => {
  if (seen.snapshot.kind !== "answered") return notChecked("address");
  const valid = seen.callerIsValid.kind === "answered" ? seen.callerIsValid.value : undefined;
  const own = seen.ownAddress;
  const where =
    own === undefined
      ? "the address that the service sees is not known"
      : `${formatAddress(own.address)} when the log last saw this token, ${own.lastSeenAt}${deciderText(seen)}`;
  const isOn = seen.snapshot.value.enforcement === "enabled";
  if (valid === false)
    return warning(
      "address",
      `${where}; the service's own check: this caller ${isOn ? "is not allowed by" : "would be blocked by"} the rules`,
      isOn
        ? "Allow this address before the rules apply to this token"
        : "Allow it before enforcement is turned on",
    );
  const said = valid === undefined ? "" : "; the service's own check: allowed by the rules";
  if (own !== undefined) return ok("address", `${where}${said}`);
  return unknown("address", `${where}${said}`, addressHint);
};

const deciderText = ({ snapshot, ownAddress }: Seen): string => {
  if (snapshot.kind !== "answered" || ownAddress === undefined || checkSnapshot(snapshot.value).length > 0)
    return "";
  const state = { ...stateOf(snapshot.value), enforcement: "enabled" as const };
  const [part] = explain(state, { network: ownAddress.address, length: 128 }).parts;
  if (part?.decider.kind !== "entry") return "";
  return ` (rule ${quoted(part.decider.rule, 30)})`;
};

const policyChecks = ({ snapshot }: Seen): readonly Check[] => {
  if (snapshot.kind !== "answered") return [notChecked("policy")];
  const problems = checkSnapshot(snapshot.value);
  return problems.length === 0
    ? [ok("policy", "every rule can be written as a policy")]
    : problems.map((one) => shown(one, "policy"));
};

/** A check that failed or warns takes the place of what its own question would say. */
export const judge = (seen: Seen): Omit<Diagnosis, "recorded"> => {
  const failures = unique([
    ...seen.settings.diagnostics.map((one) => shown(one, "settings")),
    ...failuresOf(seen.snapshot, "rules"),
    ...failuresOf(seen.log, "audit_log"),
    ...failuresOf(seen.accounts, "account").filter(({ id }) => id !== "account"),
  ]);
  const own = [
    ...hostChecks(seen),
    tokenCheck(seen),
    accountCheck(seen),
    rulesCheck(seen),
    logCheck(seen),
    clockCheck(seen),
    enforcementCheck(seen),
    addressCheck(seen),
    ...policyChecks(seen),
  ];
  const checks = checkIds.flatMap((id) => {
    const bad = failures.filter((one) => one.id === id);
    const good = own.filter((one) => one.id === id);
    if (bad.length === 0) return good;
    return bad.some(({ state }) => state === "failed")
      ? [...bad, ...good.filter(({ state }) => state === "warning")]
      : [...good, ...bad];
  });
  const { accountId, host } = seen.settings;
  return {
    checks,
    assumptions: judgeAssumptions(seen),
    account: {
      ...(accountId === undefined ? {} : { id: accountId }),
      ...(host === undefined ? {} : { host }),
    },
  };
};

/** The same trouble met by several calls is one. */
const unique = (checks: readonly Check[]): readonly Check[] =>
  checks.filter(({ id, code }, at) => checks.findIndex((one) => one.id === id && one.code === code) === at);

/** What `--record` writes. */
export const recordDocument = (version: string, calls: readonly RecordedCall[]) => ({
  format: "dbt-ip-rules/shapes" as const,
  version: 1 as const,
  verdict: "ok" as const,
  program: version,
  calls,
});
