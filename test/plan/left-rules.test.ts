/** `removed_rules`, and rules that left the policy but stay on the account. */
import { describe, expect, it } from "vitest";
import { hintOf, messageOf } from "../../src/model/diagnostic.js";
import { type EarlierPolicy, isAboutLeftRule } from "../../src/plan/left-rules.js";
import { makePlan, type PlanResult } from "../../src/plan/make-plan.js";
import { planDocument } from "../../src/plan/plan-document.js";
import { readPlanFile, writePlanFile } from "../../src/plan/plan-file.js";
import { hashPolicy } from "../../src/plan/state.js";
import type { Policy } from "../../src/policy/policy.js";
import { leftWords } from "../../src/report/plan-summary.js";
import { asRecorded, noGuards, policy, policyRule, rule, snapshotOf, source, state } from "./values.js";

const account = snapshotOf(
  state("enabled", rule("Kept", "allow", "10.0.0.0/8"), rule("Old", "allow", "192.0.2.0/24")),
);
const kept = policyRule("Kept", "allow", ["10.0.0.0/8"]);
const removing = (...names: string[]): Partial<Policy> => ({
  removedRules: names.map((name) => ({ name, source })),
});
const planFor = (wanted: Policy, earlier?: EarlierPolicy): Required<PlanResult> => {
  const { plan, diagnostics } = makePlan({ policy: wanted, snapshot: account, earlier });
  if (plan === undefined) throw new Error(diagnostics.map(messageOf).join("\n"));
  return { plan, diagnostics };
};

describe("removed_rules", () => {
  it.each(["keep", "fail", "delete"] as const)(
    "deletes the rule under unmanaged_rules: %s",
    (unmanagedRules) => {
      const { plan } = planFor(policy([kept], { unmanagedRules, ...removing("Old") }));
      expect(plan.changes).toMatchObject([{ kind: "delete", rule: { name: "Old" }, reason: "removed" }]);
      expect(plan.access.change.newlyBlocked.count().ipv4).toBe(256n);
      expect(plan.unmanaged).toMatchObject([{ disposition: "deleted" }]);
      expect(plan.verdicts.filter(({ state }) => state === "failed")).toEqual([]);
    },
  );

  it("counts against max_removed_rules", () => {
    const guards = { ...noGuards, maxRemovedRules: { count: 0 } };
    const { plan } = planFor(policy([kept], { guards, ...removing("Old") }));
    expect(plan.verdicts.find(({ state }) => state === "failed")?.guard).toBe("max-removed-rules");
  });

  it("notes, at its line, that a rule is gone, and plans nothing for it", () => {
    const { plan, diagnostics } = planFor(policy([kept], removing("Never there")));
    expect(plan.changes).toEqual([]);
    expect(diagnostics.find(({ code }) => code === "removed-rule-gone")).toMatchObject({
      severity: "note",
      source,
    });
  });

  it("warns where the account has a rule of a similar name, which stays", () => {
    const { plan, diagnostics } = planFor(policy([kept], removing("old")));
    expect(plan.changes).toEqual([]);
    const found = diagnostics.find(({ code }) => code === "removed-rule-gone");
    expect(found?.severity).toBe("warning");
    expect(found && messageOf(found)).toContain('but "Old" is');
    expect(found && hintOf(found)).toContain("`removed_rules: [Old]`");
    // Not one that the policy names itself.
    const { diagnostics: own } = planFor(policy([kept], removing("kept", "Old")));
    expect(own.find(({ code }) => code === "removed-rule-gone")?.severity).toBe("note");
  });

  it("is part of the policy's hash, and of a saved plan", () => {
    const wanted = policy([kept], removing("Old"));
    expect(hashPolicy(wanted)).not.toBe(hashPolicy(policy([kept])));
    const { plan } = planFor(wanted);
    expect(readPlanFile(writePlanFile(plan), "plan.json")).toEqual({
      plan: asRecorded(plan),
      diagnostics: [],
    });
    expect(planDocument(plan).changes).toMatchObject([{ action: "delete", rule: "Old", reason: "removed" }]);
  });
});

describe("a rule that left the policy", () => {
  const earlier: EarlierPolicy = { rules: new Set(["Kept", "Old"]), by: "base" };
  const said = (wanted: Policy, known?: EarlierPolicy) =>
    planFor(wanted, known)
      .diagnostics.filter(isAboutLeftRule)
      .map((one) => [one.severity, messageOf(one), hintOf(one) ?? ""] as const);

  it("is warned about, with the line that removes it", () => {
    const [[severity, message, hint] = [], ...more] = said(policy([kept]), earlier);
    expect(more).toEqual([]);
    expect(severity).toBe("warning");
    expect(message).toBe('Rule "Old" left the file but stays on the account');
    expect(hint).toContain("`removed_rules: [Old]`");
  });

  it("is not warned about where nothing says that the policy had it, or where it is deleted", () => {
    expect(said(policy([kept]))).toEqual([]);
    expect(said(policy([kept]), { rules: new Set(["Kept"]), by: "base" })).toEqual([]);
    expect(said(policy([kept], removing("Old")), earlier)).toEqual([]);
    expect(said(policy([kept], { unmanagedRules: "delete" }), earlier)).toEqual([]);
  });

  it("is a rename where a new rule has the same entries: the line of previous_names is offered", () => {
    const wanted = policy([kept, policyRule("New", "allow", ["192.0.2.0/24"])]);
    expect(said(wanted, earlier)).toEqual([
      [
        "warning",
        expect.stringMatching(/^Rule "Old" left the file but stays on the account, and "New"/),
        expect.stringContaining("`previous_names: [Old]`"),
      ],
    ]);
    expect(said(wanted)[0]?.[1]).toMatch(/^Rule "New" is new, but the account already has the same entries/);
  });

  it("is counted as such only where the policy is known to have had it", () => {
    const wanted = policy([kept, policyRule("New", "allow", ["192.0.2.0/24"])]);
    expect(leftWords(planFor(wanted, earlier).plan)).toBe("1 rule that left the file stays on the account");
    expect(leftWords(planFor(wanted).plan)).toBe("1 unmanaged rule has the entries of a new rule");
  });

  it("is none where the new rule has other entries or another type, or names it", () => {
    expect(said(policy([kept, policyRule("New", "allow", ["192.0.2.0/25"])]))).toEqual([]);
    expect(
      said(policy([kept, policyRule("New", "allow", ["192.0.2.0/24"], { previousNames: ["Old"] })])),
    ).toEqual([]);
  });
});
