/**
 * `/api/v2/accounts/` and `/api/v3/accounts/`: the accounts that a token may see, and one of them by its id.
 * Fields beyond id, name and state are [assumed].
 */

import { present } from "../model/present.js";
import { sha256 } from "../model/sha256.js";
import { isValidCaller } from "./access.js";
import { type Account, type Call, notFound } from "./call.js";
import { formatRangeEnd, formatTimestamp, type Micros } from "./clock.js";
import { type EventQuery, selectEvents } from "./event-log.js";
import { csvOf, eventView, recordEvents } from "./events.js";
import { type EmulatorReply, html, json, problem, reply, success } from "./http.js";
import { type AuditFilter, listReply, readAuditFilter, readPaging } from "./query.js";
import { checkRuleBody, checkRuleSetBody, type RuleInput, readBody } from "./request-body.js";
import { ruleSetView, ruleView } from "./rule-views.js";
import {
  createRule,
  deleteRule,
  setEnabled,
  updateRule,
  type WriteContext,
  type WriteResult,
} from "./rule-writes.js";
import { type AccountStore, activeRules, deleted, type StoredRule } from "./state.js";
import { actorOf } from "./tokens.js";

const accountView = ({ accountId, ruleSet }: AccountStore) => {
  const at = formatTimestamp(ruleSet.createdAt);
  return {
    id: accountId,
    name: "Emulated account",
    state: 1,
    plan: "enterprise",
    created_at: at,
    updated_at: at,
  };
};

export const listAccounts = ({ store }: Account, call: Call): EmulatorReply =>
  listReply(call, [accountView(store)], (account) => account);

export const oneAccount = ({ store }: Account): EmulatorReply => success(accountView(store));

// `…/ip-restrictions/` and `…/ip-restrictions/{id}`.

const writeContext = (account: Account, { grant, address }: Call): WriteContext => ({
  ...(account.settings.exemptCaller ? {} : { address }),
  createdById: grant.kind === "personal" ? grant.id : null,
  createdByServiceTokenId: grant.kind === "service" ? grant.id : null,
  tick: account.clock.tick,
});

/** Records a write that was done, saves it, and answers by `view`. */
const answerWrite = (
  account: Account,
  call: Call,
  result: WriteResult,
  view: (result: WriteResult & { kind: "done" }) => EmulatorReply,
): EmulatorReply => {
  if (result.kind === "refused")
    return problem(result.status, result.message, {
      extra: extraOf(result.report.failed, result.report.existing),
    });
  const { settings, clock } = account;
  const { auditLagMs } = call.influence;
  const store = recordEvents(result.store, result.events, {
    actor: actorOf(call.grant, call.addressText),
    source: "SOURCE_API",
    lagMs: auditLagMs === undefined ? settings.auditLagMs : auditLagMs,
    context: settings.auditContext,
    tick: clock.tick,
  });
  account.commit(store);
  return view({ ...result, store });
};

const extraOf = (failed: readonly string[], existing: readonly string[]) => ({
  failed_cidrs: failed,
  cidrs_already_exists: existing,
});

const isShown = ({ name }: StoredRule, { hideRules }: Call["influence"]): boolean =>
  hideRules === undefined || (hideRules.except !== undefined && name.startsWith(hideRules.except));

export const listRules = ({ store, settings }: Account, call: Call): EmulatorReply => {
  const listed = store.rules.filter(
    (rule) => (settings.listDeleted || rule.state !== deleted) && isShown(rule, call.influence),
  );
  return listReply(call, listed, (rule) => ruleView(store, rule, settings.listDeleted), {
    accountId: store.accountId,
    errorCode: true,
  });
};

/** Takes the range out that a fault wants lost. */
const withoutDropped = (
  input: RuleInput,
  { drop }: Call["influence"],
): { input: RuleInput; lost: readonly string[] } => {
  const lost =
    drop &&
    input.cidrs.find((sent) => (drop.cidr === undefined ? sent.id === undefined : sent.cidr === drop.cidr));
  if (!lost) return { input, lost: [] };
  return {
    input: { ...input, cidrs: input.cidrs.filter((sent) => sent !== lost) },
    lost: drop.silently ? [] : [lost.cidr],
  };
};

const writeRule = (account: Account, call: Call, before?: StoredRule): EmulatorReply => {
  const body = readBody(call);
  if (body.kind === "reply") return body.reply;
  const checked = checkRuleBody(body.value, account.store.accountId, before?.id);
  if (!checked.ok) return problem(400, "Bad request", { developer: checked.message });
  const { input, lost } = withoutDropped(checked.value, call.influence);
  const context = writeContext(account, call);
  const result =
    before === undefined
      ? createRule(account.store, input, context)
      : updateRule(account.store, before, input, context);
  return answerWrite(account, call, result, ({ store, rule, report }) =>
    success(rule && ruleView(store, rule, account.settings.listDeleted), {
      extra: extraOf([...report.failed, ...lost], report.existing),
      errorCode: true,
    }),
  );
};

export const postRule = (account: Account, call: Call): EmulatorReply => writeRule(account, call);

/** An id that never was: 404 in an envelope [assumed]; a deleted rule: an HTML page (docs/service.md). */
const ofRule =
  (answer: (account: Account, call: Call, rule: StoredRule) => EmulatorReply) =>
  (account: Account, call: Call, ruleId: string): EmulatorReply => {
    const rule = account.store.rules.find(({ id }) => id === Number(ruleId));
    if (rule === undefined) return notFound();
    return rule.state === deleted ? html(404) : answer(account, call, rule);
  };

export const getRule = ofRule(({ store, settings }, _, rule) =>
  success(ruleView(store, rule, settings.listDeleted), { errorCode: true }),
);

export const putRule = ofRule(writeRule);

export const removeRule = ofRule((account, call, rule) =>
  answerWrite(account, call, deleteRule(account.store, rule, writeContext(account, call)), () =>
    reply(204, {}, ""),
  ),
);

// `…/ip-restrictions-set/` and its validate paths: enforcement.

export const postRuleSet = (account: Account, call: Call): EmulatorReply => {
  const body = readBody(call);
  if (body.kind === "reply") return body.reply;
  const checked = checkRuleSetBody(body.value);
  if (!checked.ok) return problem(400, "Bad request", { developer: checked.message });
  return answerWrite(
    account,
    call,
    setEnabled(account.store, checked.value, writeContext(account, call)),
    ({ store }) => success(ruleSetView(store), { errorCode: true }),
  );
};

/** Bare as the OpenAPI description has it, or in an envelope, by setting. */
export const validateCaller = (
  account: Account,
  call: Call,
  setId: string,
  withoutRuleId?: string,
): EmulatorReply => {
  const { store, settings } = account;
  const withoutRule = withoutRuleId === undefined ? undefined : Number(withoutRuleId);
  if (Number(setId) !== store.ruleSet.id) return notFound();
  if (withoutRule !== undefined && !activeRules(store).some(({ id }) => id === withoutRule))
    return notFound();
  const data = { is_valid_for_admin: isValidCaller(store, call.address, withoutRule) };
  return settings.validateShape === "bare" ? json(200, data) : success(data, { errorCode: true });
};

// `…/audit-logs/`: the list, the CSV download and the bulk export.

const queryOf = (filter: AuditFilter, now: Micros): EventQuery => ({
  start: filter.start,
  end: filter.end,
  now,
  ...present({ types: filter.types }),
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
        ...present({ routing_key__in: routingKeys }),
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
export const exportUrl = (account: Account, _: Call, id: string): EmulatorReply => {
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
