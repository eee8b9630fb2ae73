/** `…/audit-logs/`: the list, the CSV download and the bulk export. */

import { sha256 } from "../../model/sha256.js";
import { type Account, type Call, notFound } from "../call.js";
import { type EventQuery, selectEvents } from "../event-log.js";
import { csvOf, eventView } from "../event-views.js";
import { type EmulatorReply, html, json, problem, reply, success } from "../http.js";
import { type AuditFilter, readAuditFilter, readPaging } from "../query.js";
import type { AccountStore } from "../state.js";
import { formatRangeEnd, type Micros } from "../timestamps.js";

const queryOf = (filter: AuditFilter, now: Micros): EventQuery => ({
  start: filter.start,
  end: filter.end,
  now,
  ...(filter.types === undefined ? {} : { types: filter.types }),
});

export const listAuditLogs = (account: Account, call: Call): EmulatorReply => {
  const { store, settings, clock } = account;
  const now = clock.tick();
  const paging = readPaging(call.query);
  if (!paging.ok) return problem(400, paging.message);
  const filter = readAuditFilter(call.query, now);
  if (!filter.ok) return problem(400, filter.message);
  const { limit, offset } = paging.value;
  const selection = selectEvents(store.log, queryOf(filter.value, now));
  const data = selection
    .page(offset, limit)
    .map((event) => eventView(store.accountId, event, settings.auditShape));
  const { start, end, routingKeys } = filter.value;
  return success(data, {
    extra: {
      filters: {
        account_id: store.accountId,
        limit,
        offset,
        logged_at__range: [formatRangeEnd(start), formatRangeEnd(end)],
        ...(routingKeys === undefined ? {} : { routing_key__in: routingKeys }),
        internal: false,
      },
      order_by: "-logged_at",
      pagination: { count: data.length, total_count: selection.total },
    },
  });
};

const csvHeaders = (name: string): Record<string, string> => ({
  "content-type": "text/csv; charset=utf-8",
  "content-disposition": `attachment; filename="${name}"`,
});

export const downloadAuditLogs = (account: Account, call: Call): EmulatorReply => {
  const { store, clock } = account;
  const now = clock.tick();
  const filter = readAuditFilter(call.query, now);
  if (!filter.ok) return problem(400, filter.message);
  const { total, page } = selectEvents(store.log, queryOf(filter.value, now));
  return reply(200, csvHeaders("audit-log.csv"), csvOf(store.accountId, total, page));
};

const jobId = (store: AccountStore, now: Micros): string =>
  sha256(`${store.accountId}/${store.jobs.length}/${now}`).slice(0, 32);

/** A personal token only (docs/service.md, "Audit log"). */
export const startExport = (account: Account, call: Call): EmulatorReply => {
  if (call.grant.kind === "service")
    return problem(403, "Bulk exports require a personal access token; service tokens are not supported.");
  const { store, clock, settings } = account;
  const id = jobId(store, clock.tick());
  const job = { id, pollsLeft: settings.exportPolls, lastSequence: store.next.event - 1 };
  account.commit({ ...store, jobs: [...store.jobs, job] });
  return success({ job_id: id });
};

/** Of the newest export; each answer brings it nearer to its end. */
export const exportStatus = (account: Account): EmulatorReply => {
  const { store } = account;
  const job = store.jobs.at(-1);
  if (job === undefined || job.pollsLeft === 0) return success({ is_running: false });
  account.commit({ ...store, jobs: [...store.jobs.slice(0, -1), { ...job, pollsLeft: job.pollsLeft - 1 }] });
  return success({ is_running: true });
};

/** Proves that whoever fetches the file was given its URL. */
const signature = (store: AccountStore, id: string): string =>
  sha256(`export/${store.accountId}/${id}`).slice(0, 40);

/** While it still runs there is nothing to download: 404 [assumed]. */
export const exportUrl = (account: Account, id: string): EmulatorReply => {
  const { store, downloadsUrl } = account;
  const job = store.jobs.find((other) => other.id === id);
  if (job === undefined || job.pollsLeft > 0) return notFound();
  return success({ download_url: `${downloadsUrl}/exports/${id}.csv?signature=${signature(store, id)}` });
};

/** On the other origin. Refuses a request that carries a token, so that a client that leaks it is found out. */
export const exportFile = (
  account: Account,
  method: string,
  path: string,
  query: URLSearchParams,
  authorization: string | undefined,
): EmulatorReply => {
  if (method !== "GET" && method !== "HEAD") return reply(405, { allow: "GET, HEAD" }, "");
  if (authorization !== undefined)
    return json(400, { error: "The Authorization header must not be sent to a download URL." });
  const { store } = account;
  const id = /^\/exports\/([0-9a-f]{32})\.csv$/.exec(path)?.[1];
  const job = store.jobs.find((other) => other.id === id);
  if (job === undefined) return html(404);
  if (query.get("signature") !== signature(store, job.id)) return html(403);
  const selection = selectEvents(store.log, {
    start: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    now: account.clock.now(),
    lastSequence: job.lastSequence,
  });
  const rows = () => csvOf(store.accountId, selection.total, selection.page);
  let length = 0;
  for (const chunk of rows()) length += Buffer.byteLength(chunk);
  return reply(200, { ...csvHeaders("audit-log-full.csv"), "content-length": String(length) }, rows());
};
