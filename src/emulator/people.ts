/**
 * `…/service-tokens/` and `…/users/`: who may call, and when each was last active; never from which address
 * (docs/service.md, "Hosts and authentication"). Both are lists like the others: paged, enveloped, by id.
 * Fields that a seed leaves out are empty [assumed]. Where a seed names no service tokens or users, the lists hold the
 * tokens that the emulator was started with, and whom its personal tokens belong to.
 */
import type { Account, Call } from "./call.js";
import { formatTimestamp, type Micros } from "./clock.js";
import type { EmulatorReply } from "./http.js";
import { listReply } from "./query.js";
import type { StoredServiceToken, StoredUser } from "./state.js";
import type { Grant } from "./tokens.js";

/** RFC 3339, as the OpenAPI description has it for both lists (`date-time`). */
const stamp = (at: Micros | null): string | null =>
  at === null ? null : formatTimestamp(at).replace(" ", "T");

const tokenView = (accountId: number, token: StoredServiceToken) => ({
  id: token.id,
  uid: token.uid,
  account_id: accountId,
  name: token.name,
  state: token.state,
  permission_grants: token.permissionSets.map((permission) => ({
    permission_set: permission,
    project_id: null,
  })),
  last_used: stamp(token.lastUsed),
  semantic_layer_credentials: [],
  metadata_only: false,
  webhooks_only: false,
  created_at: stamp(token.createdAt),
  updated_at: stamp(token.createdAt),
});

const userView = (user: StoredUser) => ({
  id: user.id,
  first_name: user.firstName,
  last_name: user.lastName,
  email: user.email,
  is_active: user.isActive,
  is_staff: false,
  last_login: stamp(user.lastLogin),
  apitoken_last_used: stamp(user.apiTokenLastUsed),
  email_connected: true,
  email_verified: true,
  enterprise_connected: false,
  enterprise_authentication_method: null,
  sso_only_user: false,
  github_connected: user.linked.includes("github"),
  github_username: null,
  github_token_retrieval_failure: false,
  gitlab_connected: user.linked.includes("gitlab"),
  gitlab_username: null,
  gitlab_token_retrieval_failure: false,
  azure_active_directory_connected: user.linked.includes("azure"),
  azure_active_directory_username: null,
  azure_active_directory_token_retrieval_failure: false,
  auth_provider_infos: {},
  permissions: [{ license_type: "developer", state: 1 }],
  licenses: {},
  created_at: stamp(user.createdAt),
});

/** The caller was last active just now; when the others were, the emulator does not keep. */
const activityOf = (grant: Grant, call: Call, account: Account): Micros | null =>
  grant.id === call.grant.id && grant.kind === call.grant.kind ? account.clock.now() : null;

const ownTokens = (account: Account, call: Call): readonly StoredServiceToken[] =>
  call.grants
    .filter(({ kind }) => kind === "service")
    .map((grant) => ({
      id: grant.id,
      uid: `token-${grant.id}`,
      name: grant.name,
      state: 1,
      permissionSets: [grant.role === "admin" ? "account_admin" : "account_viewer"],
      lastUsed: activityOf(grant, call, account),
      createdAt: account.store.ruleSet.createdAt,
    }));

const ownUsers = (account: Account, call: Call): readonly StoredUser[] =>
  call.grants
    .filter(({ kind }) => kind === "personal")
    .map((grant) => ({
      id: grant.id,
      firstName: grant.name,
      lastName: "",
      email: `${grant.id}@example.com`,
      isActive: true,
      lastLogin: null,
      apiTokenLastUsed: activityOf(grant, call, account),
      linked: [],
      createdAt: account.store.ruleSet.createdAt,
    }));

const byId = <T extends { readonly id: number }>(all: readonly T[]): readonly T[] =>
  all.toSorted((a, b) => a.id - b.id);

export const listServiceTokens = (account: Account, call: Call): EmulatorReply => {
  const { accountId, serviceTokens = ownTokens(account, call) } = account.store;
  return listReply(call, byId(serviceTokens), (token) => tokenView(accountId, token), { accountId });
};

export const listUsers = (account: Account, call: Call): EmulatorReply => {
  const { accountId, users = ownUsers(account, call) } = account.store;
  return listReply(call, byId(users), userView, { accountId });
};
