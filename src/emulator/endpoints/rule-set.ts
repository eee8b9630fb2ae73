/** `…/ip-restrictions-set/` and its validate paths: the switch. */
import { isValidCaller } from "../access.js";
import { type Account, type Call, notFound, readBody } from "../call.js";
import { type EmulatorReply, json, problem, success } from "../http.js";
import { checkRuleSetBody } from "../rule-body.js";
import { ruleSetView } from "../rule-views.js";
import { setEnabled } from "../rule-writes.js";
import { activeRules } from "../state.js";
import { answerWrite, writeContext } from "./rules.js";

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
  setId: number,
  withoutRule?: number,
): EmulatorReply => {
  const { store, settings } = account;
  if (setId !== store.ruleSet.id) return notFound();
  if (withoutRule !== undefined && !activeRules(store).some(({ id }) => id === withoutRule))
    return notFound();
  const data = { is_valid_for_admin: isValidCaller(store, call.address, withoutRule) };
  return settings.validateShape === "bare" ? json(200, data) : success(data, { errorCode: true });
};
