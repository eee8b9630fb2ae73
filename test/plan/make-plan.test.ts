import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import { diagnostic } from "../../src/model/diagnostic.js";
import { type OverrideFlag, overrideFlags } from "../../src/model/guards.js";
import {
  catchAllDescription,
  catchAllName,
  probeDescription,
  probeName,
  reservedNamePrefix,
  standInDescription,
  standInName,
} from "../../src/model/reserved-names.js";
import type { Rule, RuleType } from "../../src/model/rule.js";
import { accessOf, isEnforced } from "../../src/plan/access-change.js";
import { remainingRefusals } from "../../src/plan/guards.js";
import { makePlan, type PlanInput } from "../../src/plan/make-plan.js";
import type { Plan, Verdict } from "../../src/plan/plan.js";
import { planDocument } from "../../src/plan/plan-document.js";
import { readPlanFile, writePlanFile } from "../../src/plan/plan-file.js";
import { hashState } from "../../src/plan/state.js";
import type { Guards } from "../../src/policy/policy.js";
import { firstMessage } from "../said.js";
import { prefix, Random, randomPair } from "./small-space.js";
import {
  asRecorded,
  entry,
  noGuards,
  policy,
  policyRule,
  rule,
  snapshotOf,
  source,
  state,
} from "./values.js";

const office = rule("Office", "allow", "203.0.113.0/24");
const partner = rule("Partner", "allow", "198.51.100.0/24");
const account = snapshotOf(state("enabled", office, partner));
const officeRule = policyRule("Office", "allow", ["203.0.113.0/24"]);
const partnerRule = policyRule("Partner", "allow", ["198.51.100.0/24"]);

const probe: Rule = { ...rule(probeName(1), "deny", "100::/64"), description: probeDescription };

const result = (input: Partial<PlanInput>) =>
  makePlan({ policy: policy([officeRule, partnerRule]), snapshot: account, ...input });

const planned = (input: Partial<PlanInput>): Plan => {
  const { plan, diagnostics } = result(input);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
};

const refused = (plan: Plan): string[] =>
  plan.verdicts.filter(({ state }) => state === "failed").map(({ guard }) => guard);
const verdictOf = (plan: Plan, guard: string): Verdict => plan.verdicts.find((one) => one.guard === guard)!;
const guards = (more: Partial<Guards>): Guards => ({ ...noGuards, ...more });

describe("a plan", () => {
  it("finds nothing to do where the account is as it should be", () => {
    const plan = planned({});
    expect([plan.changes, plan.steps, refused(plan), plan.access.change.direction]).toEqual([
      [],
      [],
      [],
      "none",
    ]);
  });

  it("is empty once its steps are done, for any policy and account", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const { before, after } = randomPair(new Random(seed));
      const rules = after.rules.map(({ name, type, prefixes, description }) =>
        policyRule(name, type, [], {
          description,
          entries: prefixes.map((one) => ({ prefix: one, text: "", source })),
        }),
      );
      const wanted = policy(rules, { unmanagedRules: "delete", enforcement: "enabled" });
      const plan = planned({ policy: wanted, snapshot: snapshotOf(before) });
      expect(plan.steps.at(-1)?.stateHash ?? plan.basis.state).toBe(hashState(plan.after));
      expect(verdictOf(plan, "disturbance").diagnostics).toEqual([]);
      const again = planned({ policy: wanted, snapshot: snapshotOf(plan.after) });
      expect([again.changes, again.steps]).toEqual([[], []]);
    }
  });

  it("never deletes an unmanaged rule under keep", () => {
    const plan = planned({ policy: policy([officeRule]) });
    expect([plan.changes, plan.unmanaged]).toEqual([[], [{ rule: partner, disposition: "kept" }]]);
  });

  it("removes a left-over of an earlier run under keep", () => {
    const leftOver = { ...rule(catchAllName(1), "allow", "::/0"), description: catchAllDescription };
    const plan = planned({ snapshot: snapshotOf(state("enabled", office, partner, leftOver)) });
    expect(plan.changes).toEqual([{ kind: "delete", rule: leftOver, reason: "left-over" }]);
    expect(plan.steps).toHaveLength(1);
  });

  it.each([
    ["another description", { description: "mine" }],
    ["another name", { name: `${catchAllName(1)} of them` }],
    ["another type", { type: "deny" as const }],
    ["other prefixes", { prefixes: [prefix("::/0"), prefix("192.0.2.0/24")] }],
    ["a number that is never made", { name: `${catchAllName(1)} (1)` }],
    [
      "the name of a stand-in for a rule of another name",
      { name: standInName("A", 1), description: standInDescription("B") },
    ],
    [
      "the name of a stand-in, and words around its description",
      { name: standInName("A", 1), description: `${standInDescription("A")} now` },
    ],
    ["only the prefix of the name", { name: `${reservedNamePrefix}theirs` }],
  ])("takes a rule of a reserved name with %s for somebody's own", (_, odd) => {
    const left = { ...rule(catchAllName(1), "allow", "::/0"), description: catchAllDescription };
    const theirs = { ...left, ...odd };
    const snapshot = snapshotOf(state("enabled", office, partner, theirs));
    const kept = planned({ snapshot });
    expect([kept.changes, kept.unmanaged]).toEqual([[], [{ rule: theirs, disposition: "kept" }]]);
    const strict = guards({ maxRemovedRules: { count: 0 } });
    const wanted = policy([officeRule, partnerRule], { unmanagedRules: "delete", guards: strict });
    const gone = planned({ snapshot, policy: wanted });
    expect(refused(gone)).toEqual(["max-removed-rules"]);
    expect(gone.changes).toEqual([{ kind: "delete", rule: theirs, reason: "unmanaged" }]);
  });

  it.each<readonly [string, Rule]>([
    ["to be somebody's own: another type", { ...probe, type: "allow" }],
    ["to be somebody's own: another range", { ...probe, prefixes: [prefix("100::/65")] }],
    ["to be somebody's own: another description", { ...probe, description: "mine" }],
  ])("takes a rule of the probe's name %s", (_, theirs) => {
    const kept = planned({ snapshot: snapshotOf(state("enabled", office, partner, theirs)) });
    expect([kept.changes, kept.unmanaged]).toEqual([[], [{ rule: theirs, disposition: "kept" }]]);
  });

  it("removes a probe of an earlier run, and counts nobody as let in by that", () => {
    const snapshot = snapshotOf(state("enabled", rule("No", "deny", "192.0.2.0/24"), probe));
    const strict = guards({ maxNewlyAllowed: { ipv4: 0n, ipv6: 0n } });
    const plan = planned({
      snapshot,
      policy: policy([policyRule("No", "deny", ["192.0.2.0/24"])], { guards: strict }),
    });
    expect(plan.changes).toEqual([{ kind: "delete", rule: probe, reason: "left-over" }]);
    expect(refused(plan)).toEqual([]);
  });

  // Frozen: what a release has once written on an account, every later one recognises. Add, never change.
  it.each<readonly [string, RuleType, string, readonly string[]]>([
    [
      "dbt-ip-rules temporary: allow all",
      "allow",
      "Keeps everything reachable that no rule mentions while dbt-ip-rules changes the rules",
      ["::/0", "0.0.0.0/0"],
    ],
    [
      "dbt-ip-rules temporary: is enforcement on",
      "deny",
      "Denies only 100::/64, which no traffic comes from (RFC 6666), so that dbt-ip-rules sees whether enforcement is on",
      ["100::/64"],
    ],
    [
      "dbt-ip-rules temporary: stands in for A",
      "deny",
      'Stands in for "A" while dbt-ip-rules changes its type',
      ["198.51.100.7/32"],
    ],
  ])("recognises %s, as it was once written", (name, type, description, texts) => {
    const left = { ...rule(name, type, ...texts), description };
    const plan = planned({ snapshot: snapshotOf(state("enabled", office, partner, left)) });
    expect(plan.changes).toEqual([{ kind: "delete", rule: left, reason: "left-over" }]);
  });

  it.each([
    catchAllName(2),
    standInName("A", 1),
    standInName("A (2)", 3),
    standInName('a "b"'.repeat(90), 2),
  ])("knows its own left-over %s", (name) => {
    const inner = name.includes('"') ? 'a "b"'.repeat(90) : name.includes("A (2)") ? "A (2)" : "A";
    const description = name === catchAllName(2) ? catchAllDescription : standInDescription(inner);
    const left = { ...rule(name, "allow", "0.0.0.0/0"), description };
    const plan = planned({ snapshot: snapshotOf(state("enabled", office, partner, left)) });
    expect(plan.changes).toEqual([{ kind: "delete", rule: left, reason: "left-over" }]);
  });

  it("is bound to the days on which the policy means the same", () => {
    const dated = (expires: string) => entry("203.0.113.7", expires);
    const rules = [
      { ...officeRule, entries: [dated("2027-02-01"), dated("2027-01-01"), entry("203.0.113.8")] },
      { ...partnerRule, expired: [dated("2026-03-01"), dated("2026-10-01")] },
    ];
    const plan = planned({ policy: policy(rules) });
    expect([plan.validFrom, plan.validUntil]).toEqual(["2026-10-01", "2027-01-01"]);
    const { plan: read } = readPlanFile(writePlanFile(plan), "plan.json");
    expect([read?.validFrom, read?.validUntil]).toEqual(["2026-10-01", "2027-01-01"]);
    expect(planned({})).not.toHaveProperty("validUntil");
  });

  it("tells which entries leave because of their date", () => {
    const expiring = policyRule("Office", "allow", ["203.0.113.0/25"], {
      expired: [entry("203.0.113.0/24", "2026-11-01"), entry("192.0.2.9", "2026-11-01")],
    });
    const plan = planned({ policy: policy([expiring, partnerRule]) });
    expect(plan.expired).toEqual([
      { rule: "Office", prefix: prefix("203.0.113.0/24"), expires: "2026-11-01" },
    ]);
  });

  it("tells until when an entry comes that has a date", () => {
    const office = { ...officeRule, entries: [...officeRule.entries, entry("192.0.2.9", "2027-01-01")] };
    const plan = planned({ policy: policy([office, partnerRule]) });
    const expiring = [{ rule: "Office", prefix: prefix("192.0.2.9"), expires: "2027-01-01" }];
    expect(plan.expiring).toEqual(expiring);
    expect(readPlanFile(writePlanFile(plan), "plan.json").plan?.expiring).toEqual(expiring);
    const dated = {
      ...officeRule,
      entries: officeRule.entries.map((one) => ({ ...one, expires: "2027-01-01" })),
    };
    expect(planned({ policy: policy([dated, partnerRule]) }).expiring).toEqual([]);
  });

  it("plans nothing where something is unclear", () => {
    const twice = { ...account, rules: [...account.rules, { ...account.rules[0]!, id: 9 }] };
    const other = policy([officeRule], { account: { id: 1 } });
    const error = diagnostic("yaml-tab");
    const cases = [result({ snapshot: twice }), result({ policy: other }), result({ diagnostics: [error] })];
    expect(cases.map(({ plan }) => plan)).toEqual([undefined, undefined, undefined]);
    expect(cases.map(({ diagnostics }) => diagnostics[0]?.code)).toEqual([
      "account-rule-name-repeated",
      "policy-for-other-account",
      "yaml-tab",
    ]);
  });
});

describe("guards", () => {
  const withoutPartner = policy([officeRule], { unmanagedRules: "delete" });
  const wide = policy([
    officeRule,
    partnerRule,
    policyRule("Wide", "allow", ["192.0.2.0/24", "2001:db8::/64"]),
  ]);
  const empty = snapshotOf(state("enabled"));

  it.each<[string, Partial<PlanInput>, OverrideFlag]>([
    [
      "must-allow",
      { policy: { ...withoutPartner, guards: guards({ mustAllow: [entry("198.51.100.7")] }) } },
      "--allow-lockout",
    ],
    [
      "caller",
      { policy: withoutPartner, clientAddresses: [prefix("198.51.100.7").network] },
      "--allow-lockout",
    ],
    [
      "must-deny",
      { policy: { ...wide, guards: guards({ mustDeny: [entry("192.0.2.7")] }) } },
      "--allow-must-deny",
    ],
    [
      "max-removed-rules",
      { policy: { ...withoutPartner, guards: guards({ maxRemovedRules: { count: 0 } }) } },
      "--allow-removed-rules",
    ],
    [
      "max-removed-rules",
      { policy: { ...withoutPartner, guards: guards({ maxRemovedRules: { percent: 49 } }) } },
      "--allow-removed-rules",
    ],
    [
      "max-newly-allowed",
      { policy: { ...wide, guards: guards({ maxNewlyAllowed: { ipv4: 255n } }) } },
      "--allow-newly-allowed",
    ],
    [
      "max-newly-allowed",
      { policy: { ...wide, guards: guards({ maxNewlyAllowed: { ipv6: 1n } }) } },
      "--allow-newly-allowed",
    ],
    [
      "unmanaged-rules",
      { policy: policy([officeRule], { unmanagedRules: "fail" }) },
      "--allow-unmanaged-rules",
    ],
    [
      "policy-tests",
      {
        policy: policy([officeRule, partnerRule], {
          tests: [{ name: "t", allowed: [entry("192.0.2.1")], denied: [], source }],
        }),
      },
      "--allow-failed-tests",
    ],
  ])("%s refuses, and only its own flag lets it pass", (guard, input, flag) => {
    expect(refused(planned(input))).toEqual([guard]);
    const others = Object.values(overrideFlags).filter((one) => one !== flag);
    expect(refused(planned({ ...input, overrides: new Set(others) }))).toEqual([guard]);
    const passed = planned({ ...input, overrides: new Set([flag]) });
    expect(refused(passed)).toEqual([]);
    expect(verdictOf(passed, guard).diagnostics.map(({ severity }) => severity)).toContain("warning");
    expect(verdictOf(passed, guard).override).toBe(flag);
  });

  it.each<[string, Partial<PlanInput>]>([
    [
      "half of the rules",
      { policy: { ...withoutPartner, guards: guards({ maxRemovedRules: { percent: 50 } }) } },
    ],
    [
      "exactly the limit",
      { policy: { ...wide, guards: guards({ maxNewlyAllowed: { ipv4: 256n, ipv6: 2n ** 64n } }) } },
    ],
    [
      "a protected address that stays",
      {
        policy: {
          ...withoutPartner,
          guards: guards({ mustAllow: [entry("203.0.113.7")], mustDeny: [entry("192.0.2.7")] }),
        },
      },
    ],
    ["a caller that gets in only now", { policy: wide, clientAddresses: [prefix("192.0.2.7").network] }],
  ])("%s passes", (_, input) => {
    expect(refused(planned(input))).toEqual([]);
  });

  describe("allow rules of which no entry is in force", () => {
    const emptyAllow = rule("Office", "allow");
    const attackers = rule("Attackers", "deny", "192.0.2.0/24");
    const gone = policyRule("Office", "allow", [], { expired: [entry("203.0.113.0/24", "2026-11-30")] });
    const denyRule = policyRule("Attackers", "deny", ["192.0.2.0/24"]);
    const ignoring = { enforcement: "ignore" } as const;
    const allFlags = new Set(Object.values(overrideFlags));

    it.each<[string, Partial<PlanInput>]>([
      ["expired, the account enforced", { policy: policy([gone], ignoring) }],
      ["expired, enforcement enabled", { policy: policy([gone]) }],
      ["expired, beside a deny rule", { policy: policy([denyRule, gone], ignoring) }],
      [
        "with nothing to change",
        {
          policy: policy([policyRule("Office", "allow", [])], ignoring),
          snapshot: snapshotOf(state("enabled", emptyAllow)),
        },
      ],
      [
        "not on the account, where there is no rule",
        {
          policy: policy([policyRule("Office", "allow", [])], ignoring),
          snapshot: snapshotOf(state("unknown")),
        },
      ],
      [
        "kept on the account, the policy of deny rules alone",
        {
          policy: policy([denyRule], ignoring),
          snapshot: snapshotOf(state("enabled", emptyAllow, attackers)),
        },
      ],
      [
        "in the policy, while a kept rule has one",
        { policy: policy([gone], ignoring), snapshot: snapshotOf(state("enabled", emptyAllow, partner)) },
      ],
    ])("are refused, and no flag lets it pass: %s", (_, input) => {
      const plan = planned({ ...input, overrides: allFlags });
      expect(refused(plan)).toEqual(["allow-in-force"]);
      expect(verdictOf(plan, "allow-in-force").override).toBeUndefined();
      const read = readPlanFile(writePlanFile(plan), "plan.json");
      expect(read.plan).toEqual(asRecorded(plan));
    });

    it.each<[string, Partial<PlanInput>]>([
      ["enforcement is off", { policy: policy([gone], { enforcement: "disabled" }) }],
      [
        "enforcement stays off",
        { policy: policy([gone], ignoring), snapshot: snapshotOf(state("disabled", office)) },
      ],
      ["one entry is in force", { policy: policy([gone, partnerRule], ignoring) }],
      [
        "there are deny rules alone",
        { policy: policy([denyRule]), snapshot: snapshotOf(state("enabled", attackers)) },
      ],
      [
        "an empty rule is kept beside one with an entry",
        {
          policy: policy([officeRule]),
          snapshot: snapshotOf(state("enabled", office, rule("Old", "allow"))),
        },
      ],
      [
        "the empty rule is deleted",
        {
          policy: policy([denyRule], { unmanagedRules: "delete" }),
          snapshot: snapshotOf(state("enabled", emptyAllow, attackers)),
        },
      ],
    ])("are no matter where %s", (_, input) => {
      expect(planned({ ...input, overrides: allFlags }).verdicts.map(({ guard }) => guard)).not.toContain(
        "allow-in-force",
      );
    });

    it("no plan that passes ends with an enforced account that lets in what no allow entry names", () => {
      const met = { passed: 0, refused: 0 };
      for (let seed = 1; seed <= 400; seed += 1) {
        const { before, after } = randomPair(new Random(seed));
        const random = new Random(seed * 7919);
        const emptied = (one: Rule): Rule => (random.below(2) === 0 ? { ...one, prefixes: [] } : one);
        const snapshot = snapshotOf({ ...before, rules: before.rules.map(emptied) });
        const rules = after.rules.map(emptied).map(({ name, type, prefixes }) =>
          policyRule(name, type, [], {
            entries: prefixes.map((one) => ({ prefix: one, text: "", source })),
          }),
        );
        const { plan } = makePlan({
          policy: policy(rules, { enforcement: random.below(2) === 0 ? "ignore" : "enabled" }),
          snapshot,
          overrides: allFlags,
        });
        if (plan === undefined) continue;
        const allows = plan.after.rules.filter(({ type }) => type === "allow");
        if (refused(plan).includes("allow-in-force")) {
          met.refused += 1;
          continue;
        }
        if (allows.length === 0 || !isEnforced(plan.after)) continue;
        met.passed += 1;
        const named = AddressSet.ofPrefixes(allows.flatMap(({ prefixes }) => prefixes));
        expect(accessOf(plan.after).allowed().subtract(named).isEmpty()).toBe(true);
      }
      for (const times of Object.values(met)) expect(times).toBeGreaterThan(20);
    });
  });

  it("looks at what the first rules block, and names the step", () => {
    const plan = planned({
      snapshot: empty,
      policy: policy([officeRule], { guards: guards({ mustAllow: [entry("192.0.2.7")] }) }),
    });
    expect(refused(plan)).toEqual(["must-allow"]);
    expect(firstMessage(verdictOf(plan, "must-allow").diagnostics)).toContain("Step 1");
  });

  it("refuses what was blocked before and stays so", () => {
    const plan = planned({
      policy: policy([officeRule, partnerRule], { guards: guards({ mustAllow: [entry("192.0.2.7")] }) }),
    });
    expect(verdictOf(plan, "must-allow").diagnostics.map(({ code }) => code)).toEqual(["must-allow"]);
  });

  describe("enforcement that is turned on", () => {
    const off = snapshotOf(state("disabled", office));
    const on = (input: Partial<PlanInput>) =>
      planned({ snapshot: off, policy: policy([officeRule]), ...input });
    const verdicts = (plan: Plan) =>
      plan.verdicts.flatMap(({ guard, state: verdict, diagnostics }) =>
        guard === "first-enforcement" ? [verdict, ...diagnostics.map(({ code }) => code)] : [],
      );

    it("needs an address that must stay allowed, or its own flag", () => {
      expect(verdicts(on({}))).toEqual(["failed", "enforcement-unguarded"]);
      expect(refused(on({}))).toEqual(["first-enforcement"]);
      const own = prefix("203.0.113.7").network;
      const mustAllow = guards({ mustAllow: [entry("203.0.113.7")] });
      expect(verdicts(on({ policy: policy([officeRule], { guards: mustAllow }) }))).toEqual(["passed"]);
      expect(verdicts(on({ clientAddresses: [own] }))).toEqual(["passed"]);
      expect(verdicts(on({ overrides: new Set(["--allow-unguarded-enforcement"]) }))).toEqual([
        "waived",
        "enforcement-unguarded",
      ]);
      expect(verdicts(on({ overrides: new Set(["--allow-lockout"]) }))).toEqual([
        "failed",
        "enforcement-unguarded",
      ]);
    });

    it("is no question where it is on already, or stays off", () => {
      expect(verdicts(planned({}))).toEqual([]);
      expect(
        verdicts(on({ policy: policy([officeRule, partnerRule], { enforcement: "disabled" }) })),
      ).toEqual([]);
    });

    it("is settled by an address that is known only when the saved plan is applied", () => {
      const own = prefix("203.0.113.7").network;
      expect(remainingRefusals(on({}), [], [own])).toEqual([]);
      expect(remainingRefusals(on({}), []).map(({ guard }) => guard)).toEqual(["first-enforcement"]);
    });
  });

  it("never says that an unknown caller has passed", () => {
    const caller = (input: Partial<PlanInput>) => {
      const { state: verdict, diagnostics } = verdictOf(planned(input), "caller");
      return [verdict, ...diagnostics.map(({ code }) => code)];
    };
    const guarded = guards({ mustAllow: [entry("203.0.113.7")] });
    const off = snapshotOf(state("disabled", office, partner));
    expect(caller({ policy: withoutPartner })).toEqual(["not-checked", "caller-unguarded"]);
    expect(caller({ policy: { ...withoutPartner, guards: guarded } })).toEqual([
      "not-checked",
      "caller-unknown",
    ]);
    expect(caller({ policy: wide })).toEqual(["not-checked", "caller-unknown"]);
    expect(caller({ policy: { ...wide, enforcement: "disabled" }, snapshot: off })).toEqual(["not-checked"]);
    expect(caller({})).toEqual(["not-checked"]);
    expect(caller({ clientAddresses: [prefix("203.0.113.7").network] })).toEqual(["passed"]);
    const { guards: told } = planDocument(planned({ policy: withoutPartner }));
    const document = told.find(({ guard }) => guard === "caller");
    expect(document).toMatchObject({ state: "not-checked" });
    expect(document).not.toHaveProperty("passed");
  });

  it("with the switch off, warns of what would be", () => {
    const plan = planned({
      snapshot: snapshotOf(state("disabled", office, partner)),
      policy: policy([officeRule, partnerRule], {
        enforcement: "disabled",
        guards: guards({ mustAllow: [entry("192.0.2.7")] }),
      }),
    });
    expect(refused(plan)).toEqual([]);
    expect(verdictOf(plan, "must-allow").diagnostics.map(({ code }) => code)).toEqual([
      "must-allow-once-enabled",
    ]);
  });
});
