/** How many calls an apply makes, by the calls themselves: what readings cost a step does not grow with the account. */
import { expect, it } from "vitest";
import { applyPlan } from "../../src/apply/apply-plan.js";
import type { AccountState, Enforcement, Rule } from "../../src/model/rule.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import { hashState } from "../../src/plan/state.js";
import { FakeAccount } from "./fake-account.js";
import { account, MemoryJournal, planOf, portsOf, rule } from "./hand-made.js";

const rulesPerPage = 100;

const numbered = (count: number, name: string, second: number): Rule[] =>
  Array.from({ length: count }, (_, at) =>
    rule(`${name} ${at}`, "allow", [`10.${second}.${Math.floor(at / 250)}.${at % 250}/32`], "x"),
  );

/** All calls, the listing for the plan among them: a page for each 100 rules of a listing. */
const callsOf = async (before: AccountState, after: AccountState) => {
  const steps = orderSteps(before, after);
  const plan = planOf(before, steps, { after });
  const fake = new FakeAccount(before);
  const pages = (): number => Math.max(1, Math.ceil(fake.rules.length / rulesPerPage));
  let calls = pages();
  fake.onCall = (call) => {
    calls += call === "read" ? pages() : 1;
  };
  const { exitCode } = await applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test" });
  expect([exitCode, hashState(fake.state())]).toEqual([0, hashState(after)]);
  return { calls, steps: steps.length };
};

const base = rule("base", "allow", ["192.0.2.0/24"]);

it.each<[string, Enforcement, number, Rule[]]>([
  ["an enforced account", "enabled", 1_000, [base]],
  ["an account without enforcement", "disabled", 300, [base]],
  ["an empty account", "disabled", 300, []],
  ["an enforced account", "enabled", 100, [base]],
])("at most 1.5 calls a step on %s (%s): %i creates", async (_, enforcement, count, rules) => {
  const before = account(enforcement, ...rules);
  const after = account(enforcement, ...rules, ...numbered(count, "new", 0));
  const { calls, steps } = await callsOf(before, after);
  expect(steps).toBe(count);
  expect(calls / steps).toBeLessThanOrEqual(1.5);
});

const ten = numbered(10, "old", 1);
const moved = ten.map((one, at) => rule(one.name, "allow", [`10.9.0.${at}/32`], "x"));

it.each<[string, readonly Rule[]]>([
  ["10 creates", [...ten, ...numbered(10, "new", 2)]],
  [
    "10 updates that only add",
    ten.map((one, at) => ({ ...one, prefixes: [...one.prefixes, ...moved[at]!.prefixes] })),
  ],
  [
    "4 creates, 3 updates and 3 deletes",
    [...ten.slice(0, 4), ...moved.slice(4, 7), ...numbered(4, "new", 2)],
  ],
  ["10 descriptions", ten.map((one) => ({ ...one, description: "y" }))],
  ["10 updates that move", moved],
  ["9 deletes", ten.slice(0, 1)],
])("at most 2.5 calls a step on an account of 10 rules: %s", async (_, rules) => {
  for (const enforcement of ["enabled", "disabled"] as const) {
    const { calls, steps } = await callsOf(account(enforcement, ...ten), account(enforcement, ...rules));
    expect(calls / steps, `${calls} calls for ${steps} steps`).toBeLessThanOrEqual(2.5);
  }
});

it("as many calls a step for 1,000 deletes as for 100", async () => {
  const callsForDeletes = async (count: number): Promise<number> => {
    const before = account("enabled", base, ...numbered(count, "old", 1));
    const { calls, steps } = await callsOf(before, account("enabled", base));
    return calls / steps;
  };
  const [few, many] = [await callsForDeletes(100), await callsForDeletes(1_000)];
  // The delete, the question whether the caller keeps access, and a page for each five of them.
  expect(few).toBeLessThanOrEqual(2.5);
  expect(many).toBeLessThanOrEqual(2.5);
});
