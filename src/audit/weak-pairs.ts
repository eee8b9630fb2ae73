/**
 * Steps with events that name no rule. All that speaks for them is type, time and actor, so any such event fits any
 * such step whose time it lies in: the steps of one type are windows on a line, the events points. Giving each point,
 * from the left, to the open window that closes first pairs as many as can be paired (Glover 1967).
 */
import type { IndexedEvent } from "./event-index.js";

export interface OpenStep {
  readonly step: number;
  /** Milliseconds since 1970, the tolerance included. */
  readonly from: number;
  readonly to: number;
}

/** A binary heap of windows, the one that closes first (then the earlier step) at the top. */
class ClosingFirst {
  readonly #items: OpenStep[] = [];

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#items[a], this.#items[b]];
    if (left === undefined || right === undefined) return left !== undefined;
    return left.to < right.to || (left.to === right.to && left.step < right.step);
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#items[a], this.#items[b]];
    if (left === undefined || right === undefined) return;
    this.#items[a] = right;
    this.#items[b] = left;
  }

  get top(): OpenStep | undefined {
    return this.#items[0];
  }

  push(item: OpenStep): void {
    this.#items.push(item);
    for (let at = this.#items.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): OpenStep | undefined {
    this.#swap(0, this.#items.length - 1);
    const item = this.#items.pop();
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#before(right, left) ? right : left;
      if (child >= this.#items.length || !this.#before(child, at)) return item;
      this.#swap(at, child);
      at = child;
    }
  }
}

/** The most pairs there can be. `events` in order of time. By the place of the step. */
export const weakPairs = (
  steps: readonly OpenStep[],
  events: readonly IndexedEvent[],
): ReadonlyMap<number, IndexedEvent> => {
  const waiting = [...steps].sort((a, b) => a.from - b.from || a.step - b.step);
  const open = new ClosingFirst();
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
