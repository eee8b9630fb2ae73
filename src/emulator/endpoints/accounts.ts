/** `/api/v2/accounts/` and `/api/v3/accounts/`: the accounts that a token may see. Fields beyond id, name, state are [assumed]. */
import type { Account, Call } from "../call.js";
import { type EmulatorReply, problem, success } from "../http.js";
import { readPaging } from "../query.js";
import { formatTimestamp } from "../timestamps.js";

export const listAccounts = ({ store }: Account, { query }: Call): EmulatorReply => {
  const paging = readPaging(query);
  if (!paging.ok) return problem(400, paging.message);
  const { limit, offset } = paging.value;
  const at = formatTimestamp(store.ruleSet.createdAt);
  const all = [
    {
      id: store.accountId,
      name: "Emulated account",
      state: 1,
      plan: "enterprise",
      created_at: at,
      updated_at: at,
    },
  ];
  const data = all.slice(offset, offset + limit);
  return success(data, {
    extra: {
      filters: { limit, offset },
      order_by: "id",
      pagination: { count: data.length, total_count: all.length },
    },
  });
};
