/** What a run says where the account, an answer and what it knows do not fit together. */
import { describe, expect, it } from "vitest";
import { applyPlan } from "../../src/apply/apply-plan.js";
import type { ApplyResult } from "../../src/apply/result.js";
import { diagnostic, hintOf } from "../../src/model/diagnostic.js";
import { Failure } from "../../src/model/failure.js";
import { hashState } from "../../src/plan/state.js";
import { stepReportText } from "../../src/report/apply.js";
import { renderApplyText } from "../../src/report/text/apply.js";
import { look } from "../report/formats.js";
import { FakeAccount } from "./fake-account.js";
import { account, MemoryJournal, planOf, portsOf, rule } from "./hand-made.js";

const before = account(
  "enabled",
  rule("office", "allow", ["203.0.113.0/24"]),
  rule("old", "allow", ["198.51.100.7/32"]),
  rule("older", "allow", ["198.51.100.9/32"]),
);
const plan = planOf(before, [
  { kind: "create", rule: rule("vpn", "allow", ["192.0.2.0/25"]) },
  { kind: "delete", name: "old" },
  { kind: "delete", name: "older" },
]);

const run = (fake: FakeAccount): Promise<ApplyResult> =>
  applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test" });
const codes = ({ diagnostics }: ApplyResult): string[] => diagnostics.map(({ code }) => code);

describe("a listing that shows no rules any more, midway", () => {
  /** From this reading on, counted from 1, so many of them show nothing. */
  const hiding = (from: number, times: number): FakeAccount => {
    const fake = new FakeAccount(before);
    fake.shows = () => fake.reads < from || fake.reads >= from + times;
    return fake;
  };

  it("is read again, and the run goes on where the rules come back", async () => {
    const fake = hiding(2, 2);
    const result = await run(fake);
    expect([result.exitCode, codes(result), hashState(fake.state())]).toEqual([0, [], hashState(plan.after)]);
  });

  it("is doubted where it stays: nobody is blamed, and nothing is said to be left to do", async () => {
    const result = await run(hiding(2, Number.POSITIVE_INFINITY));
    expect([result.exitCode, codes(result)]).toEqual([4, ["account-not-confirmed"]]);
    expect(result).not.toHaveProperty("unexpected");
    expect(result).not.toHaveProperty("remaining");
    const text = renderApplyText(result, look);
    expect(text).not.toMatch(/Changed by somebody else|Still to do/);
  });
});

describe("a listing that leaves out a rule, midway", () => {
  it("is doubted where the service still knows the rule", async () => {
    const fake = new FakeAccount(before);
    fake.shows = ({ name }) => fake.reads < 2 || name !== "office";
    const result = await run(fake);
    expect([result.exitCode, codes(result)]).toEqual([4, ["account-not-confirmed"]]);
    expect(result).not.toHaveProperty("remaining");
  });

  it("is believed where the service does not: somebody has deleted it", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = () => {
      if (fake.writes === 1)
        fake.change((it) => Object.assign(it, { rules: it.rules.filter(({ name }) => name !== "office") }));
    };
    const result = await run(fake);
    expect([result.exitCode, codes(result)]).toEqual([4, ["account-changed"]]);
  });
});

describe("a listing after the last rule that shows enforcement on already", () => {
  const off = account("disabled", rule("office", "allow", ["203.0.113.0/24"]));
  const enabling = planOf(off, [
    { kind: "create", rule: rule("vpn", "allow", ["192.0.2.0/25"]) },
    { kind: "enforcement", enabled: true },
  ]);
  const applyTo = (fake: FakeAccount): Promise<ApplyResult> =>
    applyPlan(enabling, portsOf(fake, new MemoryJournal()), { tool: "test" });

  it("is not believed alone: enforcement is still turned on", async () => {
    const fake = new FakeAccount(off);
    const readSnapshot = fake.readSnapshot.bind(fake);
    fake.readSnapshot = async () => ({
      ...(await readSnapshot()),
      ...(fake.writes === 1 && fake.reads === 2 ? { enforcement: "enabled" as const } : {}),
    });
    const result = await applyTo(fake);
    expect([result.exitCode, fake.writes, hashState(fake.state())]).toEqual([
      0,
      2,
      hashState(enabling.after),
    ]);
  });

  it("is believed once the next one says the same: somebody has turned it on", async () => {
    const fake = new FakeAccount(off);
    fake.onCall = () => {
      if (fake.writes === 1) fake.change((it) => Object.assign(it, { enabled: true }));
    };
    const result = await applyTo(fake);
    expect([result.exitCode, fake.writes, hashState(fake.state())]).toEqual([
      0,
      1,
      hashState(enabling.after),
    ]);
  });
});

describe("a 409 after a write that landed", () => {
  it("has one hint: that of the contradiction, and not that of the refusal", async () => {
    const fake = new FakeAccount(before);
    fake.faults.set(1, "refused-but-lands");
    const result = await run(fake);
    expect([result.exitCode, codes(result)]).toEqual([4, ["refused-but-done", "step-refused"]]);
    expect(result.diagnostics.map((one) => hintOf(one) !== undefined)).toEqual([true, false]);
  });
});

describe("a rule that the service does not know when it is asked about it", () => {
  const unknownRule = (): Failure =>
    new Failure([diagnostic("connection-lost", { host: "h" })], 1, { status: 404 });

  it("was deleted by another run of the plan: the run reads again, and goes on", async () => {
    const fake = new FakeAccount(before);
    fake.callerGetsIn = (without) => {
      if (without !== undefined && fake.rules.some(({ id, name }) => id === without && name === "old")) {
        fake.change((it) => {
          it.rules = it.rules.filter(({ name }) => name !== "old");
        });
        throw unknownRule();
      }
      return true;
    };
    const result = await run(fake);
    expect([result.exitCode, codes(result)]).toEqual([0, []]);
    expect(result.steps.map(({ status }) => status)).toEqual(["applied", "already-done", "applied"]);
    expect(stepReportText(result.steps[1]!)).toContain("done by another run");
    expect(hashState(fake.state())).toBe(hashState(plan.after));
  });

  it("is asked about once more where the account still shows it, and then the run stops", async () => {
    const fake = new FakeAccount(before);
    let asked = 0;
    fake.callerGetsIn = () => {
      asked += 1;
      throw unknownRule();
    };
    const result = await run(fake);
    expect([result.exitCode, asked, fake.writes]).toEqual([4, 2, 1]);
  });
});

describe("answers that a later listing does not bear out", () => {
  it("are named, step by step, and nothing is removed on their word", async () => {
    const fake = new FakeAccount(before);
    fake.faults.set(1, "lie-in-full");
    const result = await run(fake);
    expect([result.exitCode, codes(result), fake.writes]).toEqual([4, ["step-not-visible"], 1]);
    expect(result.steps.map(({ status }) => status)).toEqual(["unknown", "not-begun", "not-begun"]);
    expect(fake.rules.map(({ name }) => name)).toEqual(["office", "old", "older"]);
  });

  it("are told apart from those that it does", async () => {
    const two = planOf(before, [
      { kind: "create", rule: rule("a", "allow", ["192.0.2.0/27"]) },
      { kind: "create", rule: rule("b", "allow", ["192.0.2.32/27"]) },
    ]);
    const fake = new FakeAccount(before);
    fake.faults.set(1, "lie-in-full");
    const result = await applyPlan(two, portsOf(fake, new MemoryJournal()), { tool: "test" });
    expect([result.exitCode, codes(result)]).toEqual([4, ["step-not-visible"]]);
    expect(result.steps.map(({ status }) => status)).toEqual(["unknown", "applied"]);
  });
});
