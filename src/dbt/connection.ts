/**
 * Which account, where, and with which token: from flags, the policy and the environment, in that order.
 * Pure. Nothing is guessed: no default host, and a policy for another account than the one that is asked for is
 * an error. No diagnostic holds the token or a part of it.
 */
import { type Diagnostic, withTexts } from "../model/diagnostic.js";
import { redactor, tokensIn } from "../model/secrets.js";
import { shorten } from "./answer.js";

/** The host of a dbt account, in every spelling that people have it in, as one base URL. */

interface Host {
  /** `https://ab123.us1.dbt.com`, without a slash at the end. */
  readonly baseUrl: string;
  /** `ab123.us1.dbt.com`, its port with it where it is not the scheme's own. */
  readonly host: string;
}

/** Where the pages of the platform's own site are; another path may be a proxy's, and is not to be left out. */
const browserPage = /^\/(?:settings|accounts|deploy|develop|explore|dashboard|next)(?:\/|$)/;

const example = "ab123.us1.dbt.com, the access URL under Account settings";

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
  if (url === undefined || url.hostname === "") return invalid(text, from, "is not a host name or URL");
  if (url.username !== "" || url.password !== "") {
    // Not repeated: it holds a password, or perhaps the token.
    return problem(
      "host-invalid",
      `The host in ${from} has credentials in it`,
      `Give the host alone, such as ${example}`,
    );
  }
  const isApi = /^\/(?:api(?:\/v[23])?\/?)?$/.test(url.pathname) && url.search === "" && url.hash === "";
  if (!isApi && !browserPage.test(url.pathname)) return invalid(text, from, "has more than a host in it");
  const loopback = isLoopback(url.hostname);
  if (url.protocol === "http:" && !loopback) {
    return problem(
      "host-insecure",
      `The host in ${from} is to be called without encryption: ${shorten(text, 120)}`,
      "Write https://, or the host alone: a token does not travel in the clear",
    );
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return invalid(text, from, "is not an https URL");
  const scheme = loopback && !hasScheme ? "http:" : url.protocol;
  const host = scheme === url.protocol ? url.host : new URL(`${scheme}//${trimmed}`).host;
  return { host: { baseUrl: `${scheme}//${host}`, host } };
};

/** Of a URL's `hostname`, which is lower case, with an IPv4 address in its dotted form. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);

/** Whether it is one of the old hosts that many accounts share (docs/service.md, "Hosts and authentication"). */
const sharedHostWarning = ({ host }: Host): Diagnostic | undefined =>
  host === "getdbt.com" || host.endsWith(".getdbt.com")
    ? {
        code: "host-shared",
        severity: "warning",
        message: `${host} is an old host shared by many accounts, and is being switched off`,
        hint: `Use your account's own access URL, such as ${example}`,
      }
    : undefined;

const invalid = (text: string, from: string, what: string) =>
  problem(
    "host-invalid",
    `The host in ${from} ${what}: ${shorten(text, 120)}`,
    `Give a host such as ${example}`,
  );

const problem = (code: string, message: string, hint: string): { readonly problem: Diagnostic } => ({
  problem: { code, severity: "error", message, hint },
});

export interface Connection extends Host {
  readonly accountId: number;
  readonly token: string;
}

export interface ConnectionSources {
  /** As typed. */
  readonly flags: { readonly host?: string | undefined; readonly account?: string | undefined };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `account` of the policy, where there is one. */
  readonly policyAccount?:
    | { readonly id?: number | undefined; readonly host?: string | undefined }
    | undefined;
  /** What `policyAccount` was read from; a policy where it is not said. */
  readonly accountFrom?: "policy" | "saved plan" | "receipt" | undefined;
}

/** `connection` is absent when, and only when, `diagnostics` holds an error. */
interface ResolvedConnection {
  readonly connection?: Connection;
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
  const warning = host === undefined ? undefined : sharedHostWarning(host);
  if (warning !== undefined) report(warning);
  if (token === undefined || host === undefined || accountId === undefined) return { diagnostics };
  return { connection: { ...host, accountId, token }, diagnostics };
};

type Report = (problem: Diagnostic) => undefined;

const error = (code: string, message: string, hint: string): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
});

const resolveToken = ({ env }: ConnectionSources, report: Report): string | undefined => {
  const set = tokenVariables.filter((name) => (env[name] ?? "") !== "");
  const [name, other] = set;
  if (name === undefined) {
    return report(
      error(
        "token-missing",
        "No API token is set",
        "Set DBT_CLOUD_TOKEN (or DBT_CLOUD_API_TOKEN) to a service token or a personal access token",
      ),
    );
  }
  if (other !== undefined && env[name] !== env[other]) {
    return report(
      error(
        "token-conflict",
        `${name} and ${other} are both set, to different tokens`,
        "Unset one of them: which account the tool may change should not depend on an order of names",
      ),
    );
  }
  const token = env[name] ?? "";
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  if (/^(token|bearer)\s/i.test(token))
    return report(
      error(
        "token-malformed",
        `The token in ${name} begins with the word of a header (${/^token/i.test(token) ? "Token" : "Bearer"})`,
        "Set it again without that word: the token alone",
      ),
    );
  return report(
    error(
      "token-malformed",
      `The token in ${name} has ${/\s/.test(token) ? "blanks or line ends" : "characters other than ASCII"} in it`,
      "Set it again without them: a copied line end or typographic dash is the usual reason",
    ),
  );
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

/** Plans and receipts are records: only a policy is there to be changed. */
const change = (from: string, key: string, accountFrom: string): string =>
  accountFrom === "policy" ? `Change ${from} or ${key}` : `Leave ${from} out`;

const resolveHost = (
  { flags, env, policyAccount, accountFrom = "policy" }: ConnectionSources,
  report: Report,
): Host | undefined => {
  const asked = given(flags.host, "--host", env, hostVariable);
  const policy =
    policyAccount?.host === undefined
      ? undefined
      : { text: policyAccount.host, from: `account.host of the ${accountFrom}` };
  if (asked === undefined && policy === undefined) {
    return report(
      error(
        "host-missing",
        "No dbt host is set",
        `Give --host, set ${hostVariable}, or write account.host in the policy: your access URL, such as ab123.us1.dbt.com`,
      ),
    );
  }
  // A short one, such as an emulator's, may be a part of any host.
  const redact = redactor(...tokensIn(env).filter(({ length }) => length >= 16));
  const read = (source: Given): Host | undefined => {
    // Looked up, it would go to every name server on the way.
    if (redact(source.text) !== source.text)
      return report(
        error(
          "host-invalid",
          `The host in ${source.from} holds an API token`,
          "Give the host alone, such as ab123.us1.dbt.com",
        ),
      );
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
    error(
      "host-mismatch",
      `The ${accountFrom} is for the host ${policyHost.host}, but ${asked.from} says ${askedHost.host}`,
      `${change(asked.from, "account.host", accountFrom)}, or use the ${accountFrom} that belongs to that host`,
    ),
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
    return report(
      error(
        "account-missing",
        "No account id is set",
        `Give --account, set ${accountVariable}, or write account.id in the policy: the number under Account settings`,
      ),
    );
  }
  const id = /^[1-9]\d{0,14}$/.test(asked.text.trim()) ? Number(asked.text.trim()) : undefined;
  if (id === undefined) {
    return report(
      error(
        "account-invalid",
        `The account id in ${asked.from} is not a number: ${shorten(redactor(...tokensIn(env))(asked.text), 24)}`,
        "Give the number under Account settings, such as 66847",
      ),
    );
  }
  if (policyId === undefined || policyId === id) return id;
  return report(
    error(
      "account-mismatch",
      `The ${accountFrom} is for account ${policyId}, but ${asked.from} says ${id}`,
      `${change(asked.from, "account.id", accountFrom)}, or use the ${accountFrom} that belongs to account ${id}`,
    ),
  );
};
