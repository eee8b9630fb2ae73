/** The bounds of an account of which not everything is known, held against every account that it may be. */
import { expect, it } from "vitest";
import type { Prefix } from "../../../src/address/prefix.js";
import type { AccountState, Rule, RuleType } from "../../../src/model/rule.js";
import { accessOf } from "../../../src/plan/access-change.js";
import {
  leastAccess,
  mostAccess,
  type PartialRule,
  type PartialState,
} from "../../../src/plan/terraform/partial-state.js";
import { share } from "../../drills.js";
import { allows, observed, Random, randomPrefix } from "../small-space.js";

const randomPartial = (random: Random): PartialState => ({
  rules: ["A", "B", "C"].slice(0, 1 + random.below(3)).map(
    (name): PartialRule => ({
      name,
      type: random.pick(["allow", "allow", "deny", "unknown"]),
      entries: Array.from({ length: random.below(3) }, () => ({
        prefix: randomPrefix(random),
        certain: random.chance(60),
      })),
      anyRange: random.chance(15),
    }),
  ),
  enforcement: new Set(random.chance(15) ? ["on", "off"] : [random.pick(["on", "on", "on", "off"])]),
});

/** One account that it may be. */
const possible = ({ rules, enforcement }: PartialState, random: Random): AccountState => ({
  enforcement: random.pick([...enforcement]) === "on" ? "enabled" : "disabled",
  rules: rules.map((one): Rule => {
    const type: RuleType = one.type === "unknown" ? random.pick(["allow", "deny"]) : one.type;
    const there = one.entries
      .filter(({ certain }) => certain || random.chance(50))
      .map(({ prefix }) => prefix);
    const more: Prefix[] = one.anyRange
      ? Array.from({ length: random.below(3) }, () =>
          random.chance(50) ? randomPrefix(random) : { network: random.pick(observed), length: 128 },
        )
      : [];
    return { name: one.name, type, description: "", prefixes: [...there, ...more] };
  }),
});

/** Of one range allowed and denied, the service saves only the first: such an account there is none. */
const isAccount = ({ rules }: AccountState): boolean => {
  const types = new Map<string, RuleType>();
  return rules.every(({ type, prefixes }) =>
    prefixes.every(({ network, length }) => {
      const key = `${network}/${length}`;
      const known = types.get(key) ?? type;
      types.set(key, known);
      return known === type;
    }),
  );
};

it("what is allowed and blocked in any case is so in each account that it may be", () => {
  let [tried, certain] = [0, 0];
  for (let seed = 1; seed <= share(120, 10_000); seed += 1) {
    const random = new Random(seed);
    const partial = randomPartial(random);
    const [least, most] = [accessOf(leastAccess(partial)).allowed(), accessOf(mostAccess(partial)).blocked()];
    for (let world = 0; world < 20; world += 1) {
      const account = possible(partial, random);
      if (!isAccount(account)) continue;
      tried += 1;
      for (const address of observed) {
        const allowed = allows(account, address);
        const [isAllowed, isBlocked] = [least.contains(address), most.contains(address)];
        // One expectation an address would take longer than all the rest.
        if ((isAllowed && !allowed) || (isBlocked && allowed)) expect.fail(`seed ${seed} ${address}`);
        if (isAllowed || isBlocked) certain += 1;
      }
    }
  }
  expect(tried).toBeGreaterThan(500);
  expect(certain).toBeGreaterThan(5_000);
});

it("where all is known, both bounds are the account", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = new Random(seed);
    const { rules } = randomPartial(random);
    const known: PartialState = {
      rules: rules.map((one) => ({
        ...one,
        type: one.type === "unknown" ? "deny" : one.type,
        entries: one.entries.map(({ prefix }) => ({ prefix, certain: true })),
        anyRange: false,
      })),
      enforcement: new Set(["on"]),
    };
    const least = accessOf(leastAccess(known)).allowed();
    expect(least.equals(accessOf(mostAccess(known)).allowed()), `seed ${seed}`).toBe(true);
  }
});
