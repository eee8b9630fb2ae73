import { describe, expect, it } from "vitest";
import { hintOf } from "../../src/model/diagnostic.js";
import { makePlan } from "../../src/plan/make-plan.js";
import { closingLine } from "../../src/report/plan-summary.js";
import { noGuards, policy, policyRule, rule, snapshotOf, state } from "./values.js";

const office = rule("Office", "allow", "203.0.113.0/24");
const officeRule = policyRule("Office", "allow", ["203.0.113.0/24"]);
const limited = { ...noGuards, maxNewlyAllowed: { ipv4: 256n } };

const found = (others: readonly ReturnType<typeof rule>[], more: Parameters<typeof policy>[1] = {}) =>
  makePlan({
    policy: policy([officeRule], { guards: limited, ...more }),
    snapshot: snapshotOf(state("enabled", office, ...others)),
  }).diagnostics.map(({ code, severity }) => [code, severity]);

describe("access that unmanaged rules keep", () => {
  it("warns where kept rules let in more than a plan may", () => {
    expect(found([rule("Sneaky", "allow", "0.0.0.0/0")])).toEqual([["unmanaged-access", "warning"]]);
  });

  it("is a note where they let in a few", () => {
    expect(found([rule("Partner", "allow", "198.51.100.0/28")])).toEqual([["unmanaged-access", "note"]]);
  });

  it("names in the hint the rules that let somebody in, as removed_rules would name them", () => {
    const { plan, diagnostics } = makePlan({
      policy: policy([officeRule]),
      snapshot: snapshotOf(
        state(
          "enabled",
          office,
          rule("Again", "allow", "203.0.113.0/25"),
          rule("hand", "allow", "192.0.2.0/31"),
          rule("y: 1", "allow", "192.0.2.8"),
        ),
      ),
    });
    expect(diagnostics.map((one) => hintOf(one))).toEqual([
      expect.stringContaining('`removed_rules: [hand, "y: 1"]`'),
    ]);
    expect(plan && closingLine(plan, "policy.yaml")).toBe(
      "No changes. The account matches policy.yaml, but unmanaged rules allow 3 IPv4 addresses that the policy does not.",
    );
  });

  it.each([
    ["a kept rule lets in nobody new", [rule("Again", "allow", "203.0.113.0/25")], {}],
    ["a kept rule denies", [rule("Guests", "deny", "203.0.113.0/28")], {}],
    ["the rules are to go", [rule("Sneaky", "allow", "0.0.0.0/0")], { unmanagedRules: "delete" as const }],
    ["there are none", [], {}],
  ])("says nothing where %s", (_, others, more) => {
    expect(found(others, more)).toEqual([]);
  });
});
