/** The single entries that a transition adds and removes, sorted by how much their order matters. */
import { type Prefix, samePrefix } from "../address/prefix.js";
import type { Bridge } from "./bridge.js";
import { withoutPrefixes } from "./keys.js";
import type { RowOfSlot } from "./passes.js";
import { prefixesAfter, prefixesBefore, type Slot } from "./slots.js";
import type { SplitSlots } from "./split-type-changes.js";
import type { VerdictChange } from "./verdict-change.js";

/** What there is to do, by how much its order matters. */
export interface Work {
  /** Go in before all else, and come out after all else. */
  readonly first: RowOfSlot[];
  readonly last: RowOfSlot[];
  /** Change what some address meets, and nest with what other rules do. */
  readonly additions: RowOfSlot[];
  readonly removals: RowOfSlot[];
  /** Off the rule of the old type, on the one of the new: `[deny to allow, allow to deny]`. */
  readonly off: readonly [RowOfSlot[], RowOfSlot[]];
  readonly on: readonly [RowOfSlot[], RowOfSlot[]];
  /** Another rule holds the prefix with the same type: must be in before it is out there. */
  readonly takenOver: RowOfSlot[];
  readonly handedOver: RowOfSlot[];
  /** Nobody else touches these addresses: may go with any call of the rule. */
  readonly freeAdditions: RowOfSlot[];
  readonly freeRemovals: RowOfSlot[];
}

const noWork = (): Work => ({
  first: [],
  last: [],
  additions: [],
  removals: [],
  off: [[], []],
  on: [[], []],
  takenOver: [],
  handedOver: [],
  freeAdditions: [],
  freeRemovals: [],
});

const isBridged = (bridge: Bridge | undefined, side: Bridge["side"], slot: Slot, prefix: Prefix): boolean =>
  bridge?.side === side &&
  (side === "first" ? slot.bridge === undefined && slot.after : slot.before) === bridge.rule &&
  bridge.prefixes.some((other) => samePrefix(other, prefix));

/** All but the entries of rules that switch their type in one call. */
export const sortWork = (split: SplitSlots, change: VerdictChange, bridge: Bridge | undefined): Work => {
  const work = noWork();
  split.slots.forEach((slot, index) => {
    if (split.switching.has(slot)) return;
    const [before, after] = [prefixesBefore(slot), prefixesAfter(slot)];
    for (const prefix of withoutPrefixes(after, before)) {
      const row = change.row(prefix);
      const item = { slot: index, row };
      if (isBridged(bridge, "first", slot, prefix)) work.first.push(item);
      else if (change.isNeutral(row)) work.takenOver.push(item);
      else if (change.isExclusive(row, index)) work.freeAdditions.push(item);
      else if (change.isFlip(row)) work.on[change.after[row]! - 1]!.push(item);
      else work.additions.push(item);
    }
    for (const prefix of withoutPrefixes(before, after)) {
      const row = change.row(prefix);
      const item = { slot: index, row };
      if (isBridged(bridge, "last", slot, prefix)) work.last.push(item);
      else if (change.isNeutral(row)) work.handedOver.push(item);
      else if (change.isExclusive(row, index)) work.freeRemovals.push(item);
      else if (change.isFlip(row)) work.off[change.after[row]! - 1]!.push(item);
      else work.removals.push(item);
    }
  });
  return work;
};
