/**
 * `/api/v2/accounts/` and `/api/v3/accounts/`: the accounts that a token may see, and one of them by its id.
 * Fields beyond id, name and state are [assumed].
 */
import type { Account, Call } from "../call.js";
import { type EmulatorReply, problem, success } from "../http.js";
import { readPaging } from "../query.js";
import type { AccountStore } from "../state.js";
import { formatTimestamp } from "../timestamps.js";

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

export const listAccounts = ({ store }: Account, { query }: Call): EmulatorReply => {
  const paging = readPaging(query);
  if (!paging.ok) return problem(400, paging.message);
  const { limit, offset } = paging.value;
  const all = [accountView(store)];
  const data = all.slice(offset, offset + limit);
  return success(data, {
    extra: {
      filters: { limit, offset },
      order_by: "id",
      pagination: { count: data.length, total_count: all.length },
    },
  });
};

export const oneAccount = ({ store }: Account): EmulatorReply => success(accountView(store));
