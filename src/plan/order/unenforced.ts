/**
 * The order of calls while enforcement is off: nobody is disturbed by what is in between, so one call a change.
 * Only the API's own rule is left: a prefix must be off every rule of the one type before it goes on one of the
 * other. Where rules wait for each other in a circle, one of them gives up its prefixes in a call of its own.
 */
import { type Prefix, prefixKey } from "../../address/prefix.js";
import type { AccountState } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { sameRules, withoutPrefixes } from "../state.js";
import { type Call, emitSteps } from "./calls.js";
import {
  changesType,
  pairByName,
  prefixesAfter,
  prefixesBefore,
  type RuleTransition,
  VerdictChange,
} from "./rule-transitions.js";

/** Who still holds a flipping prefix with its old type, and who waits to hold it with its new one. */
interface Handover {
  readonly holders: Set<number>;
  readonly takers: Set<number>;
}

class Handovers {
  readonly #byPrefix = new Map<bigint, Handover>();
  readonly #given: Prefix[][];
  readonly #taken: Prefix[][];

  constructor(transitions: readonly RuleTransition[]) {
    const change = new VerdictChange(transitions);
    const flips = (prefixes: readonly Prefix[]): Prefix[] =>
      prefixes.filter((prefix) => change.flips(prefix));
    this.#given = transitions.map((transition) => flips(prefixesBefore(transition)));
    this.#taken = transitions.map((transition) => flips(prefixesAfter(transition)));
    this.#given.forEach((prefixes, transition) => {
      for (const prefix of prefixes) this.#of(prefix).holders.add(transition);
    });
    this.#taken.forEach((prefixes, transition) => {
      for (const prefix of prefixes) this.#of(prefix).takers.add(transition);
    });
  }

  #of(prefix: Prefix): Handover {
    const key = prefixKey(prefix);
    const handover = this.#byPrefix.get(key) ?? { holders: new Set(), takers: new Set() };
    this.#byPrefix.set(key, handover);
    return handover;
  }

  /** Whether nobody else holds what this transition is to take. */
  isReady(transition: number): boolean {
    return this.#taken[transition]!.every((prefix) => {
      const { holders } = this.#of(prefix);
      return holders.size === 0 || (holders.size === 1 && holders.has(transition));
    });
  }

  /** What the transition still holds with its old type. */
  given(transition: number): Prefix[] {
    return this.#given[transition]!.filter((prefix) => this.#of(prefix).holders.has(transition));
  }

  /** Marks it given up, and returns who may be ready now. */
  release(transition: number): Set<number> {
    const waiting = new Set<number>();
    for (const prefix of this.#given[transition]!) {
      const { holders, takers } = this.#of(prefix);
      if (holders.delete(transition) && holders.size <= 1) for (const taker of takers) waiting.add(taker);
    }
    return waiting;
  }
}

/** The call that makes everything of the transition at once, given what it gave up already. */
const wholeCall = (transition: RuleTransition, index: number, givenUp: readonly Prefix[]): Call => {
  const current = withoutPrefixes(prefixesBefore(transition), givenUp);
  const call: Call = {
    transition: index,
    add: withoutPrefixes(prefixesAfter(transition), current),
    remove: withoutPrefixes(current, prefixesAfter(transition)),
  };
  if (changesType(transition)) call.switches = true;
  return call;
};

/** Steps from one state to the other with enforcement off throughout; turning it on or off is no step here. */
export const orderUnenforced = (before: AccountState, after: AccountState, renames: Renames): Step[] => {
  const transitions = pairByName(before, after, renames).filter((one) => !sameRules(one.before, one.after));
  const handovers = new Handovers(transitions);
  const calls: Call[] = [];
  const givenUp = new Map<number, Prefix[]>();
  const open = new Set(transitions.keys());
  const run = (from: Iterable<number>): void => {
    const queue = [...from];
    for (const next of queue) {
      if (!open.has(next) || !handovers.isReady(next)) continue;
      open.delete(next);
      calls.push(wholeCall(transitions[next]!, next, givenUp.get(next) ?? []));
      for (const waiting of handovers.release(next)) queue.push(waiting);
    }
  };
  run(transitions.keys());
  while (open.size > 0) {
    const transition = [...open].find((index) => handovers.given(index).length > 0)!;
    const prefixes = handovers.given(transition);
    givenUp.set(transition, prefixes);
    calls.push({ transition, add: [], remove: prefixes });
    run([...handovers.release(transition), transition]);
  }
  return emitSteps({ transitions }, calls);
};
