/** The bound for many calls, and the edges of a graph. */
import { expect, it } from "vitest";
import type { Rule } from "../../../src/model/rule.js";
import { type FreeCall, type FreeOrders, worstOrder } from "../../../src/plan/terraform/orders.js";
import type { PartialRule } from "../../../src/plan/terraform/partial-state.js";
import { share } from "../../drills.js";
import { Random, randomPair } from "../small-space.js";
import { prefixes, rule } from "../values.js";

const partial = ({ name, type, prefixes: list }: Rule): PartialRule => ({
  name,
  type,
  entries: list.map((prefix) => ({ prefix, certain: true })),
  anyRange: false,
});
const call = (before: Rule | undefined, after: Rule | undefined, waitsFor: number[] = []): FreeCall => ({
  before: before && partial(before),
  after: after && partial(after),
  waitsFor,
});

it("the bound for many calls is never narrower than the worst order", () => {
  for (let seed = 1; seed <= share(300, 5_000); seed += 1) {
    const random = new Random(seed);
    const { before, after } = randomPair(random);
    const calls = [
      ...before.rules.map((one) =>
        call(
          one,
          after.rules.find(({ name }) => name === one.name),
        ),
      ),
      ...after.rules
        .filter(({ name }) => !before.rules.some((one) => one.name === name))
        .map((one) => call(undefined, one)),
    ].map(
      (one): FreeCall => (random.chance(20) ? { ...one, sets: random.pick(["on", "off", "unknown"]) } : one),
    );
    const orders: FreeOrders = { others: [], enforcement: random.pick(["on", "off"]), calls };
    const [exact, bound] = [worstOrder(orders), worstOrder(orders, 0)];
    expect([exact.exact, bound.exact]).toEqual([true, false]);
    for (const set of ["blocked", "allowed"] as const)
      expect(exact[set].subtract(bound[set]).isEmpty(), `seed ${seed} ${set}`).toBe(true);
    if (calls.length > 1)
      for (const set of ["everBlocked", "everAllowed"] as const)
        expect(exact[set].subtract(bound[set]).isEmpty(), `seed ${seed} ${set}`).toBe(true);
  }
});

it("a range that one rule takes over from another is blocked in between, unless it waits", () => {
  const [old, next] = [rule("Old", "allow", "203.0.113.0/24"), rule("New", "allow", "203.0.113.0/24")];
  const others = [partial(rule("Office", "allow", "192.0.2.0/24"))];
  const worst = (waitsFor: number[]) =>
    worstOrder({ others, enforcement: "on", calls: [call(old, undefined, waitsFor), call(undefined, next)] });
  expect(worst([]).blockedUntilLast.prefixes()).toEqual(prefixes("203.0.113.0/24"));
  expect(worst([]).example).toEqual([0]);
  expect(worst([1]).blocked.isEmpty()).toBe(true);
});

it("many calls are bounded, not tried", () => {
  const calls = Array.from({ length: 40 }, (_, index) =>
    call(undefined, rule(`R${index}`, "allow", `10.0.${index}.0/24`)),
  );
  expect(worstOrder({ others: [], enforcement: "on", calls })).toMatchObject({ exact: false });
});
