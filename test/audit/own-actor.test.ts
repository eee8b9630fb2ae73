import { describe, expect, it } from "vitest";
import { actorNamed, actorOfReceipts } from "../../src/audit/client-address.js";
import type { AuditEvent } from "../../src/audit/event.js";
import type { Receipt } from "../../src/model/receipt.js";

const at = "2026-11-21T00:00:10.000Z";

const event = (id: string, actor: AuditEvent["actor"], ruleId = 7): AuditEvent => ({
  id,
  type: "ip_restrictions.rule.added",
  rawType: "v1.events.ip_restrictions.rule.added",
  at,
  actor,
  context: { ip_restriction_rule: { id: ruleId, name: "office" } },
});

const receipt: Receipt = {
  header: {
    format: "dbt-ip-rules/receipt",
    version: 1,
    tool: "test",
    account: { id: 66847, host: "ab123.us1.dbt.com" },
    startedAt: "2026-11-21T00:00:09.000Z",
    basis: { state: "s", policy: "p" },
    steps: [{ number: 1, action: "create", rule: "office" }],
  },
  records: new Map([[1, { step: 1, outcome: "applied", at, serverAt: at, ruleId: 7 }]]),
};

describe("the actor that a user names", () => {
  const events = [event("1", { id: "11", name: "ci" }), event("2", { id: "12", name: "both" })];

  it.each([
    ["by its id", "11", { id: "11" }],
    ["by its name", "ci", { id: "11" }],
    ["by what nobody is called", "nobody", undefined],
  ])("%s", (_how, who, expected) => {
    expect(actorNamed(who, events)).toEqual(expected);
  });

  it("is none where a name is shared, or has no id", () => {
    expect(actorNamed("both", [...events, event("3", { id: "13", name: "both" })])).toBeUndefined();
    expect(actorNamed("old", [event("4", { name: "old" })])).toBeUndefined();
  });
});

describe("the actor of earlier receipts", () => {
  const named = [{ file: "r.jsonl", receipt }];

  it("is the one whose event names a rule of theirs", () => {
    const events = [event("1", { id: "11" }), event("2", { id: "99" }, 8)];
    expect(actorOfReceipts(named, events)).toEqual({ id: "11" });
  });

  it("is none without such an event", () => {
    expect(actorOfReceipts(named, [{ ...event("1", { id: "11" }), context: {} }])).toBeUndefined();
    expect(actorOfReceipts(named, [])).toBeUndefined();
    expect(actorOfReceipts([], [event("1", { id: "11" })])).toBeUndefined();
  });
});
