/**
 * Others at work while a run is under way. What a policy keeps is not its business: the run goes on, over the account as
 * it is, unless the steps that are left are not safe there. What the policy decides about, and enforcement, stop it.
 */
import { describe, expect, it } from "vitest";
import { AccessMap } from "../../src/address/access-map.js";
import { applyPlan } from "../../src/apply/apply-plan.js";
import type { ApplyOptions, ApplyResult } from "../../src/apply/result.js";
import { messageOf } from "../../src/model/diagnostic.js";
import { Failure } from "../../src/model/failure.js";
import type { AccountState, Rule } from "../../src/model/rule.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import type { TrafficEvidence } from "../../src/plan/cut-off.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Plan } from "../../src/plan/plan.js";
import { readPlanFile, writePlanFile } from "../../src/plan/plan-file.js";
import { hashState } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { mustRead as policyFrom } from "../policy/reading.js";
import { FakeAccount } from "./fake-account.js";
import { account, MemoryJournal, portsOf, prefix, rule } from "./hand-made.js";

const policyText = (extra: string): string => `
version: 1
enforcement: enabled
unmanaged_rules: keep
rules:
  - { name: Office, type: allow, cidrs: [203.0.113.0/24] }
  - { name: VPN, type: allow, cidrs: [192.0.2.0/25] }
  - { name: Guests, type: allow, cidrs: [198.51.100.0/26, 198.51.100.64/26] }
removed_rules: [Old]
${extra}`;

const office = rule("Office", "allow", ["203.0.113.0/24"]);
const theirs = rule("Theirs", "allow", ["10.1.0.0/16"]);
const before = account(
  "enabled",
  office,
  rule("Guests", "allow", ["198.51.100.0/26", "198.51.100.128/26"]),
  rule("Old", "allow", ["192.0.2.200/32"]),
  theirs,
);

const planFor = (snapshot: Snapshot, extra = "", clients: readonly bigint[] = []): Plan => {
  const { plan } = makePlan({ policy: policyFrom(policyText(extra)), snapshot, clientAddresses: clients });
  if (plan === undefined) throw new Error("no plan");
  return plan;
};

const statuses = ({ steps }: ApplyResult): string => steps.map(({ status }) => status).join(" ");
const codes = ({ diagnostics }: ApplyResult): string[] => diagnostics.map(({ code }) => code);

type Change = (fake: FakeAccount) => void;
const add =
  (one: Rule): Change =>
  (fake) => {
    fake.rules.push(
      ...new FakeAccount(account("enabled", one)).rules.map((made) => ({ ...made, id: fake.reserveId() })),
    );
  };
const drop =
  (name: string): Change =>
  (fake) => {
    fake.rules = fake.rules.filter((one) => one.name !== name);
  };
const describeAs =
  (name: string): Change =>
  (fake) => {
    fake.rules = fake.rules.map((one) => (one.name === name ? { ...one, description: "theirs now" } : one));
  };
const toggle: Change = (fake) => {
  fake.enabled = !fake.enabled;
};

/** Changes the account right before the call with this number, from 0; false where the run makes fewer. */
const changeAt = (fake: FakeAccount, moment: number, change: Change): (() => boolean) => {
  let calls = 0;
  fake.onCall = () => {
    calls += 1;
    if (calls - 1 === moment) fake.change(change);
  };
  return () => calls > moment;
};

const run = async (
  change: Change,
  moment: number,
  extra = "",
  options: Partial<ApplyOptions> = {},
  plan?: Plan,
) => {
  const fake = new FakeAccount(before);
  const used = plan ?? planFor(fake.snapshot(), extra);
  const reached = changeAt(fake, moment, change);
  const journal = new MemoryJournal();
  const result = await applyPlan(used, portsOf(fake, journal), { tool: "test", ...options });
  fake.onCall = () => undefined;
  return { result, fake, journal, reached: reached(), plan: used };
};

/** The first call that comes after the first write. */
const afterFirstWrite = 2;

describe("a kept rule that others change during the run", () => {
  it.each<[string, Change, string]>([
    ["created", add(rule("Team B", "allow", ["10.2.0.0/16"])), 'created "Team B"'],
    ["deleted", drop("Theirs"), 'deleted "Theirs"'],
    ["changed", describeAs("Theirs"), 'changed "Theirs"'],
  ])("%s: goes on, and says so in the result and in the receipt", async (_, change, said) => {
    const { result, fake, journal, plan } = await run(change, afterFirstWrite);
    expect([result.exitCode, codes(result)], result.diagnostics.map(messageOf).join()).toEqual([
      0,
      ["kept-rules-changed"],
    ]);
    expect(result.diagnostics.map(messageOf).join()).toContain(said);
    expect(JSON.parse(journal.lines.at(-1) ?? "").message).toContain(said);
    const end = new FakeAccount(plan.after);
    change(end);
    expect(hashState(fake.state())).toBe(hashState(end.state()));
  });

  it("is no reason to go on where it comes before the first write", async () => {
    const { result, fake } = await run(add(rule("Team B", "allow", ["10.2.0.0/16"])), 0);
    expect([result.exitCode, codes(result), fake.writes]).toEqual([3, ["plan-stale"], 0]);
    expect(result.remaining?.some((one) => one.kind === "delete" && one.rule.name === "Team B")).toBe(false);
  });

  it("stops a run whose policy does not keep unmanaged rules", async () => {
    const plan = planFor(new FakeAccount(before).snapshot());
    const { mustHold: _, ...strict } = plan;
    const { result } = await run(describeAs("Theirs"), afterFirstWrite, "", {}, strict);
    expect([result.exitCode, codes(result)]).toEqual([4, ["account-changed"]]);
  });

  it.each<[string, string, Change, Partial<ApplyOptions>, string]>([
    [
      "an address under must_allow is denied now",
      "guards: { must_allow: [203.0.113.9] }",
      add(rule("Team B", "deny", ["203.0.113.9/32"])),
      {},
      "must-allow",
    ],
    [
      "an address under must_deny is allowed now",
      "guards: { must_deny: [8.8.8.8] }",
      add(rule("Team B", "allow", ["8.8.8.0/24"])),
      {},
      "must-deny",
    ],
    [
      "a policy test fails now",
      "tests: [{ name: t, denied: [8.8.8.8] }]",
      add(rule("Team B", "allow", ["8.8.8.0/24"])),
      {},
      "guard-failed",
    ],
    [
      "the caller would lose access, which a kept rule gave",
      "",
      drop("Theirs"),
      { clientAddresses: [prefix("192.0.2.200/32").network] },
      "lockout-client",
    ],
    [
      "one prefix would be on both types",
      "",
      add(rule("Team B", "deny", ["192.0.2.0/25"])),
      {},
      "prefix-allowed-and-denied",
    ],
  ])("stops the run, and says why, where %s", async (_, extra, change, options, code) => {
    const wide = account(
      "enabled",
      ...before.rules.map((one) =>
        one.name === "Theirs" && code === "lockout-client"
          ? rule("Theirs", "allow", ["192.0.2.200/31"])
          : one,
      ),
    );
    const fake = new FakeAccount(wide);
    const plan = planFor(fake.snapshot(), extra);
    changeAt(fake, afterFirstWrite, change);
    const result = await applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test", ...options });
    expect(result.exitCode, statuses(result)).toBe(4);
    // Where the next call meets the change before a listing does, the service's own no comes first.
    expect(
      codes(result)
        .filter((one) => one !== "step-refused")
        .slice(0, 2),
    ).toEqual(["kept-rules-conflict", code]);
    expect(result.unexpected).not.toEqual([]);
    // What the policy keeps is never a thing to do.
    const named = (result.remaining ?? []).flatMap((one) => ("rule" in one ? [one.rule.name] : []));
    expect(named).not.toContain("Team B");
  });

  it("stops the run where its rest blocks more than the plan that passed `max_cut_off`", async () => {
    const nobody: TrafficEvidence = {
      kind: "read",
      traffic: {
        unreadable: [],
        window: { since: "2026-01-01T00:00:00.000Z", until: "2026-03-01T00:00:00.000Z" },
        events: {
          read: 0,
          withoutAddress: 0,
          unreadableAddress: 0,
          duplicates: 0,
          withoutTime: 0,
          outsideWindow: 0,
          inFuture: 0,
        },
        actors: [],
      },
    };
    const rules = before.rules.map((one) =>
      one.name === "Theirs" ? rule("Theirs", "allow", ["192.0.2.200/31"]) : one,
    );
    const outcome = async (change: Change, extra: string): Promise<unknown> => {
      const fake = new FakeAccount(account("enabled", ...rules));
      const policy = policyFrom(policyText(extra));
      const { plan } = makePlan({ policy, snapshot: fake.snapshot(), traffic: nobody });
      changeAt(fake, afterFirstWrite, change);
      const result = await applyPlan(plan!, portsOf(fake, new MemoryJournal()), { tool: "test" });
      return [result.exitCode, codes(result)];
    };
    const limit = "guards: { max_cut_off: 0 }";
    expect(await outcome(drop("Theirs"), limit)).toEqual([4, ["kept-rules-conflict", "cut-off-changed"]]);
    // What the rest blocks as the plan did is no reason.
    expect(await outcome(describeAs("Theirs"), limit)).toEqual([0, ["kept-rules-changed"]]);
  });

  it("is taken over where a run that was cut off goes on", async () => {
    const fake = new FakeAccount(before);
    const plan = planFor(fake.snapshot());
    fake.faults.set(2, "refused");
    const first = await applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test" });
    expect(first.exitCode).toBe(4);
    fake.change(add(rule("Team B", "allow", ["10.2.0.0/16"])));
    const second = await applyPlan(plan, portsOf(fake, new MemoryJournal()), { tool: "test" });
    expect([second.exitCode, codes(second)]).toEqual([0, ["kept-rules-changed"]]);
    expect(fake.rules.map(({ name }) => name)).toContain("Team B");
  });

  it("is proven by a saved plan, too", async () => {
    const extra =
      "guards: { must_allow: [203.0.113.9], max_newly_allowed: 1000 }\ntests: [{ name: t, denied: [8.8.8.8] }]";
    const plan = planFor(new FakeAccount(before).snapshot(), extra);
    const { plan: saved } = readPlanFile(writePlanFile(plan), "plan.json");
    expect(saved?.mustHold).toEqual(plan.mustHold);
    const deny = add(rule("Team B", "deny", ["203.0.113.9/32"]));
    const { result } = await run(deny, afterFirstWrite, "", {}, saved);
    expect([result.exitCode, codes(result)]).toEqual([4, ["kept-rules-conflict", "must-allow"]]);
  });
});

it("two teams, each with a rule of its own, both get there", async () => {
  const start = account("enabled", office);
  const policyOf = (team: string, cidr: string) =>
    policyFrom(`
version: 1
enforcement: enabled
unmanaged_rules: keep
rules:
  - { name: Office, type: allow, cidrs: [203.0.113.0/24] }
  - { name: ${team}, type: allow, cidrs: [${cidr}] }`);
  const fake = new FakeAccount(start);
  const [a, b] = [policyOf("Team A", "198.51.100.0/25"), policyOf("Team B", "198.51.100.128/25")].map(
    (policy) => {
      const { plan } = makePlan({ policy, snapshot: fake.snapshot() });
      return plan!;
    },
  );
  let other: Promise<ApplyResult> | undefined;
  fake.onCall = (call) => {
    if (call !== "write") return;
    fake.onCall = () => undefined;
    other = applyPlan(b!, portsOf(fake, new MemoryJournal()), { tool: "b" });
  };
  const result = await applyPlan(a!, portsOf(fake, new MemoryJournal()), { tool: "a" });
  // The second one began before the first one's rule was there, or is refused before it has written anything.
  expect(result.exitCode).toBe(0);
  expect([0, 3]).toContain((await other)?.exitCode);
});

const watched = [
  "203.0.113.9",
  "192.0.2.7",
  "198.51.100.1",
  "198.51.100.65",
  "198.51.100.130",
  "8.8.8.8",
].map((text) => prefix(`${text}/32`).network);
const verdictsOf = ({ enforcement, rules }: AccountState): boolean[] => {
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((one) => ({ prefix: one, type })));
  const map = AccessMap.of(entries, { enforced: enforcement !== "disabled" });
  return watched.map((address) => map.lookup(address).allowed);
};

const changes: Readonly<Record<string, { readonly change: Change; readonly kept: boolean }>> = {
  "a kept rule created": { change: add(rule("Team B", "allow", ["10.2.0.0/16"])), kept: true },
  "a kept rule changed": { change: describeAs("Theirs"), kept: true },
  "a kept rule deleted": { change: drop("Theirs"), kept: true },
  "a rule of the policy changed": { change: describeAs("Office"), kept: false },
  "a rule of the policy deleted": { change: drop("Office"), kept: false },
  "a rule of the policy's new name created": {
    change: add(rule("VPN", "allow", ["10.3.0.0/16"])),
    kept: false,
  },
  "enforcement toggled": { change: toggle, kept: false },
};

/** The drill: each change before each call of the run. */
const points = (): [string, number][] =>
  Object.keys(changes).flatMap((name) =>
    Array.from({ length: share(14, 60) }, (_, moment): [string, number] => [name, moment]),
  );

it.each(points())(
  "%s before call %i: a true exit code, nobody else's verdict, nothing lost",
  async (name, moment) => {
    const { change, kept } = changes[name]!;
    const { result, fake, reached, plan } = await run(change, moment);
    if (!reached) return expect(result.exitCode).toBe(0);
    const own = (state: AccountState): string =>
      hashState({ ...state, rules: state.rules.filter((one) => !["Theirs", "Team B"].includes(one.name)) });
    // Whoever is told that all is done has an account that is as the policy wants it, or was when it was read last.
    if (result.exitCode === 0) {
      const held = fake.history.some((state) => own(state) === own(plan.after));
      expect(held, codes(result).join()).toBe(true);
    }
    if (kept && moment > 0) expect(result.exitCode, codes(result).join()).toBe(0);
    if (moment === 0) expect([3, 1]).toContain(result.exitCode);
    expect(
      result.remaining?.some(
        (one) => "rule" in one && one.kind === "delete" && /Team B|Theirs/.test(one.rule.name),
      ),
    ).not.toBe(true);
    // Each write of ours leaves everybody else's verdict alone: only the foreign change itself may have moved one.
    const [first, last] = [verdictsOf(before), verdictsOf(plan.after)];
    const moves = fake.history.filter((state) => {
      const now = verdictsOf(state);
      return watched.some((_, index) => first[index] === last[index] && now[index] !== first[index]);
    });
    if (kept) expect(moves).toEqual([]);
    // The same command again gets there, or says what a person has to decide.
    const again = async (): Promise<ApplyResult | undefined> => {
      try {
        const next = planFor(fake.snapshot());
        const clientAddresses = [prefix("203.0.113.9/32").network];
        return await applyPlan(next, portsOf(fake, new MemoryJournal()), { tool: "test", clientAddresses });
      } catch (error) {
        if (error instanceof Failure || name.includes("new name")) return undefined;
        throw error;
      }
    };
    const second = await again();
    if (second !== undefined) {
      expect(second.exitCode, codes(second).join()).toBe(0);
      expect(fake.rules.some((one) => one.name === "Old")).toBe(false);
    }
  },
);
