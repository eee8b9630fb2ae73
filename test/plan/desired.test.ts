import { describe, expect, it } from "vitest";
import { catchAllDescription, catchAllName, reservedNamePrefix } from "../../src/model/reserved-names.js";
import { desiredState } from "../../src/plan/desired.js";
import { policy, policyRule, rule, state } from "./values.js";

const codes = (result: ReturnType<typeof desiredState>): string[] =>
  result.diagnostics.map(({ code }) => code);
const names = (result: ReturnType<typeof desiredState>): string[] | undefined =>
  result.desired?.state.rules.map(({ name }) => name);

const managed = policyRule("A", "allow", ["192.0.2.0/24"]);
const a = rule("A", "allow", "192.0.2.0/24");
const other = rule("Other", "deny", "198.51.100.0/24");

describe("unmanaged rules", () => {
  it.each([
    ["keep", ["A", "Other"], "kept"],
    ["fail", ["A", "Other"], "refused"],
    ["delete", ["A"], "deleted"],
  ] as const)("%s", (unmanagedRules, expected, disposition) => {
    const result = desiredState(policy([managed], { unmanagedRules }), state("enabled", a, other));
    expect(names(result)).toEqual(expected);
    expect(result.desired?.unmanaged).toEqual([{ rule: other, disposition }]);
  });

  it("may not contradict the policy", () => {
    const clash = rule("Other", "deny", "192.0.2.0/24");
    expect(codes(desiredState(policy([managed]), state("enabled", clash)))).toEqual([
      "prefix-allowed-and-denied",
    ]);
  });

  it("leaves left-overs out, also under keep", () => {
    const leftOver = { ...rule(catchAllName(1), "allow", "::/0"), description: catchAllDescription };
    const result = desiredState(policy([managed]), state("enabled", a, leftOver));
    expect(names(result)).toEqual(["A"]);
    expect(result.desired?.unmanaged).toEqual([]);
  });
});

describe("names", () => {
  const renamed = policyRule("New", "allow", ["192.0.2.0/24"], { previousNames: ["A", "Older"] });

  it("follows one previous name", () => {
    const result = desiredState(policy([renamed]), state("enabled", a));
    expect([...result.desired!.renames]).toEqual([["New", "A"]]);
    expect(names(result)).toEqual(["New"]);
  });

  it("ignores previous names that are gone", () => {
    const result = desiredState(policy([renamed]), state("enabled", rule("New", "allow", "192.0.2.0/24")));
    expect(result.desired!.renames.size).toBe(0);
  });

  it.each([
    ["rename-ambiguous", [renamed], [a, rule("Older", "allow", "192.0.2.1/32")]],
    ["rename-both-exist", [renamed], [a, rule("New", "allow", "192.0.2.1/32")]],
    ["rename-name-in-use", [renamed, managed], [a]],
    ["rename-claimed-twice", [renamed, { ...renamed, name: "New 2" }], [a]],
    ["reserved-rule-name", [policyRule(`${reservedNamePrefix}x`, "allow", ["192.0.2.0/24"])], []],
    ["reserved-rule-name", [{ ...renamed, previousNames: [`${reservedNamePrefix}x`] }], []],
  ])("refuses with %s", (code, rules, account) => {
    const result = desiredState(policy(rules), state("enabled", ...account));
    expect(codes(result)).toEqual([code]);
    expect(result.desired).toBeUndefined();
  });

  it("takes a rule of a name that another one has left before", () => {
    const account = state("enabled", a, rule("New", "allow", "192.0.2.0/24"));
    expect(names(desiredState(policy([renamed, managed]), account))).toEqual(["A", "New"]);
  });
});

describe("rules without entries, descriptions, the switch", () => {
  it("neither creates an empty rule nor deletes it, but empties it", () => {
    const empty = policyRule("A", "allow", []);
    expect(names(desiredState(policy([empty]), state("enabled", other)))).toEqual(["Other"]);
    expect(desiredState(policy([empty]), state("enabled", a)).desired?.state.rules[0]?.prefixes).toEqual([]);
  });

  it("keeps a description that the policy does not mention", () => {
    const told = { ...a, description: "told" };
    expect(desiredState(policy([managed]), state("enabled", told)).desired?.state.rules).toEqual([told]);
    const changed = { ...managed, description: "new" };
    expect(desiredState(policy([changed]), state("enabled", told)).desired?.state.rules[0]?.description).toBe(
      "new",
    );
  });

  it.each([
    ["enabled", "disabled", true, "enabled"],
    ["disabled", "enabled", true, "disabled"],
    ["ignore", "enabled", true, "enabled"],
    ["enabled", "unknown", true, "enabled"],
    ["ignore", "unknown", true, "unknown"],
    ["enabled", "unknown", false, "unknown"],
    ["disabled", "unknown", false, "unknown"],
  ] as const)("policy %s, account %s, with rules %s: %s", (enforcement, before, withRules, expected) => {
    const rules = withRules ? [managed] : [];
    const account = before === "unknown" ? state(before) : state(before, a);
    const result = desiredState(policy(rules, { enforcement }), account);
    expect(result.desired?.state.enforcement).toBe(expected);
    expect(codes(result)).toEqual(withRules ? [] : ["enforcement-not-told"]);
  });
});
