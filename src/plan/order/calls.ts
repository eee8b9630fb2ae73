/** From a list of calls, each on a slot, to steps: names, types and descriptions are settled here. */
import { type Prefix, prefixKey } from "../../address/prefix.js";
import { firstFree, standInDescription, standInName } from "../../model/reserved-names.js";
import type { AccountState, Rule, RuleType } from "../../model/rule.js";
import type { Step } from "../plan.js";
import { rulesByName, sortedPrefixes, withoutPrefixes } from "../state.js";
import { changesType, prefixesAfter, prefixesBefore, type Slot, type VerdictChange } from "./slots.js";

/** The slots of a plan, once it is settled which rules change their type in one call (`splitTypeChanges`). */
export interface SplitSlots {
  readonly slots: readonly Slot[];
  /** Those that change their type in one call. */
  readonly changingType: ReadonlySet<Slot>;
}

/** Prefixes that a rule which keeps its type holds in the end: they are in place before phase 2. */
const steadyPrefixes = (slots: readonly Slot[]): Set<bigint> =>
  new Set(slots.filter((slot) => !changesType(slot)).flatMap((slot) => prefixesAfter(slot).map(prefixKey)));

/** The old rule goes; its successor comes under a temporary name until the old one's is free. */
const standIn = (slot: Slot, taken: ReadonlyMap<string, unknown>): Slot[] => [
  { before: slot.before!, renameLast: false },
  {
    after: slot.after!,
    createAs: firstFree((number) => standInName(slot.after!.name, number), taken),
    renameLast: true,
  },
];

/**
 * Which rules that change their type can do so in one call, and which need a stand-in.
 *
 * One call changes the type, adds and removes at once, in phase 2. That is safe if each prefix that it adds or
 * removes either changes nothing for any address (another rule holds it with the same type all along), or lies
 * in a region that nobody else touches. The prefixes that stay are the rule's own flips, safe in phase 2, as
 * long as no other rule that flips in one call holds the same one: the API takes no prefix on both types.
 */
export const splitTypeChanges = (
  slots: readonly Slot[],
  change: VerdictChange,
  account: AccountState,
): SplitSlots => {
  if (!slots.some(changesType)) return { slots, changingType: new Set() };
  const steady = steadyPrefixes(slots);
  const claimed = new Set<bigint>();
  const fits = (slot: Slot, index: number): boolean => {
    const harmless = (prefix: Prefix): boolean => {
      const row = change.row(prefix);
      return change.isNeutral(row) ? steady.has(prefixKey(prefix)) : change.isExclusive(row, index);
    };
    const [before, after] = [prefixesBefore(slot), prefixesAfter(slot)];
    const common = after.filter((prefix) => change.flips(prefix));
    return (
      withoutPrefixes(before, after).every(harmless) &&
      withoutPrefixes(after, before).every(harmless) &&
      !common.some((prefix) => claimed.has(prefixKey(prefix)))
    );
  };
  const names = rulesByName(account.rules);
  const changingType = new Set<Slot>();
  const split = slots.flatMap((slot, index) => {
    if (!changesType(slot)) return [slot];
    if (!fits(slot, index)) return standIn(slot, names);
    for (const prefix of prefixesAfter(slot)) claimed.add(prefixKey(prefix));
    changingType.add(slot);
    return [slot];
  });
  return { slots: split, changingType };
};

/** One call on the rule of a slot. Lists grow while the calls are laid out, and are read only after. */
export interface Call {
  readonly slot: number;
  readonly add: Prefix[];
  readonly remove: Prefix[];
  /** Changes the rule's type in the same call. */
  switches?: boolean;
}

/** Not by spreading into `push`: a list of 100,000 prefixes is more arguments than a call takes. */
export const append = (list: Prefix[], more: readonly Prefix[]): void => {
  for (const prefix of more) list.push(prefix);
};

/** Neighbouring calls on one slot are one call: what lay between them is one state less to pass through. */
const mergeNeighbours = (calls: readonly Call[]): Call[] => {
  const merged: Call[] = [];
  for (const call of calls) {
    const previous = merged.at(-1);
    if (previous === undefined || previous.slot !== call.slot) {
      merged.push({ ...call, add: [...call.add], remove: [...call.remove] });
      continue;
    }
    append(previous.add, call.add);
    append(previous.remove, call.remove);
    if (call.switches === true) previous.switches = true;
  }
  return merged;
};

/** What is on the account for a slot between two calls. */
interface Standing {
  readonly name: string;
  readonly type: RuleType;
  readonly description: string;
}

/** When the type changes in a rule that does not switch in one call: while it has no entries. */
const changesTypeNow = (slot: Slot, call: Call, isFirst: boolean, isLast: boolean): boolean => {
  if (call.switches === true) return true;
  if (slot.before?.prefixes.length === 0) return isFirst;
  return slot.after?.prefixes.length === 0 && isLast;
};

const createStep = (slot: Slot, rule: Rule, call: Call): { step: Step; standing: Standing } => {
  const standing: Standing = {
    name: slot.createAs ?? rule.name,
    type: rule.type,
    description: slot.createAs === undefined ? rule.description : standInDescription(rule.name),
  };
  return { step: { kind: "create", rule: { ...standing, prefixes: sortedPrefixes(call.add) } }, standing };
};

const nextStanding = (slot: Slot, now: Standing, typeChanges: boolean): Standing => {
  if (slot.after === undefined || slot.allowAll === "first") return now;
  const type = typeChanges ? slot.after.type : now.type;
  return slot.renameLast
    ? { ...now, type }
    : { name: slot.after.name, type, description: slot.after.description };
};

const differs = (a: Standing, b: Standing): boolean =>
  a.name !== b.name || a.type !== b.type || a.description !== b.description;

/** The steps of the calls in order; at the end each stand-in gets the name it stood in for. */
export const emitSteps = ({ slots }: Pick<SplitSlots, "slots">, calls: readonly Call[]): Step[] => {
  const merged = mergeNeighbours(calls);
  const lastOf = new Map(merged.map((call, index) => [call.slot, index]));
  const standing = new Map<number, Standing>();
  slots.forEach((slot, index) => {
    if (slot.before !== undefined && slot.allowAll !== "first") standing.set(index, slot.before);
  });
  const seen = new Set<number>();
  const steps = merged.flatMap((call, index): Step[] => {
    const slot = slots[call.slot]!;
    const now = standing.get(call.slot);
    const isFirst = !seen.has(call.slot);
    seen.add(call.slot);
    const isLast = lastOf.get(call.slot) === index;
    if (now === undefined) {
      const created = createStep(slot, (slot.after ?? slot.before)!, call);
      standing.set(call.slot, created.standing);
      return [created.step];
    }
    if (isLast && (slot.after === undefined || slot.allowAll !== undefined))
      return [{ kind: "delete", name: now.name }];
    const becomes = nextStanding(slot, now, changesTypeNow(slot, call, isFirst, isLast));
    if (!differs(now, becomes) && call.add.length + call.remove.length === 0) return [];
    standing.set(call.slot, becomes);
    return [updateStep(now.name, becomes, call)];
  });
  return [...steps, ...finalNames(slots, standing)];
};

const updateStep = (name: string, { name: newName, type, description }: Standing, call: Call): Step => ({
  kind: "update",
  name,
  becomes: { name: newName, type, description },
  add: sortedPrefixes(call.add),
  remove: sortedPrefixes(call.remove),
});

const finalNames = (slots: readonly Slot[], standing: ReadonlyMap<number, Standing>): Step[] =>
  slots.flatMap((slot, index): Step[] => {
    const now = standing.get(index);
    if (!slot.renameLast || slot.after === undefined || now === undefined) return [];
    return differs(now, slot.after)
      ? [updateStep(now.name, slot.after, { slot: index, add: [], remove: [] })]
      : [];
  });
