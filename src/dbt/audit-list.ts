/**
 * One page of the audit log. The server narrows by whole dates and, where it can, by event type; the exact cut
 * is made here, so `count` tells how many records the page held before it.
 */
import type { AuditPage, AuditQuery, AuditReader } from "../audit/ports.js";
import { Failure, failure } from "../model/failure.js";
import type { Envelope } from "./answer.js";
import { decodeEvent } from "./audit-wire.js";
import type { Channel } from "./channel.js";
import { dataOf, field, integer, items, optional, type Place } from "./decode.js";
import { pageSize, totalCount } from "./listing.js";
import { readEnvelope } from "./read-call.js";

const dayMs = 86_400_000;

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

/** `listPage` of `AuditReader`. Remembers for which queries the server's type filter was of no use. */
export const createAuditList = (channel: Channel): Pick<AuditReader, "listPage"> => {
  const unfiltered = new Set<string>();
  return {
    async listPage(query, offset) {
      const { types } = query;
      const key = JSON.stringify([query.since, query.until, types]);
      if (types === undefined || types.length === 0 || unfiltered.has(key)) {
        return await readPage(channel, query, offset, {});
      }
      const page = await filteredPage(channel, query, offset, typeFilter(types));
      // None at all may as well mean that the server knows these events by yet another name: look without it.
      if (page !== undefined && (page.totalCount > 0 || offset > 0)) return page;
      unfiltered.add(key);
      return await readPage(channel, query, offset, {});
    },
  };
};

/** Undefined where the server refuses the filter, or stumbles over it. */
const filteredPage = async (
  channel: Channel,
  query: AuditQuery,
  offset: number,
  filter: string,
): Promise<AuditPage | undefined> => {
  try {
    return await readPage(channel, query, offset, { routing_key__in: filter });
  } catch (thrown) {
    const code = thrown instanceof Failure ? thrown.diagnostics[0]?.code : undefined;
    if (offset === 0 && (code === "request-refused" || code === "server-error")) return undefined;
    throw thrown;
  }
};

const readPage = async (
  channel: Channel,
  query: AuditQuery,
  offset: number,
  filter: Readonly<Record<string, string>>,
): Promise<AuditPage> => {
  const url = channel.accountUrl("audit-logs/", {
    ...dateParameters(query),
    ...filter,
    limit: String(pageSize),
    offset: String(offset),
  });
  const { answer, envelope } = await readEnvelope(channel, { url }, "audit");
  const records = items(dataOf(answer, envelope));
  for (const record of records) checkAccount(record, channel);
  return {
    events: records.map(decodeEvent).filter((event) => isAsked(event.at, event.type, query)),
    totalCount: totalOf(envelope, channel.host),
    count: records.length,
    ...(answer.serverAt === undefined ? {} : { serverAt: answer.serverAt }),
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
  throw failure(
    "listing-incomplete",
    `The audit log of ${host} does not tell how many records there are, so none can be said to be missing`,
    "Check that the host is your dbt access URL; if it is, the API has changed: please report it",
  );
};

const checkAccount = (record: Place, { accountId, host }: Channel): void => {
  const found = optional(field(record, "account_id"), integer);
  if (found === undefined || found === accountId) return;
  throw failure(
    "account-foreign",
    `${host} was asked for the audit log of account ${accountId} and gave a record of account ${found}`,
    "Nothing is safe to say about such an answer: check the host, and what stands between",
  );
};
