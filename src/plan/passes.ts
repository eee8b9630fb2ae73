/**
 * Groups additions, or removals, into passes of one type each, so that a rule needs one call a pass. The order
 * matters only between a prefix and one of the other type that it is nested in: additions go narrow before
 * wide, removals wide before narrow (transition.ts). Passes alternate between the types.
 */
import type { PrefixForest } from "./prefix-forest.js";

export interface RowOfSlot {
  readonly slot: number;
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

/** The rows of each slot, by pass; passes without any are left out. */
const group = (rows: readonly RowOfSlot[], passes: Int32Array): Map<number, number[]>[] => {
  const byPass = new Map<number, Map<number, number[]>>();
  for (const { slot, row } of rows) {
    const pass = passes[row]!;
    const bySlot = byPass.get(pass) ?? new Map<number, number[]>();
    byPass.set(pass, bySlot);
    const list = bySlot.get(slot);
    if (list === undefined) bySlot.set(slot, [row]);
    else list.push(row);
  }
  return [...byPass].sort(([a], [b]) => a - b).map(([, bySlot]) => bySlot);
};

const callCount = (passes: readonly Map<number, number[]>[]): number =>
  passes.reduce((sum, bySlot) => sum + bySlot.size, 0);

/** `types` gives the type of each row that takes part (1 allow, 2 deny). Of two ways to begin, the shorter. */
export const passesOf = (
  kind: "additions" | "removals",
  forest: PrefixForest,
  rows: readonly RowOfSlot[],
  types: Uint8Array,
): Map<number, number[]>[] => {
  if (rows.length === 0) return [];
  const taking = new Uint8Array(types.length);
  for (const { row } of rows) taking[row] = types[row]!;
  const number = kind === "additions" ? additionPasses : removalPasses;
  const [first, second] = [1, 2].map((start) => group(rows, number(forest, taking, start)));
  return callCount(second!) < callCount(first!) ? second! : first!;
};
