/**
 * Whatever goes wrong, running apply again finishes the work: random accounts, random faults, and crashes
 * between any two lines. An observer sees every state that the account is ever in.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { AccessMap } from "../../src/address/access-map.js";
import { applyPlan } from "../../src/apply/apply-plan.js";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import type { ApplyResult } from "../../src/apply/result.js";
import type { AccountState, Rule, RuleType } from "../../src/model/rule.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import type { Plan } from "../../src/plan/plan.js";
import { hashState, sortedPrefixes, stateOf } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { FakeAccount, type Fault } from "./fake-account.js";
import { account, MemoryJournal, planOf, portsOf, prefix } from "./hand-made.js";

const prefixes = [
  "192.0.2.0/29",
  "192.0.2.0/30",
  "192.0.2.4/30",
  "192.0.2.0/31",
  "192.0.2.2/31",
  "192.0.2.6/31",
  "192.0.2.1/32",
  "192.0.2.4/32",
  "2001:db8::/32",
  "0.0.0.0/0",
].map(prefix);
const watched = [
  ...Array.from({ length: 8 }, (_, host) => `192.0.2.${host}`),
  "198.51.100.1",
  "2001:db8::1",
].map((text) => prefix(text).network);

const ruleOf = fc.record({
  name: fc.constantFrom("a", "b", "c", "d"),
  type: fc.constantFrom<RuleType>("allow", "deny"),
  // Never empty: the service keeps a description that a write leaves out.
  description: fc.constantFrom("x", "y"),
  picks: fc.uniqueArray(fc.nat(prefixes.length - 1), { minLength: 1, maxLength: 4 }),
});

/** A state that the service would take: names once, and no range both allowed and denied. */
const states = fc
  .record({
    enforcement: fc.constantFrom("enabled", "disabled"),
    rules: fc.uniqueArray(ruleOf, { maxLength: 4, selector: ({ name }) => name }),
  })
  .map(({ enforcement, rules }): AccountState => {
    const types = new Map<number, RuleType>();
    const kept = rules.flatMap(({ name, type, description, picks }): Rule[] => {
      const own = picks.filter((pick) => (types.get(pick) ?? type) === type);
      for (const pick of own) types.set(pick, type);
      return own.length === 0
        ? []
        : [{ name, type, description, prefixes: sortedPrefixes(own.map((pick) => prefixes[pick]!)) }];
    });
    return account(enforcement, ...kept);
  });

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>("lost", "not-sent", "answer-lost", "refused", "partial", "lie", "lie-in-full"),
  fc.constantFrom<Fault>("refused-but-lands", "refused-in-part", "throws"),
  fc.record({ throttledButLands: fc.constantFrom(1) }),
  fc.record({ landsAfterReads: fc.nat(3) }),
  fc.record({ landsAfterReads: fc.nat(3), named: fc.constant<true>(true) }),
  fc.record({ visibleAfterReads: fc.nat(3) }),
);

const isLate = (one: Fault): boolean =>
  typeof one === "object" && ("landsAfterReads" in one || "visibleAfterReads" in one);

class Crash extends Error {}

/** Dies at the given call of any port, counted from 0: that one and all after it fail, as in a process that is gone. Says whether that has happened. */
const crashAt = (fake: FakeAccount, journal: MemoryJournal, moment: number): (() => boolean) => {
  let calls = 0;
  const count = (): void => {
    calls += 1;
    if (calls - 1 >= moment) throw new Crash();
  };
  fake.onCall = count;
  journal.onAppend = count;
  return () => calls > moment;
};

const allows = ({ enforcement, rules }: AccountState): boolean[] => {
  const entries = rules.flatMap(({ type, prefixes: own }) => own.map((one) => ({ prefix: one, type })));
  const map = AccessMap.of(entries, { enforced: enforcement !== "disabled" });
  return watched.map((address) => map.lookup(address).allowed);
};

const planFor = (fake: FakeAccount, target: AccountState): Plan => {
  const before = stateOf(fake.snapshot());
  return planOf(before, orderSteps(before, target), { after: target });
};

/**
 * What the user is told to do about two rules of one name, and the only thing that is left to a user: a create that
 * landed after it had been sent again, by the same run or the next one.
 */
const removeCopies = (fake: FakeAccount): number => {
  const names = new Set<string>();
  const kept = fake.rules.filter(({ name }) => !names.has(name) && names.add(name));
  const removed = fake.rules.length - kept.length;
  if (removed > 0) fake.change((it) => Object.assign(it, { rules: kept }));
  return removed;
};

/** Runs the plan once, with one crash or none; returns whether it said that all is done. */
const runOnce = async (fake: FakeAccount, plan: Plan, crash: number | undefined): Promise<string> => {
  const journal = new MemoryJournal();
  const died = crash === undefined ? () => false : crashAt(fake, journal, crash);
  const before = hashState(stateOf(fake.snapshot()));
  let result: ApplyResult;
  try {
    result = await applyPlan(plan, portsOf(fake, journal), { tool: "test", allowLockout: true });
  } catch (error) {
    // Before the receipt has its header.
    if (!(error instanceof Crash)) throw error;
    return "crashed";
  } finally {
    fake.onCall = () => undefined;
    if (journal.lines.length > 0) expect(parseReceipt(journal.text, "r").diagnostics).toEqual([]);
  }
  if (died()) return "crashed";
  // Every run that lives says truly whether it changed something, and its receipt ends so.
  expect(parseReceipt(journal.text, "r").receipt?.end?.end).toBe(
    result.outcome === "nothing" ? "done" : result.outcome,
  );
  // A late write of a run before it may land at any time.
  const late = [...fake.faults.values()].some(isLate);
  if (!late && (result.outcome === "failed" || result.outcome === "refused"))
    expect(hashState(stateOf(fake.snapshot()))).toBe(before);
  return result.outcome;
};

it("converges after any faults and crashes, without a duplicate, and disturbs no address on the way", async () => {
  await fc.assert(
    fc.asyncProperty(
      states,
      states,
      fc.dictionary(fc.nat(12).map(String), fault, { maxKeys: 5 }),
      fc.array(fc.option(fc.nat(40), { nil: undefined }), { maxLength: 6 }),
      fc.boolean(),
      async (given, target, faults, crashes, samePlan) => {
        // An account without rules is not believed to be one while enforcement is on (confirm-empty.test.ts).
        const before: AccountState = given.rules.length === 0 ? { ...given, enforcement: "disabled" } : given;
        const fake = new FakeAccount(before);
        for (const [write, what] of Object.entries(faults)) fake.faults.set(Number(write), what);
        let plan = planFor(fake, target);
        let outcome = "";
        let copies = 0;
        for (let round = 0; round < 20 && outcome !== "done" && outcome !== "nothing"; round += 1) {
          outcome = await runOnce(fake, plan, crashes[round]);
          copies += removeCopies(fake);
          if (outcome === "refused" || !samePlan) plan = planFor(fake, target);
        }
        // What was still on its way has landed by now, or is seen by one more run.
        fake.faults.clear();
        for (let look = 0; look < 5; look += 1) await fake.readSnapshot();
        copies += removeCopies(fake);
        if (hashState(stateOf(fake.snapshot())) !== hashState(target)) {
          outcome = await runOnce(fake, planFor(fake, target), undefined);
        }
        expect(["done", "nothing"]).toContain(outcome);
        expect(hashState(stateOf(fake.snapshot()))).toBe(hashState(target));
        // Only a write that landed late can leave a copy to the user: its answer named no rule, or its run died.
        const late = Object.values(faults).filter(isLate);
        const unnamed = late.some(
          (one) => typeof one === "object" && "landsAfterReads" in one && one.named !== true,
        );
        const died = crashes.some((moment) => moment !== undefined);
        if (!unnamed && !(died && late.length > 0)) expect(copies).toBe(0);
        const [first, last] = [allows(before), allows(target)];
        for (const state of fake.history) {
          const now = allows(state);
          watched.forEach((_, index) => {
            if (first[index] === last[index]) expect(now[index]).toBe(first[index]);
          });
        }
      },
    ),
    { numRuns: share(250, 8_000) },
  );
});
