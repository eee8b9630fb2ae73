import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Prefix } from "../../src/address/prefix.js";
import { parsePrefix, samePrefix } from "../../src/address/prefix.js";
import { attribute } from "../../src/audit/attribution.js";
import { type DriftInput, type DriftPlan, directionOf, findDrift } from "../../src/audit/drift.js";
import { type DriftBase, eventsAfter } from "../../src/audit/drift-cause.js";
import type { AuditEvent } from "../../src/audit/event.js";
import type { AccountState, Rule } from "../../src/model/rule.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import { accessChange } from "../../src/plan/access-change.js";
import { diffStates } from "../../src/plan/diff-states.js";
import { driftNext } from "../../src/report/drift.js";
import { at, event, receiptOf, stranger } from "./sample-events.js";

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};
const rule = (name: string, cidrs: readonly string[], more: Partial<Rule> = {}): Rule => ({
  name,
  type: "allow",
  description: "",
  prefixes: cidrs.map(prefix),
  ...more,
});
const state = (
  rules: readonly Rule[],
  enforcement: AccountState["enforcement"] = "enabled",
): AccountState => ({
  enforcement,
  rules,
});
const snapshotOf = ({ enforcement, rules }: AccountState): Snapshot => ({
  accountId: 66847,
  host: "ab123.us1.dbt.com",
  enforcement,
  rules: rules.map((one, index) => ({
    id: 100 + index,
    name: one.name,
    type: one.type,
    description: one.description,
    entries: one.prefixes.map((each, at) => ({ id: 1000 + at, prefix: each, text: "" })),
    updatedAt: at(index * 100),
  })),
});
const planOf = (account: AccountState, policy: AccountState, more: Partial<DriftPlan> = {}): DriftPlan => ({
  account: { id: 66847, host: "ab123.us1.dbt.com" },
  before: account,
  after: policy,
  changes: diffStates(account, policy),
  unmanaged: [],
  expired: [],
  ...more,
});
const find = (
  account: AccountState,
  policy: AccountState,
  more: Partial<DriftInput> & { plan?: DriftPlan } = {},
) =>
  findDrift({
    plan: planOf(account, policy),
    policyFile: "policy.yaml",
    snapshot: snapshotOf(account),
    base: { kind: "none" },
    policy: { rules: [], keySources: {} },
    log: { kind: "not-asked" },
    ...more,
  });

const office = rule("Office", ["203.0.113.0/24"]);
const wide = rule("Office", ["203.0.113.0/24", "198.51.100.0/24"]);

describe("severity is by direction, from the policy to the account", () => {
  it.each([
    ["an entry more", state([wide]), state([office]), "entry-added", "error", "broadens"],
    ["an entry less", state([office]), state([wide]), "entry-removed", "warning", "narrows"],
    [
      "a rule more",
      state([office, rule("X", ["192.0.2.0/24"])]),
      state([office]),
      "rule-added",
      "error",
      "broadens",
    ],
    [
      "a rule less",
      state([office]),
      state([office, rule("X", ["192.0.2.0/24"])]),
      "rule-removed",
      "warning",
      "narrows",
    ],
    [
      "another description",
      state([{ ...office, description: "b" }]),
      state([{ ...office, description: "a" }]),
      "description-changed",
      "note",
      "none",
    ],
    [
      "the switch off",
      state([office], "disabled"),
      state([office]),
      "enforcement-changed",
      "error",
      "broadens",
    ],
    [
      "the switch on",
      state([office]),
      state([office], "disabled"),
      "enforcement-changed",
      "warning",
      "narrows",
    ],
    [
      "a deny entry less",
      state([office]),
      state([office, rule("No", ["203.0.113.9/32"], { type: "deny" })]),
      "rule-removed",
      "error",
      "broadens",
    ],
    // The last allow entry gone: the default flips, and everything gets in.
    ["the only allow entry gone", state([]), state([office]), "rule-removed", "error", "broadens"],
    [
      "an entry that another one covers",
      state([rule("Office", ["203.0.113.0/24", "203.0.113.7/32"])]),
      state([office]),
      "entry-added",
      "note",
      "none",
    ],
  ] as const)("%s", (_, account, policy, kind, severity, direction) => {
    const report = find(account, policy);
    expect(report.differences.map((one) => [one.detail.kind, one.severity, one.direction])).toEqual([
      [kind, severity, direction],
    ]);
  });

  it("puts errors first, and gives the whole access change", () => {
    const account = state([rule("A", []), rule("B", ["192.0.2.0/24", "198.51.100.0/24"])]);
    const policy = state([rule("A", ["203.0.113.0/24"]), rule("B", ["192.0.2.0/24"])]);
    const report = find(account, policy);
    expect(report.differences.map(({ severity }) => severity)).toEqual(["error", "warning"]);
    expect(report.access.newlyAllowed.count().ipv4).toBe(256n);
    expect(report.access.newlyBlocked.count().ipv4).toBe(256n);
    expect(report.effective).toBe(true);
  });

  it("says that nothing is in effect where the switch is off on both sides", () => {
    const report = find(state([wide], "disabled"), state([office], "disabled"));
    expect(report.effective).toBe(false);
    expect(report.differences[0]?.severity).toBe("error");
  });

  it("does not call a switch off that nobody knows", () => {
    const ignored = find(state([], "unknown"), state([office], "unknown"));
    expect(ignored).toMatchObject({ effective: true, access: { direction: "broadens" } });
    expect(find(state([], "unknown"), state([office], "disabled")).effective).toBe(false);
  });
});

describe("the direction of an entry", () => {
  it("is the same by the entries around it as by all of them", () => {
    // A /5 of IPv4 in steps of a bit: small enough for every nesting to come up.
    const anyPrefix = fc
      .record({ bits: fc.nat(31), length: fc.integer({ min: 96, max: 101 }) })
      .map(({ bits, length }) => {
        const shift = BigInt(128 - length);
        return { network: ((0xffff_0000_0000n | (BigInt(bits) << 27n)) >> shift) << shift, length };
      });
    const entry = fc.record({ prefix: anyPrefix, type: fc.constantFrom("allow", "deny" as const) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), entry, fc.boolean(), (others, own, adds) => {
        const free = others.filter(
          ({ prefix: other }, index) =>
            !samePrefix(other, own.prefix) &&
            others.findIndex((one) => samePrefix(one.prefix, other)) === index,
        );
        const rules = free.map(
          (one, index): Rule => ({
            name: `R${index}`,
            type: one.type,
            description: "",
            prefixes: [one.prefix],
          }),
        );
        const without: Rule = { name: "Own", type: own.type, description: "", prefixes: [] };
        const holding: Rule = { ...without, prefixes: [own.prefix] };
        const [wanted, account] = [
          state([...rules, adds ? without : holding]),
          state([...rules, adds ? holding : without]),
        ];
        const detail = {
          kind: adds ? ("entry-added" as const) : ("entry-removed" as const),
          type: own.type,
          prefix: own.prefix,
        };
        expect(directionOf({ rule: "Own", detail }, wanted)).toBe(
          accessChange(wanted, account, { enforced: "assumed" }).direction,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe("ids", () => {
  const id = (account: AccountState, policy: AccountState) =>
    find(account, policy).differences.map((one) => one.id);
  it("stay when other things change, and differ between differences", () => {
    const before = id(state([wide]), state([office]));
    const later = id(
      state([{ ...wide, prefixes: [...wide.prefixes, prefix("192.0.2.0/24")] }, rule("X", ["192.0.2.9"])]),
      state([office, rule("X", ["192.0.2.9"])]),
    );
    expect(before).toHaveLength(1);
    expect(later).toContain(before[0]);
    expect(new Set(later).size).toBe(2);
    expect(before[0]).toMatch(/^[0-9a-f]{16}$/);
  });
  it("are the same today as in every release: alerts outlive versions", () => {
    expect(id(state([wide]), state([office]))).toEqual(["d0edb7d52a6be43d"]);
  });
});

describe("drift or pending", () => {
  const causes = (
    account: AccountState,
    policy: AccountState,
    base: DriftBase,
    more: Partial<DriftInput> = {},
  ) => find(account, policy, { base, ...more }).differences.map(({ cause, reason }) => `${cause} ${reason}`);
  const base = (state: AccountState): DriftBase => ({ kind: "policy", state });

  it.each([
    ["added outside", state([wide]), state([office]), state([office]), "drift base-agrees-with-policy"],
    [
      "removed from the policy",
      state([wide]),
      state([office]),
      state([wide]),
      "pending base-agrees-with-account",
    ],
    ["removed outside", state([office]), state([wide]), state([wide]), "drift base-agrees-with-policy"],
    [
      "added to the policy",
      state([office]),
      state([wide]),
      state([office]),
      "pending base-agrees-with-account",
    ],
    [
      "a rule made outside",
      state([office, wide]),
      state([office]),
      state([office]),
      "drift base-agrees-with-policy",
    ],
    [
      "a rule of the policy not made yet",
      state([]),
      state([office]),
      state([]),
      "pending base-agrees-with-account",
    ],
    [
      "switched off outside",
      state([office], "disabled"),
      state([office]),
      state([office]),
      "drift base-agrees-with-policy",
    ],
    [
      "switch not set yet",
      state([office], "disabled"),
      state([office]),
      state([office], "disabled"),
      "pending base-agrees-with-account",
    ],
    [
      "described anew on both sides",
      state([{ ...office, description: "account" }]),
      state([{ ...office, description: "policy" }]),
      state([office]),
      "drift both-changed",
    ],
  ])("%s", (_, account, policy, before, expected) => {
    const renamed = account.rules.length === 2 ? state([office, { ...wide, name: "Other" }]) : account;
    expect(causes(renamed, policy, base(before))).toEqual([expected]);
  });

  it("cannot be told without a base, and says so", () => {
    expect(causes(state([wide]), state([office]), { kind: "none" })).toEqual(["cannot-tell no-base"]);
  });

  it("is pending where an entry's date has come, whatever the base", () => {
    const expired = [{ rule: "Office", prefix: prefix("198.51.100.0/24"), expires: "2026-03-01" }];
    const plan = planOf(state([wide]), state([office]), { expired });
    for (const one of [{ kind: "none" }, base(state([office]))] as const)
      expect(causes(state([wide]), state([office]), one, { plan })).toEqual(["pending entry-expired"]);
  });

  it("is told by a receipt where the policy is the one applied", () => {
    const receipt = receiptOf([{ action: "update", rule: "Office", second: 0 }], { end: "done" });
    const byReceipt = (more: object): DriftBase => ({ kind: "receipt", receipt, policyHash: "p", ...more });
    expect(causes(state([wide]), state([office]), byReceipt({}))).toEqual([
      "drift policy-unchanged-since-receipt",
    ]);
    expect(causes(state([wide]), state([office]), byReceipt({ policyHash: "q" }))).toEqual([
      "cannot-tell receipt-unproven",
    ]);
    expect(causes(state([wide]), state([office]), byReceipt({ policyHash: "q", eventsSince: [] }))).toEqual([
      "pending no-event-since-receipt",
    ]);
    const touched = [event("ip_restrictions.rule.changed", 50, { rule: { name: "Office" } })];
    expect(
      causes(state([wide]), state([office]), byReceipt({ policyHash: "q", eventsSince: touched })),
    ).toEqual(["cannot-tell event-since-receipt"]);
    const elsewhere = [event("ip_restrictions.rule.changed", 50, { rule: { id: 5, name: "Other" } })];
    expect(
      causes(state([wide]), state([office]), byReceipt({ policyHash: "q", eventsSince: elsewhere })),
    ).toEqual(["pending no-event-since-receipt"]);
    const silent = [event("ip_restrictions.rule.changed", 50, {})];
    expect(
      causes(state([wide]), state([office]), byReceipt({ policyHash: "q", eventsSince: silent })),
    ).toEqual(["cannot-tell event-since-receipt"]);
    const unfinished = { ...receipt, end: { end: "midway" as const, at: at(5) } };
    expect(
      causes(state([wide]), state([office]), { kind: "receipt", receipt: unfinished, policyHash: "p" }),
    ).toEqual(["cannot-tell receipt-unfinished"]);
  });

  it("names nobody for what is pending, and makes it no error", () => {
    const events = [
      event("ip_restrictions.rule.changed", 5, { rule: { name: "Office" } }, { actor: stranger }),
    ];
    const log = { kind: "read" as const, events, own: [] };
    const [one] = find(state([wide]), state([office]), { base: base(state([wide])), log }).differences;
    expect(one).toMatchObject({
      cause: "pending",
      severity: "warning",
      attribution: { kind: "unknown", reason: "not-drift" },
    });
  });
});

describe("rules that the policy tolerates", () => {
  const account = state([office, rule("Theirs", ["0.0.0.0/0"])]);
  const kept = planOf(account, account, { unmanaged: [{ rule: account.rules[1]!, disposition: "kept" }] });
  const receipt = receiptOf([{ action: "update", rule: "Office", second: 0 }], { end: "done" });
  const since = (eventsSince: readonly AuditEvent[]): DriftBase => ({
    kind: "receipt",
    receipt,
    policyHash: "p",
    eventsSince,
  });
  const touched = event(
    "ip_restrictions.rule.changed",
    50,
    { rule: { id: 101, name: "Theirs" } },
    { actor: stranger },
  );

  it("are no difference, but listed", () => {
    const report = find(account, account, { plan: kept, base: since([]) });
    expect(report.differences).toEqual([]);
    expect(report.unmanaged.map(({ name }) => name)).toEqual(["Theirs"]);
  });

  it("are drift where they let addresses in and somebody changed them since the last apply", () => {
    const log = { kind: "read" as const, events: [touched], own: [] };
    const report = find(account, account, { plan: kept, base: since([touched]), log });
    expect(report.differences).toHaveLength(1);
    expect(report.differences[0]).toMatchObject({
      rule: "Theirs",
      cause: "drift",
      reason: "unmanaged-rule-changed",
      severity: "error",
      attribution: { kind: "event", strength: "strong", event: { id: touched.id } },
    });
    expect(report.unmanaged).toEqual([]);
    expect(driftNext(report, { plan: "plan", merge: "merge" })).toContainEqual({
      words: "To remove an unmanaged rule, add to the policy",
      command: "removed_rules: [Theirs]",
    });
    // The whole access change counts it too: the policy alone would let in one /24 less than everything.
    expect(report.access.newlyAllowed.count().ipv4).toBe(2n ** 32n - 256n);
  });

  it("are differences where the policy does not tolerate them", () => {
    const refused = planOf(account, account, {
      unmanaged: [{ rule: account.rules[1]!, disposition: "refused" }],
    });
    expect(find(account, account, { plan: refused }).differences.map(({ detail }) => detail.kind)).toEqual([
      "rule-added",
    ]);
  });
});

describe("attribution", () => {
  const added = {
    detail: { kind: "entry-added", type: "allow", prefix: prefix("198.51.100.0/24") } as const,
    rule: { id: 10, names: ["Office"] },
  };
  const changed = (seconds: number, cidrs?: readonly string[], name = "Office", id = 10) =>
    event("ip_restrictions.rule.changed", seconds, {
      rule: { id, name, ...(cidrs === undefined ? {} : { cidrs: cidrs.map((cidr) => ({ cidr })) }) },
    });
  const who = (events: readonly AuditEvent[], one: Parameters<typeof attribute>[0][number] = added) => {
    const [found] = attribute([one], events);
    return found?.kind === "event" ? `${found.strength} ${found.event.id}` : found?.reason;
  };

  it("takes the last event that names the rule", () => {
    const events = [changed(1), changed(9), changed(5)];
    expect(who(events)).toBe(`strong ${events[1]?.id}`);
  });

  it("takes the event that brought the entry, where contexts list entries", () => {
    const events = [
      changed(1, ["203.0.113.0/24"]),
      changed(2, ["203.0.113.0/24", "198.51.100.7/24"]),
      changed(3, ["198.51.100.0/24"]),
    ];
    expect(who(events)).toBe(`strong ${events[1]?.id}`);
  });

  it("takes the event that took the entry away", () => {
    const removed = { ...added, detail: { ...added.detail, kind: "entry-removed" as const } };
    const events = [
      changed(1, ["198.51.100.0/24"]),
      changed(2, ["203.0.113.0/24"]),
      changed(3, ["203.0.113.0/24"]),
    ];
    expect(who(events, removed)).toBe(`strong ${events[1]?.id}`);
  });

  it("does not take another rule's event, nor one of another kind", () => {
    expect(
      who([changed(1, undefined, "Other", 99), event("ip_restrictions.toggled", 2), event("group.added", 3)]),
    ).toBe("no-event");
  });

  it("takes a nameless event only where it is alone, or next to the rule's time stamp", () => {
    const nameless = [1, 300].map((seconds) => event("ip_restrictions.rule.changed", seconds, {}));
    expect(who(nameless.slice(0, 1))).toBe(`weak ${nameless[0]?.id}`);
    expect(who(nameless)).toBe("ambiguous");
    expect(who(nameless, { ...added, rule: { ...added.rule, updatedAt: at(302) } })).toBe(
      `weak ${nameless[1]?.id}`,
    );
  });

  it("takes the toggle to where the switch is", () => {
    const toggled = (seconds: number, enabled: boolean) =>
      event("ip_restrictions.toggled", seconds, { enabled });
    const events = [toggled(1, false), toggled(2, true), toggled(3, false), toggled(4, true)];
    const off = { detail: { kind: "enforcement-changed", policy: "enabled", account: "disabled" } as const };
    expect(who(events, off)).toBe(`strong ${events[2]?.id}`);
  });
});

describe("attribution after an apply", () => {
  const changed = (seconds: number, cidrs: readonly string[], more: Partial<AuditEvent> = {}) =>
    event("ip_restrictions.rule.changed", seconds, { rule: { id: 10, name: "Office", cidrs } }, more);
  const who = { id: "1", name: "who added it first" };
  const again = { id: "2", name: "who added it again" };
  const added = {
    detail: { kind: "entry-added", type: "allow", prefix: prefix("198.51.100.0/24") } as const,
    rule: { id: 10, names: ["Office"] },
  };
  const both = ["203.0.113.0/24", "198.51.100.0/24"];

  it("names nobody for what the apply has since undone", () => {
    const ours = changed(2, both);
    const events = [changed(1, both, { actor: who }), ours, changed(3, both, { actor: again })];
    const own = [{ event: ours, rule: { id: 10, names: ["Office"] } }];
    expect(attribute([added], events, own)).toMatchObject([
      { kind: "event", event: { actor: again }, others: 0 },
    ]);
    expect(attribute([added], events.slice(0, 2), own)).toEqual([{ kind: "unknown", reason: "no-event" }]);
  });

  it("goes by the step, where the event of the apply names no rule", () => {
    const ours = event("ip_restrictions.rule.changed", 2, {});
    const events = [changed(1, both, { actor: who }), ours, changed(3, both, { actor: again })];
    expect(attribute([added], events, [{ event: ours, rule: { names: ["Office"] } }])).toMatchObject([
      { kind: "event", event: { actor: again } },
    ]);
  });

  it("is not cut short by the apply's event for another rule", () => {
    const ours = event("ip_restrictions.rule.changed", 2, { rule: { id: 11, name: "VPN" } });
    const events = [changed(1, both, { actor: who }), ours];
    expect(attribute([added], events, [{ event: ours, rule: { id: 11, names: ["VPN"] } }])).toMatchObject([
      { kind: "event", event: { actor: who } },
    ]);
  });

  it("names nobody who came before the apply began", () => {
    const receipt = receiptOf([{ action: "update", rule: "VPN", second: 100 }], { end: "done" });
    const input = (second: number) => ({
      base: { kind: "receipt" as const, receipt, policyHash: "p" },
      log: { kind: "read" as const, events: [changed(second, both, { actor: who })], own: [] },
    });
    expect(find(state([wide]), state([office]), input(98)).differences[0]?.attribution.kind).toBe("unknown");
    expect(find(state([wide]), state([office]), input(101)).differences[0]?.attribution.kind).toBe("event");
  });

  describe("to a rename on the account", () => {
    const policy = state([office, rule("VPN", ["192.0.2.1"])]);
    const account = state([{ ...office, name: "Bureau" }, rule("VPN", ["192.0.2.1"])]);
    const kept = planOf(account, account, {
      after: policy,
      changes: diffStates(account, state([...account.rules, office])),
      unmanaged: [{ rule: account.rules[0]!, disposition: "kept" }],
    });
    const rename = event(
      "ip_restrictions.rule.changed",
      50,
      { rule: { id: 100, name: "Bureau" } },
      { actor: who },
    );
    const attributions = (events: readonly AuditEvent[], plan = kept) =>
      find(account, policy, { plan, log: { kind: "read", events, own: [] } }).differences.map(
        ({ detail, attribution }) =>
          `${detail.kind} ${attribution.kind === "event" ? `${attribution.strength} ${attribution.event.id}` : attribution.reason}`,
      );

    it("is strong where the log knew the rule by its id", () => {
      const made = event("ip_restrictions.rule.added", 1, { rule: { id: 100, name: "Office" } });
      expect(attributions([made, rename])).toEqual([`rule-removed strong ${rename.id}`]);
    });

    it("is weak where only the entries are the same", () => {
      expect(attributions([rename])).toEqual([`rule-removed weak ${rename.id}`]);
    });

    it("is not made where two rules have the same entries", () => {
      const plan = {
        ...kept,
        before: state([...account.rules, { ...office, name: "Other" }]),
        unmanaged: [...kept.unmanaged, { rule: { ...office, name: "Other" }, disposition: "kept" as const }],
      };
      const found = find(plan.before, policy, {
        plan,
        log: { kind: "read", events: [rename], own: [] },
      }).differences;
      expect(found.map(({ attribution }) => attribution.kind)).toEqual(["unknown"]);
    });
  });
});

describe("what happened since the apply", () => {
  const apply = (skew: number) =>
    receiptOf([{ action: "update", rule: "Office", ruleId: 10, second: 1000, skew }]);
  const idsSince = (skew: number, second: number) =>
    eventsAfter([event("ip_restrictions.rule.changed", second, null)], apply(skew), new Set()).length;

  it.each([
    ["a minute after", 0, 1060, 1],
    ["a minute before", 0, 940, 0],
    ["after, by the earlier of two clocks that differ", -300, 760, 1],
    ["before, by both", -300, 640, 0],
    ["a clock that is hours off does not count", -7200, 940, 0],
  ])("%s", (_, skew, second, expected) => {
    expect(idsSince(skew, second)).toBe(expected);
  });
});
