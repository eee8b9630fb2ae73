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
import type { AccountState, Rule } from "../model/rule.js";
import type { AccessChange, AccessPart, Decider, Direction, PlanAccessChange } from "./plan.js";

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

export const hasDisabledAllow = ({ type, disabled = [] }: Rule): boolean =>
  type === "allow" && disabled.length > 0;

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

const deciderOf = (entries: readonly RuleEntry[], map: AccessMap, owner: number): Decider => {
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
