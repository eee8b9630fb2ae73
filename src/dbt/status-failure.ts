/** Error answers: each status with its own code, message and hint (sources: docs/service.md). */
import { type Failure, failure } from "../model/failure.js";
import {
  type Answer,
  htmlTitle,
  isRecord,
  looksLikeHtml,
  openEnvelope,
  parseJson,
  shorten,
} from "./answer.js";
import { reportedCidrs, shownCidrs } from "./reported-cidrs.js";
import { askedSeconds, cooldownSeconds } from "./waiting.js";

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
      return failure(
        "token-rejected",
        tell(`${host} did not accept the token (401)`),
        "Check DBT_CLOUD_TOKEN: the token may be expired, revoked, or of another region or account",
      );
    case 403:
      return forbidden(answer, subject === "link" ? "export" : subject, tell);
    case 404:
      return notFound(answer, subject === "link" ? "export" : subject, tell);
    case 409:
      return failure(
        "conflict",
        tell(`${host} refused ${request} as a conflict (409)`),
        "The account holds this already, perhaps by someone else's change: make a new plan",
      );
    case 429:
      return failure(
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
  failure(
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
    return failure(
      "blocked-by-ip-restrictions",
      `The account's own IP restrictions block this machine's address (403 from ${answer.host}${token})`,
      "Run it from an allowed address; where none is left, only dbt support can switch the restrictions off",
    );
  }
  return failure("permission-missing", tell(`The token may not do ${answer.request} (403)`), roles[subject]);
};

const notFound = (
  answer: Answer,
  subject: Exclude<Subject, "link">,
  tell: (text: string) => string,
): Failure => {
  switch (subject) {
    case "rule":
      return failure(
        "rule-not-found",
        tell(`${answer.host} has nothing at ${answer.request} (404)`),
        "The rule is gone, perhaps by someone else's change: make a new plan",
      );
    case "account":
      return failure(
        "account-not-found",
        tell(`${answer.host} has nothing at ${answer.request} (404)`),
        "Check the account id, and that the host is the one this account lives on; a token sees only its own account",
      );
    default:
      return failure(
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
    return failure(
      "server-error",
      tell(`${host} failed at ${request} (${status})`),
      "Run it again later; the service's status page tells of outages",
    );
  }
  return failure(
    "request-refused",
    tell(`${host} refused ${request} (${status})`),
    "The message is the server's own; run it with --debug to see the calls",
  );
};

/** Names where the redirect points: the token never follows it. */
export const redirectFailure = ({ headers, host, request, status }: Answer): Failure => {
  const target = redirectTarget(headers.location, host);
  if (target !== undefined && target.host !== host) {
    return failure(
      "redirected-to-other-host",
      `${host} sends ${request} on to another host, ${target.host} (${status}); the token does not follow`,
      `If ${target.host} is your account's access URL, set it as the host`,
    );
  }
  return failure(
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
export const serverMessage = (answer: Answer): string => {
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
