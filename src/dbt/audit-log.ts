/**
 * One page of the audit log. The server narrows by whole dates and, where it can, by event type; the exact cut
 * is made here, so `count` says how many records the page held before it.
 */

import { normaliseType } from "../audit/catalogue.js";
import type { AuditEvent } from "../audit/event.js";
import type { AuditPage, AuditQuery, AuditReader } from "../audit/list-events.js";
import { Failure, failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { present } from "../model/present.js";
import { dayMs } from "../model/time.js";
import {
  type Answer,
  dataOf,
  type Envelope,
  field,
  instant,
  integer,
  items,
  type JsonPath,
  openEnvelope,
  optional,
  parseJson,
  shorten,
  text,
  truth,
  unexpected,
} from "./answer.js";
import { type ApiClient, type Opened, requestLine } from "./api-client.js";
import { isLoopback } from "./connection.js";
import { openDownload, pageSize, readEnvelope, timed, totalCount } from "./read-call.js";
import { sendWithRetries } from "./write-call.js";

// Audit records of both shapes as events (docs/service.md, "Audit log"): the present one and that of 2022.

/** Throws `Failure` for a record without an id, a type or a time: nothing could be said of it. */
export const decodeEvent = (place: JsonPath): AuditEvent => {
  const rawType = first(place, ["event_type", "routing_key"], "an event type");
  const id = idOf(place);
  const label = words(field(place, "event_label").value);
  const source = words(field(place, "source").value);
  const service = words(field(place, "service").value);
  return {
    id,
    type: normaliseType(rawType),
    rawType,
    at: timeOf(place),
    actor: actorOf(place),
    context: field(place, "event_context").value ?? field(place, "metadata").value ?? null,
    ...present({ label }),
    ...(source === undefined ? {} : { source: normaliseSource(source) }),
    ...present({ service }),
  };
};

/** Ids are numbers and UUIDs; those of a whole window are kept while it is read. */
const longestId = 200;

const idOf = (place: JsonPath): string => {
  const id = words(field(place, "id").value) ?? words(field(place, "uuid").value);
  if (id === undefined || id.length > longestId)
    throw unexpected(field(place, "id"), `an id of at most ${longestId} characters`);
  return id;
};

/** When it happened: the older shape has `logged_at` for that, and stored the record a little later. */
const timeOf = (place: JsonPath): string =>
  optional(field(place, "logged_at"), instant) ?? instant(field(place, "created_at"));

const first = (place: JsonPath, names: readonly string[], expected: string): string => {
  for (const name of names) {
    const value = optional(field(place, name), text);
    if (value !== undefined && value !== "") return value;
  }
  throw unexpected(field(place, names[0] ?? ""), expected);
};

/** The present shape has an `actor` whose fields are not published; the older one `actor_id` and so on. */
const actorOf = (place: JsonPath): AuditEvent["actor"] => {
  const { value: record } = place;
  const actor = field(place, "actor").value;
  const inside = isObject(actor) ? actor : {};
  const outside = isObject(record) ? record : {};
  const pick = (...names: readonly string[]) =>
    names
      .map((name) => words(inside[name]) ?? words(outside[`actor_${name.replace(/^actor_/, "")}`]))
      .find((found) => found !== undefined);
  const id = pick("id", "actor_id", "user_id", "service_token_id");
  const name =
    pick("name", "actor_name", "full_name", "email") ?? (isObject(actor) ? undefined : words(actor));
  const type = pick("type", "actor_type", "kind");
  const ip = pick("ip", "actor_ip", "ip_address");
  return {
    ...present({ id, name, type, ip }),
  };
};

/** `SOURCE_CLOUD_UI` and `dbt Cloud UI` → `ui`; the like for `api`; else the log's own word. */
const normaliseSource = (source: string): string => {
  const parts = source.toLowerCase().split(/[^a-z]+/);
  if (parts.includes("ui")) return "ui";
  return parts.includes("api") ? "api" : source;
};

const words = (value: unknown): string | undefined => {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
};

/**
 * The dates of a query, UTC. In a recorded answer the end date is its first instant (docs/service.md, [2022]:
 * `logged_at__range` ends at 00:00:00Z), others may take the whole day: one day more is asked for, and cut here.
 */
export const dateParameters = ({ since, until }: AuditQuery): Readonly<Record<string, string>> => ({
  ...(since === undefined ? {} : { logged_at_start: since.slice(0, 10) }),
  ...(until === undefined
    ? {}
    : { logged_at_end: new Date(Date.parse(until) + dayMs).toISOString().slice(0, 10) }),
});

/**
 * The documented form of the type filter, a list as Python prints it, with every spelling that events were seen
 * under: with and without `v1.events.`, the last word in lower case and capitalised.
 */
export const typeFilter = (types: readonly string[]): string => {
  const spellings = types.flatMap((type) => {
    const capitalised = type.replace(/[^.]+$/, (last) => last.charAt(0).toUpperCase() + last.slice(1));
    return [`v1.events.${type}`, type, `v1.events.${capitalised}`, capitalised];
  });
  return `[${[...new Set(spellings)].map((spelling) => `'${spelling.replace(/['\\]/g, "")}'`).join(",")}]`;
};

/** `listPage` of `AuditReader`. Remembers for which queries the server's type filter did not help. */
export const createAuditList = (client: ApiClient): Pick<AuditReader, "listPage"> => {
  const unfiltered = new Set<string>();
  return {
    async listPage(query, offset) {
      const { types } = query;
      const key = JSON.stringify([query.since, query.until, types]);
      if (types === undefined || types.length === 0 || unfiltered.has(key)) {
        return await readPage(client, query, offset, {});
      }
      const page = await filteredPage(client, query, offset, typeFilter(types));
      // None at all may as well mean that the server knows these events by yet another name: look without it.
      if (page !== undefined && (page.totalCount > 0 || offset > 0)) return page;
      unfiltered.add(key);
      return await readPage(client, query, offset, {});
    },
  };
};

/** Undefined where the server refuses the filter, or fails on it. */
const filteredPage = async (
  client: ApiClient,
  query: AuditQuery,
  offset: number,
  filter: string,
): Promise<AuditPage | undefined> => {
  try {
    return await readPage(client, query, offset, { routing_key__in: filter });
  } catch (thrown) {
    if (offset === 0 && thrown instanceof Failure && refusesFilter(thrown)) return undefined;
    throw thrown;
  }
};

/** A status that speaks of the query or of the server, not of the token or the account. */
const refusesFilter = ({ status = 0 }: Failure): boolean =>
  status >= 500 || (status >= 400 && ![401, 403, 404, 409, 429].includes(status));

const readPage = async (
  client: ApiClient,
  query: AuditQuery,
  offset: number,
  filter: Readonly<Record<string, string>>,
): Promise<AuditPage> => {
  const url = client.accountUrl("audit-logs/", {
    ...dateParameters(query),
    ...filter,
    limit: String(pageSize),
    offset: String(offset),
  });
  const [{ answer, envelope }, milliseconds] = await timed(client, () =>
    readEnvelope(client, { url }, "audit"),
  );
  const records = items(dataOf(answer, envelope));
  for (const record of records) checkAccount(record, client);
  return {
    events: records.map(decodeEvent).filter((event) => isAsked(event.at, event.type, query)),
    totalCount: totalOf(envelope, client.host),
    count: records.length,
    cost: { bytes: answer.bytes.length, milliseconds },
    ...present({ serverAt: answer.serverAt }),
  };
};

const isAsked = (at: string, type: string, { since, until, types }: AuditQuery): boolean => {
  const time = Date.parse(at);
  if (since !== undefined && time < Date.parse(since)) return false;
  if (until !== undefined && time > Date.parse(until)) return false;
  return types === undefined || types.includes(type);
};

const totalOf = (envelope: Envelope, host: string): number => {
  const total = totalCount(envelope);
  if (total !== undefined) return total;
  throw failure("listing-incomplete", { what: "audit-log", host });
};

const checkAccount = (record: JsonPath, { accountId, host }: ApiClient): void => {
  const found = optional(field(record, "account_id"), integer);
  if (found === undefined || found === accountId) return;
  throw failure("account-foreign", { what: "record", host, asked: accountId, found });
};

// The audit log as files: the CSV of a range of dates, and the bulk export with its link to another host.

type Exports = Omit<AuditReader, "listPage">;

export const createAuditExports = (client: ApiClient): Exports => ({
  ...createExportReader(client),
  async startExport() {
    const url = client.accountUrl("audit-logs/export/");
    const answer = await sendWithRetries(client, { method: "POST", url }, "export");
    const parsed = parseJson(answer);
    if ("problem" in parsed) throw parsed.problem;
    return text(field(dataOf(answer, openEnvelope(parsed.value)), "job_id"));
  },
});

/** Everything but the start of an export, which is a POST. */
export const createExportReader = (client: ApiClient): Omit<Exports, "startExport"> => ({
  async downloadCsv(query) {
    const url = client.accountUrl("audit-logs/download/", dateParameters(query));
    const opened = opening(await openDownload(client, { url, accept: "text/csv, */*;q=0.5" }, "audit"), url);
    const type = opened.headers["content-type"] ?? "";
    if (!/\b(?:html|json)\b/i.test(type)) return opened.body;
    throw await left(opened, notCsv(url, type));
  },
  async exportIsRunning() {
    const url = client.accountUrl("audit-logs/export/");
    const { answer, envelope } = await readEnvelope(client, { url }, "export");
    return truth(field(dataOf(answer, envelope), "is_running"));
  },
  async exportUrl(jobId) {
    const url = client.accountUrl(`audit-logs/export/${encodeURIComponent(jobId)}/download/`);
    const { answer, envelope } = await readEnvelope(client, { url }, "export");
    return text(field(dataOf(answer, envelope), "download_url"));
  },
  async fetchExport(link) {
    const url = checkedLink(link);
    const opened = opening(await openDownload(client, { url, accept: "*/*", withToken: false }, "link"), url);
    const length = Number(opened.headers["content-length"] ?? Number.NaN);
    const encoded = opened.headers["content-encoding"] !== undefined;
    return { body: opened.body, ...(Number.isSafeInteger(length) && !encoded ? { size: length } : {}) };
  },
});

const opening = (result: Opened | Answer, url: URL): Opened => {
  if (result.kind === "opened") return result;
  const request = requestLine({ method: "GET", url });
  throw failure("answer-empty", { host: url.host, request, status: result.status });
};

/** Ends the connection whose body nobody wants. */
const left = async ({ body }: Opened, reason: Failure): Promise<Failure> => {
  for await (const _ of body) break;
  return reason;
};

const notCsv = (url: URL, type: string): Failure =>
  failure("answer-not-csv", {
    host: url.host,
    request: requestLine({ method: "GET", url }),
    type: shorten(type, 60),
  });

/** An export's link is as good as a password: messages show its host only. */
const checkedLink = (link: string): URL => {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  ) {
    return url;
  }
  throw failure("export-link-unusable");
};
