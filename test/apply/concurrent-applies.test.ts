/**
 * Two to four applies at once, of the same and of different policies, each knowing only what its own calls tell it
 * (docs/decisions/two-applies.md). A failed round is played again by its number: DRILL_SEED=17.
 */
import { expect, it } from "vitest";
import { full, share } from "../drills.js";
import { randomBy } from "./concurrent/random.js";
import { playRound, type Round } from "./concurrent/round.js";
import { scenarios } from "./concurrent/scenarios.js";
import { VirtualWorld } from "./concurrent/virtual-world.js";

const seeds = (): number[] => {
  const one = process.env["DRILL_SEED"];
  return one === undefined ? Array.from({ length: share(200, 12_000) }, (_, index) => index) : [Number(one)];
};

/** Of each scenario: the rounds, those in which one run completed, and all, those with a rule twice, those that met the window. */
const tallyOf = (rounds: readonly Round[]) =>
  scenarios.map(({ name }) => {
    const own = rounds.filter(({ scenario }) => scenario === name);
    return {
      scenario: name,
      rounds: own.length,
      completed: own.filter(({ completed }) => completed > 0).length,
      all: own.filter(({ completed, runs }) => completed === runs).length,
      pairs: own.filter(({ sawPair }) => sawPair).length,
      window: own.filter(({ inWindow }) => inWindow > 0).length,
    };
  });

it("lock nobody out, let nobody in, lose no rule, and end with a true exit code", async () => {
  const rounds: Round[] = [];
  const failed: string[] = [];
  for (const seed of seeds()) {
    const random = randomBy(seed);
    const round = await playRound(random, async ({ before }, look) => new VirtualWorld(before, random, look));
    rounds.push(round);
    if (round.problems.length > 0) failed.push(`${seed} (${round.scenario}): ${round.problems.join("; ")}`);
  }
  if (full) console.table(tallyOf(rounds));
  expect(failed.slice(0, 20), `${failed.length} of ${rounds.length} rounds`).toEqual([]);
  // Always to stop would be no solution; in a few rounds a single scenario may be out of luck.
  const tallies = tallyOf(rounds).filter(({ rounds: played }) => played >= 100);
  for (const { scenario, completed } of tallies) expect(completed, scenario).toBeGreaterThan(0);
  if (rounds.length > 1) expect(rounds.some(({ completed }) => completed > 0)).toBe(true);
});
