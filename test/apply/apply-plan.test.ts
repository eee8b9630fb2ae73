import { describe, expect, it } from "vitest";
import { applyPlan } from "../../src/apply/apply-plan.js";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import type { ApplyEvent, ApplyOptions, ApplyResult } from "../../src/apply/result.js";
import { messageOf } from "../../src/model/diagnostic.js";
import { failure } from "../../src/model/failure.js";
import { isReservedName } from "../../src/model/reserved-names.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import type { Plan, Step } from "../../src/plan/plan.js";
import { hashState } from "../../src/plan/state.js";
import { applyClosing } from "../../src/report/apply.js";
import { applyStep } from "../plan/apply-step.js";
import { firstHint } from "../said.js";
import { FakeAccount, type Fault } from "./fake-account.js";
import { account, MemoryJournal, planOf, portsOf, prefix, rule } from "./hand-made.js";

const before = account(
  "disabled",
  rule("office", "allow", ["203.0.113.0/24"]),
  rule("old", "deny", ["198.51.100.7/32"]),
);
const steps: readonly Step[] = [
  { kind: "create", rule: rule("vpn", "allow", ["192.0.2.0/25", "2001:db8::/48"], "staff") },
  {
    kind: "update",
    name: "office",
    becomes: { name: "head office", type: "allow", description: "main" },
    add: [prefix("198.51.100.0/24")],
    remove: [prefix("203.0.113.0/24")],
  },
  { kind: "delete", name: "old" },
  { kind: "enforcement", enabled: true },
];
const plan = planOf(before, steps);

interface Outcome {
  readonly result: ApplyResult;
  readonly fake: FakeAccount;
  readonly journal: MemoryJournal;
  readonly events: ApplyEvent[];
  readonly slept: number[];
}

const run = async (
  options: Partial<ApplyOptions> & {
    plan?: Plan;
    fake?: FakeAccount;
    faults?: Readonly<Record<number, Fault>>;
    journal?: MemoryJournal;
  } = {},
): Promise<Outcome> => {
  const { plan: given = plan, fake = new FakeAccount(given.before), faults = {}, journal, ...rest } = options;
  for (const [write, fault] of Object.entries(faults)) fake.faults.set(fake.writes + Number(write), fault);
  const lines = journal ?? new MemoryJournal();
  const events: ApplyEvent[] = [];
  const ports = portsOf(fake, lines);
  const onProgress = (event: ApplyEvent): void => {
    events.push(event);
  };
  const result = await applyPlan(given, ports, { tool: "test", onProgress, ...rest });
  return { result, fake, journal: lines, events, slept: ports.slept };
};

const statuses = ({ steps: reports }: ApplyResult): string => reports.map(({ status }) => status).join(" ");
const codes = ({ diagnostics }: ApplyResult): string[] => diagnostics.map(({ code }) => code);
const receiptOf = ({ journal }: Outcome) => {
  const { receipt, diagnostics } = parseReceipt(journal.text, "receipt.jsonl");
  expect(diagnostics).toEqual([]);
  return {
    end: receipt?.end?.end,
    outcomes: [1, 2, 3, 4].map((step) => receipt?.records.get(step)?.outcome),
  };
};
const isAfter = (fake: FakeAccount, of: Plan = plan): boolean =>
  hashState(fake.state()) === hashState(of.after);

describe("a run without trouble", () => {
  it("does every step once, lists before and after each change of a kind, and ends on the planned account", async () => {
    const outcome = await run();
    expect(outcome.result).toMatchObject({ outcome: "done", exitCode: 0, remaining: [], next: "nothing" });
    expect(statuses(outcome.result)).toBe("applied applied applied applied");
    // Before the first call, before the first that narrows, before and after enforcement.
    expect([outcome.fake.writes, outcome.fake.reads]).toEqual([4, 4]);
    expect(isAfter(outcome.fake)).toBe(true);
    expect(receiptOf(outcome)).toEqual({
      end: "done",
      outcomes: ["applied", "applied", "applied", "applied"],
    });
  });

  it("says started in the receipt before each call", async () => {
    const journal = new MemoryJournal();
    const fake = new FakeAccount(before);
    const seen: number[] = [];
    fake.onCall = (call) => {
      if (call === "write") seen.push(journal.lines.filter((line) => line.includes('"started"')).length);
    };
    await run({ fake, journal });
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it("does nothing, and exits 0, for a plan without steps", async () => {
    const { result, fake } = await run({ plan: planOf(before, []) });
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["nothing", 0, 0]);
  });

  it("finds a plan that is already done", async () => {
    const { result, fake } = await run({ fake: new FakeAccount(plan.after) });
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["nothing", 0, 0]);
    expect(statuses(result)).toBe("already-done already-done already-done already-done");
  });

  it("learns the switch from the first rule of an account that had none", async () => {
    const empty = account("unknown");
    const first = planOf(empty, [
      { kind: "create", rule: rule("a", "allow", ["192.0.2.0/24"]) },
      { kind: "enforcement", enabled: true },
    ]);
    const { result, fake } = await run({ plan: first, fake: new FakeAccount(empty) });
    expect([result.outcome, fake.enabled, fake.writes]).toEqual(["done", true, 2]);
    const again = await run({ plan: first, fake });
    expect([again.result.outcome, fake.writes]).toEqual(["nothing", 2]);
  });

  it("sets a switch that no rule tells", async () => {
    const last = planOf(account("disabled", rule("a", "allow", ["192.0.2.0/24"])), [
      { kind: "delete", name: "a" },
      { kind: "enforcement", enabled: true },
    ]);
    const { result, fake } = await run({ plan: last });
    expect([result.outcome, fake.enabled, fake.writes]).toEqual(["done", true, 2]);
    const again = await run({ plan: last, fake });
    expect([again.result.outcome, again.fake.enabled]).toEqual(["done", true]);
  });

  it("takes away every spelling of a prefix that leaves", async () => {
    const fake = new FakeAccount(before);
    fake.rules[0]!.entries.push({ ...fake.rules[0]!.entries[0]!, id: 900, text: "203.0.113.1/24" });
    const { result } = await run({ fake });
    expect(result.outcome).toBe("done");
  });
});

describe("before the first write", () => {
  const refusedUntouched = ({ result, fake }: Outcome): void => {
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["refused", 3, 0]);
    expect(statuses(result)).toBe("not-begun not-begun not-begun not-begun");
  };

  it("refuses a plan when the account is another than it was, and shows the difference", async () => {
    const fake = new FakeAccount(before);
    fake.change(({ rules }) => {
      rules[0]!.description = "mine now";
    });
    const outcome = await run({ fake });
    refusedUntouched(outcome);
    expect(codes(outcome.result)).toEqual(["plan-stale"]);
    expect(outcome.result.unexpected).toMatchObject([{ kind: "update", before: { name: "office" } }]);
    expect(outcome.result.next).toBe("plan-again");
    expect(receiptOf(outcome).end).toBe("refused");
  });

  it("refuses a plan for another account", async () => {
    const outcome = await run({ plan: { ...plan, account: { ...plan.account, id: 1 } } });
    refusedUntouched(outcome);
    expect(codes(outcome.result)).toEqual(["plan-other-account"]);
  });

  it("refuses a failed guard unless its own override is given", async () => {
    const guard = {
      guard: "must-allow",
      state: "failed",
      diagnostics: [],
      override: "--allow-lockout",
    } as const;
    const guarded = {
      ...plan,
      verdicts: [guard, { ...guard, guard: "must-deny", override: "--allow-must-deny" }] as const,
    };
    refusedUntouched(await run({ plan: guarded }));
    refusedUntouched(await run({ plan: guarded, overrides: ["--allow-must-deny"] }));
    const allowed = await run({ plan: guarded, overrides: ["--allow-must-deny", "--allow-lockout"] });
    expect(allowed.result.outcome).toBe("done");
  });

  // The clock of these tests stands at 2026-11-21 (hand-made.ts).
  it.each([
    ["refuses, on the day, a plan with an entry that expires then", { validUntil: "2026-11-21" }, 3],
    ["refuses, after it, a plan with an entry that has expired", { validUntil: "2026-01-01" }, 3],
    ["applies one whose entries last until tomorrow", { validUntil: "2026-11-22" }, 0],
    ["refuses a plan that leaves out an entry before its day", { validFrom: "2026-11-22" }, 3],
    ["applies one that leaves out what expires today", { validFrom: "2026-11-21" }, 0],
    ["refuses a plan whose instant has come", { validUntil: "2026-11-21T00:00Z" }, 3],
    ["applies one whose instant has not come", { validUntil: "2026-11-21T00:00:01Z" }, 0],
    ["refuses one that leaves out an entry before its instant", { validFrom: "2026-11-21T00:00:01Z" }, 3],
  ])("%s", async (_, dates, exitCode) => {
    const outcome = await run({ plan: { ...plan, ...dates } });
    expect([outcome.result.exitCode, outcome.fake.writes]).toEqual([exitCode, exitCode === 0 ? 4 : 0]);
    expect(codes(outcome.result)).toEqual(exitCode === 0 ? [] : ["plan-stale"]);
    if (exitCode !== 0) refusedUntouched(outcome);
  });

  it.each([
    ["has come for the service alone", { validUntil: "2026-11-21T06:00Z" }, "2026-11-21T06:00:00Z", 3],
    ["has come here alone", { validFrom: "2026-11-20T18:00Z" }, "2026-11-20T17:59:59Z", 3],
    ["has come for nobody", { validUntil: "2026-11-21T06:00Z" }, "2026-11-21T05:59:59Z", 0],
    ["is not part of the plan", {}, "2026-11-25T00:00:00Z", 0],
  ])("asks the service's clock too: an instant that %s", async (_, dates, serverAt, exitCode) => {
    const fake = new FakeAccount(plan.before);
    const read = fake.readSnapshot.bind(fake);
    fake.readSnapshot = async () => ({ ...(await read()), serverAt });
    const outcome = await run({ plan: { ...plan, ...dates }, fake });
    expect(codes(outcome.result)).toEqual(exitCode === 0 ? [] : ["clocks-disagree"]);
    expect([outcome.result.exitCode, outcome.fake.writes]).toEqual([exitCode, exitCode === 0 ? 4 : 0]);
    if (exitCode !== 0) refusedUntouched(outcome);
  });

  it("refuses a failed guard that has no override", async () => {
    const verdicts = [{ guard: "allow-in-force", state: "failed", diagnostics: [] }] as const;
    const guarded = { ...plan, verdicts };
    const outcome = await run({ plan: guarded, overrides: ["--allow-failed-tests"] });
    refusedUntouched(outcome);
    expect(codes(outcome.result)).toEqual(["guard-failed"]);
  });

  it.each<[string, (of: Plan) => Plan]>([
    ["a step's hash", (of) => ({ ...of, steps: of.steps.map((step) => ({ ...step, stateHash: "0" })) })],
    ["a step left out", (of) => ({ ...of, steps: of.steps.slice(1) })],
    ["a step that does not fit", (of) => ({ ...of, before: account("disabled") })],
    ["another end", (of) => ({ ...of, after: of.before })],
  ])("refuses a plan that was edited: %s", async (_, edit) => {
    const { result, fake } = await run({ plan: edit(plan), fake: new FakeAccount(before) });
    expect([result.outcome, result.exitCode, codes(result), fake.reads, fake.writes]).toEqual([
      "failed",
      1,
      ["plan-inconsistent"],
      0,
      0,
    ]);
  });

  it("stops at two rules of one name", async () => {
    const fake = new FakeAccount(before);
    fake.rules.push({ ...fake.rules[0]!, id: 77 });
    const { result } = await run({ fake });
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["failed", 1, 0]);
    expect(codes(result)).toEqual(["account-rule-name-repeated"]);
  });

  it("stops when the receipt cannot be written, before the call it would describe", async () => {
    const journal = new MemoryJournal();
    journal.onAppend = () => {
      if (journal.lines.length === 3)
        throw failure("receipt-unwritable", { file: "r.jsonl", reason: "No space left", what: "file" });
    };
    const { result, fake } = await run({ journal });
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["midway", 4, 1]);
    expect(codes(result)).toEqual(["receipt-unwritable"]);
    expect(statuses(result)).toBe("applied not-begun not-begun not-begun");
  });
});

describe("lockout", () => {
  const enabled = account("enabled", ...before.rules);
  const deleting = planOf(enabled, [
    {
      kind: "update",
      name: "office",
      becomes: { name: "office", type: "allow", description: "x" },
      add: [],
      remove: [],
    },
    { kind: "delete", name: "old" },
  ]);

  it("asks the service before enabling, on the account as it is then, and before a delete while enabled", async () => {
    const one = await run();
    expect(one.fake.validations).toBe(1);
    const two = await run({ plan: deleting });
    // Once ahead, since only a description comes before it, and once in its turn.
    expect(two.fake.validations).toBe(2);
  });

  it("refuses before the first write where the answer is known by then", async () => {
    const fake = new FakeAccount(enabled);
    const old = fake.rules[1]!.id;
    fake.callerGetsIn = (without) => without !== old;
    const { result } = await run({ plan: deleting, fake });
    expect([result.outcome, result.exitCode, codes(result), fake.writes]).toEqual([
      "refused",
      3,
      ["lockout-server"],
      0,
    ]);
  });

  it("stops midway where the service says no only then, and goes on when told to", async () => {
    const fake = new FakeAccount(before);
    fake.callerGetsIn = () => false;
    const { result } = await run({ fake });
    expect([result.outcome, result.exitCode, codes(result)]).toEqual(["midway", 4, ["lockout-server"]]);
    expect(statuses(result)).toBe("applied applied applied not-begun");
    expect(fake.enabled).toBe(false);
    const again = await run({ fake, allowLockout: true });
    expect([again.result.outcome, fake.enabled]).toEqual(["done", true]);
    expect(again.events.filter(({ kind }) => kind === "lockout-allowed")).toHaveLength(1);
  });

  it("refuses what would block a known address of the caller in any state to come", async () => {
    const inside = prefix("192.0.2.9").network;
    const outside = prefix("192.0.2.200").network;
    expect((await run({ clientAddresses: [inside] })).result.outcome).toBe("done");
    const { result, fake } = await run({ clientAddresses: [inside, outside] });
    expect([result.exitCode, codes(result), fake.writes]).toEqual([3, ["lockout-client"], 0]);
    const blocked = planOf(account("enabled", ...before.rules), [{ kind: "delete", name: "old" }]);
    expect((await run({ plan: blocked, clientAddresses: [outside] })).result.outcome).toBe("done");
    // Blocked already, whether at the plan's start or where an earlier run stopped: not this run's doing.
    const twice = planOf(account("enabled", ...before.rules), [
      {
        kind: "update",
        name: "old",
        becomes: { name: "old", type: "deny", description: "x" },
        add: [],
        remove: [],
      },
      { kind: "delete", name: "old" },
    ]);
    const resumed = new FakeAccount(twice.before);
    resumed.change(({ rules }) => Object.assign(rules[1]!, { description: "x" }));
    const gone = await run({ plan: twice, fake: resumed, clientAddresses: [outside] });
    expect(statuses(gone.result)).toBe("already-done applied");
    const told = await run({ clientAddresses: [outside], allowLockout: true });
    expect(told.result.outcome).toBe("done");
  });
});

describe("outcomes that are not a plain yes", () => {
  it.each<[string, Record<number, Fault>, number]>([
    ["the answer is lost", { 2: "answer-lost" }, 4],
    ["the request is lost", { 2: "lost" }, 5],
    ["the request is lost twice", { 2: "lost", 3: "lost" }, 6],
    ["the connection is refused", { 1: "not-sent" }, 5],
    ["it lands while apply waits", { 2: { landsAfterReads: 2 } }, 4],
    ["it shows only after a while", { 3: { visibleAfterReads: 2 } }, 4],
    ["every answer is lost", { 1: "answer-lost", 2: "answer-lost", 3: "answer-lost", 4: "answer-lost" }, 4],
  ])("gets there when %s", async (_, faults, writes) => {
    const outcome = await run({ faults });
    expect(outcome.result).toMatchObject({ outcome: "done", exitCode: 0 });
    expect(isAfter(outcome.fake)).toBe(true);
    expect(outcome.fake.writes).toBe(writes);
    expect(receiptOf(outcome).outcomes).toEqual(["applied", "applied", "applied", "applied"]);
  });

  it("gives up on a step that never lands, after its tries, and says what remains", async () => {
    const outcome = await run({ faults: { 3: "lost", 4: "lost", 5: "lost" } });
    expect(outcome.result).toMatchObject({ outcome: "midway", exitCode: 4, next: "apply-again" });
    expect(codes(outcome.result)).toEqual(["step-did-not-land"]);
    expect(receiptOf(outcome)).toEqual({
      end: "midway",
      outcomes: ["applied", "applied", "failed", "skipped"],
    });
    expect(outcome.result.remaining?.map(({ kind }) => kind)).toEqual(["delete", "enforcement"]);
    const again = await run({ fake: outcome.fake });
    expect(again.result.outcome).toBe("done");
    expect(statuses(again.result)).toBe("already-done already-done applied applied");
  });

  it("exits 1 when the first step never lands, since nothing was changed", async () => {
    const { result } = await run({ faults: { 1: "lost", 2: "lost", 3: "lost" } });
    expect([result.outcome, result.exitCode]).toEqual(["failed", 1]);
  });

  it("waits the whole settling time before it tries a lost write again, and none for one that was not sent", async () => {
    const timings = { settle: [1, 2, 3], reconnect: [7] };
    expect((await run({ faults: { 1: "lost" }, timings })).slept).toEqual([1, 2, 3, 3]);
    expect((await run({ faults: { 1: "not-sent" }, timings })).slept).toEqual([7]);
  });

  it("stops at a definite no, and exits 1 when that was the first step", async () => {
    const first = await run({ faults: { 1: "refused" } });
    expect([first.result.outcome, first.result.exitCode, codes(first.result)]).toEqual([
      "failed",
      1,
      ["step-refused"],
    ]);
    const second = await run({ faults: { 2: "refused" } });
    expect([second.result.outcome, second.result.exitCode]).toEqual(["midway", 4]);
    expect(receiptOf(second).outcomes).toEqual(["applied", "failed", "skipped", "skipped"]);
    expect((await run({ fake: second.fake })).result.outcome).toBe("done");
  });

  it("says midway as long as the account is, however the next run ends", async () => {
    const { fake } = await run({ faults: { 2: "refused" } });
    const verdicts = [{ guard: "allow-in-force", state: "failed", diagnostics: [] }] as const;
    const signal = AbortSignal.abort();
    const ends = [
      await run({ fake, faults: { 1: "refused" } }),
      await run({ fake, plan: { ...plan, verdicts } }),
      await run({ fake, plan: { ...plan, validUntil: "2026-01-01" } }),
      await run({ fake, clientAddresses: [prefix("203.0.113.9").network] }),
    ];
    for (const outcome of ends) {
      expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
      expect(outcome.result.steps[0]?.status).toBe("already-done");
      expect(receiptOf(outcome).end).toBe("midway");
    }
    // Who is gone before the account was read cannot say where it stands.
    expect((await run({ fake, signal })).result).toMatchObject({ outcome: "failed", exitCode: 1 });
  });

  it("takes a partial success as a failure, and needs a new plan", async () => {
    const outcome = await run({ faults: { 1: "partial" } });
    expect([outcome.result.outcome, outcome.result.exitCode, codes(outcome.result)]).toEqual([
      "midway",
      4,
      ["step-partial"],
    ]);
    expect(outcome.result.next).toBe("plan-again");
    expect(outcome.result.remaining).toContainEqual(expect.objectContaining({ kind: "update" }));
    expect((await run({ fake: outcome.fake })).result).toMatchObject({ outcome: "refused", exitCode: 3 });
  });

  it("stops at an answer and an account that contradict each other, and records what the account shows", async () => {
    const outcome = await run({ faults: { 2: "claims-partial" } });
    expect([outcome.result.outcome, codes(outcome.result)]).toEqual(["midway", ["step-partial"]]);
    expect(receiptOf(outcome).outcomes).toEqual(["applied", "applied", "skipped", "skipped"]);
    expect(outcome.result.next).toBe("apply-again");
  });

  it("does not believe an answer that the account does not bear out", async () => {
    const outcome = await run({ faults: { 1: "lie" } });
    expect([outcome.result.outcome, codes(outcome.result)]).toEqual(["midway", ["step-not-visible"]]);
    expect(receiptOf(outcome).outcomes[0]).toBe("unknown");
    expect(outcome.fake.writes).toBe(1);
  });

  // The first try lands right after its repetition, or between two later steps.
  it.each([2, 3])(
    "takes the later copy back when a create lands late, after %i readings, and answers named both",
    async (landsAfterReads) => {
      const timings = { settle: [1, 1] };
      const outcome = await run({ faults: { 1: { landsAfterReads, named: true } }, timings });
      expect(outcome.result).toMatchObject({ outcome: "done", exitCode: 0 });
      expect(isAfter(outcome.fake)).toBe(true);
      expect(receiptOf(outcome).outcomes).toEqual(["applied", "applied", "applied", "applied"]);
      expect(outcome.journal.text).toContain("is taken back");
      // The receipt names both, the report the one that stays.
      const stays = outcome.fake.rules.find(({ name }) => name === "vpn")?.id;
      const ofStep = outcome.journal.lines.filter((line) => line.startsWith('{"step":1,')).join();
      const named = [...ofStep.matchAll(/"rule_id":(\d+)/g)].map(([, id]) => Number(id));
      expect(new Set(named).size).toBe(2);
      expect([named.at(-1), outcome.result.steps[0]?.ruleId]).toEqual([stays, stays]);
    },
  );

  it.each([2, 3, 4])(
    "stops with both ids when a create lands late, after %i readings, and no answer named it",
    async (landsAfterReads) => {
      const timings = { settle: [1, 1] };
      const { fake, result } = await run({ faults: { 1: { landsAfterReads } }, timings });
      expect([result.outcome, result.exitCode, result.next]).toEqual(["midway", 4, "mend-first"]);
      const copies = fake.rules.filter(({ name }) => name === "vpn").map(({ id }) => id);
      expect([copies.length, codes(result)]).toEqual([2, ["account-rule-name-repeated", "duplicate-create"]]);
      const said = result.diagnostics.map(messageOf).join("\n");
      for (const id of copies) expect(said).toContain(String(id));
      expect(said).toContain(`Rule ${result.steps[0]?.ruleId} was created by this run`);
    },
  );

  it("takes nothing back that another apply may have made: this run's own is the lowest", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 2) return;
      fake.onCall = () => undefined;
      fake.change(({ rules }) => rules.push({ ...rules.at(-1)!, id: 99 }));
    };
    const { result } = await run({ fake, faults: { 1: "lost" }, timings: { settle: [1] } });
    expect([result.exitCode, fake.writes]).toEqual([4, 2]);
    expect(codes(result)).toEqual(["account-rule-name-repeated", "duplicate-create"]);
  });

  it("takes back only its own copies but the lowest where a third one is not its own", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 2) return;
      fake.onCall = () => undefined;
      fake.change(({ rules }) => rules.push({ ...rules.at(-1)!, id: 99 }));
    };
    const late: Fault = { landsAfterReads: 1, named: true };
    const { result } = await run({ fake, faults: { 1: late }, timings: { settle: [1] } });
    expect([result.exitCode, fake.writes]).toEqual([4, 3]);
    const ids = fake.rules.filter(({ name }) => name === "vpn").map(({ id }) => id);
    expect([ids.length, ids.includes(99), Math.min(...ids) < 99]).toEqual([2, true, true]);
  });

  /** Another apply's copy of the rule of step 1, there as soon as this run's own is; `id` decides which is older. */
  const besideAnother = (id: number, then: (fake: FakeAccount) => void = () => undefined): FakeAccount => {
    const fake = new FakeAccount(before);
    let reads = 0;
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes === 0) return;
      reads += 1;
      if (reads === 1) fake.change(({ rules }) => rules.push({ ...rules.at(-1)!, id }));
      else then(fake);
    };
    return fake;
  };
  const copiesOn = (fake: FakeAccount) => fake.rules.filter(({ name }) => name === "vpn").map(({ id }) => id);

  it("takes its own copy back where an equal one with a lower id is there, and goes on with that", async () => {
    const fake = besideAnother(1);
    const outcome = await run({ fake, timings: { settle: [1] } });
    expect([outcome.result.exitCode, copiesOn(fake)]).toEqual([0, [1]]);
    expect(outcome.journal.text).toContain("its copy, rule 1, stays");
    expect(receiptOf(outcome).outcomes).toEqual(["applied", "applied", "applied", "applied"]);
  });

  it("takes nothing back where it does not know which copy is its own", async () => {
    const fake = besideAnother(1);
    const { result } = await run({ fake, faults: { 1: "answer-lost" }, timings: { settle: [1, 1] } });
    expect([result.exitCode, fake.writes, copiesOn(fake).length]).toEqual([4, 1, 2]);
  });

  it.each([
    ["its own copy is the lowest", {}],
    ["its answer is lost", { 1: "answer-lost" }],
  ] as const)("waits for the other copy to go where %s, and goes on when it is gone", async (_, faults) => {
    const fake = besideAnother(99, (one) => {
      if (one.rules.some(({ id }) => id === 99))
        one.change((account) => {
          account.rules = account.rules.filter(({ id }) => id !== 99);
        });
    });
    const { result } = await run({ fake, faults, timings: { settle: [1, 1] } });
    expect([result.exitCode, copiesOn(fake).length]).toEqual([0, 1]);
  });

  it("goes on with what is left when another run of the plan is ahead", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 1) return;
      fake.onCall = () => undefined;
      fake.change((account) => {
        account.rules = new FakeAccount(steps.slice(0, 2).reduce(applyStep, before)).rules;
      });
    };
    const { result } = await run({ fake });
    expect([result.exitCode, statuses(result)]).toEqual([0, "applied already-done applied applied"]);
    expect([isAfter(fake), fake.writes]).toEqual([true, 3]);
  });

  it("deletes its allow-all at once where another run has finished with its own, goes on, and warns", async () => {
    const start = account("enabled", rule("blocked", "deny", ["198.51.100.0/24"]));
    const end = account("enabled", rule("office", "allow", ["203.0.113.0/24"]));
    const flips = planOf(start, orderSteps(start, end));
    const fake = new FakeAccount(start);
    fake.onCall = (call) => {
      if (call !== "write") return;
      fake.onCall = () => undefined;
      fake.change((one) => {
        one.rules = new FakeAccount(end).rules;
      });
    };
    const { result } = await run({ plan: flips, fake });
    expect([result.exitCode, codes(result), fake.writes]).toEqual([0, ["late-allow-all"], 2]);
    expect(hashState(fake.state())).toBe(hashState(end));
  });

  it("warns of an allow-all of another run that came late, also where that run deletes it itself", async () => {
    const start = account("enabled", rule("blocked", "deny", ["198.51.100.0/24"]));
    const end = account("enabled", rule("office", "allow", ["203.0.113.0/24"]));
    const flips = planOf(start, orderSteps(start, end));
    const fake = new FakeAccount(start);
    let theirs: (typeof fake.rules)[number] | undefined;
    let shown = 0;
    fake.onCall = (call) => {
      theirs ??= fake.rules.find(({ name }) => isReservedName(name));
      const copy = theirs;
      if (copy === undefined) return;
      if (call === "write" && fake.writes === 3) fake.change(({ rules }) => rules.push({ ...copy, id: 99 }));
      if (call !== "read" || fake.writes < 4) return;
      shown += 1;
      if (shown === 2) fake.change((one) => Object.assign(one, { rules: new FakeAccount(end).rules }));
    };
    const { result } = await run({ plan: flips, fake, timings: { settle: [1] } });
    expect([result.exitCode, codes(result), fake.writes]).toEqual([0, ["late-allow-all"], 4]);
    expect(hashState(fake.state())).toBe(hashState(end));
  });

  it("goes on where another run of the plan has deleted the rule right before it", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "write" || fake.writes !== 2) return;
      fake.onCall = () => undefined;
      fake.change((account) => {
        account.rules = account.rules.filter(({ name }) => name !== "old");
      });
    };
    const { result } = await run({ fake });
    expect([result.exitCode, statuses(result)]).toEqual([0, "applied applied already-done applied"]);
  });

  it("leaves two rules of one name alone when they are not equal, and stops", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 1) return;
      fake.onCall = () => undefined;
      fake.change(({ rules }) => rules.push({ ...rules.at(-1)!, id: 99, description: "theirs" }));
    };
    const { result } = await run({ fake });
    expect([result.outcome, result.exitCode, fake.writes]).toEqual(["midway", 4, 1]);
    expect(codes(result)).toEqual(["account-rule-name-repeated", "duplicate-create"]);
  });

  it("takes nothing back while anything else is wrong with the account", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 2) return;
      fake.onCall = () => undefined;
      fake.change(({ rules }) => rules.push({ ...rules[0]!, id: 99, description: "theirs" }));
    };
    const late: Fault = { landsAfterReads: 2, named: true };
    const { result } = await run({ fake, faults: { 1: late }, timings: { settle: [1, 1] } });
    expect([result.outcome, fake.writes]).toEqual(["midway", 2]);
    expect(codes(result)).toEqual([
      "account-rule-name-repeated",
      "account-rule-name-repeated",
      "duplicate-create",
    ]);
  });

  it("leaves two rules of one name alone where this run created none of them", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 1) return;
      fake.onCall = () => undefined;
      fake.change(({ rules }) => rules.push({ ...rules[0]!, id: 99 }));
    };
    const { result } = await run({ fake });
    expect([result.outcome, fake.writes, codes(result)]).toEqual([
      "midway",
      1,
      ["account-rule-name-repeated"],
    ]);
  });

  it("takes a conflict after a doubtful try as a sign that the try has landed", async () => {
    const timings = { settle: [1] };
    const fake = new FakeAccount(before);
    // Lands just before the repetition arrives, which is then refused: its prefix is there already.
    fake.faults.set(2, { landsAfterReads: 9 });
    fake.onCall = (call) => {
      if (call === "write" && fake.writes === 2) {
        fake.change(({ rules }) => {
          const office = rules.find(({ name }) => name === "office")!;
          Object.assign(office, { name: "head office", description: "main" });
          office.entries = [{ id: 901, prefix: prefix("198.51.100.0/24"), text: "198.51.100.0/24" }];
        });
      }
    };
    const outcome = await run({ fake, timings });
    expect(outcome.result.steps[1]).toMatchObject({ status: "applied", attempts: 2 });
  });

  it("keeps looking while the account cannot be read, and says unknown when it stays so", async () => {
    const fake = new FakeAccount(before);
    fake.unreadable.add(2);
    const found = await run({ fake, faults: { 1: "answer-lost" } });
    expect(found.result.outcome).toBe("done");
    const dark = new FakeAccount(before);
    for (let read = 2; read < 20; read += 1) dark.unreadable.add(read);
    const lost = await run({ fake: dark, faults: { 1: "lost" } });
    expect(lost.result).toMatchObject({ outcome: "midway", exitCode: 4 });
    expect(lost.result.remaining).toBeUndefined();
    expect(receiptOf(lost).outcomes[0]).toBe("unknown");
  });
});

describe("too many requests", () => {
  it("sits the cooldown out visibly, reads the account again, and sends the step again", async () => {
    const outcome = await run({ faults: { 2: { throttled: 300 } } });
    expect(outcome.result).toMatchObject({ outcome: "done", exitCode: 0 });
    expect(outcome.result.steps[1]).toMatchObject({ status: "applied", attempts: 2 });
    // One reading more than without it, and no wait for a late landing: the call did nothing.
    expect([outcome.fake.writes, outcome.fake.reads]).toEqual([5, 5]);
    expect(outcome.slept).toEqual(Array.from({ length: 300 }, () => 1_000));
    const told = outcome.events.flatMap((event) => (event.kind === "throttled" ? [event.seconds] : []));
    expect(told).toEqual(Array.from({ length: 301 }, (_, index) => 300 - index));
  });

  it("has said in the receipt, before it waits, that the call failed", async () => {
    const fake = new FakeAccount(before);
    const journal = new MemoryJournal();
    const stop = new AbortController();
    const onProgress = (event: ApplyEvent): void => {
      if (event.kind === "throttled" && event.seconds === 7) stop.abort();
    };
    const outcome = await run({
      fake,
      journal,
      faults: { 1: { throttled: 9 } },
      signal: stop.signal,
      onProgress,
    });
    const records = journal.lines.map((line) => /"step":1,"outcome":"(\w+)"/.exec(line)?.[1]);
    expect(records.filter((one) => one !== undefined)).toEqual(["started", "failed", "failed"]);
    expect(outcome.slept.length).toBeLessThan(9);
    // The user wanted to stop, and the account was not read again: a 429 alone is no proof.
    expect(outcome.result).toMatchObject({ outcome: "midway", exitCode: 4 });
    expect(outcome.result.remaining).toBeUndefined();
    expect(codes(outcome.result)).toEqual(["interrupted"]);
  });

  it("stops when somebody changed the account during the wait", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = (call) => {
      if (call !== "read" || fake.writes !== 2) return;
      fake.onCall = () => undefined;
      fake.change((it) => it.rules.push({ ...it.rules[0]!, id: 55, name: "theirs" }));
    };
    const { result } = await run({ fake, faults: { 2: { throttled: 5 } } });
    expect([result.outcome, result.exitCode, codes(result)]).toEqual(["midway", 4, ["account-changed"]]);
    expect([statuses(result), fake.writes]).toEqual(["applied failed not-begun not-begun", 2]);
  });

  it("gives up after three cooldowns of one step, with nothing changed", async () => {
    const faults = Object.fromEntries([1, 2, 3, 4].map((write) => [write, { throttled: 5 }]));
    const { result, fake } = await run({ faults });
    expect(result).toMatchObject({ outcome: "failed", exitCode: 1 });
    expect([codes(result), fake.writes]).toEqual([["step-refused"], 4]);
  });

  it("does not count a cooldown as a try", async () => {
    const { result } = await run({
      faults: { 1: { throttled: 1 }, 2: "lost", 3: { throttled: 1 }, 4: "lost" },
    });
    expect([result.outcome, result.steps[0]?.attempts]).toEqual(["done", 5]);
  });
});

describe("calls that never left this machine", () => {
  it("are made again after a reading, and leave no doubt", async () => {
    const { result, fake } = await run({ faults: { 1: "not-sent" } });
    expect([result.outcome, fake.writes, fake.reads]).toEqual(["done", 5, 6]);
  });

  it("are no unknown where the account cannot be read either", async () => {
    const fake = new FakeAccount(before);
    for (let read = 2; read < 20; read += 1) fake.unreadable.add(read);
    const { result } = await run({ fake, faults: { 1: "not-sent" } });
    expect([result.outcome, result.exitCode, codes(result)]).toEqual(["failed", 1, ["step-not-sent"]]);
    expect(statuses(result)).toBe("failed not-begun not-begun not-begun");
  });
});

describe("a no is believed only where the account bears it out", () => {
  it("is no proof where the account cannot be read afterwards", async () => {
    const fake = new FakeAccount(before);
    for (let read = 2; read < 20; read += 1) fake.unreadable.add(read);
    const { result } = await run({ fake, faults: { 1: "refused" } });
    expect([result.outcome, result.exitCode, codes(result)]).toEqual([
      "midway",
      4,
      ["step-refused", "connection-lost"],
    ]);
    expect(applyClosing(result)).toContain("nobody can tell whether it was changed");
  });

  it.each([1, 2, 3, 4])("stops midway where step %i landed all the same, and says so first", async (step) => {
    const outcome = await run({ faults: { [step]: "refused-but-lands" } });
    expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
    expect(codes(outcome.result)).toEqual(["refused-but-done", "step-refused"]);
    expect(outcome.result.steps[step - 1]?.status).toBe("applied");
    expect(receiptOf(outcome).end).toBe("midway");
    // The same plan goes on from there.
    expect(outcome.result.next).toBe("apply-again");
    expect(["done", "nothing"]).toContain((await run({ fake: outcome.fake })).result.outcome);
    expect(isAfter(outcome.fake)).toBe(true);
  });

  it("says of the last step that the account is as planned", async () => {
    const { result } = await run({ faults: { 4: "refused-but-lands" } });
    expect(result.remaining).toEqual([]);
    expect(applyClosing(result)).toBe(
      "Stopped midway: 4 of 4 steps done. The account is as planned, but something on the way was not: see above.",
    );
  });

  it("stops midway where a part of it landed, lists what is on the account, and asks for a new plan", async () => {
    const { result } = await run({ faults: { 1: "refused-in-part" } });
    expect([result.outcome, result.exitCode, result.next]).toEqual(["midway", 4, "plan-again"]);
    expect(codes(result)).toEqual(["refused-but-changed", "step-refused"]);
    expect(result.unexpected).toMatchObject([{ kind: "create", rule: { name: "vpn" } }]);
  });

  it("sees what becomes visible a second later", async () => {
    const fake = new FakeAccount(before);
    let reads = 0;
    fake.onCall = (call) => {
      if (call === "read" && fake.writes === 1) reads += 1;
      if (reads === 2) fake.change((it) => it.rules.splice(1, 1));
    };
    const { result, slept } = await run({ fake, faults: { 1: "refused" } });
    expect([result.outcome, codes(result)]).toEqual(["midway", ["refused-but-changed", "step-refused"]]);
    expect(slept).toEqual([1_000]);
  });

  it("goes on where a 429 landed, and has waited no more than it was asked to", async () => {
    const { result, fake } = await run({ faults: { 2: { throttledButLands: 1 } } });
    expect([result.outcome, fake.writes]).toEqual(["done", 4]);
  });

  it("cannot tell of enforcement on an account whose rules do not tell it", async () => {
    const last = planOf(account("unknown"), [{ kind: "enforcement", enabled: true }]);
    const { result } = await run({
      plan: last,
      fake: new FakeAccount(account("disabled")),
      faults: { 1: "refused-but-lands" },
    });
    expect([result.outcome, result.exitCode, statuses(result)]).toEqual(["midway", 4, "unknown"]);
  });
});

describe("a bug of ours", () => {
  const endOf = (journal: MemoryJournal): unknown =>
    parseReceipt(journal.text, "receipt.jsonl").receipt?.end?.end;

  it.each([1, 2, 3, 4])("in the call of step %i is a run that stopped midway", async (step) => {
    const outcome = await run({ faults: { [step]: "throws" } });
    expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
    expect(codes(outcome.result)).toEqual(["internal-error"]);
    expect(outcome.result.cause).toBeInstanceOf(RangeError);
    expect(outcome.result.steps[step - 1]).toMatchObject({ status: "unknown", attempts: 1 });
    expect(outcome.result.remaining).toBeDefined();
    expect(receiptOf(outcome).end).toBe("midway");
    expect(["done", "nothing"]).toContain((await run({ fake: outcome.fake })).result.outcome);
  });

  it("before the first write is an error, and the receipt ends", async () => {
    const fake = new FakeAccount(before);
    fake.onCall = () => {
      throw new TypeError("no such thing");
    };
    const outcome = await run({ fake });
    expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["failed", 1]);
    expect([codes(outcome.result), endOf(outcome.journal)]).toEqual([["internal-error"], "failed"]);
  });

  it.each(["step-started", "step-finished", "verified", "reading"])(
    "in the progress, at %s, does not keep the receipt from its end",
    async (kind) => {
      const onProgress = (event: ApplyEvent): void => {
        if (event.kind === kind && fake.writes > 0 + Number(kind === "step-started")) throw new Error("bug");
      };
      const fake = new FakeAccount(before);
      const outcome = await run({ fake, onProgress });
      expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
      expect([codes(outcome.result), endOf(outcome.journal)]).toEqual([["internal-error"], "midway"]);
    },
  );

  it("that stays, in every port from some call on, still gives a result with exit code 4", async () => {
    for (let moment = 4; moment < 30; moment += 1) {
      const fake = new FakeAccount(before);
      const journal = new MemoryJournal();
      let calls = 0;
      const count = (): void => {
        calls += 1;
        if (calls > moment) throw new Error("bug");
      };
      fake.onCall = count;
      journal.onAppend = count;
      const { result } = await run({ fake, journal });
      const whole = calls <= moment;
      const untouched = fake.writes === 0;
      expect(result.exitCode).toBe(whole ? 0 : untouched ? 1 : 4);
    }
  });
});

describe("somebody else at work", () => {
  it.each(["read", "write"] as const)("stops when the account changes before a %s", async (moment) => {
    const fake = new FakeAccount(before);
    let calls = 0;
    fake.onCall = (call) => {
      if (call !== moment) return;
      calls += 1;
      if (calls === 3) fake.change((it) => it.rules.push({ ...it.rules[0]!, id: 55, name: "theirs" }));
    };
    const { result } = await run({ fake });
    expect([result.outcome, result.exitCode, codes(result)]).toEqual(["midway", 4, ["account-changed"]]);
    expect(result.unexpected).toMatchObject([{ kind: "create", rule: { name: "theirs" } }]);
    expect(result.next).toBe("plan-again");
  });
});

describe("a switch that the plan leaves alone and did not know", () => {
  it("is remembered once a rule tells it, so that somebody else's change of it is noticed", async () => {
    const empty = account("unknown");
    const two = planOf(empty, [
      { kind: "create", rule: rule("a", "deny", ["192.0.2.0/24"]) },
      { kind: "create", rule: rule("b", "deny", ["198.51.100.0/24"]) },
    ]);
    const fake = new FakeAccount(account("enabled"));
    const calm = await run({ plan: two, fake });
    expect(calm.result.outcome).toBe("done");
    const other = new FakeAccount(account("enabled"));
    other.onCall = (call) => {
      if (call === "read" && other.writes === 2) other.change((it) => Object.assign(it, { enabled: false }));
    };
    const { result } = await run({ plan: two, fake: other });
    expect([result.outcome, codes(result)]).toEqual(["midway", ["enforcement-flipped", "account-changed"]]);
    expect(firstHint(result.diagnostics)).toContain("`enforcement: enabled`");
    expect(result.unexpected).toMatchObject([{ kind: "enforcement", after: "disabled" }]);
  });
});

describe("Ctrl-C", () => {
  const interruptAt = (moment: "read" | "write", count: number) => {
    const fake = new FakeAccount(before);
    const controller = new AbortController();
    let calls = 0;
    fake.onCall = (call) => {
      if (call === moment) calls += 1;
      if (call === moment && calls === count) controller.abort();
    };
    return { fake, signal: controller.signal };
  };

  it("changes nothing and exits 1 before the first write", async () => {
    const outcome = await run(interruptAt("read", 1));
    expect([outcome.result.outcome, outcome.result.exitCode, outcome.fake.writes]).toEqual(["failed", 1, 0]);
    expect(codes(outcome.result)).toEqual(["interrupted"]);
  });

  it("lets the call in flight finish, then stops; the next run goes on", async () => {
    const outcome = await run(interruptAt("write", 2));
    expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
    expect(receiptOf(outcome)).toEqual({
      end: "midway",
      outcomes: ["applied", "applied", "skipped", "skipped"],
    });
    expect(outcome.result.next).toBe("apply-again");
    expect((await run({ fake: outcome.fake })).result.outcome).toBe("done");
  });

  it("sends nothing once it was stopped while the service was being asked", async () => {
    const fake = new FakeAccount(before);
    const controller = new AbortController();
    fake.onCall = (call) => {
      if (call === "validate") controller.abort();
    };
    const outcome = await run({ fake, signal: controller.signal });
    expect([outcome.fake.writes, outcome.fake.enabled, outcome.result.exitCode]).toEqual([3, false, 4]);
    expect(receiptOf(outcome).outcomes).toEqual(["applied", "applied", "applied", "skipped"]);
  });

  it("abandons a call that does not answer, as unknown", async () => {
    const fake = new FakeAccount(before);
    const controller = new AbortController();
    fake.createRule = () => {
      controller.abort();
      return new Promise(() => undefined);
    };
    const outcome = await run({ fake, signal: controller.signal });
    expect([outcome.result.outcome, outcome.result.exitCode]).toEqual(["midway", 4]);
    expect(receiptOf(outcome).outcomes).toEqual(["unknown", "skipped", "skipped", "skipped"]);
    expect(outcome.slept).toEqual([10_000]);
  });

  it("leaves a doubtful write unknown instead of waiting for it", async () => {
    const { fake, signal } = interruptAt("read", 2);
    const outcome = await run({ fake, signal, faults: { 1: "answer-lost" } });
    expect(receiptOf(outcome).outcomes[0]).toBe("unknown");
    expect(outcome.result.exitCode).toBe(4);
  });
});
