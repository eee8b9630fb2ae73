/**
 * The promise of docs/safe-transition.md, seen from outside: random accounts are applied through HTTP, and an
 * observer looks at every state that the account is in, at every address of a small space.
 */
import { expect, it } from "vitest";
import type { AccountState } from "../../src/model/rule.js";
import { hashState } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { allows, observed, type Pair, Random, randomPair } from "../plan/small-space.js";
import { attempt, planFrom } from "./drill/attempt.js";
import { startBench } from "./drill/bench.js";
import type { Scenario } from "./drill/scenarios.js";

const pairs = share(120, 2_000);

/** The service names no way to clear a description, and shows no switch where there is no rule. */
const asTheServiceHasIt = ({ enforcement, rules }: AccountState): AccountState => ({
  enforcement: enforcement === "unknown" ? "disabled" : enforcement,
  rules: rules
    .filter(({ prefixes }) => prefixes.length > 0)
    .map((rule) => ({ ...rule, description: `of ${rule.description}` })),
});

const scenarioOf = ({ before, after, renames }: Pair): Scenario => ({
  name: "random",
  before: asTheServiceHasIt(before),
  after: asTheServiceHasIt(after),
  renames,
  protectedAddresses: [],
});

/** The addresses whose verdict the plan leaves alone, and some state does not. */
const disturbed = (states: readonly AccountState[], { before, after }: Scenario): bigint[] =>
  observed.filter((address) => {
    const verdict = allows(before, address);
    return verdict === allows(after, address) && states.some((state) => allows(state, address) !== verdict);
  });

/** Nothing tells it from an account with rules whose listing comes back empty, so it is left as it is. */
const isUnconfirmable = ({ before, after }: Scenario): boolean =>
  before.enforcement === "enabled" &&
  before.rules.length === 0 &&
  (after.rules.length > 0 || after.enforcement === "disabled");

it("disturbs no address in any state between two calls", async () => {
  let calls = 0;
  for (let seed = 1; seed <= pairs; seed += 1) {
    const scenario = scenarioOf(randomPair(new Random(seed)));
    const bench = await startBench(scenario, { exemptCaller: true });
    try {
      const plan = await planFrom(bench, scenario);
      const { result } = await attempt(bench, plan, { allowLockout: true });
      calls += plan.steps.length;
      const told = [seed, result?.exitCode, result?.diagnostics, disturbed(bench.states, scenario)];
      if (isUnconfirmable(scenario)) {
        expect([...told.slice(0, 2), told[3]]).toEqual([seed, 3, []]);
        expect([seed, hashState(bench.state())]).toEqual([seed, hashState(scenario.before)]);
        continue;
      }
      expect(told).toEqual([seed, 0, [], []]);
      expect([seed, hashState(bench.state())]).toEqual([seed, hashState(scenario.after)]);
    } finally {
      await bench.close();
    }
  }
  console.log(
    `${pairs} random accounts, ${calls} calls, ${observed.length} addresses watched: none disturbed`,
  );
});
