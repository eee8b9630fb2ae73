/** Lists: their pages, and the query parameters for paging, dates, and the filter written as a Python list. */

import { present } from "../model/present.js";
import type { Call } from "./call.js";
import { type Micros, microsPerDay, parseInstant } from "./clock.js";
import { normalEventType } from "./events.js";
import { type EmulatorReply, problem, success } from "./http.js";
import type { Checked } from "./request-body.js";

const largestPage = 100;
const defaultWindowDays = 90;

interface Paging {
  readonly limit: number;
  readonly offset: number;
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

/** More than 100 is an error, as on multi-tenant (docs/service.md, "Answers and limits"). */
export const readPaging = (query: URLSearchParams): Checked<Paging> => {
  const limit = wholeNumber(query.get("limit") ?? String(largestPage));
  const offset = wholeNumber(query.get("offset") ?? "0");
  if (limit === undefined || limit < 1 || limit > largestPage)
    return { ok: false, message: `limit: must be a whole number from 1 to ${largestPage}` };
  if (offset === undefined) return { ok: false, message: "offset: must be a whole number" };
  return { ok: true, value: { limit, offset } };
};

/** The page of a list that a call asks for, in the envelope that all lists have. */
export const listReply = <T>(
  { query }: Pick<Call, "query">,
  all: readonly T[],
  view: (one: T) => unknown,
  options: { readonly accountId?: number; readonly errorCode?: boolean } = {},
): EmulatorReply => {
  const paging = readPaging(query);
  if (!paging.ok) return problem(400, paging.message);
  const { limit, offset } = paging.value;
  const data = all.slice(offset, offset + limit).map(view);
  const { accountId, errorCode = false } = options;
  return success(data, {
    extra: {
      filters: { ...present({ account_id: accountId }), limit, offset },
      order_by: "id",
      pagination: { count: data.length, total_count: all.length },
    },
    errorCode,
  });
};

/** `['a', "b"]`: strings with backslash escapes, a comma behind the last one allowed. */
export const parsePythonList = (text: string): readonly string[] | undefined => {
  const inner = /^\s*[[(](.*)[\])]\s*$/s.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|$)/suy;
  const items: string[] = [];
  if (inner.trim() === "") return items;
  while (item.lastIndex < inner.length) {
    const match = item.exec(inner);
    if (match === null) return undefined;
    items.push((match[1] ?? match[2] ?? "").replace(/\\(.)/gsu, "$1"));
    if (match[3] === "" || inner.slice(item.lastIndex).trim() === "") return items;
  }
  return items;
};

export interface AuditFilter {
  readonly start: Micros;
  readonly end: Micros;
  readonly routingKeys?: readonly string[];
  readonly types?: ReadonlySet<string>;
}

/** Without dates, the last 90 days. A `logged_at_end` date includes its whole day [assumed]. */
export const readAuditFilter = (query: URLSearchParams, now: Micros): Checked<AuditFilter> => {
  const startText = query.get("logged_at_start");
  const endText = query.get("logged_at_end");
  const end = endText === null ? now : parseInstant(endText, "end");
  if (end === undefined) return { ok: false, message: "logged_at_end: must be a date such as 2024-01-31" };
  const start =
    startText === null ? end - defaultWindowDays * microsPerDay : parseInstant(startText, "start");
  if (start === undefined)
    return { ok: false, message: "logged_at_start: must be a date such as 2024-01-01" };
  const filter = query.get("routing_key__in");
  if (filter === null) return { ok: true, value: { start, end } };
  const routingKeys = parsePythonList(filter);
  if (routingKeys === undefined)
    return {
      ok: false,
      message: "routing_key__in: must be a list such as ['v1.events.job_definition.changed']",
    };
  return { ok: true, value: { start, end, routingKeys, types: new Set(routingKeys.map(normalEventType)) } };
};
