/** The single entries that a transition adds and removes, sorted by how much their order matters. */

import { type Prefix, samePrefix } from "../../address/prefix.js";
import type { PrefixForest } from "../../address/prefix-forest.js";
import { withoutPrefixes } from "../state.js";
import type { SplitTransitions } from "./calls.js";
import {
  prefixesAfter,
  prefixesBefore,
  type RuleTransition,
  type VerdictChange,
} from "./rule-transitions.js";
import type { TemporaryAllowAll } from "./temporary-allow-all.js";

// Passes: additions, or removals, in groups of one type each, so that a rule needs one call a pass. The order matters
// only between a prefix and one of the other type that it is nested in: additions go narrow before wide, removals wide
// before narrow (transition.ts). Passes alternate between the types.

export interface RowOfTransition {
  readonly transition: number;
  readonly row: number;
}

/** The first pass after `earlier` that is of this type; pass 0 is of type `start`. */
const nextPass = (earlier: number, type: number, start: number): number => {
  const pass = earlier + 1;
  return pass % 2 === (type === start ? 0 : 1) ? pass : pass + 1;
};

/** The latest pass among the rows behind, by type: index 0 for allow, 1 for deny; -1 for none. */
type Latest = readonly [Int32Array, Int32Array];

const emptyLatest = (rows: number): Latest => [new Int32Array(rows).fill(-1), new Int32Array(rows).fill(-1)];

const additionPasses = (forest: PrefixForest, types: Uint8Array, start: number): Int32Array => {
  const rows = forest.prefixes.length;
  const passes = new Int32Array(rows).fill(-1);
  const nested = emptyLatest(rows);
  for (let row = rows - 1; row >= 0; row -= 1) {
    const type = types[row]!;
    if (type !== 0) {
      passes[row] = nextPass(nested[2 - type]![row]!, type, start);
      nested[type - 1]![row] = Math.max(nested[type - 1]![row]!, passes[row]!);
    }
    const parent = forest.parents[row]!;
    if (parent === -1) continue;
    for (const latest of nested) latest[parent] = Math.max(latest[parent]!, latest[row]!);
  }
  return passes;
};

const removalPasses = (forest: PrefixForest, types: Uint8Array, start: number): Int32Array => {
  const rows = forest.prefixes.length;
  const passes = new Int32Array(rows).fill(-1);
  const around = emptyLatest(rows);
  for (let row = 0; row < rows; row += 1) {
    const parent = forest.parents[row]!;
    if (parent !== -1) for (const latest of around) latest[row] = latest[parent]!;
    const type = types[row]!;
    if (type === 0) continue;
    passes[row] = nextPass(around[2 - type]![row]!, type, start);
    around[type - 1]![row] = Math.max(around[type - 1]![row]!, passes[row]!);
  }
  return passes;
};

/** The rows of each transition, by pass; passes without any are left out. */
const group = (rows: readonly RowOfTransition[], passes: Int32Array): Map<number, number[]>[] => {
  const byPass = new Map<number, Map<number, number[]>>();
  for (const { transition, row } of rows) {
    const pass = passes[row]!;
    const byTransition = byPass.get(pass) ?? new Map<number, number[]>();
    byPass.set(pass, byTransition);
    const list = byTransition.get(transition);
    if (list === undefined) byTransition.set(transition, [row]);
    else list.push(row);
  }
  return [...byPass].sort(([a], [b]) => a - b).map(([, byTransition]) => byTransition);
};

const callCount = (passes: readonly Map<number, number[]>[]): number =>
  passes.reduce((sum, byTransition) => sum + byTransition.size, 0);

/** `types` gives the type of each row that takes part (1 allow, 2 deny). Of two ways to begin, the shorter. */
export const passesOf = (
  kind: "additions" | "removals",
  forest: PrefixForest,
  rows: readonly RowOfTransition[],
  types: Uint8Array,
): Map<number, number[]>[] => {
  if (rows.length === 0) return [];
  const taking = new Uint8Array(types.length);
  for (const { row } of rows) taking[row] = types[row]!;
  const number = kind === "additions" ? additionPasses : removalPasses;
  const [first, second] = [1, 2].map((start) => group(rows, number(forest, taking, start)));
  return callCount(second!) < callCount(first!) ? second! : first!;
};

/** What there is to do, by how much its order matters. */
export interface Work {
  /** Added before all else, and removed after all else. */
  readonly first: RowOfTransition[];
  readonly last: RowOfTransition[];
  /** Change what some address meets, and nest with what other rules do. */
  readonly additions: RowOfTransition[];
  readonly removals: RowOfTransition[];
  /** Off the rule of the old type, on the one of the new: `[deny to allow, allow to deny]`. */
  readonly off: readonly [RowOfTransition[], RowOfTransition[]];
  readonly on: readonly [RowOfTransition[], RowOfTransition[]];
  /** Another rule holds the prefix with the same type: must be in before it is out there. */
  readonly takenOver: RowOfTransition[];
  readonly handedOver: RowOfTransition[];
  /** Nobody else touches these addresses: may go with any call of the rule. */
  readonly freeAdditions: RowOfTransition[];
  readonly freeRemovals: RowOfTransition[];
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

const isOfAllowAll = (
  allowAll: TemporaryAllowAll | undefined,
  side: TemporaryAllowAll["side"],
  transition: RuleTransition,
  prefix: Prefix,
): boolean =>
  allowAll?.side === side &&
  (side === "first" ? transition.allowAll === undefined && transition.after : transition.before) ===
    allowAll.rule &&
  allowAll.prefixes.some((other) => samePrefix(other, prefix));

/** All but the entries of rules that switch their type in one call. */
export const sortWork = (
  split: SplitTransitions,
  change: VerdictChange,
  allowAll: TemporaryAllowAll | undefined,
): Work => {
  const work = noWork();
  split.transitions.forEach((transition, index) => {
    if (split.changingType.has(transition)) return;
    const [before, after] = [prefixesBefore(transition), prefixesAfter(transition)];
    for (const prefix of withoutPrefixes(after, before)) {
      const row = change.row(prefix);
      const item = { transition: index, row };
      if (isOfAllowAll(allowAll, "first", transition, prefix)) work.first.push(item);
      else if (change.isNeutral(row)) work.takenOver.push(item);
      else if (change.isExclusive(row, index)) work.freeAdditions.push(item);
      else if (change.isFlip(row)) work.on[change.after[row]! - 1]!.push(item);
      else work.additions.push(item);
    }
    for (const prefix of withoutPrefixes(before, after)) {
      const row = change.row(prefix);
      const item = { transition: index, row };
      if (isOfAllowAll(allowAll, "last", transition, prefix)) work.last.push(item);
      else if (change.isNeutral(row)) work.handedOver.push(item);
      else if (change.isExclusive(row, index)) work.freeRemovals.push(item);
      else if (change.isFlip(row)) work.off[change.after[row]! - 1]!.push(item);
      else work.removals.push(item);
    }
  });
  return work;
};
