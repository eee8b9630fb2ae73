/**
 * A listing that comes back empty opens nothing: what an account shows is not believed before a call that harms
 * nobody has confirmed it.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessMap } from "../../src/address/access-map.js";
import { applyPlan } from "../../src/apply/apply-plan.js";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import type { ApplyResult } from "../../src/apply/result.js";
import { overrideFlags } from "../../src/model/guards.js";
import { isProbe, isReservedName, probeName } from "../../src/model/reserved-names.js";
import type { AccountState } from "../../src/model/rule.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Plan } from "../../src/plan/plan.js";
import { checkSnapshot, hashState } from "../../src/plan/state.js";
import { policy as policyOf, policyRule } from "../plan/values.js";
import { firstHint, firstMessage } from "../said.js";
import { FakeAccount, type Fault } from "./fake-account.js";
import { account, MemoryJournal, portsOf, prefix, rule } from "./hand-made.js";

const office = rule("Office", "allow", ["203.0.113.0/24"]);
const policy = policyOf([
  policyRule("Office", "allow", ["203.0.113.0/24"]),
  policyRule("VPN", "allow", ["198.51.100.0/24", "192.0.2.7/32"]),
]);
const enforced = account("enabled", office, rule("VPN", "allow", ["198.51.100.0/24"]));

const planFor = async (fake: FakeAccount): Promise<Plan> => {
  const { plan, diagnostics } = makePlan({
    policy,
    snapshot: await fake.readSnapshot(),
    overrides: new Set([overrideFlags.unguardedEnforcement]),
  });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
};

const apply = async (
  fake: FakeAccount,
  plan: Plan,
): Promise<{ result: ApplyResult; records: readonly (string | undefined)[] }> => {
  const journal = new MemoryJournal();
  const result = await applyPlan(plan, portsOf(fake, journal), { tool: "test", allowLockout: true });
  const { receipt, diagnostics } = parseReceipt(journal.text, "r");
  expect(diagnostics).toEqual([]);
  return { result, records: plan.steps.map(({ number }) => receipt?.records.get(number)?.outcome) };
};

const codes = ({ diagnostics }: ApplyResult): string[] => diagnostics.map(({ code }) => code);

const liar = (state: AccountState, shows: FakeAccount["shows"] = () => false): FakeAccount =>
  Object.assign(new FakeAccount(state), { shows });

const watched = ["8.8.8.8", "203.0.113.5", "198.51.100.9", "192.0.2.7", "192.0.2.8", "2001:db8::1"].map(
  (text) => prefix(text).network,
);

const allows = ({ enforcement, rules }: AccountState): boolean[] => {
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((one) => ({ prefix: one, type })));
  const map = AccessMap.of(entries, { enforced: enforcement !== "disabled" });
  return watched.map((address) => map.lookup(address).allowed);
};

/** Addresses that some state lets in although the first one does not. */
const letIn = ({ history }: FakeAccount): bigint[] => {
  const [first, ...later] = history.map(allows);
  return watched.filter((_, index) => !first?.[index] && later.some((state) => state[index]));
};

describe("an account whose listing is empty although it has rules", () => {
  it("is left as it was, and the run says why, where the answer shows enforcement on", async () => {
    const fake = liar(enforced);
    const plan = await planFor(fake);
    expect(plan.verdicts.filter(({ state }) => state === "failed")).toEqual([]);
    const { result, records } = await apply(fake, plan);
    expect([result.outcome, result.exitCode, codes(result)]).toEqual([
      "refused",
      3,
      ["account-not-confirmed"],
    ]);
    expect(firstMessage(result.diagnostics)).toContain("enforcement is on");
    expect(result.unexpected).toEqual([]);
    expect(records).toEqual(["applied", "applied", "skipped", "skipped", "skipped"]);
    expect([letIn(fake), hashState(fake.state())]).toEqual([[], hashState(enforced)]);
    expect(fake.history).toHaveLength(3);
  });

  it("is left as it was where it shows the probe alone", async () => {
    const fake = liar(enforced, ({ name }) => isReservedName(name));
    const { result } = await apply(fake, await planFor(fake));
    expect([result.exitCode, codes(result)]).toEqual([3, ["account-not-confirmed"]]);
    expect([letIn(fake), hashState(fake.state())]).toEqual([[], hashState(enforced)]);
  });

  it("is left as it was where it shows everything once the probe is there", async () => {
    const fake = liar(enforced);
    const plan = await planFor(fake);
    fake.onCall = (call) => {
      if (call === "write") fake.shows = () => true;
    };
    const { result } = await apply(fake, plan);
    expect([result.exitCode, codes(result)]).toEqual([3, ["account-not-confirmed"]]);
    expect(firstMessage(result.diagnostics)).toContain("has rules");
    expect(hashState(fake.state())).toBe(hashState(enforced));
    // Now that it is shown, the same policy is applied as to any account.
    const again = await apply(fake, await planFor(fake));
    expect([again.result.outcome, letIn(fake)]).toEqual(["done", [prefix("192.0.2.7").network]]);
  });

  it("stops the run with what it is, where neither the answer nor the listing says anything", async () => {
    const fake = liar(enforced);
    fake.tells = { listing: false, answer: false };
    const { result } = await apply(fake, await planFor(fake));
    expect([result.outcome, codes(result)]).toEqual(["failed", ["step-not-visible"]]);
    expect([letIn(fake), hashState(fake.state())]).toEqual([[], hashState(enforced)]);
  });

  it("stops the run where the probe is shown without what enforcement is", async () => {
    const fake = liar(enforced, ({ name }) => isReservedName(name));
    fake.tells = { listing: false, answer: false };
    const { result } = await apply(fake, await planFor(fake));
    expect(firstMessage(result.diagnostics)).toContain("does not say whether enforcement is on");
    expect([letIn(fake), hashState(fake.state())]).toEqual([[], hashState(enforced)]);
  });

  it("keeps the probe where the answer is lost, since nothing proves whose it is; nobody is let in", async () => {
    const fake = liar(enforced, ({ name }) => isReservedName(name));
    fake.faults.set(1, "answer-lost");
    const { result } = await apply(fake, await planFor(fake));
    expect([result.exitCode, codes(result)]).toEqual([4, ["account-not-confirmed"]]);
    expect([letIn(fake), fake.rules.filter(({ name }) => name === probeName(1)).length]).toEqual([[], 1]);
  });

  it("gets its rules where another apply has begun at the same time, and left its probe", async () => {
    const fake = new FakeAccount(account("disabled"));
    const plan = await planFor(fake);
    const first = plan.steps[0]?.step;
    if (first?.kind !== "create") throw new Error("the plan begins with its probe");
    fake.onCall = (call) => {
      if (call !== "write") return;
      fake.onCall = () => undefined;
      void fake.createRule(first.rule, undefined);
    };
    const { result } = await apply(fake, plan);
    expect([result.exitCode, hashState(fake.state())]).toEqual([0, hashState(plan.after)]);
  });

  it("keeps the probe where its delete is refused: midway, and the next plan removes it", async () => {
    const fake = liar(enforced);
    fake.faults.set(2, "refused");
    const { result } = await apply(fake, await planFor(fake));
    expect([result.outcome, result.exitCode]).toEqual(["midway", 4]);
    expect(fake.rules.map(({ name }) => name)).toContain(probeName(1));
    fake.shows = () => true;
    const again = await apply(fake, await planFor(fake));
    expect([again.result.outcome, fake.rules.map(({ name }) => name).sort()]).toEqual([
      "done",
      ["Office", "VPN"],
    ]);
  });
});

describe("a run that died right after its probe, on an account that shows the probe alone", () => {
  const died = async () => {
    const fake = liar(enforced, ({ name }) => isReservedName(name));
    const plan = await planFor(fake);
    const first = plan.steps[0]?.step;
    if (first?.kind !== "create") throw new Error("the plan begins with its probe");
    await fake.createRule(first.rule, undefined);
    return { fake, plan };
  };

  it("is not gone on with by its plan", async () => {
    const { fake, plan } = await died();
    const { result } = await apply(fake, plan);
    expect([result.exitCode, codes(result)]).toEqual([3, ["account-not-confirmed"]]);
    fake.tells = { listing: false, answer: false };
    const untold = await apply(fake, plan);
    expect([untold.result.exitCode, codes(untold.result)]).toEqual([4, ["account-not-confirmed"]]);
    expect(letIn(fake)).toEqual([]);
  });

  it("is not gone on with by a new plan, which no flag lets pass", async () => {
    const { fake } = await died();
    const plan = await planFor(fake);
    const failed = plan.verdicts.filter(({ state }) => state === "failed");
    expect(failed).toMatchObject([{ guard: "confirmed-account" }]);
    expect(failed[0]).not.toHaveProperty("override");
    const { result } = await apply(fake, plan);
    expect([result.exitCode, letIn(fake)]).toEqual([3, []]);
  });
});

describe("an account that is new", () => {
  it.each([
    ["the answer says so", { listing: true, answer: true }],
    ["the listing alone says so", { listing: true, answer: false }],
  ])(
    "gets its rules where %s, by calls that block and let in nobody before enforcement",
    async (_, tells) => {
      const fake = Object.assign(new FakeAccount(account("disabled")), { tells });
      const plan = await planFor(fake);
      expect(plan.steps.map(({ access }) => access.direction)).toEqual([
        "none",
        "none",
        "none",
        "none",
        "narrows",
      ]);
      const { result } = await apply(fake, plan);
      expect([result.outcome, hashState(fake.state())]).toEqual(["done", hashState(plan.after)]);
    },
  );

  it("gets none while enforcement is on: nothing tells it from one that hides its rules", async () => {
    const fake = new FakeAccount(account("enabled"));
    const { result } = await apply(fake, await planFor(fake));
    expect([result.exitCode, codes(result), fake.rules]).toEqual([3, ["account-not-confirmed"], []]);
    expect(firstHint(result.diagnostics)).toContain("turn enforcement off there");
    fake.change((it) => Object.assign(it, { enabled: false }));
    expect((await apply(fake, await planFor(fake))).result.outcome).toBe("done");
  });
});

class Crash extends Error {}

it("lets nobody in by any lie, fault or crash, however often the command is repeated", async () => {
  const fault = fc.oneof(
    fc.constantFrom<Fault>("lost", "not-sent", "answer-lost", "refused", "partial", "lie"),
    fc.record({ landsAfterReads: fc.nat(3) }),
    fc.record({ visibleAfterReads: fc.nat(3) }),
  );
  const hidden = fc.constantFrom(
    enforced,
    account("enabled", rule("Partner", "allow", ["192.0.2.8/32"])),
    account("enabled", rule("Partner", "allow", ["192.0.2.0/24"]), rule("No", "deny", ["192.0.2.7/32"])),
    account("enabled", rule("No", "deny", ["8.8.8.8/32", "2001:db8::/32"])),
  );
  await fc.assert(
    fc.asyncProperty(
      hidden,
      fc.constantFrom<FakeAccount["shows"]>(
        () => false,
        ({ name }) => isReservedName(name),
      ),
      fc.record({ listing: fc.boolean(), answer: fc.boolean() }),
      fc.dictionary(fc.nat(6).map(String), fault, { maxKeys: 4 }),
      fc.array(fc.option(fc.nat(20), { nil: undefined }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (state, shows, tells, faults, crashes, samePlan) => {
        const fake = Object.assign(new FakeAccount(state), { shows, tells });
        for (const [write, what] of Object.entries(faults)) fake.faults.set(Number(write), what);
        let plan = await planFor(fake);
        for (const crash of crashes) {
          let calls = 0;
          fake.onCall = () => {
            calls += 1;
            if (calls - 1 === crash) throw new Crash();
          };
          try {
            const { result } = await apply(fake, plan);
            expect(result.outcome).not.toBe("done");
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
          }
          fake.onCall = () => undefined;
          expect(letIn(fake)).toEqual([]);
          // Nothing but probes was added; two of one name are for the user to tell apart.
          const strange = fake.state().rules.filter((one) => !isProbe(one));
          expect(strange).toEqual(state.rules);
          if (checkSnapshot(await fake.readSnapshot()).length > 0) return;
          if (!samePlan) plan = await planFor(fake);
        }
      },
    ),
    { numRuns: 200, seed: 12 },
  );
});
