/**
 * What the emulated account holds, as plain values that never change: a write makes a new state.
 * Numbers are the service's (type 1 allow, 2 deny; state 1 active, 2 deleted).
 */
import type { Micros } from "./clock.js";

export type WireType = 1 | 2;
export type WireState = 1 | 2;
export const allowType = 1;
export const denyType = 2;
export const active = 1;
export const deleted = 2;

export interface StoredCidr {
  readonly id: number;
  readonly state: WireState;
  readonly enabled: boolean;
  /** As typed. Invariant: `parsePrefix` takes it. */
  readonly cidr: string;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
}

export interface StoredRule {
  readonly id: number;
  readonly name: string;
  readonly type: WireType;
  readonly state: WireState;
  readonly cidrs: readonly StoredCidr[];
  readonly createdById: number | null;
  readonly createdByServiceTokenId: number | null;
  readonly description: string | null;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
}

export interface StoredRuleSet {
  readonly id: number;
  readonly enabled: boolean;
  readonly enabledForServiceTokens: boolean;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
}

export interface StoredActor {
  readonly type: string;
  readonly id: number | string;
  readonly name: string;
  readonly ip: string;
}

export interface StoredEvent {
  /** Grows; the identity of the event. */
  readonly sequence: number;
  /** Without prefix, lower case: `ip_restrictions.rule.added`. */
  readonly type: string;
  readonly label: string;
  readonly at: Micros;
  /** When the log shows it; absent: at once; null: never. */
  readonly visibleAt?: Micros | null;
  readonly actor: StoredActor;
  readonly source: string;
  readonly context: unknown;
}

/** `count` events that are made up when asked for, so that a large log costs no memory. */
export interface GeneratedEvents {
  readonly firstSequence: number;
  readonly count: number;
  readonly newestAt: Micros;
  readonly interval: Micros;
  /** Taken in turn. */
  readonly types: readonly string[];
  readonly actor: StoredActor;
  /** Taken in turn instead of the actor's own; of a prefix, its next address at each turn. */
  readonly addresses?: readonly string[];
  readonly source: string;
}

export interface EventLog {
  readonly events: readonly StoredEvent[];
  readonly generated: readonly GeneratedEvents[];
}

interface ExportJob {
  readonly id: string;
  /** Status answers left that still say "running". */
  readonly pollsLeft: number;
  /** Events with a greater sequence came later and are not in the export. */
  readonly lastSequence: number;
}

export interface StoredServiceToken {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  readonly state: WireState;
  readonly permissionSets: readonly string[];
  /** Null: never. */
  readonly lastUsed: Micros | null;
  readonly createdAt: Micros;
}

type LinkedProvider = "github" | "gitlab" | "azure";

export interface StoredUser {
  readonly id: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly isActive: boolean;
  /** Null: never. */
  readonly lastLogin: Micros | null;
  readonly apiTokenLastUsed: Micros | null;
  readonly linked: readonly LinkedProvider[];
  readonly createdAt: Micros;
}

export interface AccountStore {
  readonly accountId: number;
  readonly ruleSet: StoredRuleSet;
  /** By id, deleted ones included. */
  readonly rules: readonly StoredRule[];
  readonly log: EventLog;
  readonly jobs: readonly ExportJob[];
  /** Absent where the seed names none: people.ts. */
  readonly serviceTokens?: readonly StoredServiceToken[];
  readonly users?: readonly StoredUser[];
  /** The ids to give out next. */
  readonly next: { readonly rule: number; readonly cidr: number; readonly event: number };
}

/** The ids that the published examples show, so that those examples run as they are. */
export const firstIds = { ruleSet: 10, rule: 739, cidr: 4522, event: 1, serviceToken: 68602 } as const;

export const emptyStore = (accountId: number, at: Micros): AccountStore => ({
  accountId,
  ruleSet: {
    id: firstIds.ruleSet,
    enabled: false,
    enabledForServiceTokens: true,
    createdAt: at,
    updatedAt: at,
  },
  rules: [],
  log: { events: [], generated: [] },
  jobs: [],
  next: { rule: firstIds.rule, cidr: firstIds.cidr, event: firstIds.event },
});

export const activeRules = (store: AccountStore): readonly StoredRule[] =>
  store.rules.filter((rule) => rule.state === active);

export const activeCidrs = (rule: StoredRule): readonly StoredCidr[] =>
  rule.cidrs.filter((cidr) => cidr.state === active);
