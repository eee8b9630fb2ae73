/**
 * Which account, where, and with which token: from flags, the policy and the environment, in that order.
 * Pure. Nothing is guessed: no default host, and a policy for another account than the one that is asked for is
 * an error. No diagnostic holds the token or a part of it.
 */
import { type Diagnostic, diagnostic, type SourceRange, withTexts } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { redactor, tokensIn } from "../model/secrets.js";
import { isSharedHost } from "../policy/lint/names.js";
import { shorten } from "./answer.js";

// The host of a dbt account, in every spelling that people have it in, as one base URL.

interface Host {
  /** `https://ab123.us1.dbt.com`, without a slash at the end. */
  readonly baseUrl: string;
  /** `ab123.us1.dbt.com`, its port with it where it is not the scheme's own. */
  readonly host: string;
}

/** Where the pages of the platform's own site are; another path may be a proxy's, and is not to be left out. */
const browserPage = /^\/(?:settings|accounts|deploy|develop|explore|dashboard|next)(?:\/|$)/;

/**
 * Takes a host with or without `https://`, `/api` (as the Terraform provider wants it) and a slash at the end, and
 * a whole address of the browser, of which the host alone counts.
 * Plain http is for loopback only, where it is what a host without a scheme means. `from` names the setting.
 */
export const parseHost = (
  text: string,
  from: string,
): { readonly host: Host } | { readonly problem: Diagnostic } => {
  const trimmed = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed);
  const withScheme = hasScheme ? trimmed : `https://${trimmed}`;
  const url = /[\s\\]/.test(trimmed) || !URL.canParse(withScheme) ? undefined : new URL(withScheme);
  if (url === undefined || url.hostname === "") return invalid(from, "not-a-host", text);
  if (url.username !== "" || url.password !== "")
    return { problem: diagnostic("host-invalid", { from, problem: { kind: "credentials" } }) };
  const isApi = /^\/(?:api(?:\/v[23])?\/?)?$/.test(url.pathname) && url.search === "" && url.hash === "";
  if (!isApi && !browserPage.test(url.pathname)) return invalid(from, "more-than-a-host", text);
  const loopback = isLoopback(url.hostname);
  if (url.protocol === "http:" && !loopback)
    return { problem: diagnostic("host-insecure", { from, text: shorten(text, 120) }) };
  if (url.protocol !== "https:" && url.protocol !== "http:") return invalid(from, "not-https", text);
  const scheme = loopback && !hasScheme ? "http:" : url.protocol;
  const host = scheme === url.protocol ? url.host : new URL(`${scheme}//${trimmed}`).host;
  return { host: { baseUrl: `${scheme}//${host}`, host } };
};

/** Of a URL's `hostname`, which is lower case, with an IPv4 address in its dotted form. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);

const invalid = (from: string, kind: "not-a-host" | "more-than-a-host" | "not-https", text: string) => ({
  problem: diagnostic("host-invalid", { from, problem: { kind, text: shorten(text, 120) } }),
});

export interface Connection extends Host {
  readonly accountId: number;
  readonly token: string;
}

export interface ConnectionSources {
  /** As typed. */
  readonly flags: { readonly host?: string | undefined; readonly account?: string | undefined };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The variable that holds the token, where it is one of this account alone; else one of the general ones. */
  readonly tokenVariable?: string | undefined;
  /** `account` of the policy, where there is one. */
  readonly policyAccount?:
    | {
        readonly id?: number | undefined;
        readonly host?: string | undefined;
        /** Where a policy that is read whole names the host. */
        readonly hostSource?: SourceRange;
      }
    | undefined;
  /** What `policyAccount` was read from; a policy where it is not said. */
  readonly accountFrom?: "policy" | "saved plan" | "receipt" | undefined;
}

/** `connection` is absent when, and only when, `diagnostics` holds an error; `host` and `accountId` where they are known. */
export interface ResolvedConnection {
  readonly connection?: Connection;
  readonly host?: Host;
  readonly accountId?: number;
  readonly diagnostics: readonly Diagnostic[];
}

const tokenVariables = ["DBT_CLOUD_TOKEN", "DBT_CLOUD_API_TOKEN"] as const;
const accountVariable = "DBT_CLOUD_ACCOUNT_ID";
const hostVariable = "DBT_CLOUD_HOST_URL";

export const resolveConnection = (sources: ConnectionSources): ResolvedConnection => {
  const diagnostics: Diagnostic[] = [];
  const redact = redactor(...tokensIn(sources.env));
  const report = (problem: Diagnostic): undefined => {
    // A token that was pasted into the wrong setting would be repeated otherwise.
    diagnostics.push(withTexts(problem, redact));
  };
  const token = resolveToken(sources, report);
  const host = resolveHost(sources, report);
  const accountId = resolveAccount(sources, report);
  // Of a policy that is read whole, lint says it, with the line.
  const isLinted = sources.policyAccount?.hostSource !== undefined;
  if (host !== undefined && !isLinted && isSharedHost(host.host))
    report(diagnostic("shared-host", { host: host.host }));
  const known = { ...present({ host, accountId }), diagnostics };
  if (token === undefined || host === undefined || accountId === undefined) return known;
  return { ...known, connection: { ...host, accountId, token } };
};

type Report = (problem: Diagnostic) => undefined;

const resolveToken = ({ env, tokenVariable }: ConnectionSources, report: Report): string | undefined => {
  const candidates = tokenVariable === undefined ? tokenVariables : [tokenVariable];
  const [variable, other] = candidates.filter((name) => (env[name] ?? "") !== "");
  if (variable === undefined)
    return report(diagnostic("token-missing", { variable: tokenVariable ?? tokenVariables[0] }));
  if (other !== undefined && env[variable] !== env[other])
    return report(diagnostic("token-conflict", { first: variable, second: other }));
  const token = env[variable] ?? "";
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  return report(diagnostic("token-malformed", { variable, problem: malformation(token) }));
};

const malformation = (token: string) => {
  const word = /^(token|bearer)\s/i.exec(token)?.[1]?.toLowerCase();
  if (word !== undefined)
    return { kind: "header-word", word: word === "token" ? "Token" : "Bearer" } as const;
  return { kind: /\s/.test(token) ? "spaces" : "not-ascii" } as const;
};

/** A setting as given, and the name of the place that it was given at. */
interface Given {
  readonly text: string;
  readonly from: string;
}

/** The flag, or else the variable: what the caller says, as opposed to the policy. */
const given = (
  flag: string | undefined,
  flagName: string,
  env: ConnectionSources["env"],
  variable: string,
) => {
  if (flag !== undefined) return { text: flag, from: flagName };
  const text = env[variable] ?? "";
  return text === "" ? undefined : { text, from: variable };
};

const resolveHost = (
  { flags, env, policyAccount, accountFrom = "policy" }: ConnectionSources,
  report: Report,
): Host | undefined => {
  const asked = given(flags.host, "--host", env, hostVariable);
  const policy =
    policyAccount?.host === undefined
      ? undefined
      : { text: policyAccount.host, from: `account.host of the ${accountFrom}` };
  if (asked === undefined && policy === undefined)
    return report(diagnostic("host-missing", { variable: hostVariable }));
  // A short one, such as an emulator's, may be a part of any host.
  const redact = redactor(...tokensIn(env).filter(({ length }) => length >= 16));
  const read = (source: Given): Host | undefined => {
    // Looked up, it would go to every name server on the way.
    if (redact(source.text) !== source.text)
      return report(diagnostic("host-invalid", { from: source.from, problem: { kind: "token" } }));
    const parsed = parseHost(source.text, source.from);
    return "host" in parsed ? parsed.host : report(parsed.problem);
  };
  const askedHost = asked === undefined ? undefined : read(asked);
  const policyHost = policy === undefined ? undefined : read(policy);
  if (asked === undefined) return policyHost;
  if (policy === undefined) return askedHost;
  if (askedHost === undefined || policyHost === undefined) return undefined;
  if (askedHost.host === policyHost.host) return askedHost;
  return report(
    diagnostic("host-mismatch", {
      file: accountFrom,
      fileHost: policyHost.host,
      asked: asked.from,
      askedHost: askedHost.host,
    }),
  );
};

const resolveAccount = (
  { flags, env, policyAccount, accountFrom = "policy" }: ConnectionSources,
  report: Report,
): number | undefined => {
  const asked = given(flags.account, "--account", env, accountVariable);
  const policyId = policyAccount?.id;
  if (asked === undefined) {
    if (policyId !== undefined) return policyId;
    return report(diagnostic("account-missing", { variable: accountVariable }));
  }
  const id = /^[1-9]\d{0,14}$/.test(asked.text.trim()) ? Number(asked.text.trim()) : undefined;
  if (id === undefined) {
    const text = shorten(redactor(...tokensIn(env))(asked.text), 24);
    return report(diagnostic("account-invalid", { from: asked.from, text }));
  }
  if (policyId === undefined || policyId === id) return id;
  return report(
    diagnostic("account-mismatch", {
      file: accountFrom,
      fileId: policyId,
      asked: asked.from,
      askedId: id,
    }),
  );
};
