/**
 * The order of calls while enforcement is on: the three phases of transition.ts, each rule's changes gathered
 * into as few calls as they allow.
 */

import type { AccountState } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { withoutPrefixes } from "../state.js";
import { append, type Call, emitSteps, type SplitSlots, splitTypeChanges } from "./calls.js";
import {
  codeOf,
  pairWithStandIns,
  prefixesAfter,
  prefixesBefore,
  type Slot,
  VerdictChange,
} from "./slots.js";
import { type TemporaryAllowAll, temporaryAllowAllFor } from "./temporary-allow-all.js";
import { passesOf, type RowOfSlot, sortWork, type Work } from "./work.js";

/** The calls of a plan while they are laid out: stages in order, in each at most one call a slot. */
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

const typeChangeCalls = (stages: Stages, stage: number, split: SplitSlots, toCode: number): void => {
  split.slots.forEach((slot, index) => {
    if (!split.changingType.has(slot) || codeOf(slot.after!.type) !== toCode) return;
    const call = stages.call(stage, index);
    append(call.add, withoutPrefixes(prefixesAfter(slot), prefixesBefore(slot)));
    append(call.remove, withoutPrefixes(prefixesBefore(slot), prefixesAfter(slot)));
    call.switches = true;
  });
};

/** Needs a call although no entry changes: a new name or description, or a rule to delete. */
const needsCall = ({ before, after, allowAll }: Slot): boolean => {
  if (allowAll !== undefined || before === undefined || after === undefined) return true;
  return before.name !== after.name || before.description !== after.description || before.type !== after.type;
};

/** Where the phases of a plan lie among its stages. */
interface Phases {
  /** The first stage of all, which is phase 1's too. */
  readonly first: number;
  readonly endOfAdditions: number;
  readonly removals: number;
  readonly endOfRemovals: number;
  readonly last: number;
}

/** Puts down what has a place of its own. */
const layOut = (stages: Stages, split: SplitSlots, change: VerdictChange, work: Work): Phases => {
  const first = stages.open();
  stages.put(first, "add", work.first);
  split.slots.forEach((slot, index) => {
    if (slot.allowAll === "first") append(stages.call(first, index).add, prefixesBefore(slot));
  });
  stages.putPasses("add", passesOf("additions", change.forest, work.additions, change.after));
  const endOfAdditions = stages.open();
  // Deny to allow comes first: what becomes allowed holds the default before what was allowed goes.
  for (const toCode of [1, 2] as const) {
    stages.put(stages.open(), "remove", work.off[toCode - 1]!);
    typeChangeCalls(stages, stages.open(), split, toCode);
    stages.put(stages.open(), "add", work.on[toCode - 1]!);
  }
  const removals = stages.open();
  stages.putPasses("remove", passesOf("removals", change.forest, work.removals, change.before));
  const endOfRemovals = stages.open();
  const last = stages.open();
  stages.put(last, "remove", work.last);
  return { first, endOfAdditions, removals, endOfRemovals, last };
};

/**
 * Adds what has no place of its own to calls that are there. A prefix that one rule takes over from another is added
 * before phase 3, where it is removed there, and before phase 2 where a rule changes its type in that phase. Free
 * entries join any call of their rule: one that adds allow entries brings one itself, and one that removes
 * allow entries removes such as were there until then, so the default cannot flip for want of them.
 */
const attachIndependentEntries = (stages: Stages, split: SplitSlots, work: Work, at: Phases): void => {
  const takenOverBy = split.changingType.size === 0 ? at.removals - 1 : at.endOfAdditions;
  stages.attach("add", work.takenOver, at.first, takenOverBy, at.endOfAdditions);
  stages.attach("remove", work.handedOver, at.removals, at.endOfRemovals, at.endOfRemovals);
  stages.attach("add", work.freeAdditions, at.first, at.endOfRemovals, at.endOfAdditions);
  stages.attach("remove", work.freeRemovals, at.first, at.endOfRemovals, at.endOfRemovals);
};

const schedule = (
  split: SplitSlots,
  change: VerdictChange,
  allowAll: TemporaryAllowAll | undefined,
): Call[] => {
  const work = sortWork(split, change, allowAll);
  const stages = new Stages(change);
  const at = layOut(stages, split, change, work);
  attachIndependentEntries(stages, split, work, at);
  const touched = stages.touched;
  split.slots.forEach((slot, index) => {
    if (!touched.has(index) && needsCall(slot)) {
      stages.call(slot.after === undefined ? at.endOfRemovals : at.endOfAdditions, index);
    }
    if (slot.allowAll === "last") append(stages.call(at.last, index).remove, prefixesAfter(slot));
  });
  return stages.calls;
};

/**
 * Steps from one state to the other, both with enforcement on (or perhaps on); turning it on or off is no step here.
 * `renames`: no new name is in `before`, no old one in `after`.
 */
export const orderEnforced = (before: AccountState, after: AccountState, renames: Renames): Step[] => {
  const pairs = pairWithStandIns(before, after, renames);
  const plain = splitTypeChanges(pairs, new VerdictChange(pairs), before);
  const plainChange = new VerdictChange(plain.slots);
  const allowAll = plainChange.changingSlots > 1 ? temporaryAllowAllFor(before, after, pairs) : undefined;
  if (allowAll?.slot === undefined) return emitSteps(plain, schedule(plain, plainChange, allowAll));
  const withAllowAll = [...pairs, allowAll.slot];
  const split = splitTypeChanges(withAllowAll, new VerdictChange(withAllowAll), before);
  return emitSteps(split, schedule(split, new VerdictChange(split.slots), allowAll));
};
