/** The host of a dbt account, in every spelling that people have it in, as one base URL. */
import type { Diagnostic } from "../model/diagnostic.js";
import { shorten } from "./answer.js";

export interface Host {
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
export const sharedHostWarning = ({ host }: Host): Diagnostic | undefined =>
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
