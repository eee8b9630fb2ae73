/**
 * Slots: which rule on the account becomes which rule of the result. Every call of a plan belongs to one slot.
 * A rule that changes its type may have to be split into two slots, the old rule that goes and a stand-in that
 * comes under a temporary name; a stand-in that a broken-off run left is taken up again here.
 */
import type { Prefix } from "../address/prefix.js";
import { findStandIn, isLeftOver } from "../model/reserved-names.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { Renames } from "./diff-states.js";
import { rulesByName } from "./keys.js";

export interface Slot {
  readonly before?: Rule;
  readonly after?: Rule;
  /** The temporary name that `after` is created under, until its own is free. */
  readonly createAs?: string;
  /** Whether `after` gets its own name only once every other call is done. */
  readonly renameLast: boolean;
  /**
   * The temporary catch-all. `first`: made before all else, and `before` holds it although the account does
   * not. `last`: taken away after all else, and `after` holds it although the result does not.
   */
  readonly bridge?: "first" | "last";
}

const pair = (before: Rule | undefined, after: Rule | undefined): Slot => ({
  ...(before && { before }),
  ...(after && { after }),
  renameLast: false,
});

/** By name and rename alone: enough where nobody is disturbed by what is in between. */
export const pairByName = (before: AccountState, after: AccountState, renames: Renames): Slot[] => {
  const left = rulesByName(before.rules);
  const slots = after.rules.map((rule) => {
    const oldName = renames.get(rule.name) ?? rule.name;
    const old = left.get(oldName);
    left.delete(oldName);
    return pair(old, rule);
  });
  return [...slots, ...[...left.values()].map((rule) => pair(rule, undefined))];
};

/**
 * The same, but where the account holds a stand-in of the wanted type for a rule that is gone, or still has its
 * old type, the stand-in becomes that rule and the old one goes.
 */
export const pairWithStandIns = (before: AccountState, after: AccountState, renames: Renames): Slot[] => {
  const leftOvers = rulesByName(before.rules.filter(isLeftOver));
  const slots = pairByName(before, after, renames);
  if (leftOvers.size === 0) return slots;
  const taken = new Set<string>();
  const paired = slots.flatMap((slot): Slot[] => {
    const wanted = slot.after;
    if (wanted === undefined || slot.before?.type === wanted.type) return [slot];
    const standIn = findStandIn(leftOvers, wanted);
    if (standIn === undefined) return [slot];
    taken.add(standIn.name);
    const adopted: Slot = { before: standIn, after: wanted, renameLast: true };
    return slot.before === undefined ? [adopted] : [adopted, pair(slot.before, undefined)];
  });
  return paired.filter(
    (slot) => slot.after !== undefined || slot.before === undefined || !taken.has(slot.before.name),
  );
};

export const prefixesBefore = ({ before }: Slot): readonly Prefix[] => before?.prefixes ?? [];
export const prefixesAfter = ({ after }: Slot): readonly Prefix[] => after?.prefixes ?? [];

/** Whether the slot is one rule that goes from one type to the other with entries on both sides. */
export const changesType = ({ before, after }: Slot): boolean =>
  before !== undefined &&
  after !== undefined &&
  before.type !== after.type &&
  before.prefixes.length > 0 &&
  after.prefixes.length > 0;
