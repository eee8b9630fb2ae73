/**
 * The order of calls while enforcement is off: nobody is disturbed by what is in between, so one call a change.
 * Only the API's own rule is left: a prefix must be off every rule of the one type before it goes on one of the
 * other. Where rules wait for each other in a circle, one of them gives up its prefixes in a call of its own.
 */
import { type Prefix, prefixKey } from "../../address/prefix.js";
import type { AccountState } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { withoutPrefixes } from "../state.js";
import { type Call, emitSteps } from "./calls.js";
import { changesType, pairByName, prefixesAfter, prefixesBefore, type Slot, VerdictChange } from "./slots.js";

/** Who still holds a flipping prefix with its old type, and who waits to hold it with its new one. */
interface Handover {
  readonly holders: Set<number>;
  readonly takers: Set<number>;
}

const hasChanged = (slot: Slot): boolean => {
  const { before, after } = slot;
  if (before === undefined || after === undefined) return true;
  return (
    before.name !== after.name ||
    before.type !== after.type ||
    before.description !== after.description ||
    withoutPrefixes(after.prefixes, before.prefixes).length > 0 ||
    withoutPrefixes(before.prefixes, after.prefixes).length > 0
  );
};

class Handovers {
  readonly #byPrefix = new Map<bigint, Handover>();
  readonly #given: Prefix[][];
  readonly #taken: Prefix[][];

  constructor(slots: readonly Slot[]) {
    const change = new VerdictChange(slots);
    const flips = (prefixes: readonly Prefix[]): Prefix[] =>
      prefixes.filter((prefix) => change.flips(prefix));
    this.#given = slots.map((slot) => flips(prefixesBefore(slot)));
    this.#taken = slots.map((slot) => flips(prefixesAfter(slot)));
    this.#given.forEach((prefixes, slot) => {
      for (const prefix of prefixes) this.#of(prefix).holders.add(slot);
    });
    this.#taken.forEach((prefixes, slot) => {
      for (const prefix of prefixes) this.#of(prefix).takers.add(slot);
    });
  }

  #of(prefix: Prefix): Handover {
    const key = prefixKey(prefix);
    const handover = this.#byPrefix.get(key) ?? { holders: new Set(), takers: new Set() };
    this.#byPrefix.set(key, handover);
    return handover;
  }

  /** Whether nobody else holds what this slot is to take. */
  isReady(slot: number): boolean {
    return this.#taken[slot]!.every((prefix) => {
      const { holders } = this.#of(prefix);
      return holders.size === 0 || (holders.size === 1 && holders.has(slot));
    });
  }

  /** What the slot still holds with its old type. */
  given(slot: number): Prefix[] {
    return this.#given[slot]!.filter((prefix) => this.#of(prefix).holders.has(slot));
  }

  /** Marks it given up, and returns who may be ready now. */
  release(slot: number): Set<number> {
    const waiting = new Set<number>();
    for (const prefix of this.#given[slot]!) {
      const { holders, takers } = this.#of(prefix);
      if (holders.delete(slot) && holders.size <= 1) for (const taker of takers) waiting.add(taker);
    }
    return waiting;
  }
}

/** The call that makes everything of the slot at once, given what it gave up already. */
const wholeCall = (slot: Slot, index: number, givenUp: readonly Prefix[]): Call => {
  const held = withoutPrefixes(prefixesBefore(slot), givenUp);
  const call: Call = {
    slot: index,
    add: withoutPrefixes(prefixesAfter(slot), held),
    remove: withoutPrefixes(held, prefixesAfter(slot)),
  };
  if (changesType(slot)) call.switches = true;
  return call;
};

/** Steps from one state to the other with enforcement off throughout; turning it on or off is no step here. */
export const orderUnenforced = (before: AccountState, after: AccountState, renames: Renames): Step[] => {
  const slots = pairByName(before, after, renames).filter(hasChanged);
  const handovers = new Handovers(slots);
  const calls: Call[] = [];
  const givenUp = new Map<number, Prefix[]>();
  const open = new Set(slots.keys());
  const run = (from: Iterable<number>): void => {
    const queue = [...from];
    for (const next of queue) {
      if (!open.has(next) || !handovers.isReady(next)) continue;
      open.delete(next);
      calls.push(wholeCall(slots[next]!, next, givenUp.get(next) ?? []));
      for (const waiting of handovers.release(next)) queue.push(waiting);
    }
  };
  run(slots.keys());
  while (open.size > 0) {
    const slot = [...open].find((index) => handovers.given(index).length > 0)!;
    const prefixes = handovers.given(slot);
    givenUp.set(slot, prefixes);
    calls.push({ slot, add: [], remove: prefixes });
    run([...handovers.release(slot), slot]);
  }
  return emitSteps({ slots }, calls);
};
