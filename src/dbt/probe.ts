/**
 * What an account shows when it is only looked at: the read-only client, with notes of what each answer looked like.
 * Promise: it can do nothing but GET, and of an answer it keeps its shape and a few facts, never a value.
 */

import type { AuditEvent } from "../audit/event.js";
import type { PageFacts, RecordedCall, RuleFacts } from "../doctor/seen.js";
import { isObject } from "../model/json.js";
import {
  type Answer,
  dataOf,
  field,
  integer,
  items,
  looksLikeHtml,
  openEnvelope,
  parseJson,
} from "./answer.js";
import { type ApiClient, type ClientOptions, createApiClient } from "./api-client.js";
import { decodeEvent } from "./audit-log.js";
import { createReadOnlyClient, type ReadOnlyClient } from "./client.js";
import { readEnvelope, readList, totalCount } from "./read-call.js";
import { shapeOf } from "./shape.js";

export interface Probe extends ReadOnlyClient {
  /** Ids of the accounts that the token may see. */
  listAccounts(): Promise<readonly number[]>;
  /** The newest events of the default window; asked for without `limit`, whose default is [assumed]. */
  newestEvents(): Promise<{
    readonly events: readonly AuditEvent[];
    readonly total: number;
    readonly page: PageFacts;
  }>;
  /** In the order of the calls. */
  calls(): Promise<readonly RecordedCall[]>;
  /** Of the first page of rules; undefined where there was none. */
  ruleFacts(): Promise<RuleFacts | undefined>;
  /** The newest answer's `Date` header, and when it had come. */
  clocks(): Promise<{ readonly serverAt: string; readonly at: Date } | undefined>;
}

export const createProbe = (options: ClientOptions): Probe => {
  const client = createApiClient(options);
  const notes: Notes = { calls: [], ruleFacts: undefined, clocks: undefined };
  const noting: ApiClient = {
    ...client,
    async exchange(call, signal) {
      const result = await client.exchange(call, signal);
      if (result.kind === "answer") takeNote(notes, call.url, result, client.now());
      return result;
    },
  };
  return createReadOnlyClient(options, noting, {
    listAccounts: () =>
      readList(noting, {
        url: (query) => withQuery(new URL(`${options.baseUrl}/api/v3/accounts/`), query),
        subject: "account",
        read: (record) => integer(field(record, "id")),
      }),
    newestEvents: async () => {
      const { answer, envelope } = await readEnvelope(
        noting,
        { url: client.accountUrl("audit-logs/") },
        "audit",
      );
      const records = items(dataOf(answer, envelope));
      const total = totalCount(envelope) ?? records.length;
      return { events: records.map(decodeEvent), total, page: { records: records.length, total } };
    },
    calls: async () => notes.calls,
    ruleFacts: async () => notes.ruleFacts,
    clocks: async () => notes.clocks,
  });
};

interface Notes {
  readonly calls: RecordedCall[];
  ruleFacts: RuleFacts | undefined;
  clocks: { readonly serverAt: string; readonly at: Date } | undefined;
}

const withQuery = (url: URL, query: Readonly<Record<string, string>>): URL => {
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
};

const takeNote = (notes: Notes, url: URL, answer: Answer, at: Date): void => {
  const { serverAt } = answer;
  if (serverAt !== undefined) notes.clocks = { serverAt, at };
  const isHtml = looksLikeHtml(answer);
  const parsed = isHtml || answer.bytes.length === 0 ? undefined : parseJson(answer);
  const json = parsed !== undefined && "value" in parsed ? parsed : undefined;
  notes.calls.push({
    request: requestShape(url),
    status: answer.status,
    content: json !== undefined ? "json" : isHtml ? "html" : answer.bytes.length === 0 ? "empty" : "other",
    ...(json === undefined ? {} : { shape: shapeOf(json.value) }),
  });
  if (json !== undefined && answer.status < 300 && /\/ip-restrictions\/?$/.test(url.pathname))
    notes.ruleFacts ??= factsOf(openEnvelope(json.value).data);
};

/** Ids are values: a number in a path is `ID`, and of the query only the names stay. */
const requestShape = (url: URL): string => {
  const path = url.pathname.replace(/\/\d+(?=\/|$)/g, "/ID");
  const names = [...url.searchParams.keys()];
  return `GET ${path}${names.length === 0 ? "" : `?${names.join("&")}`}`;
};

const factsOf = (data: unknown): RuleFacts | undefined => {
  if (!Array.isArray(data)) return undefined;
  const rules = (data as readonly unknown[]).filter(isObject);
  const ids = rules.flatMap(({ id }) => (typeof id === "number" ? [id] : []));
  const entries = rules.flatMap(({ cidrs }) => (Array.isArray(cidrs) ? (cidrs as readonly unknown[]) : []));
  const isDeleted = (value: unknown): boolean => isObject(value) && value["state"] === 2;
  return {
    ...(ids.length < 2 ? {} : { orderedById: ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? id)) }),
    rules: rules.length,
    showEnforcement: rules.filter((rule) => typeof rule["rule_set_enabled"] === "boolean").length,
    deleted: [...rules, ...entries].filter(isDeleted).length,
  };
};
