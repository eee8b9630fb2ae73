/**
 * The order of calls while enforcement is on: the three phases of transition.ts, each rule's changes gathered
 * into as few calls as they allow.
 */

import type { AccountState } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { sameRules, withoutPrefixes } from "../state.js";
import { append, type Call, emitSteps, type SplitTransitions, splitTypeChanges } from "./calls.js";
import {
  codeOf,
  pairWithStandIns,
  prefixesAfter,
  prefixesBefore,
  type RuleTransition,
  VerdictChange,
} from "./rule-transitions.js";
import { type TemporaryAllowAll, temporaryAllowAllFor } from "./temporary-allow-all.js";
import { passesOf, type RowOfTransition, sortWork, type Work } from "./work.js";

/** The calls of a plan while they are laid out: stages in order, in each at most one call a transition. */
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

  call(stage: number, transition: number): Call {
    const calls = this.#stages[stage]!;
    const call = calls.get(transition) ?? { transition, add: [], remove: [] };
    calls.set(transition, call);
    return call;
  }

  put(stage: number, kind: "add" | "remove", items: readonly RowOfTransition[]): void {
    for (const { transition, row } of items)
      this.call(stage, transition)[kind].push(this.#change.forest.prefixes[row]!);
  }

  /** One new stage a pass. */
  putPasses(kind: "add" | "remove", passes: readonly Map<number, number[]>[]): void {
    for (const byTransition of passes) {
      const stage = this.open();
      for (const [transition, rows] of byTransition)
        this.put(
          stage,
          kind,
          rows.map((row) => ({ transition, row })),
        );
    }
  }

  /** Each item goes with its transition's first call from stage `from` up to `to`, or with one in stage `otherwise`. */
  attach(
    kind: "add" | "remove",
    items: readonly RowOfTransition[],
    from: number,
    to: number,
    otherwise: number,
  ): void {
    const found = new Map<number, number>();
    for (const item of items) {
      let stage = found.get(item.transition);
      if (stage === undefined) {
        stage = from;
        while (stage <= to && !this.#stages[stage]!.has(item.transition)) stage += 1;
        if (stage > to) stage = otherwise;
        found.set(item.transition, stage);
      }
      this.put(stage, kind, [item]);
    }
  }

  /** Transitions that have a call. */
  get touched(): Set<number> {
    return new Set(this.#stages.flatMap((stage) => [...stage.keys()]));
  }

  get calls(): Call[] {
    return this.#stages.flatMap((stage) => [...stage.values()].sort((a, b) => a.transition - b.transition));
  }
}

const typeChangeCalls = (stages: Stages, stage: number, split: SplitTransitions, toCode: number): void => {
  split.transitions.forEach((transition, index) => {
    if (!split.changingType.has(transition) || codeOf(transition.after!.type) !== toCode) return;
    const call = stages.call(stage, index);
    append(call.add, withoutPrefixes(prefixesAfter(transition), prefixesBefore(transition)));
    append(call.remove, withoutPrefixes(prefixesBefore(transition), prefixesAfter(transition)));
    call.switches = true;
  });
};

/** Needs a call although no entry in force changes: a new name or description, or a rule to delete. */
const needsCall = ({ before, after, allowAll }: RuleTransition): boolean =>
  allowAll !== undefined || !sameRules(before, after);

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
const layOut = (stages: Stages, split: SplitTransitions, change: VerdictChange, work: Work): Phases => {
  const first = stages.open();
  stages.put(first, "add", work.first);
  split.transitions.forEach((transition, index) => {
    if (transition.allowAll === "first") append(stages.call(first, index).add, prefixesBefore(transition));
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
const attachIndependentEntries = (stages: Stages, split: SplitTransitions, work: Work, at: Phases): void => {
  const takenOverBy = split.changingType.size === 0 ? at.removals - 1 : at.endOfAdditions;
  stages.attach("add", work.takenOver, at.first, takenOverBy, at.endOfAdditions);
  stages.attach("remove", work.handedOver, at.removals, at.endOfRemovals, at.endOfRemovals);
  stages.attach("add", work.freeAdditions, at.first, at.endOfRemovals, at.endOfAdditions);
  stages.attach("remove", work.freeRemovals, at.first, at.endOfRemovals, at.endOfRemovals);
};

const schedule = (
  split: SplitTransitions,
  change: VerdictChange,
  allowAll: TemporaryAllowAll | undefined,
): Call[] => {
  const work = sortWork(split, change, allowAll);
  const stages = new Stages(change);
  const at = layOut(stages, split, change, work);
  attachIndependentEntries(stages, split, work, at);
  const touched = stages.touched;
  split.transitions.forEach((transition, index) => {
    if (!touched.has(index) && needsCall(transition)) {
      stages.call(transition.after === undefined ? at.endOfRemovals : at.endOfAdditions, index);
    }
    if (transition.allowAll === "last") append(stages.call(at.last, index).remove, prefixesAfter(transition));
  });
  return stages.calls;
};

/**
 * Steps from one state to the other, both with enforcement on (or perhaps on); turning it on or off is no step here.
 * `renames`: no new name is in `before`, no old one in `after`. `mayAllowAll`: whether a temporary allow-all may be made.
 */
export const orderEnforced = (
  before: AccountState,
  after: AccountState,
  renames: Renames,
  mayAllowAll: boolean,
): Step[] => {
  const pairs = pairWithStandIns(before, after, renames);
  const plain = splitTypeChanges(pairs, new VerdictChange(pairs), before);
  const plainChange = new VerdictChange(plain.transitions);
  const allowAll =
    mayAllowAll && plainChange.changingTransitions > 1
      ? temporaryAllowAllFor(before, after, pairs)
      : undefined;
  if (allowAll?.transition === undefined) return emitSteps(plain, schedule(plain, plainChange, allowAll));
  const withAllowAll = [...pairs, allowAll.transition];
  const split = splitTypeChanges(withAllowAll, new VerdictChange(withAllowAll), before);
  return emitSteps(split, schedule(split, new VerdictChange(split.transitions), allowAll));
};
