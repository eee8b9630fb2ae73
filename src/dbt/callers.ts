/** The account's service tokens and users (`CallerReader` over HTTP; docs/service.md, "Hosts and authentication"). */
import type { CallerReader, GitProvider, ServiceTokenRecord, UserRecord } from "../audit/callers.js";
import { present } from "../model/present.js";
import { field, instant, integer, type JsonPath, optional, text, truth } from "./answer.js";
import type { ApiClient } from "./api-client.js";
import { readList } from "./read-call.js";

/** `state` 1 active, 2 deleted. */
const tokenOf = (record: JsonPath): ServiceTokenRecord => ({
  id: integer(field(record, "id")),
  name: optional(field(record, "name"), text) ?? "",
  active: optional(field(record, "state"), integer) !== 2,
  ...present({
    uid: optional(field(record, "uid"), text),
    lastUsed: optional(field(record, "last_used"), instant),
  }),
});

const providerFields: readonly (readonly [GitProvider, string])[] = [
  ["github", "github_connected"],
  ["gitlab", "gitlab_connected"],
  ["azure", "azure_active_directory_connected"],
];

const userOf = (record: JsonPath): UserRecord => {
  const names = ["first_name", "last_name"].flatMap((name) => optional(field(record, name), text) ?? []);
  const fullName = names
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .join(" ");
  return {
    id: integer(field(record, "id")),
    active: optional(field(record, "is_active"), truth) !== false,
    ...present({
      email: optional(field(record, "email"), text),
      fullName: fullName === "" ? undefined : fullName,
      lastLogin: optional(field(record, "last_login"), instant),
      apiTokenLastUsed: optional(field(record, "apitoken_last_used"), instant),
    }),
    linked: providerFields.flatMap(([provider, name]) =>
      optional(field(record, name), truth) === true ? [provider] : [],
    ),
  };
};

export const createCallerReader = (client: ApiClient): CallerReader => ({
  listServiceTokens: () =>
    readList(client, {
      url: (query) => client.accountUrl("service-tokens/", query),
      subject: "account",
      read: tokenOf,
    }),
  listUsers: () =>
    readList(client, {
      url: (query) => client.accountUrl("users/", query),
      subject: "account",
      read: userOf,
    }),
});
