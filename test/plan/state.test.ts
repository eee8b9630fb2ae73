import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/model/failure.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import { checkSnapshot, hashPolicy, hashState, StateHash, stateOf } from "../../src/plan/state.js";
import { applyStep } from "./apply-step.js";
import { prefix, Random, randomPair } from "./small-space.js";
import { entry, noGuards, policy, policyRule, prefixes, rule, snapshotOf, state } from "./values.js";

const account = state(
  "enabled",
  rule("A", "allow", "192.0.2.0/24", "2001:db8::/32"),
  rule("B", "deny", "192.0.2.7/32"),
);
const snapshot = snapshotOf(account);

describe("the state of an account", () => {
  it("keeps the meaning only", () => {
    const messy = {
      ...snapshot,
      rules: [...snapshot.rules].reverse().map((one) => ({
        ...one,
        id: one.id + 50,
        updatedAt: "2026-01-01T00:00:00Z",
        entries: [...one.entries, ...one.entries].reverse(),
      })),
    };
    expect(stateOf(messy)).toEqual(account);
    expect(hashState(stateOf(messy))).toBe(hashState(account));
  });

  it("refuses two rules of one name", () => {
    const twice = { ...snapshot, rules: [...snapshot.rules, { ...snapshot.rules[0]!, id: 5 }] };
    expect(checkSnapshot(twice).map(({ code }) => code)).toEqual(["account-rule-name-repeated"]);
    expect(() => stateOf(twice)).toThrow(Failure);
  });

  it("refuses a prefix that is allowed and denied", () => {
    const both = snapshotOf(
      state("enabled", rule("A", "allow", "192.0.2.7/32"), rule("B", "deny", "192.0.2.7/32")),
    );
    expect(checkSnapshot(both).map(({ code }) => code)).toEqual(["prefix-allowed-and-denied"]);
  });

  it("takes a prefix twice in one rule, or in two rules of one type", () => {
    const shared = snapshotOf(
      state("enabled", rule("A", "allow", "192.0.2.7/32"), rule("B", "allow", "192.0.2.7/32")),
    );
    expect(checkSnapshot(shared)).toEqual([]);
    expect(checkSnapshot(snapshot)).toEqual([]);
  });
});

describe("the hash of a state", () => {
  it.each([
    ["a name", state("enabled", rule("A2", "allow", "192.0.2.0/24", "2001:db8::/32"), account.rules[1]!)],
    ["a type", state("enabled", account.rules[0]!, rule("B", "allow", "192.0.2.7/32"))],
    ["a description", state("enabled", account.rules[0]!, { ...account.rules[1]!, description: "x" })],
    ["a prefix", state("enabled", account.rules[0]!, rule("B", "deny", "192.0.2.6/32"))],
    ["a missing rule", state("enabled", account.rules[0]!)],
    ["the switch", state("disabled", ...account.rules)],
    ["a lone surrogate", state("enabled", account.rules[0]!, { ...account.rules[1]!, name: "B\ud800" })],
  ])("changes with %s", (_, other) => {
    expect(hashState(other)).not.toBe(hashState(account));
  });

  it("leaves the switch out while no rule tells it", () => {
    expect(hashState(state("enabled"))).toBe(hashState(state("unknown")));
  });

  it("is the same in one go and step by step", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { before, after, renames } = randomPair(new Random(seed));
        const hash = new StateHash(before.rules);
        let now = before;
        for (const step of orderSteps(before, after, renames)) {
          const next = applyStep(now, step);
          for (const { name } of now.rules)
            if (!next.rules.some((one) => one.name === name)) hash.delete(name);
          for (const one of next.rules) if (!now.rules.includes(one)) hash.set(one);
          now = next;
          expect(hash.digest(now.enforcement)).toBe(hashState(now));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("the hash of a policy", () => {
  const base = policy([
    policyRule("A", "allow", ["192.0.2.0/24", "198.51.100.0/24"]),
    policyRule("B", "deny", ["192.0.2.1/32"]),
  ]);

  it("does not see order, comments or spelling", () => {
    const [a, b] = base.rules;
    const entries = [...a!.entries]
      .reverse()
      .map((one) => ({ ...one, comment: "c", text: "t", network: "n" }));
    expect(hashPolicy({ ...base, file: "other.yaml", rules: [b!, { ...a!, entries }] })).toBe(
      hashPolicy(base),
    );
  });

  it.each([
    ["a prefix", { ...base, rules: [base.rules[0]!] }],
    ["the switch", { ...base, enforcement: "ignore" as const }],
    ["a guard", { ...base, guards: { ...noGuards, mustAllow: [entry("192.0.2.1")] } }],
    ["a limit", { ...base, guards: { ...noGuards, maxNewlyAllowed: { ipv4: 1n } } }],
    ["unmanaged rules", { ...base, unmanagedRules: "fail" as const }],
  ])("changes with %s", (_, other) => {
    expect(hashPolicy(other)).not.toBe(hashPolicy(base));
  });
});

describe("a step on a state", () => {
  it("refuses what does not fit", () => {
    const becomes = { name: "B", type: "allow" as const, description: "" };
    expect(() => applyStep(account, { kind: "delete", name: "C" })).toThrow();
    expect(() => applyStep(account, { kind: "create", rule: rule("A", "allow", "192.0.2.9") })).toThrow();
    expect(() => applyStep(account, { kind: "update", name: "A", becomes, add: [], remove: [] })).toThrow();
  });

  it("adds, removes and renames in one call", () => {
    const becomes = { name: "C", type: "deny" as const, description: "d" };
    const step = {
      kind: "update" as const,
      name: "B",
      becomes,
      add: prefixes("192.0.2.9/32"),
      remove: prefixes("192.0.2.7/32"),
    };
    expect(applyStep(account, step).rules[1]).toEqual({ ...becomes, prefixes: [prefix("192.0.2.9/32")] });
  });
});
