/** A run that stops while the temporary allow-all is on the account says so, whatever made it stop. */
import { describe, expect, it } from "vitest";
import { applyPlan } from "../../src/apply/apply-plan.js";
import type { ApplyOptions, ApplyResult } from "../../src/apply/result.js";
import { catchAllDescription, catchAllName } from "../../src/model/reserved-names.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import { FakeAccount, type Fault } from "./fake-account.js";
import { account, MemoryJournal, planOf, portsOf, rule } from "./hand-made.js";

const no = rule("No", "deny", ["198.51.100.0/24"]);
const office = rule("Office", "allow", ["203.0.113.0/24"]);
const before = account("enabled", no);
const after = account("enabled", office, rule("Home", "allow", ["192.0.2.77/32"]));
// create the allow-all, create Home, create Office, delete the allow-all, delete No
const plan = planOf(before, orderSteps(before, after));
const name = catchAllName(1);
const left = rule(name, "allow", ["::/0", "0.0.0.0/0"], catchAllDescription);

const run = async (
  faults: Readonly<Record<number, Fault>>,
  options: Partial<ApplyOptions> = {},
  prepare: (fake: FakeAccount) => void = () => undefined,
): Promise<ApplyResult> => {
  const fake = new FakeAccount(before);
  for (const [write, fault] of Object.entries(faults)) fake.faults.set(Number(write), fault);
  prepare(fake);
  return applyPlan(plan, portsOf(fake, new MemoryJournal()), {
    tool: "test",
    allowLockout: true,
    ...options,
  });
};

/** Asks to stop once this many writes have been sent. */
const stopAfter = (writes: number): [Partial<ApplyOptions>, (fake: FakeAccount) => void] => {
  const stop = new AbortController();
  const prepare = (fake: FakeAccount): void => {
    fake.onCall = (call) => {
      if (call !== "validate" && fake.writes === writes) stop.abort();
    };
  };
  return [{ signal: stop.signal }, prepare];
};

const unreadableAfter =
  (writes: number) =>
  (fake: FakeAccount): void => {
    fake.onCall = () => {
      if (fake.writes >= writes) fake.unreadable.add(fake.reads + 1);
    };
  };

it("is about a plan that makes one", () => {
  expect(plan.steps.map(({ step }) => step.kind)).toEqual(["create", "create", "create", "delete", "delete"]);
});

describe("a run that stops leaves it", () => {
  it.each<[string, () => Promise<ApplyResult>]>([
    ["at a refusal", () => run({ 2: "refused" })],
    ["at a call that never lands", () => run({ 2: "lost", 3: "lost", 4: "lost" })],
    ["at a partial answer", () => run({ 3: "claims-partial" })],
    ["when asked to, after its create", () => run({}, ...stopAfter(1))],
    ["when asked to, midway", () => run({}, ...stopAfter(2))],
    ["where the connection is lost", () => run({}, {}, unreadableAfter(2))],
    ["at the refusal of its delete", () => run({ 4: "refused" })],
    [
      "at somebody else's change",
      () =>
        run({}, {}, (fake) => {
          fake.onCall = (call) => {
            if (call === "read" && fake.writes === 3)
              fake.change((it) => Object.assign(it, { enabled: false }));
          };
        }),
    ],
  ])("%s", async (_, stopped) => {
    const result = await stopped();
    expect(result.exitCode).toBe(4);
    expect(result.temporaryAllowAll).toEqual({ rule: name, certain: true });
  });
});

describe("a run that stops may leave it", () => {
  it.each<[string, () => Promise<ApplyResult>]>([
    ["where its create was answered, and is not to be seen", () => run({ 1: "lie" })],
    ["where nobody knows what came of its create", () => run({ 1: "answer-lost" }, {}, unreadableAfter(1))],
    ["where nobody knows what came of its delete", () => run({ 4: "answer-lost" }, {}, unreadableAfter(4))],
    [
      "where the listing comes back empty midway",
      () =>
        run({}, {}, (fake) => {
          fake.onCall = () => {
            if (fake.writes === 2) fake.shows = () => false;
          };
        }),
    ],
  ])("%s", async (_, stopped) => {
    expect((await stopped()).temporaryAllowAll).toEqual({ rule: name, certain: false });
  });
});

it.each<[string, () => Promise<ApplyResult>]>([
  ["done", () => run({})],
  ["stopped before its create", () => run({ 1: "refused" })],
  ["stopped after its delete", () => run({ 5: "refused" })],
])("a run that is %s says nothing of it", async (_, ended) => {
  expect(await ended()).not.toHaveProperty("temporaryAllowAll");
});

it("a run that is refused says that an earlier one has left it", async () => {
  const fake = new FakeAccount(account("enabled", no, left, office, rule("Theirs", "allow", ["8.8.8.8/32"])));
  const result = await applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test" });
  expect([result.exitCode, result.temporaryAllowAll]).toEqual([3, { rule: name, certain: true }]);
});
