import { parseAddress } from "../address/prefix.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { editDistance } from "../policy/suggest.js";
import type { AuditEvent } from "./event.js";

/**
 * Every event type that the service's documentation names (docs/service.md, "Audit log"), as data.
 * Promise: `type` is normalised (see `normaliseType`) and unique; `documented` is the documentation's spelling.
 * The log may know more types than the documentation: an unknown type is a question to ask, never an error in data.
 */
interface CatalogueEvent {
  readonly group: string;
  readonly name: string;
  readonly type: string;
  readonly documented: string;
  readonly description: string;
  /** Other normalised spellings that older records carry. */
  readonly earlier?: readonly string[];
}

/** `v1.events.job_definition.Changed` and `job_definition.changed` are one type. */
export const normaliseType = (raw: string): string =>
  raw
    .trim()
    .replace(/^(v\d+\.)?events\./i, "")
    .toLowerCase();

type Row = readonly [name: string, documented: string, description: string, ...earlier: string[]];

const groups: Readonly<Record<string, readonly Row[]>> = {
  Authentication: [
    ["Auth Provider Changed", "auth_provider.changed", "Authentication provider settings changed"],
    [
      "Credential Login Succeeded",
      "login.password.succeeded",
      "User logged in with user name and password",
      "auth.credentialsloginsucceeded",
    ],
    ["SSO Login Failed", "login.sso.failed", "User login through SSO failed", "auth.ssologinfailed"],
    ["SSO Login Succeeded", "login.sso.succeeded", "User logged in through SSO", "auth.ssologinsucceeded"],
  ],
  Environment: [
    ["Environment Added", "environment.added", "New environment created"],
    ["Environment Changed", "environment.changed", "Environment settings changed"],
    ["Environment Removed", "environment.removed", "Environment removed"],
  ],
  Jobs: [
    ["Job Added", "job_definition.added", "New job created"],
    ["Job Changed", "job_definition.changed", "Job settings changed"],
    ["Job Removed", "job_definition.removed", "Job definition removed"],
  ],
  "Service Token": [
    ["Service Token Created", "service_token.created", "New service token created"],
    ["Service Token Revoked", "service_token.revoked", "Service token revoked"],
  ],
  Group: [
    ["Group Added", "group.added", "New group created"],
    ["Group Changed", "group.changed", "Group settings changed"],
    ["Group Removed", "group.removed", "Group removed"],
  ],
  User: [
    ["Invite Added", "user.invite.added", "Invitation added and sent to the user"],
    ["Invite Redeemed", "user.invite.redeemed", "User redeemed an invitation"],
    ["User Added to Account", "user.added", "New user added to the account"],
    ["User Added to Group", "group.user.added", "Existing user added to a group"],
    ["User Removed from Account", "user.removed", "User removed from the account"],
    ["User Removed from Group", "group.user.removed", "Existing user removed from a group"],
    ["User License Created", "user_license.added", "A new user licence was used"],
    ["User License Removed", "user_license.removed", "A user licence was taken off the seat count"],
    ["Verification Email Confirmed", "user.jit.email.confirmed", "User confirmed the verification email"],
    [
      "Verification Email Sent",
      "user.jit.email.sent",
      "Verification email sent to a user created just in time",
    ],
  ],
  Project: [
    ["Project Added", "project.added", "New project added"],
    ["Project Changed", "project.changed", "Project settings changed"],
    ["Project Removed", "project.removed", "Project removed"],
  ],
  Permissions: [
    ["User Permission Added", "permission.added", "New user permissions added"],
    ["User Permission Removed", "permission.removed", "User permissions removed"],
  ],
  License: [
    ["License Mapping Added", "license_map.added", "New user licence mapping added"],
    ["License Mapping Changed", "license_map.changed", "User licence mapping settings changed"],
    ["License Mapping Removed", "license_map.removed", "User licence mapping removed"],
  ],
  Connection: [
    ["Connection Added", "connection.added", "New data warehouse connection added"],
    ["Connection Changed", "connection.changed", "Data warehouse connection settings changed"],
    ["Connection Removed", "connection.removed", "Data warehouse connection removed"],
  ],
  Repository: [
    ["Repository Added", "repository.added", "New repository added"],
    ["Repository Changed", "repository.changed", "Repository settings changed"],
    ["Repository Removed", "repository.removed", "Repository removed"],
  ],
  Credentials: [
    ["Credentials Added to Project", "credentials.added", "Project credentials added"],
    ["Credentials Changed in Project", "credentials.changed", "Project credentials changed"],
    ["Credentials Removed from Project", "credentials.removed", "Project credentials removed"],
  ],
  "Git integration": [
    ["GitLab Application Changed", "gitlab_application.changed", "GitLab configuration changed"],
  ],
  Webhooks: [
    ["Webhook Subscriptions Added", "webhook_subscription.added", "New webhook configured"],
    ["Webhook Subscriptions Changed", "webhook_subscription.changed", "Existing webhook altered"],
    ["Webhook Subscriptions Removed", "webhook_subscription.removed", "Existing webhook deleted"],
  ],
  "Semantic Layer": [
    ["Semantic Layer Config Added", "semantic_layer_config.added", "Semantic Layer configuration added"],
    [
      "Semantic Layer Config Changed",
      "semantic_layer_config.changed",
      "Semantic Layer configuration changed, other than its credentials",
    ],
    [
      "Semantic Layer Config Removed",
      "semantic_layer_config.removed",
      "Semantic Layer configuration removed",
    ],
    [
      "Semantic Layer Credentials Added",
      "semantic_layer_credentials.added",
      "Semantic Layer credentials added",
    ],
    [
      "Semantic Layer Credentials Changed",
      "semantic_layer_credentials.changed",
      "Semantic Layer credentials changed (no semantic_layer_config.changed comes with it)",
    ],
    [
      "Semantic Layer Credentials Removed",
      "semantic_layer_credentials.removed",
      "Semantic Layer credentials removed",
    ],
  ],
  "Extended attributes": [
    ["Extended Attribute Added", "extended_attributes.added", "Extended attribute added to a project"],
    ["Extended Attribute Changed", "extended_attributes.changed", "Extended attribute changed or removed"],
  ],
  "Tokens and OAuth": [
    ["Access Token Issued", "access_token.issued", "An access token was issued"],
    ["Refresh Token Issued", "refresh_token.issued", "A refresh token was issued"],
    ["OAuth Client Registered", "oauth_client.registered", "An OAuth client was registered"],
    ["OAuth Client Removed", "oauth_client.removed", "An OAuth client was removed"],
    ["OAuth Client Authorized", "oauth_client.authorized", "A user authorized an OAuth client"],
    [
      "OAuth Authorization Approved",
      "oauth_client.authorization_approved",
      "The authorization of an OAuth client was approved",
    ],
    [
      "OAuth Authorization Denied",
      "oauth_client.authorization_denied",
      "The authorization of an OAuth client was denied",
    ],
  ],
  "Account-scoped personal access token": [
    [
      "Account Scoped Personal Access Token Created",
      "account_scoped_pat.created",
      "An account-scoped personal access token was created",
    ],
    [
      "Account Scoped Personal Access Token Deleted",
      "account_scoped_pat.deleted",
      "An account-scoped personal access token was deleted",
    ],
  ],
  "IP restrictions": [
    ["IP Restrictions Toggled", "ip_restrictions.toggled", "The IP restrictions were switched on or off"],
    ["IP Restrictions Rule Added", "ip_restrictions.rule.added", "IP restriction rule created"],
    ["IP Restrictions Rule Changed", "ip_restrictions.rule.changed", "IP restriction rule edited"],
    ["IP Restrictions Rule Removed", "ip_restrictions.rule.removed", "IP restriction rule deleted"],
  ],
  SCIM: [
    ["User Creation", "v1.events.account.UserAdded", "New user created by the SCIM service"],
    ["User Update", "v1.events.account.UserUpdated", "User record updated by the SCIM service"],
    ["User Removal", "v1.events.account.UserRemoved", "User deleted by the SCIM service"],
    ["Group Creation", "v1.events.user_group.Added", "New group created by the SCIM service"],
    ["Group Update", "v1.events.user_group_user.Changed", "Group membership updated by the SCIM service"],
    ["Group Removal", "v1.events.user_group.Removed", "Group removed by the SCIM service"],
  ],
};

/** In the documentation's order. */
export const catalogue: readonly CatalogueEvent[] = Object.entries(groups).flatMap(([group, rows]) =>
  rows.map(([name, documented, description, ...earlier]) => ({
    group,
    name,
    type: normaliseType(documented),
    documented,
    description,
    ...(earlier.length > 0 ? { earlier } : {}),
  })),
);

/** The types of events about IP restrictions. */
export const ipRestrictionTypes = {
  toggled: "ip_restrictions.toggled",
  ruleAdded: "ip_restrictions.rule.added",
  ruleChanged: "ip_restrictions.rule.changed",
  ruleRemoved: "ip_restrictions.rule.removed",
} as const;

export const isIpRestrictionType = (type: string): boolean => type.startsWith("ip_restrictions.");

/**
 * Which events a user asks for, by type and by actor. Types are exact, globs (`ip_restrictions.*`), or a group's name
 * (`ip_restrictions`). A name that the catalogue does not know gets a warning with suggestions, and is asked for all
 * the same: the log may know more than the documentation.
 */
interface EventFilter {
  /** Of a normalised type. */
  matches(type: string): boolean;
  /** What to ask the server for, where the names are all exact; absent: everything, since globs may match the unknown. */
  readonly types?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

const longestName = 100;

/** Up to three known types that a mistyped one may mean, the nearest first. */
export const suggestTypes = (typed: string): readonly string[] => {
  const wanted = normaliseType(typed.slice(0, longestName)).replaceAll("*", "");
  const limit = Math.max(2, Math.floor(wanted.length / 4));
  const near = catalogue
    .map(({ type }) => ({ type, distance: editDistance(wanted, type) }))
    .filter(({ distance }) => distance <= limit);
  const inside = wanted.length < 3 ? [] : catalogue.filter(({ type }) => type.includes(wanted));
  const ranked = near.sort((a, b) => a.distance - b.distance).map(({ type }) => type);
  return [...new Set([...ranked, ...inside.map(({ type }) => type)])].slice(0, 3);
};

/** `*` matches anything, dots included. No regular expression: the pattern is the user's, the time stays linear. */
export const globMatches = (pattern: string, text: string): boolean => {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p;
      p += 1;
      mark = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
};

const spellings = ({ type, earlier }: CatalogueEvent): readonly string[] => [type, ...(earlier ?? [])];

/** One name of the user as patterns over normalised types. */
const patternsOf = (typed: string): { patterns: readonly string[]; known: boolean } => {
  const wanted = normaliseType(typed);
  if (wanted.includes("*")) {
    const met = catalogue.filter((event) => spellings(event).some((type) => globMatches(wanted, type)));
    return { patterns: [wanted, ...met.flatMap((event) => event.earlier ?? [])], known: met.length > 0 };
  }
  const exact = catalogue.filter((event) => spellings(event).includes(wanted));
  if (exact.length > 0) return { patterns: [wanted, ...exact.flatMap(spellings)], known: true };
  const group = catalogue.filter((event) => event.group.toLowerCase() === wanted);
  if (group.length > 0) return { patterns: group.flatMap(spellings), known: true };
  const under = catalogue.some(({ type }) => type.startsWith(`${wanted}.`));
  return under ? { patterns: [`${wanted}.*`], known: true } : { patterns: [wanted], known: false };
};

const unknownType = (typed: string): Diagnostic =>
  diagnostic("unknown-event-type", { typed, near: suggestTypes(typed) });

/** Several names mean any of them; no name means every event. */
export const eventFilter = (typed: readonly string[]): EventFilter => {
  if (typed.length === 0) return { matches: () => true, diagnostics: [] };
  const found = typed.map((name) => ({ name, ...patternsOf(name) }));
  const patterns = [...new Set(found.flatMap((one) => one.patterns))];
  const exact = patterns.every((pattern) => !pattern.includes("*"));
  const wanted = new Set(patterns);
  return {
    matches: (type) => wanted.has(type) || (!exact && patterns.some((pattern) => globMatches(pattern, type))),
    ...(exact ? { types: patterns } : {}),
    diagnostics: found.filter(({ known }) => !known).map(({ name }) => unknownType(name)),
  };
};

const sameAddress = (left: string, right: string): boolean => {
  const [a, b] = [parseAddress(left), parseAddress(right)];
  return a.ok && b.ok && a.address === b.address;
};

/** An actor as a user names one: by id, name (any case, `*` for any part), or address in any spelling. */
export const actorFilter = (typed: string): ((event: AuditEvent) => boolean) => {
  const wanted = typed.toLowerCase();
  return ({ actor }) =>
    actor.id === typed ||
    (actor.name !== undefined && globMatches(wanted, actor.name.toLowerCase())) ||
    (actor.ip !== undefined && sameAddress(actor.ip, typed));
};
