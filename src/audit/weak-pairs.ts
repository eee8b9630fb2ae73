/**
 * Steps with events that name no rule. All that speaks for them is type, time and actor, so any such event fits any
 * such step whose time it lies in: the steps of one type are windows on a line, the events points. Giving each point,
 * from the left, to the open window that closes first pairs as many as can be paired (Glover 1967).
 */
import type { IndexedEvent } from "./event-index.js";
import { Heap } from "./heap.js";

export interface OpenStep {
  readonly step: number;
  /** Milliseconds since 1970, the tolerance included. */
  readonly from: number;
  readonly to: number;
}

/** The one that closes first, then the earlier step. */
const closesFirst = (a: OpenStep, b: OpenStep): boolean => a.to < b.to || (a.to === b.to && a.step < b.step);

/** The most pairs there can be. `events` in order of time. By the place of the step. */
export const weakPairs = (
  steps: readonly OpenStep[],
  events: readonly IndexedEvent[],
): ReadonlyMap<number, IndexedEvent> => {
  const waiting = [...steps].sort((a, b) => a.from - b.from || a.step - b.step);
  const open = new Heap(closesFirst);
  const pairs = new Map<number, IndexedEvent>();
  let next = 0;
  for (const event of events) {
    for (let step = waiting[next]; step !== undefined && step.from <= event.at; step = waiting[++next])
      open.push(step);
    while (open.top !== undefined && open.top.to < event.at) open.pop();
    const step = open.pop();
    if (step !== undefined) pairs.set(step.step, event);
  }
  return pairs;
};
