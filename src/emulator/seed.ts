/** A seed: what an account holds at the start, as people write it (schemas/emulator-seed.schema.json). */
import { failure } from "../model/failure.js";
import { eventLabel, normalEventType } from "./event-types.js";
import { rangeKey, rangeOf } from "./ranges.js";
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
} from "./state.js";
import { type Micros, microsPerSecond, parseInstant } from "./timestamps.js";

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
  readonly actor?: Partial<StoredActor>;
  readonly source?: string;
  readonly context?: unknown;
}

export interface Seed {
  readonly enabled?: boolean;
  readonly enabled_for_service_tokens?: boolean;
  readonly rules?: readonly SeedRule[];
  readonly events?: readonly SeedEvent[];
  readonly next_rule_id?: number;
  readonly next_cidr_id?: number;
}

const seedProblem = (message: string) =>
  failure(
    "emulator-seed",
    `The seed cannot be used: ${message}`,
    "docs/emulator.md shows what a seed may hold",
  );

const foreignActor: StoredActor = { type: "ACTOR_USER", id: 2001, name: "somebody", ip: "198.51.100.77" };

const actorOf = (actor: Partial<StoredActor> | undefined): StoredActor => ({ ...foreignActor, ...actor });

const seedCidrs = (rule: SeedRule, firstId: number, at: Micros): readonly StoredCidr[] => {
  const seen = new Set<string>();
  return rule.cidrs.map((item, index) => {
    const {
      cidr,
      enabled = true,
      deleted: isDeleted = false,
    } = typeof item === "string" ? { cidr: item } : item;
    const range = rangeOf(cidr);
    if (range === undefined)
      throw seedProblem(`rule ${JSON.stringify(rule.name)} has ${JSON.stringify(cidr)}, which is no range`);
    if (!isDeleted && seen.has(rangeKey(range)))
      throw seedProblem(`rule ${JSON.stringify(rule.name)} has ${JSON.stringify(cidr)} twice`);
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
  if (store.rules.some((other) => other.id === id)) throw seedProblem(`two rules have the id ${id}`);
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
    next: {
      ...empty.next,
      rule: seed.next_rule_id ?? firstIds.rule,
      cidr: seed.next_cidr_id ?? firstIds.cidr,
    },
  };
  for (const rule of seed.rules ?? []) store = withSeedRule(store, rule, now);
  for (const event of seed.events ?? []) store = withSeedEvent(store, event, now);
  return store;
};
