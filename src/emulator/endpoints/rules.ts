/** `…/ip-restrictions/` and `…/ip-restrictions/{id}`. */
import { type Account, type Call, notFound, readBody } from "../call.js";
import { recordEvents } from "../event-record.js";
import { type EmulatorReply, html, problem, reply, success } from "../http.js";
import { readPaging } from "../query.js";
import { checkRuleBody, type RuleInput } from "../rule-body.js";
import { ruleView } from "../rule-views.js";
import { createRule, deleteRule, updateRule, type WriteContext, type WriteResult } from "../rule-writes.js";
import { deleted, type StoredRule } from "../state.js";
import { actorOf } from "../tokens.js";

export const writeContext = (account: Account, { grant, address }: Call): WriteContext => ({
  ...(account.settings.exemptCaller ? {} : { address }),
  createdById: grant.kind === "personal" ? grant.id : null,
  createdByServiceTokenId: grant.kind === "service" ? grant.id : null,
  tick: account.clock.tick,
});

/** Records a write that was done, saves it, and answers by `view`. */
export const answerWrite = (
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

export const listRules = (account: Account, call: Call): EmulatorReply => {
  const paging = readPaging(call.query);
  if (!paging.ok) return problem(400, paging.message);
  const { limit, offset } = paging.value;
  const { store, settings } = account;
  const listed = store.rules.filter((rule) => settings.listDeleted || rule.state !== deleted);
  const page = listed.slice(offset, offset + limit);
  return success(
    page.map((rule) => ruleView(store, rule, settings.listDeleted)),
    {
      extra: {
        filters: { account_id: store.accountId, limit, offset },
        order_by: "id",
        pagination: { count: page.length, total_count: listed.length },
      },
      errorCode: true,
    },
  );
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

const writeRule = (account: Account, call: Call, before: StoredRule | undefined): EmulatorReply => {
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

export const postRule = (account: Account, call: Call): EmulatorReply => writeRule(account, call, undefined);

/** An id that never was: 404 in an envelope [assumed]; a deleted rule: an HTML page (docs/service.md). */
export const oneRule = (account: Account, call: Call, ruleId: number): EmulatorReply => {
  const { store, settings } = account;
  const rule = store.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) return notFound();
  if (rule.state === deleted) return html(404);
  if (call.method === "PUT") return writeRule(account, call, rule);
  if (call.method === "DELETE")
    return answerWrite(account, call, deleteRule(store, rule, writeContext(account, call)), () =>
      reply(204, {}, ""),
    );
  return success(ruleView(store, rule, settings.listDeleted), { errorCode: true });
};
