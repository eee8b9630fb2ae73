/**
 * Which addresses gain and lose access between two states, exactly, and what decided about them. Computed from
 * the access maps of the whole states; live-access.ts does the same for one call at a time.
 */

import {
  type AccessEntry,
  AccessMap,
  defaultOwner,
  diffAccess,
  unenforcedOwner,
} from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import type { Prefix } from "../address/prefix.js";
import { type AccountState, hasDisabledAllow, type RuleType } from "../model/rule.js";

/** What decides about an address. */
export type Decider =
  | { readonly kind: "entry"; readonly rule: string; readonly type: RuleType; readonly prefix: Prefix }
  /** No entry matched: denied if the account has any allow entry, else allowed. */
  | { readonly kind: "default"; readonly allowed: boolean }
  /** Enforcement is off: everything is allowed. */
  | { readonly kind: "enforcement-off" };

export type Direction = "broadens" | "narrows" | "both" | "none";

/** Addresses that share their new verdict, and what decided about them before and after. */
export interface AccessPart {
  readonly verdict: "allowed" | "blocked";
  /** The fewest prefixes that hold exactly these addresses, sorted. */
  readonly prefixes: readonly Prefix[];
  readonly before: Decider;
  readonly after: Decider;
}

/** Exactly which addresses gain and lose access. */
export interface AccessChange {
  readonly direction: Direction;
  readonly newlyAllowed: AddressSet;
  readonly newlyBlocked: AddressSet;
  /** Newly allowed first; empty where the caller asked for the sets alone. */
  readonly parts: readonly AccessPart[];
}

/**
 * The access change of a whole plan. Where enforcement is off before and after, `change` is what it would
 * mean if it were on, and `effective` says that today it means nothing.
 */
export interface PlanAccessChange {
  readonly change: AccessChange;
  readonly enforcedBefore: boolean;
  readonly enforcedAfter: boolean;
  /** The account does not show it, and the plan leaves it alone: the figures hold if enforcement is on. */
  readonly enforcementUnknown?: true;
  /**
   * Where not everything is known before: what happens whatever it turns out to be. `change` is then all that may happen,
   * and no figure of it is exact.
   */
  readonly sure?: AccessChange;
}

/** An entry of the account with the rule that it belongs to. */
export interface RuleEntry extends AccessEntry {
  readonly rule: string;
}

/** All entries in the order of the rules' names: of one prefix on two rules, the first decides. */
export const entriesOf = (state: Pick<AccountState, "rules">): RuleEntry[] =>
  state.rules.flatMap(({ name, type, prefixes }) => prefixes.map((prefix) => ({ rule: name, type, prefix })));

/** `unknown` counts as on: nobody knows that it is off. */
export const isEnforced = ({ enforcement }: Pick<AccountState, "enforcement">): boolean =>
  enforcement !== "disabled";

/** The access that a state's rules mean once they are enforced. States do not change, so it is made once for each. */
const enforcedAccess = new WeakMap<AccountState, AccessMap>();
const everybody = AccessMap.of([], { enforced: false });

/** Who gets in: as it is, or as it would be if enforcement were on. Owners are indices into `entriesOf(state)`. */
export const accessOf = (state: AccountState, enforced: "as-is" | "assumed" = "as-is"): AccessMap => {
  if (enforced === "as-is" && !isEnforced(state)) return everybody;
  const deniesByDefault = state.disabledAllowCounts === true && state.rules.some(hasDisabledAllow);
  const map =
    enforcedAccess.get(state) ?? AccessMap.of(entriesOf(state), { enforced: true, deniesByDefault });
  enforcedAccess.set(state, map);
  return map;
};

/** Whether enforcement is on, or may be on and there are rules for it to enforce. */
export const isEffective = ({ enforcement, rules }: AccountState): boolean =>
  enforcement === "enabled" || (enforcement === "unknown" && rules.length > 0);

export const directionOf = (newlyAllowed: AddressSet, newlyBlocked: AddressSet): Direction => {
  if (newlyAllowed.isEmpty()) return newlyBlocked.isEmpty() ? "none" : "narrows";
  return newlyBlocked.isEmpty() ? "broadens" : "both";
};

export const noAccessChange: AccessChange = {
  direction: "none",
  newlyAllowed: AddressSet.empty,
  newlyBlocked: AddressSet.empty,
  parts: [],
};

export const deciderOf = (entries: readonly RuleEntry[], map: AccessMap, owner: number): Decider => {
  if (owner === unenforcedOwner) return { kind: "enforcement-off" };
  if (owner === defaultOwner) return { kind: "default", allowed: map.defaultAllowed };
  const { rule, type, prefix } = entries[owner]!;
  return { kind: "entry", rule, type, prefix };
};

interface Gathered {
  readonly allowed: boolean;
  readonly ownerBefore: number;
  readonly ownerAfter: number;
  readonly ranges: (readonly [bigint, bigint])[];
}

/** As it is, or as it would be if enforcement were on before and after. */
export const accessChange = (
  before: AccountState,
  after: AccountState,
  { enforced }: { readonly enforced: "as-is" | "assumed" },
): AccessChange => {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const [oldMap, nowMap] = [accessOf(before, enforced), accessOf(after, enforced)];
  const difference = diffAccess(oldMap, nowMap);
  const gathered = new Map<string, Gathered>();
  for (const { first, last, allowed, ownerBefore, ownerAfter } of difference) {
    const key = `${allowed} ${ownerBefore} ${ownerAfter}`;
    const part = gathered.get(key) ?? { allowed, ownerBefore, ownerAfter, ranges: [] };
    gathered.set(key, part);
    part.ranges.push([first, last]);
  }
  const parts = [...gathered.values()].map(
    ({ allowed, ownerBefore, ownerAfter, ranges }): AccessPart => ({
      verdict: allowed ? "allowed" : "blocked",
      prefixes: AddressSet.ofRanges(ranges).prefixes(),
      before: deciderOf(old, oldMap, ownerBefore),
      after: deciderOf(now, nowMap, ownerAfter),
    }),
  );
  const { newlyAllowed, newlyBlocked } = difference;
  return {
    direction: directionOf(newlyAllowed, newlyBlocked),
    newlyAllowed,
    newlyBlocked,
    parts: [
      ...parts.filter(({ verdict }) => verdict === "allowed"),
      ...parts.filter(({ verdict }) => verdict === "blocked"),
    ],
  };
};

/** Of a whole plan: with enforcement off before and after, what it would mean once it is on. */
export const planAccessChange = (before: AccountState, after: AccountState): PlanAccessChange => {
  const isOff = !isEnforced(before) && !isEnforced(after);
  return {
    change: accessChange(before, after, { enforced: isOff ? "assumed" : "as-is" }),
    enforcedBefore: isEffective(before),
    enforcedAfter: isEffective(after),
    ...(after.enforcement === "unknown" && after.rules.length > 0 ? { enforcementUnknown: true } : {}),
  };
};
