/** A seed: what an account holds at the start, as people write it (schemas/emulator-seed.schema.json). */

import type { ErrorObject } from "ajv";
import { isNode, parseDocument } from "yaml";
import { reasonOf } from "../files/io-errors.js";
import { largest, readNamedText } from "../files/read-file.js";
import { validateEmulatorSeed } from "../generated/validators.js";
import { diagnostic } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { SourceText } from "../policy/text.js";
import { rangeKey, rangeOf } from "./access.js";
import { type Micros, microsPerSecond, parseInstant } from "./clock.js";
import { addressIn } from "./event-log.js";
import { eventLabel, normalEventType } from "./events.js";
import {
  type AccountStore,
  active,
  allowType,
  deleted,
  denyType,
  emptyStore,
  firstIds,
  type GeneratedEvents,
  type StoredActor,
  type StoredCidr,
  type StoredEvent,
  type StoredRule,
  type StoredServiceToken,
  type StoredUser,
} from "./state.js";

export interface SeedCidr {
  readonly cidr: string;
  readonly enabled?: boolean;
  readonly deleted?: boolean;
}

export interface SeedRule {
  readonly name: string;
  readonly type: "allow" | "deny";
  readonly description?: string;
  readonly cidrs: readonly (string | SeedCidr)[];
  readonly deleted?: boolean;
  readonly id?: number;
}

export interface SeedEvent {
  /** A type, or several to take in turn. */
  readonly type: string | readonly string[];
  /** Default 1. More than one are made up when asked for. */
  readonly count?: number;
  /** Between one and the next older. Default 60. */
  readonly every_seconds?: number;
  /** When the newest was. Default: `seconds_ago`. */
  readonly at?: string;
  /** Default 60. */
  readonly seconds_ago?: number;
  readonly actor?: SeedActor;
  readonly source?: string;
  readonly context?: unknown;
}

/** `addresses`: a pool of addresses and prefixes, taken in turn, in the place of `ip`. */
export interface SeedActor extends Partial<StoredActor> {
  readonly addresses?: readonly string[];
}

/** A time such as `2026-01-31T12:00:00Z`, or so many seconds ago; null: never. */
type SeedTime = string | number | null;

export interface SeedServiceToken {
  readonly id: number;
  readonly name: string;
  readonly uid?: string;
  readonly state?: 1 | 2;
  readonly permission_sets?: readonly string[];
  readonly last_used?: SeedTime;
}

export interface SeedUser {
  readonly id: number;
  readonly email: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly is_active?: boolean;
  readonly last_login?: SeedTime;
  readonly apitoken_last_used?: SeedTime;
  readonly github_connected?: boolean;
  readonly gitlab_connected?: boolean;
  readonly azure_active_directory_connected?: boolean;
}

export interface Seed {
  readonly enabled?: boolean;
  readonly enabled_for_service_tokens?: boolean;
  readonly rules?: readonly SeedRule[];
  readonly events?: readonly SeedEvent[];
  readonly service_tokens?: readonly SeedServiceToken[];
  readonly users?: readonly SeedUser[];
  readonly next_rule_id?: number;
  readonly next_cidr_id?: number;
}

type SeedPath = readonly (string | number)[];

/** What a seed contradicts itself by; `path`: where, from the top. */
class SeedProblem extends Failure {
  readonly path: SeedPath;
  readonly reason: string;

  constructor(reason: string, path: SeedPath = []) {
    super([diagnostic("emulator-seed", { kind: "unusable", reason })]);
    this.path = path;
    this.reason = reason;
  }
}

const seedProblem = (message: string, path?: SeedPath): SeedProblem => new SeedProblem(message, path);

const foreignActor: StoredActor = { type: "ACTOR_USER", id: 2001, name: "somebody", ip: "198.51.100.77" };

const actorOf = ({ addresses, ...actor }: SeedActor = {}): StoredActor => {
  const ip = actor.ip ?? addressIn(addresses ?? [], 0);
  return { ...foreignActor, ...actor, ...(ip === undefined ? {} : { ip }) };
};

const seedCidrs = (rule: SeedRule, firstId: number, at: Micros, path: SeedPath): readonly StoredCidr[] => {
  const seen = new Set<string>();
  return rule.cidrs.map((item, index) => {
    const {
      cidr,
      enabled = true,
      deleted: isDeleted = false,
    } = typeof item === "string" ? { cidr: item } : item;
    const range = rangeOf(cidr);
    if (range === undefined)
      throw seedProblem(`rule ${JSON.stringify(rule.name)} has ${JSON.stringify(cidr)}, which is no range`, [
        ...path,
        "cidrs",
        index,
      ]);
    if (!isDeleted && seen.has(rangeKey(range)))
      throw seedProblem(`rule ${JSON.stringify(rule.name)} has ${JSON.stringify(cidr)} twice`, [
        ...path,
        "cidrs",
        index,
      ]);
    if (!isDeleted) seen.add(rangeKey(range));
    return {
      id: firstId + index,
      state: isDeleted ? deleted : active,
      enabled,
      cidr,
      createdAt: at,
      updatedAt: at,
    };
  });
};

const withSeedRule = (store: AccountStore, rule: SeedRule, at: Micros, path: SeedPath): AccountStore => {
  const id = rule.id ?? store.next.rule;
  if (store.rules.some((other) => other.id === id))
    throw seedProblem(`two rules have the id ${id}`, [...path, "id"]);
  const stored: StoredRule = {
    id,
    name: rule.name,
    type: rule.type === "allow" ? allowType : denyType,
    state: rule.deleted === true ? deleted : active,
    cidrs: seedCidrs(rule, store.next.cidr, at, path),
    createdById: foreignActor.id as number, // A user's id is a number; only event actors may have text.
    createdByServiceTokenId: null,
    description: rule.description ?? null,
    createdAt: at,
    updatedAt: at,
  };
  const next = {
    ...store.next,
    rule: Math.max(store.next.rule, id + 1),
    cidr: store.next.cidr + rule.cidrs.length,
  };
  return { ...store, rules: [...store.rules, stored], next };
};

const newestAt = (event: SeedEvent, now: Micros): Micros => {
  if (event.at === undefined) return now - (event.seconds_ago ?? 60) * microsPerSecond;
  const at = parseInstant(event.at, "start");
  if (at === undefined) throw seedProblem(`${JSON.stringify(event.at)} is no time`);
  return at;
};

/** Also what the control path does with events that a test adds. */
export const withSeedEvent = (store: AccountStore, event: SeedEvent, now: Micros): AccountStore => {
  const types = (typeof event.type === "string" ? [event.type] : event.type).map(normalEventType);
  const { count = 1 } = event;
  const actor = actorOf(event.actor);
  const source = event.source ?? "SOURCE_CLOUD_UI";
  const at = newestAt(event, now);
  const next = { ...store.next, event: store.next.event + count };
  if (count > 1) {
    const interval = Math.round((event.every_seconds ?? 60) * microsPerSecond);
    const group: GeneratedEvents = {
      firstSequence: store.next.event,
      count,
      newestAt: at,
      interval,
      types,
      actor,
      ...(event.actor?.addresses === undefined ? {} : { addresses: event.actor.addresses }),
      source,
    };
    return { ...store, log: { ...store.log, generated: [...store.log.generated, group] }, next };
  }
  const type = types[0] ?? "";
  const stored: StoredEvent = {
    sequence: store.next.event,
    type,
    label: eventLabel(type),
    at,
    actor,
    source,
    context: event.context ?? {},
  };
  return { ...store, log: { ...store.log, events: [...store.log.events, stored] }, next };
};

const seedTime = (time: SeedTime | undefined, now: Micros): Micros | null => {
  if (time === undefined || time === null) return null;
  if (typeof time === "number") return now - Math.round(time * microsPerSecond);
  const at = parseInstant(time, "start");
  if (at === undefined) throw seedProblem(`${JSON.stringify(time)} is no time`);
  return at;
};

const serviceTokenOf = (token: SeedServiceToken, now: Micros): StoredServiceToken => ({
  id: token.id,
  uid: token.uid ?? `token-${token.id}`,
  name: token.name,
  state: token.state ?? active,
  permissionSets: token.permission_sets ?? ["job_admin"],
  lastUsed: seedTime(token.last_used, now),
  createdAt: now,
});

const userOf = (user: SeedUser, now: Micros): StoredUser => ({
  id: user.id,
  firstName: user.first_name ?? "",
  lastName: user.last_name ?? "",
  email: user.email,
  isActive: user.is_active ?? true,
  lastLogin: seedTime(user.last_login, now),
  apiTokenLastUsed: seedTime(user.apitoken_last_used, now),
  linked: [
    ...(user.github_connected === true ? (["github"] as const) : []),
    ...(user.gitlab_connected === true ? (["gitlab"] as const) : []),
    ...(user.azure_active_directory_connected === true ? (["azure"] as const) : []),
  ],
  createdAt: now,
});

const requireDistinctIds = (what: string, all: readonly { readonly id: number }[]): void => {
  const seen = new Set<number>();
  for (const { id } of all) {
    if (seen.has(id)) throw seedProblem(`two ${what} have the id ${id}`);
    seen.add(id);
  }
};

/** A problem of what `work` reads is at this path. */
const inside = <T>(path: SeedPath, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw error instanceof SeedProblem ? new SeedProblem(error.reason, [...path, ...error.path]) : error;
  }
};

/** Throws `Failure` where the seed contradicts itself. */
export const storeOfSeed = (accountId: number, seed: Seed, now: Micros): AccountStore => {
  const empty = emptyStore(accountId, now);
  let store: AccountStore = {
    ...empty,
    ruleSet: {
      ...empty.ruleSet,
      enabled: seed.enabled ?? false,
      enabledForServiceTokens: seed.enabled_for_service_tokens ?? true,
    },
    ...(seed.service_tokens === undefined
      ? {}
      : { serviceTokens: seed.service_tokens.map((token) => serviceTokenOf(token, now)) }),
    ...(seed.users === undefined ? {} : { users: seed.users.map((user) => userOf(user, now)) }),
    next: {
      ...empty.next,
      rule: seed.next_rule_id ?? firstIds.rule,
      cidr: seed.next_cidr_id ?? firstIds.cidr,
    },
  };
  requireDistinctIds("service tokens", seed.service_tokens ?? []);
  requireDistinctIds("users", seed.users ?? []);
  for (const [index, rule] of (seed.rules ?? []).entries())
    store = withSeedRule(store, rule, now, ["rules", index]);
  for (const [index, event] of (seed.events ?? []).entries())
    store = inside(["events", index], () => withSeedEvent(store, event, now));
  return store;
};

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Disabled entries come along: they count for the service's own checks. */
const cidrsOf = (rule: Readonly<Record<string, unknown>>): unknown[] => [
  ...list(rule["entries"]).map((entry) => record(entry)["text"]),
  ...list(rule["disabled_entries"]).map((entry) => ({ cidr: record(entry)["text"], enabled: false })),
];

/** Whether a file is such a document; its content may still be wrong. */
const isAccountDocument = (value: unknown): boolean => record(value)["format"] === "dbt-ip-rules/account";

/**
 * The account as `dbt-ip-rules show --format json` prints it, as a seed: so that a change of the real account is
 * rehearsed on a copy of it. What it makes is checked as any seed is; this only gives things their other names.
 *
 * Not checked yet. Of what is of another version, or has lost its rules, it makes no empty account but no seed.
 */
const seedOfAccount = (value: unknown): unknown => {
  const account = record(value);
  if (account["version"] !== 1) return { version: account["version"] };
  if (!Array.isArray(account["rules"])) return { rules: null };
  const held = account["enabled_for_service_tokens"];
  return {
    enabled: account["enforcement"] === "enabled",
    ...present({ enabled_for_service_tokens: held }),
    rules: list(account["rules"]).map((item) => {
      const rule = record(item);
      const { id, name, type, description } = rule;
      return { id, name, type, ...(description === "" ? {} : { description }), cidrs: cidrsOf(rule) };
    }),
  };
};

// Reads a seed from a YAML or JSON file, or from an account that `show --format json` printed.

/** The first thing that a schema finds wrong, with its place. */
const mainError = (errors: readonly ErrorObject[] | null | undefined): ErrorObject | undefined =>
  errors?.find(({ keyword }) => keyword !== "oneOf" && keyword !== "if") ?? errors?.[0];

export const schemaProblem = (errors: readonly ErrorObject[] | null | undefined): string => {
  const error = mainError(errors);
  if (error === undefined) return "it does not fit the schema";
  const extra =
    error.keyword === "additionalProperties" ? ` (${String(error.params.additionalProperty)})` : "";
  return `${error.instancePath === "" ? "the top level" : error.instancePath}: ${error.message ?? "wrong"}${extra}`;
};

/** The seed, or what is wrong with it. */
export const validSeed = (value: unknown): Seed | string =>
  // The schema describes exactly the type.
  validateEmulatorSeed(value) ? (value as Seed) : schemaProblem(validateEmulatorSeed.errors);

const textOf = (file: string): string => {
  try {
    return readNamedText("", file, { most: largest.document });
  } catch (cause) {
    throw failure("emulator-seed", { kind: "unreadable", file, reason: reasonOf(cause) }, { cause });
  }
};

/** JSON is YAML too; read as JSON, a large account takes a tenth of the time. */
const contentOf = (source: SourceText): unknown => {
  try {
    return JSON.parse(source.text);
  } catch {
    const document = parseDocument(source.text);
    const [problem] = document.errors;
    if (problem === undefined) return document.toJS({ maxAliasCount: 100 });
    const [reason = ""] = problem.message.split("\n");
    throw unusable(source, "not-yaml", reason.replace(/ at line \d+, column \d+:?$/, ""), problem.pos);
  }
};

/** With the line that it is about, as for a policy. */
const unusable = (
  source: SourceText,
  kind: "not-yaml" | "unusable",
  reason: string,
  [start, end]: readonly [number, number],
): Failure => {
  // What is missing at the end is shown at the last thing that is there; what goes on for lines, by its first character.
  const from = Math.max(0, Math.min(start, source.text.trimEnd().length - 1));
  const last = source.text.slice(from, end).includes("\n") ? from + 1 : Math.max(end, from + 1);
  return new Failure([diagnostic("emulator-seed", { kind, reason }, source.range(from, last))]);
};

/** Where the innermost part of a path is written that the text has. */
const placeOf = ({ text }: SourceText, path: SeedPath): readonly [number, number] => {
  const document = parseDocument(text);
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  return [0, 0];
};

/** `/rules/0/name` of a schema's error, and the key that it does not know. */
const schemaPath = (errors: readonly ErrorObject[] | null | undefined): SeedPath => {
  const error = mainError(errors);
  const parts = (error?.instancePath ?? "")
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const unknown: unknown = error?.params.additionalProperty;
  return typeof unknown === "string" ? [...parts, unknown] : parts;
};

/** When a seed is tried out: its times are relative to it, and none of them decides whether it can be used. */
const anyTime = 1_750_000_000 * microsPerSecond;

/** Throws `Failure` where the file cannot be read or is no seed, with the place in it. `name`: what to call it. */
export const readSeedFile = (file: string, name: string = file): Seed => {
  const source = new SourceText(name, textOf(file));
  const value = contentOf(source);
  const fromAccount = isAccountDocument(value);
  const seed = validSeed(fromAccount ? seedOfAccount(value) : value);
  if (typeof seed === "string") {
    const path = fromAccount ? [] : schemaPath(validateEmulatorSeed.errors);
    throw unusable(source, "unusable", seed, placeOf(source, path));
  }
  try {
    storeOfSeed(1, seed, anyTime);
  } catch (error) {
    if (!(error instanceof SeedProblem)) throw error;
    throw unusable(source, "unusable", error.reason, placeOf(source, fromAccount ? [] : error.path));
  }
  return seed;
};
