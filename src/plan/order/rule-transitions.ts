/**
 * Which rule on the account becomes which rule of the result. Every call of a plan belongs to one such transition.
 * A rule that changes its type may have to be split into two transitions, the old rule that goes and a stand-in that
 * comes under a temporary name; a stand-in that a broken-off run left is taken up again here.
 */
import type { Prefix } from "../../address/prefix.js";
import { PrefixForest } from "../../address/prefix-forest.js";
import { findStandIn, isStaleTemporary } from "../../model/reserved-names.js";
import type { AccountState, Rule, RuleType } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import { rulesByName, samePrefixes, withoutPrefixes } from "../state.js";

export interface RuleTransition {
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
  readonly allowAll?: "first" | "last";
}

const pair = (before: Rule | undefined, after: Rule | undefined): RuleTransition => ({
  ...(before && { before }),
  ...(after && { after }),
  renameLast: false,
});

/** By name and rename alone: enough where nobody is disturbed by what is in between. */
export const pairByName = (before: AccountState, after: AccountState, renames: Renames): RuleTransition[] => {
  const left = rulesByName(before.rules);
  const transitions = after.rules.map((rule) => {
    const oldName = renames.get(rule.name) ?? rule.name;
    const old = left.get(oldName);
    left.delete(oldName);
    return pair(old, rule);
  });
  return [...transitions, ...[...left.values()].map((rule) => pair(rule, undefined))];
};

/**
 * The same, but where the account holds a stand-in of the wanted type for a rule that is gone, or still has its
 * old type, the stand-in becomes that rule and the old one goes.
 */
export const pairWithStandIns = (
  before: AccountState,
  after: AccountState,
  renames: Renames,
): RuleTransition[] => {
  const staleTemporaries = rulesByName(before.rules.filter(isStaleTemporary));
  const transitions = pairByName(before, after, renames);
  if (staleTemporaries.size === 0) return transitions;
  const taken = new Set<string>();
  const paired = transitions.flatMap((transition): RuleTransition[] => {
    const wanted = transition.after;
    if (wanted === undefined || transition.before?.type === wanted.type) return [transition];
    const standIn = findStandIn(staleTemporaries, wanted);
    if (standIn === undefined) return [transition];
    taken.add(standIn.name);
    const adopted: RuleTransition = { before: standIn, after: wanted, renameLast: true };
    return transition.before === undefined ? [adopted] : [adopted, pair(transition.before, undefined)];
  });
  return paired.filter(
    (transition) =>
      transition.after !== undefined || transition.before === undefined || !taken.has(transition.before.name),
  );
};

export const prefixesBefore = ({ before }: RuleTransition): readonly Prefix[] => before?.prefixes ?? [];
export const prefixesAfter = ({ after }: RuleTransition): readonly Prefix[] => after?.prefixes ?? [];

/** Whether the transition is one rule that goes from one type to the other with entries on both sides. */
export const changesType = ({ before, after }: RuleTransition): boolean =>
  before !== undefined &&
  after !== undefined &&
  before.type !== after.type &&
  before.prefixes.length > 0 &&
  after.prefixes.length > 0;

/** By row of the forest; 0: no rule holds the prefix. */
export const codeOf = (type: RuleType): 1 | 2 => (type === "allow" ? 1 : 2);

const mixed = -2;
const nobody = -1;

/**
 * What a set of transitions does to each prefix, whichever rules hold it: its type before and after. A prefix whose
 * type stays has no effect on access when one rule takes it over from another; the others are the ones whose
 * order matters. They fall into regions, the widest changed prefix of each with all that is nested in it: no
 * address of one region is touched by another.
 */
export class VerdictChange {
  readonly forest: PrefixForest;
  /** By row of the forest. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** By row: the row of the widest changed prefix that holds it or is it, or -1. */
  readonly #regions: Int32Array;
  /** By the region's row: the only transition that changes anything in it, or `mixed`. */
  readonly #owners: Int32Array;
  /** How many transitions change the type of any prefix. */
  readonly changingTransitions: number;

  /** Rules whose entries stay as they are matter only where they hold a prefix that another one changes. */
  constructor(transitions: readonly RuleTransition[]) {
    const changing = transitions.filter((transition) => !keepsEntries(transition));
    this.forest = new PrefixForest(
      changing.flatMap((transition) => [...prefixesBefore(transition), ...prefixesAfter(transition)]),
    );
    const rows = this.forest.prefixes.length;
    this.before = new Uint8Array(rows);
    this.after = new Uint8Array(rows);
    for (const transition of transitions) {
      this.#mark(this.before, transition.before);
      this.#mark(this.after, transition.after);
    }
    this.#regions = new Int32Array(rows).fill(-1);
    for (let row = 0; row < rows; row += 1) {
      const parent = this.forest.parents[row]!;
      const outer = parent === -1 ? -1 : this.#regions[parent]!;
      this.#regions[row] = outer !== -1 ? outer : this.before[row] === this.after[row] ? -1 : row;
    }
    this.#owners = new Int32Array(rows).fill(nobody);
    this.changingTransitions = transitions.filter((transition, index) =>
      this.#claim(transition, index),
    ).length;
  }

  #mark(codes: Uint8Array, rule: Rule | undefined): void {
    for (const prefix of rule?.prefixes ?? []) {
      const row = this.forest.find(prefix);
      if (row !== undefined) codes[row] = codeOf(rule!.type);
    }
  }

  /** Of a prefix that some transition with changing entries holds. */
  row(prefix: Prefix): number {
    return this.forest.rowOf(prefix);
  }

  /** Whether the type of the prefix at this row is the same before and after. */
  isNeutral(row: number): boolean {
    return this.before[row] === this.after[row];
  }

  /** Whether the prefix is allowed on one side and denied on the other. */
  isFlip(row: number): boolean {
    return this.before[row] !== 0 && this.after[row] !== 0 && !this.isNeutral(row);
  }

  flips(prefix: Prefix): boolean {
    const row = this.forest.find(prefix);
    return row !== undefined && this.isFlip(row);
  }

  /** Whether every change to the addresses of this changed row is made by this transition alone. */
  isExclusive(row: number, transition: number): boolean {
    const region = this.#regions[row]!;
    return region !== -1 && this.#owners[region] === transition;
  }

  #claim(transition: RuleTransition, index: number): boolean {
    const common = changesType(transition)
      ? prefixesAfter(transition)
      : withoutPrefixes(prefixesAfter(transition), prefixesBefore(transition));
    let any = false;
    for (const prefix of [
      ...withoutPrefixes(prefixesBefore(transition), prefixesAfter(transition)),
      ...common,
    ]) {
      const row = this.row(prefix);
      if (this.isNeutral(row)) continue;
      any = true;
      const region = this.#regions[row]!;
      const owner = this.#owners[region];
      this.#owners[region] = owner === nobody || owner === index ? index : mixed;
    }
    return any;
  }
}

const keepsEntries = ({ before, after }: RuleTransition): boolean =>
  before !== undefined &&
  after !== undefined &&
  before.type === after.type &&
  samePrefixes(before.prefixes, after.prefixes);
