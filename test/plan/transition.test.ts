import { describe, expect, it } from "vitest";
import type { AccountState } from "../../src/model/rule.js";
import { isReservedName } from "../../src/plan/reserved-names.js";
import { applyStep } from "../../src/plan/simulate.js";
import { hashState } from "../../src/plan/state.js";
import { orderSteps } from "../../src/plan/transition.js";
import { allows, observed, type Pair, Random, randomPair, refusal } from "./small-space.js";

const runs = Number(process.env["TRANSITION_RUNS"] ?? 3000);
const firstSeed = Number(process.env["TRANSITION_SEED"] ?? 1);

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString(16) : part), 1);

/** Walks a plan through the strict model; returns the states it passes. */
const walk = ({ before, after, renames }: Pair): AccountState[] => {
  const states = [before];
  for (const step of orderSteps(before, after, renames)) {
    const state = states.at(-1)!;
    const refused = refusal(state, step);
    if (refused !== undefined) throw new Error(`${refused}: ${show(step)}`);
    states.push(applyStep(state, step));
  }
  for (const at of observed) {
    const verdict = allows(before, at);
    if (verdict !== allows(after, at)) continue;
    const odd = states.findIndex((state) => allows(state, at) !== verdict);
    if (odd !== -1) throw new Error(`step ${odd} disturbs ${at.toString(16)}`);
  }
  return states;
};

/** Renames that are still to be done when the account is in this state. */
const openRenames = (state: AccountState, renames: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...renames].filter(([, old]) => state.rules.some(({ name }) => name === old)));

describe("orderSteps", () => {
  it("reaches the result, disturbs nobody, and converges from every state in between", () => {
    let steps = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
      const pair = randomPair(new Random(seed * 2654435761));
      try {
        const states = walk(pair);
        steps += states.length - 1;
        expect(hashState(states.at(-1)!)).toBe(hashState(pair.after));
        for (const state of states.slice(1, -1)) {
          const again = walk({ ...pair, before: state, renames: openRenames(state, pair.renames) });
          expect(hashState(again.at(-1)!)).toBe(hashState(pair.after));
          expect(again.at(-1)!.rules.some(({ name }) => isReservedName(name))).toBe(false);
        }
      } catch (error) {
        throw new Error(
          `seed ${seed}: ${error}\n${show(pair)}\n${show(orderSteps(pair.before, pair.after, pair.renames))}`,
        );
      }
    }
    expect(steps).toBeGreaterThan(runs);
  });
});
