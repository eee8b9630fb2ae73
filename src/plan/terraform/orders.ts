/**
 * The way from one account to another when the order of the calls is free within a graph: what is allowed and blocked in
 * between, in the worst of all orders. After some of the calls the account is what those calls have made of it, whatever
 * their order was; only enforcement is as the last of them set it. So it is enough to look at every set of calls that can
 * be done before the others (a down-set of the graph), which are far fewer than the orders. Where they are too many, each
 * rule is taken to be as before or as after on its own: a bound that is never too narrow.
 */
import { AddressSet } from "../../address/address-set.js";
import { accessOf } from "../access-change.js";
import { eitherOf, leastAccess, mostAccess, type PartialRule, type PartialState } from "./partial-state.js";

/** One call: what it makes of one rule, and what it sets for the whole account. */
export interface FreeCall {
  /** Absent: the rule is not there before. */
  readonly before: PartialRule | undefined;
  /** Absent: the rule is deleted. */
  readonly after: PartialRule | undefined;
  /** What it sets enforcement to; `unknown`: one of the two; absent: it leaves enforcement alone. */
  readonly sets?: "on" | "off" | "unknown";
  /** Indices of the calls that come before it, in every order. */
  readonly waitsFor: readonly number[];
}

export interface FreeOrders {
  /** Rules that no call touches. */
  readonly others: readonly PartialRule[];
  readonly enforcement: "on" | "off";
  readonly calls: readonly FreeCall[];
}

export interface WorstOrder {
  /** Whether each of the states looked at is one that some order passes. */
  readonly exact: boolean;
  /** Allowed before and surely after, and blocked in between in some order. */
  readonly blocked: AddressSet;
  /** Of them, those that are blocked until the last call in some order. */
  readonly blockedUntilLast: AddressSet;
  /** Blocked before and surely after, and allowed in between in some order. */
  readonly allowed: AddressSet;
  /** In any state after the first call, the last one included. */
  readonly everBlocked: AddressSet;
  readonly everAllowed: AddressSet;
  /** Calls that, done before all others, block the most of `blocked` (or else allow the most of `allowed`); indices. */
  readonly example: readonly number[];
}

/** Sets of calls looked at, and entries in all of them together, that take less than a second or so. */
const mostSets = 2_048;
const mostEntries = 2_000_000;

/** A set of calls as bits: bit i for call i. */
type Calls = number;

const has = (set: Calls, call: number): boolean => (set & (1 << call)) !== 0;

const sizeOf = (set: Calls): number => {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size += 1;
  return size;
};

/** For each call, those that come before it in every order, over any others between them. */
export const requiredBy = (calls: readonly Pick<FreeCall, "waitsFor">[]): readonly ReadonlySet<number>[] =>
  calls.map((_, start) => {
    const seen = new Set<number>();
    const waiting = [...(calls[start]?.waitsFor ?? [])];
    for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
      if (seen.has(call)) continue;
      seen.add(call);
      waiting.push(...(calls[call]?.waitsFor ?? []));
    }
    return seen;
  });

/** What enforcement may be once these calls are done: as set by one that can be the last of those that set it. */
const enforcementAfter = (
  { calls, enforcement }: FreeOrders,
  required: readonly ReadonlySet<number>[],
  isDone: (call: number) => boolean,
): ReadonlySet<"on" | "off"> => {
  const setting = calls.flatMap(({ sets }, call) => (sets !== undefined && isDone(call) ? [call] : []));
  if (setting.length === 0) return new Set([enforcement]);
  const last = setting.filter((call) => !setting.some((later) => required[later]?.has(call) === true));
  return new Set(
    last.flatMap((call): ("on" | "off")[] => {
      const { sets } = calls[call]!;
      return sets === "unknown" ? ["on", "off"] : sets === undefined ? [] : [sets];
    }),
  );
};

/** The account once these calls are done, in whatever order. */
export const stateAfter = (orders: FreeOrders, isDone: (call: number) => boolean): PartialState => ({
  rules: rulesAfter(orders, isDone),
  enforcement: enforcementAfter(orders, requiredBy(orders.calls), isDone),
});

/** The account at any time between the first call and the last, each rule as before or as after on its own. */
const anyTime = ({ others, enforcement, calls }: FreeOrders): PartialState => ({
  rules: [...others, ...calls.flatMap(({ before, after }) => eitherOf(before, after) ?? [])],
  enforcement: new Set([
    enforcement,
    ...calls.flatMap(({ sets }): ("on" | "off")[] =>
      sets === "unknown" ? ["on", "off"] : sets === undefined ? [] : [sets],
    ),
  ]),
});

/** Every set of calls that can be done before the others, smallest first; undefined where they are too many. */
const downSets = (calls: readonly FreeCall[], most: number): readonly Calls[] | undefined => {
  if (calls.length > 30) return undefined;
  const needs = calls.map(({ waitsFor }) => waitsFor.reduce((set, call) => set | (1 << call), 0));
  const found = new Set<Calls>([0]);
  for (const set of found) {
    if (found.size > most) return undefined;
    for (const [call, need] of needs.entries())
      if (!has(set, call) && (set & need) === need) found.add(set | (1 << call));
  }
  return [...found];
};

const entryCount = ({ others, calls }: FreeOrders): number =>
  [...others, ...calls.flatMap(({ before, after }) => [before ?? [], after ?? []].flat())].reduce(
    (sum, { entries }) => sum + entries.length,
    1,
  );

interface Access {
  readonly sureAllowed: AddressSet;
  readonly sureBlocked: AddressSet;
}

const accessIn = (state: PartialState): Access => ({
  sureAllowed: accessOf(leastAccess(state)).allowed(),
  sureBlocked: accessOf(mostAccess(state)).blocked(),
});

const isMore = (a: AddressSet, b: AddressSet): boolean => {
  const [first, second] = [a.count(), b.count()];
  return first.ipv4 === second.ipv4 ? first.ipv6 > second.ipv6 : first.ipv4 > second.ipv4;
};

/** `most`: sets of calls looked at; beyond them, the bound. */
export const worstOrder = (orders: FreeOrders, most = mostSets): WorstOrder => {
  const { calls } = orders;
  const start = accessIn(stateAfter(orders, () => false));
  const end = accessIn(stateAfter(orders, () => true));
  const keepsAccess = start.sureAllowed.intersect(end.sureAllowed);
  const staysOut = start.sureBlocked.intersect(end.sureBlocked);
  const sets = downSets(calls, Math.min(most, Math.floor(mostEntries / entryCount(orders))));
  if (sets === undefined) {
    const between = accessIn(anyTime(orders));
    const [everBlocked, everAllowed] = [between.sureAllowed.complement(), between.sureBlocked.complement()];
    return {
      exact: false,
      blocked: keepsAccess.intersect(everBlocked),
      blockedUntilLast: AddressSet.empty,
      allowed: staysOut.intersect(everAllowed),
      everBlocked,
      everAllowed,
      example: [],
    };
  }
  const required = requiredBy(calls);
  let blocked = AddressSet.empty;
  let blockedUntilLast = AddressSet.empty;
  let allowed = AddressSet.empty;
  let everBlocked = AddressSet.empty;
  let everAllowed = AddressSet.empty;
  let worst = { blocked: AddressSet.empty, allowed: AddressSet.empty, set: 0 };
  for (const set of sets) {
    if (set === 0) continue;
    const isDone = (call: number): boolean => has(set, call);
    const { sureAllowed, sureBlocked } = accessIn({
      rules: rulesAfter(orders, isDone),
      enforcement: enforcementAfter(orders, required, isDone),
    });
    everBlocked = everBlocked.union(sureAllowed.complement());
    everAllowed = everAllowed.union(sureBlocked.complement());
    const size = sizeOf(set);
    if (size === calls.length) continue;
    const now = { blocked: keepsAccess.subtract(sureAllowed), allowed: staysOut.subtract(sureBlocked) };
    blocked = blocked.union(now.blocked);
    allowed = allowed.union(now.allowed);
    if (size === calls.length - 1) blockedUntilLast = blockedUntilLast.union(now.blocked);
    const isWorse =
      isMore(now.blocked, worst.blocked) ||
      (!isMore(worst.blocked, now.blocked) && isMore(now.allowed, worst.allowed));
    if (isWorse) worst = { ...now, set };
  }
  const example = calls.flatMap((_, call) => (has(worst.set, call) ? [call] : []));
  return { exact: true, blocked, blockedUntilLast, allowed, everBlocked, everAllowed, example };
};

const rulesAfter = (
  { others, calls }: FreeOrders,
  isDone: (call: number) => boolean,
): readonly PartialRule[] => [
  ...others,
  ...calls.flatMap(({ before, after }, call) => (isDone(call) ? after : before) ?? []),
];
