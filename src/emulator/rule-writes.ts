/**
 * The writes, as functions from a state to a state. A refused write leaves nothing behind.
 * Facts: docs/service.md, "Rules" and "The rule set".
 */

import type { Address } from "../address/prefix.js";
import { isOnDenyRange, rangeKey, rangeOf, storedRange } from "./access.js";
import type { Micros } from "./clock.js";
import type { CidrInput, RuleInput } from "./request-body.js";
import {
  type AccountStore,
  active,
  activeCidrs,
  activeRules,
  deleted,
  type StoredCidr,
  type StoredRule,
  type StoredRuleSet,
  type WireType,
} from "./state.js";

interface CidrMerge {
  readonly cidrs: readonly StoredCidr[];
  readonly nextId: number;
  /** How many of the sent ones took effect, or were so already. */
  readonly accepted: number;
  /** As typed: not a range, an unknown id, or a range that a rule of the other type has. */
  readonly failed: readonly string[];
  /** As typed: the rule has the range already. */
  readonly existing: readonly string[];
}

interface MergeContext {
  readonly nextId: number;
  /** Keys of the ranges on rules of the other type. */
  readonly opposite: ReadonlySet<string>;
  tick(): Micros;
}

const findById = (cidrs: readonly StoredCidr[], sent: CidrInput): number => {
  const range = rangeOf(sent.cidr);
  return cidrs.findIndex(
    (cidr) =>
      cidr.id === sent.id &&
      cidr.state === active &&
      range !== undefined &&
      rangeKey(range) === rangeKey(storedRange(cidr.cidr)),
  );
};

const withChanges = (cidr: StoredCidr, sent: CidrInput, tick: () => Micros): StoredCidr => {
  const enabled = sent.enabled ?? cidr.enabled;
  return sent.state === cidr.state && enabled === cidr.enabled
    ? cidr
    : { ...cidr, state: sent.state, enabled, updatedAt: tick() };
};

const keyOf = (text: string): string | undefined => {
  const range = rangeOf(text);
  return range === undefined ? undefined : rangeKey(range);
};

/** Names an entry that is there: by its id, or to be removed. */
const namesEntry = (input: CidrInput): boolean => input.id !== undefined || input.state === deleted;

/** The sent ones that name entries, changed in place. */
const changeEntries = (
  before: readonly StoredCidr[],
  sent: readonly CidrInput[],
  tick: () => Micros,
): { cidrs: StoredCidr[]; failed: readonly string[] } => {
  const cidrs = [...before];
  const failed: string[] = [];
  for (const input of sent) {
    const index = findById(cidrs, input);
    const cidr = cidrs[index];
    if (cidr === undefined) failed.push(input.cidr);
    else cidrs[index] = withChanges(cidr, input, tick);
  }
  return { cidrs, failed };
};

const newCidr = (id: number, input: CidrInput, tick: () => Micros): StoredCidr => {
  const createdAt = tick();
  const { cidr, enabled = true } = input;
  return { id, state: active, enabled, cidr, createdAt, updatedAt: tick() };
};

/**
 * What a write's `cidrs` do to a rule's entries (docs/service.md, "Rules"): without `id` they are added, with `id` they
 * are kept, changed or (state 2) removed, and those not sent stay. Removals take place first [assumed].
 */
const mergeCidrs = (
  before: readonly StoredCidr[],
  sent: readonly CidrInput[],
  { nextId, opposite, tick }: MergeContext,
): CidrMerge => {
  const { cidrs, failed: unknown } = changeEntries(before, sent.filter(namesEntry), tick);
  const failed = [...unknown];
  const existing: string[] = [];
  const taken = new Set(cidrs.filter(({ state }) => state === active).map(({ cidr }) => keyOf(cidr)));
  const added: StoredCidr[] = [];
  for (const input of sent.filter((other) => !namesEntry(other))) {
    const key = keyOf(input.cidr);
    if (key === undefined || opposite.has(key)) failed.push(input.cidr);
    else if (taken.has(key)) existing.push(input.cidr);
    else {
      taken.add(key);
      added.push(newCidr(nextId + added.length, input, tick));
    }
  }
  return {
    cidrs: [...cidrs, ...added],
    nextId: nextId + added.length,
    accepted: sent.length - failed.length - existing.length,
    failed,
    existing,
  };
};

export interface WriteContext {
  /** Of the caller; absent where every caller is let in (`exemptCaller`). */
  readonly address?: Address;
  readonly createdById: number | null;
  readonly createdByServiceTokenId: number | null;
  tick(): Micros;
}

/** What a write wants the audit log to hold. */
export interface EventDraft {
  readonly type:
    | "ip_restrictions.toggled"
    | "ip_restrictions.rule.added"
    | "ip_restrictions.rule.changed"
    | "ip_restrictions.rule.removed";
  readonly rule?: StoredRule;
  readonly ruleSet?: StoredRuleSet;
}

interface CidrReport {
  readonly failed: readonly string[];
  readonly existing: readonly string[];
}

export type WriteResult =
  | {
      readonly kind: "done";
      readonly store: AccountStore;
      readonly rule?: StoredRule;
      readonly report: CidrReport;
      readonly events: readonly EventDraft[];
    }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly message: string;
      readonly report: CidrReport;
    };

const noReport: CidrReport = { failed: [], existing: [] };

const refused = (status: number, message: string, report: CidrReport = noReport): WriteResult => ({
  kind: "refused",
  status,
  message,
  report,
});

const locksOut = (store: AccountStore, { address }: WriteContext): boolean =>
  address !== undefined && isOnDenyRange(store, address);

const onDenyRange = "Your current IP address is on a denied range, so this would lock you out";

const oppositeRanges = (store: AccountStore, type: WireType, except?: number): ReadonlySet<string> =>
  new Set(
    activeRules(store)
      .filter((rule) => rule.type !== type && rule.id !== except)
      .flatMap((rule) => activeCidrs(rule).map((cidr) => rangeKey(storedRange(cidr.cidr)))),
  );

/** The answer when nothing of what was sent could be saved; undefined where something was. */
const nothingSaved = (input: RuleInput, merge: CidrMerge): WriteResult | undefined => {
  if (input.cidrs.length === 0 || merge.accepted > 0) return undefined;
  const report = { failed: merge.failed, existing: merge.existing };
  return merge.failed.length === 0
    ? refused(409, "CIDR(s) already exists", report)
    : refused(400, "Invalid IP range", report);
};

const withRuleSet = (store: AccountStore, enabled: boolean | undefined, tick: () => Micros): AccountStore =>
  enabled === undefined || enabled === store.ruleSet.enabled
    ? store
    : { ...store, ruleSet: { ...store.ruleSet, enabled, updatedAt: tick() } };

const toggled = (before: AccountStore, after: AccountStore): readonly EventDraft[] =>
  before.ruleSet.enabled === after.ruleSet.enabled
    ? []
    : [{ type: "ip_restrictions.toggled", ruleSet: after.ruleSet }];

/** A saved rule, put into the store, unless that puts the caller on a deny range. */
const saved = (
  store: AccountStore,
  rule: StoredRule,
  input: RuleInput,
  merge: CidrMerge,
  type: EventDraft["type"],
  context: WriteContext,
): WriteResult => {
  const rules = store.rules.some(({ id }) => id === rule.id)
    ? store.rules.map((other) => (other.id === rule.id ? rule : other))
    : [...store.rules, rule];
  const next = { ...store.next, rule: Math.max(store.next.rule, rule.id + 1), cidr: merge.nextId };
  const after = withRuleSet({ ...store, rules, next }, input.ruleSetEnabled, context.tick);
  if (locksOut(after, context)) return refused(400, onDenyRange);
  return {
    kind: "done",
    store: after,
    rule,
    report: { failed: merge.failed, existing: merge.existing },
    events: [{ type, rule }, ...toggled(store, after)],
  };
};

export const createRule = (store: AccountStore, input: RuleInput, context: WriteContext): WriteResult => {
  const createdAt = context.tick();
  const updatedAt = context.tick();
  // An id means nothing before there is a rule [assumed].
  const sent = input.cidrs.map(({ id: _, ...cidr }) => cidr);
  const opposite = oppositeRanges(store, input.type);
  const merge = mergeCidrs([], sent, { nextId: store.next.cidr, opposite, tick: context.tick });
  const nothing = nothingSaved(input, merge);
  if (nothing !== undefined) return nothing;
  const rule: StoredRule = {
    id: store.next.rule,
    name: input.name,
    type: input.type,
    state: active,
    cidrs: merge.cidrs,
    createdById: context.createdById,
    createdByServiceTokenId: context.createdByServiceTokenId,
    description: input.description ?? null,
    createdAt,
    updatedAt,
  };
  return saved(store, rule, input, merge, "ip_restrictions.rule.added", context);
};

/** Only ranges are additive: a description that is not sent is cleared [assumed]. */
export const updateRule = (
  store: AccountStore,
  before: StoredRule,
  input: RuleInput,
  context: WriteContext,
): WriteResult => {
  const updatedAt = context.tick();
  const opposite = oppositeRanges(store, input.type, before.id);
  const merge = mergeCidrs(before.cidrs, input.cidrs, {
    nextId: store.next.cidr,
    opposite,
    tick: context.tick,
  });
  const nothing = nothingSaved(input, merge);
  if (nothing !== undefined) return nothing;
  const rule: StoredRule = {
    ...before,
    name: input.name,
    type: input.type,
    cidrs: merge.cidrs,
    description: input.description ?? null,
    updatedAt,
  };
  const clash = activeCidrs(rule).filter(({ cidr }) => opposite.has(rangeKey(storedRange(cidr))));
  if (clash.length > 0) {
    const failed = clash.map(({ cidr }) => cidr);
    return refused(400, "Invalid IP range", { failed, existing: merge.existing });
  }
  return saved(store, rule, input, merge, "ip_restrictions.rule.changed", context);
};

export const deleteRule = (store: AccountStore, before: StoredRule, context: WriteContext): WriteResult => {
  const rule: StoredRule = { ...before, state: deleted, updatedAt: context.tick() };
  const after = { ...store, rules: store.rules.map((other) => (other.id === rule.id ? rule : other)) };
  return {
    kind: "done",
    store: after,
    rule,
    report: noReport,
    events: [{ type: "ip_restrictions.rule.removed", rule: before }],
  };
};

export const setEnabled = (store: AccountStore, enabled: boolean, context: WriteContext): WriteResult => {
  if (enabled && locksOut(store, context)) return refused(400, onDenyRange);
  const after = withRuleSet(store, enabled, context.tick);
  return { kind: "done", store: after, report: noReport, events: toggled(store, after) };
};
