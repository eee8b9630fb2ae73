/** Stored rules as the API prints them: every key, in the order of the published answers. */
import { mappedForm, storedRange } from "./access.js";
import { formatTimestamp } from "./clock.js";
import { type AccountStore, active, type StoredCidr, type StoredRule } from "./state.js";

const cidrView = (cidr: StoredCidr, ruleId: number) => ({
  id: cidr.id,
  state: cidr.state,
  ip_restriction_rule_id: ruleId,
  enabled: cidr.enabled,
  cidr: cidr.cidr,
  cidr_ipv6: mappedForm(storedRange(cidr.cidr)),
  created_at: formatTimestamp(cidr.createdAt),
  updated_at: formatTimestamp(cidr.updatedAt),
});

/** `listDeleted` shows removed entries too, with `state` 2. */
export const ruleView = (store: AccountStore, rule: StoredRule, listDeleted: boolean) => ({
  id: rule.id,
  name: rule.name,
  type: rule.type,
  state: rule.state,
  ip_restriction_rule_set_id: store.ruleSet.id,
  rule_set_enabled: store.ruleSet.enabled,
  account_id: store.accountId,
  cidrs: rule.cidrs
    .filter((cidr) => listDeleted || cidr.state === active)
    .map((cidr) => cidrView(cidr, rule.id)),
  created_by_id: rule.createdById,
  created_by_service_token_id: rule.createdByServiceTokenId,
  enabled_for_service_tokens: store.ruleSet.enabledForServiceTokens,
  description: rule.description ?? "",
  created_at: formatTimestamp(rule.createdAt),
  updated_at: formatTimestamp(rule.updatedAt),
});

export const ruleSetView = ({ accountId, ruleSet }: AccountStore) => ({
  id: ruleSet.id,
  account_id: accountId,
  state: active,
  enabled: ruleSet.enabled,
  enabled_for_service_tokens: ruleSet.enabledForServiceTokens,
  created_at: formatTimestamp(ruleSet.createdAt),
  updated_at: formatTimestamp(ruleSet.updatedAt),
});
