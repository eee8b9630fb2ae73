/**
 * The order of calls while the switch is on: the three phases of transition.ts, each rule's changes gathered
 * into as few calls as they allow.
 */
import { type Prefix, samePrefix } from "../address/prefix.js";
import type { AccountState } from "../model/rule.js";
import { type Bridge, bridgeFor } from "./bridge.js";
import { type Call, emitSteps } from "./calls.js";
import type { Renames } from "./diff-states.js";
import { withoutPrefixes } from "./keys.js";
import { passesOf, type RowOfSlot } from "./passes.js";
import type { Step } from "./plan.js";
import { pairWithStandIns, prefixesAfter, prefixesBefore, type Slot } from "./slots.js";
import { type SplitSlots, splitTypeChanges } from "./split-type-changes.js";
import { codeOf, VerdictChange } from "./verdict-change.js";

/** What there is to do, by how much its order matters. */
interface Work {
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

const sortWork = (split: SplitSlots, change: VerdictChange, bridge: Bridge | undefined): Work => {
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

/** The stages of a plan in order; a slot has at most one call in each. */
class Stages {
  readonly #stages: Map<number, Call>[] = [];
  readonly #change: VerdictChange;

  constructor(change: VerdictChange) {
    this.#change = change;
  }

  open(): number {
    this.#stages.push(new Map());
    return this.#stages.length - 1;
  }

  call(stage: number, slot: number): Call {
    const calls = this.#stages[stage]!;
    const call = calls.get(slot) ?? { slot, add: [], remove: [] };
    calls.set(slot, call);
    return call;
  }

  put(stage: number, kind: "add" | "remove", items: readonly RowOfSlot[]): void {
    for (const { slot, row } of items) this.call(stage, slot)[kind].push(this.#change.forest.prefixes[row]!);
  }

  /** One new stage a pass. */
  putPasses(kind: "add" | "remove", passes: readonly Map<number, number[]>[]): void {
    for (const bySlot of passes) {
      const stage = this.open();
      for (const [slot, rows] of bySlot)
        this.put(
          stage,
          kind,
          rows.map((row) => ({ slot, row })),
        );
    }
  }

  /** Each item goes with its slot's first call from stage `from` up to `to`, or with one in stage `otherwise`. */
  attach(
    kind: "add" | "remove",
    items: readonly RowOfSlot[],
    from: number,
    to: number,
    otherwise: number,
  ): void {
    const found = new Map<number, number>();
    for (const item of items) {
      let stage = found.get(item.slot);
      if (stage === undefined) {
        stage = from;
        while (stage <= to && !this.#stages[stage]!.has(item.slot)) stage += 1;
        if (stage > to) stage = otherwise;
        found.set(item.slot, stage);
      }
      this.put(stage, kind, [item]);
    }
  }

  /** Slots that have a call. */
  get touched(): Set<number> {
    return new Set(this.#stages.flatMap((stage) => [...stage.keys()]));
  }

  get calls(): Call[] {
    return this.#stages.flatMap((stage) => [...stage.values()].sort((a, b) => a.slot - b.slot));
  }
}

const switchCalls = (stages: Stages, stage: number, split: SplitSlots, toCode: number): void => {
  split.slots.forEach((slot, index) => {
    if (!split.switching.has(slot) || codeOf(slot.after!.type) !== toCode) return;
    const call = stages.call(stage, index);
    call.add.push(...withoutPrefixes(prefixesAfter(slot), prefixesBefore(slot)));
    call.remove.push(...withoutPrefixes(prefixesBefore(slot), prefixesAfter(slot)));
    call.switches = true;
  });
};

/** Needs a call although no entry changes: a new name or description, or a rule to delete. */
const needsCall = ({ before, after, bridge }: Slot): boolean => {
  if (bridge !== undefined || before === undefined || after === undefined) return true;
  return before.name !== after.name || before.description !== after.description || before.type !== after.type;
};

const schedule = (split: SplitSlots, change: VerdictChange, bridge: Bridge | undefined): Call[] => {
  const work = sortWork(split, change, bridge);
  const stages = new Stages(change);
  const first = stages.open();
  stages.put(first, "add", work.first);
  split.slots.forEach((slot, index) => {
    if (slot.bridge === "first") stages.call(first, index).add.push(...prefixesBefore(slot));
  });
  stages.putPasses("add", passesOf("additions", change.forest, work.additions, change.after));
  const addedLast = stages.open();
  const phase2 = addedLast + 1;
  for (const toCode of [1, 2] as const) {
    stages.put(stages.open(), "remove", work.off[toCode - 1]!);
    switchCalls(stages, stages.open(), split, toCode);
    stages.put(stages.open(), "add", work.on[toCode - 1]!);
  }
  const phase3 = phase2 + 6;
  stages.putPasses("remove", passesOf("removals", change.forest, work.removals, change.before));
  const removedLast = stages.open();
  const last = stages.open();
  stages.put(last, "remove", work.last);

  const toAllowOn = phase2 + 2;
  stages.attach("add", work.takenOver, first, split.switching.size === 0 ? phase3 - 1 : addedLast, addedLast);
  stages.attach("remove", work.handedOver, phase3, removedLast, removedLast);
  const steady = change.defaultIsSteady;
  stages.attach("add", work.freeAdditions, first, steady ? removedLast : toAllowOn, addedLast);
  const withAddition = new Set(work.freeAdditions.map(({ slot }) => slot));
  const alone = work.freeRemovals.filter(({ slot }) => !withAddition.has(slot));
  const along = work.freeRemovals.filter(({ slot }) => withAddition.has(slot));
  stages.attach("remove", along, first, steady ? removedLast : toAllowOn, addedLast);
  stages.attach("remove", alone, first, removedLast, removedLast);

  const touched = stages.touched;
  split.slots.forEach((slot, index) => {
    if (!touched.has(index) && needsCall(slot))
      stages.call(slot.after === undefined ? removedLast : addedLast, index);
    if (slot.bridge === "last") stages.call(last, index).remove.push(...prefixesAfter(slot));
  });
  return stages.calls;
};

/**
 * Steps from one state to the other, both with the switch on (or perhaps on) and without it among them.
 * `renames`: no new name is in `before`, no old one in `after`.
 */
export const orderEnforced = (before: AccountState, after: AccountState, renames: Renames): Step[] => {
  const pairs = pairWithStandIns(before, after, renames);
  const plain = splitTypeChanges(pairs, new VerdictChange(pairs), before);
  const plainChange = new VerdictChange(plain.slots);
  const bridge = plainChange.changingSlots > 1 ? bridgeFor(before, after, pairs) : undefined;
  if (bridge?.slot === undefined) return emitSteps(plain, schedule(plain, plainChange, bridge));
  const bridged = [...pairs, bridge.slot];
  const split = splitTypeChanges(bridged, new VerdictChange(bridged), before);
  return emitSteps(split, schedule(split, new VerdictChange(split.slots), bridge));
};
