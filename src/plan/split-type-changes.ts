/**
 * Which rules that change their type can do so in one call, and which need a stand-in.
 *
 * One call changes the type, adds and removes at once, in phase 2. That is safe if each prefix that it adds or
 * removes either changes nothing for any address (another rule holds it with the same type all along), or lies
 * in a region that nobody else touches. The prefixes that stay are the rule's own flips, safe in phase 2, as
 * long as no other rule that flips in one call holds the same one: the API takes no prefix on both types.
 */
import { type Prefix, prefixKey } from "../address/prefix.js";
import { firstFree, standInName } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import { rulesByName, withoutPrefixes } from "./keys.js";
import { changesType, prefixesAfter, prefixesBefore, type Slot } from "./slots.js";
import type { VerdictChange } from "./verdict-change.js";

export interface SplitSlots {
  readonly slots: readonly Slot[];
  /** Those that change their type in one call. */
  readonly switching: ReadonlySet<Slot>;
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

export const splitTypeChanges = (
  slots: readonly Slot[],
  change: VerdictChange,
  account: AccountState,
): SplitSlots => {
  if (!slots.some(changesType)) return { slots, switching: new Set() };
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
  const switching = new Set<Slot>();
  const split = slots.flatMap((slot, index) => {
    if (!changesType(slot)) return [slot];
    if (!fits(slot, index)) return standIn(slot, names);
    for (const prefix of prefixesAfter(slot)) claimed.add(prefixKey(prefix));
    switching.add(slot);
    return [slot];
  });
  return { slots: split, switching };
};
