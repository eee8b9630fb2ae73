/** A seed: what an account holds at the start, as people write it (schemas/emulator-seed.schema.json). */

import type { ErrorObject } from "ajv";
import { validateEmulatorSeed } from "../generated/validators.js";
import { diagnostic } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
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

interface SeedCidr {
  readonly cidr: string;
  readonly enabled?: boolean;
  readonly deleted?: boolean;
}

interface SeedRule {
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
interface SeedActor extends Partial<StoredActor> {
  readonly addresses?: readonly string[];
}

/** A time such as `2026-01-31T12:00:00Z`, or so many seconds ago; null: never. */
type SeedTime = string | number | null;

interface SeedServiceToken {
  readonly id: number;
  readonly name: string;
  readonly uid?: string;
  readonly state?: 1 | 2;
  readonly permission_sets?: readonly string[];
  readonly last_used?: SeedTime;
}

interface SeedUser {
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

export type SeedPath = readonly (string | number)[];

/** What a seed contradicts itself by; `path`: where, from the top. */
export class SeedProblem extends Failure {
  readonly path: SeedPath;
  readonly reason: string;

  constructor(reason: string, path: SeedPath = []) {
    super([diagnostic("emulator-seed", { kind: "unusable", reason })]);
    this.path = path;
    this.reason = reason;
  }
}

const foreignActor: StoredActor = { type: "ACTOR_USER", id: 2001, name: "somebody", ip: "198.51.100.77" };

const actorOf = ({ addresses, ...actor }: SeedActor = {}): StoredActor => {
  const ip = actor.ip ?? addressIn(addresses ?? [], 0);
  return { ...foreignActor, ...actor, ...(ip === undefined ? {} : { ip }) };
};

const seedCidrs = (rule: SeedRule, firstId: number, at: Micros): readonly StoredCidr[] => {
  const seen = new Set<string>();
  return rule.cidrs.map((item, index) => {
    const {
      cidr,
      enabled = true,
      deleted: isDeleted = false,
    } = typeof item === "string" ? { cidr: item } : item;
    const wrong = (what: string): SeedProblem =>
      new SeedProblem(`rule ${JSON.stringify(rule.name)} has ${JSON.stringify(cidr)}${what}`, [
        "cidrs",
        index,
      ]);
    const range = rangeOf(cidr);
    if (range === undefined) throw wrong(", which is no range");
    if (!isDeleted && seen.has(rangeKey(range))) throw wrong(" twice");
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

const withSeedRule = (store: AccountStore, rule: SeedRule, at: Micros): AccountStore => {
  const id = rule.id ?? store.next.rule;
  if (store.rules.some((other) => other.id === id))
    throw new SeedProblem(`two rules have the id ${id}`, ["id"]);
  const stored: StoredRule = {
    id,
    name: rule.name,
    type: rule.type === "allow" ? allowType : denyType,
    state: rule.deleted === true ? deleted : active,
    cidrs: seedCidrs(rule, store.next.cidr, at),
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
  if (at === undefined) throw new SeedProblem(`${JSON.stringify(event.at)} is no time`);
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
  if (at === undefined) throw new SeedProblem(`${JSON.stringify(time)} is no time`);
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
    if (seen.has(id)) throw new SeedProblem(`two ${what} have the id ${id}`);
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
    store = inside(["rules", index], () => withSeedRule(store, rule, now));
  for (const [index, event] of (seed.events ?? []).entries())
    store = inside(["events", index], () => withSeedEvent(store, event, now));
  return store;
};

const mainError = (errors: readonly ErrorObject[] | null | undefined): ErrorObject | undefined =>
  errors?.find(({ keyword }) => keyword !== "oneOf" && keyword !== "if") ?? errors?.[0];

/** The first thing that a schema finds wrong, with its path, for clients of the emulator's own calls. */
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
