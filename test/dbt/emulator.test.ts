// The client against the listening emulator, which knows the API from its own reading of it.

import { describe, expect, test } from "vitest";
import { formatPrefix, type Prefix, parsePrefix } from "../../src/address/prefix.js";
import { listEvents } from "../../src/audit/list-events.js";
import { createDbtClient, type DbtClient } from "../../src/dbt/client.js";
import type { Fault } from "../../src/emulator/faults.js";
import { type RunningEmulator, type StartOptions, startEmulator } from "../../src/emulator/listener.js";
import type { SnapshotRule } from "../../src/model/snapshot.js";
import { collect } from "../audit/sample-events.js";
import { firstHint } from "../said.js";
import { accountId, closing, codeOf, failureOf, token } from "./wire-samples.js";

const service = { token, kind: "service", role: "admin" } as const;

const rehearse = async (
  options: Partial<StartOptions> = {},
): Promise<{ emulator: RunningEmulator; client: DbtClient }> => {
  const emulator = closing(await startEmulator({ accountId, tokens: [service], ...options }));
  const client = closing(
    createDbtClient({
      baseUrl: emulator.url,
      accountId,
      token,
      sleep: async () => undefined,
      timeouts: { connectMs: 600_000, answerMs: 600_000 },
    }),
  );
  return { emulator, client };
};

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};
const only = async (client: DbtClient): Promise<SnapshotRule> => {
  const { rules } = await client.readSnapshot();
  const [rule, another] = rules;
  if (rule === undefined || another !== undefined) throw new Error(`${rules.length} rules`);
  return rule;
};
const texts = (rule: SnapshotRule) => rule.entries.map((entry) => formatPrefix(entry.prefix));
const office = {
  name: "Office",
  type: "allow",
  description: "Staff",
  prefixes: [prefix("127.0.0.0/8"), prefix("2001:db8::/32")],
} as const;

test.each([{ validateShape: "bare" }, { validateShape: "enveloped" }] as const)(
  "a rule's whole life, and the switch's (%j)",
  async (shape) => {
    const since = new Date().toISOString();
    const { client } = await rehearse({ ...shape, slash: "redirect", listDeleted: true });
    expect(await client.createRule(office, undefined)).toMatchObject({ kind: "applied" });
    const made = await only(client);
    expect(texts(made)).toEqual(["127.0.0.0/8", "2001:db8::/32"]);

    const second = made.entries.filter(({ text }) => text === "2001:db8::/32");
    const fields = { name: "Office", type: "allow", description: "Staff" } as const;
    expect(await client.updateRule(made, fields, [prefix("192.0.2.0/24")], second, false)).toMatchObject({
      kind: "applied",
    });
    const updated = await only(client);
    expect(texts(updated)).toEqual(["127.0.0.0/8", "192.0.2.0/24"]);

    const renamed = { name: "Offices", type: "allow", description: "" } as const;
    expect(await client.updateRule(updated, renamed, [], [], false)).toMatchObject({ kind: "applied" });
    expect(await only(client)).toMatchObject({ name: "Offices", description: "", id: made.id });

    const { ruleSetId = 0 } = await client.readSnapshot();
    expect(await client.validateCaller(ruleSetId)).toBe(true);
    expect(await client.setEnforcement(true)).toMatchObject({ kind: "applied" });
    expect((await client.readSnapshot()).enforcement).toBe("enabled");
    expect(await client.setEnforcement(false)).toMatchObject({ kind: "applied" });
    expect(await client.deleteRule(made)).toMatchObject({ kind: "applied" });
    expect((await client.readSnapshot()).rules).toEqual([]);

    const types = ["ip_restrictions.rule.added", "ip_restrictions.rule.removed", "ip_restrictions.toggled"];
    const events = await collect(listEvents(client, { types, since }));
    expect(events.map(({ type }) => type).sort()).toEqual([
      "ip_restrictions.rule.added",
      "ip_restrictions.rule.removed",
      "ip_restrictions.toggled",
      "ip_restrictions.toggled",
    ]);
  },
);

test("what an account refuses is refused here", async () => {
  const { client } = await rehearse();
  await client.createRule(office, undefined);
  expect(await client.createRule({ ...office, name: "Deny", type: "deny" }, false)).toMatchObject({
    kind: "refused",
  });
  expect(await client.deleteRule({ ...(await only(client)), id: 999_999 })).toMatchObject({
    kind: "refused",
    status: 404,
  });
});

test("a range that the rule has as a disabled entry is switched on, not refused as already there", async () => {
  const cidrs = ["192.0.2.0/24", { cidr: "198.51.100.0/24", enabled: false }];
  const { client } = await rehearse({ seed: { rules: [{ name: "Office", type: "allow", cidrs }] } });
  const before = await only(client);
  expect([texts(before), before.disabled?.map(({ text }) => text)]).toEqual([
    ["192.0.2.0/24"],
    ["198.51.100.0/24"],
  ]);
  const add = [prefix("198.51.100.0/24"), prefix("203.0.113.0/24")];
  expect(await client.updateRule(before, before, add, [], false)).toMatchObject({ kind: "applied" });
  const after = await only(client);
  expect(texts(after).sort()).toEqual(["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]);
  expect(after).not.toHaveProperty("disabled");
});

test("a disabled entry of a rule of the other type is named by the refusal", async () => {
  const cidrs = [{ cidr: "198.51.100.0/24", enabled: false }];
  const { client } = await rehearse({ seed: { rules: [{ name: "Deny", type: "deny", cidrs }] } });
  const outcome = await client.createRule({ ...office, prefixes: [prefix("198.51.100.0/24")] }, false);
  expect(outcome).toMatchObject({ kind: "refused", status: 400 });
  expect(outcome.kind === "refused" && outcome.message).toContain("198.51.100.0/24");
});

describe("faults", () => {
  const outcome = async (fault: Fault) => {
    const { client, emulator } = await rehearse();
    emulator.faults.add({ method: "POST", ...fault });
    const { kind } = await client.createRule(office, undefined);
    return [kind, (await client.readSnapshot()).rules.length];
  };

  test.each<[Fault, string, number]>([
    [{ kind: "reset", when: "before" }, "unknown", 0],
    [{ kind: "reset", when: "after" }, "unknown", 1],
    [{ kind: "status", status: 500, when: "before" }, "unknown", 0],
    [{ kind: "status", status: 502, html: true, when: "after" }, "unknown", 1],
    [{ kind: "truncate" }, "unknown", 1],
    [{ kind: "not-json" }, "unknown", 1],
    [{ kind: "wrong-body", body: { status: { code: 200 }, data: {} } }, "unknown", 1],
    [{ kind: "partial" }, "partial", 1],
    [{ kind: "partial", silently: true }, "partial", 1],
    [{ kind: "status", status: 400, when: "before" }, "refused", 0],
    [{ kind: "status", status: 403, when: "before" }, "refused", 0],
    [{ kind: "status", status: 429, retryAfter: 2, when: "before" }, "throttled", 0],
    [{ kind: "status", status: 429, retryAfter: 2, retryAfterForm: "date", when: "before" }, "throttled", 0],
    [
      { kind: "status", status: 429, retryAfter: 2, retryAfterForm: "x-header", when: "before" },
      "throttled",
      0,
    ],
  ])("%j: %s, %i rule", async (fault, kind, count) => {
    expect(await outcome(fault)).toEqual([kind, count]);
  });
});

test("250 rules in three calls", async () => {
  const rules = Array.from({ length: 250 }, (_, at) => ({
    name: `Rule ${at}`,
    type: "allow" as const,
    cidrs: [`10.0.${at}.0/24`],
  }));
  const { client, emulator } = await rehearse({ seed: { rules } });
  expect((await client.readSnapshot()).rules).toHaveLength(250);
  expect(emulator.requests.list()).toHaveLength(3);
});

test("a caller whom the rules keep out is told so", async () => {
  const rules = [{ name: "Elsewhere", type: "allow" as const, cidrs: ["192.0.2.0/24"] }];
  const { client } = await rehearse({ seed: { rules, enabled: true } });
  expect(await codeOf(client.readSnapshot())).toBe("blocked-by-ip-restrictions");
});

test("a wrong token and a wrong account are told apart", async () => {
  const { emulator } = await rehearse();
  const ask = (options: { token: string; accountId: number }) =>
    closing(createDbtClient({ baseUrl: emulator.url, ...options })).readSnapshot();
  expect(await codeOf(ask({ token: "another-token", accountId }))).toBe("token-rejected");
  expect(["account-not-found", "permission-missing"]).toContain(await codeOf(ask({ token, accountId: 1 })));
});

describe("the audit log", () => {
  const events = [
    { type: ["job_definition.changed", "ip_restrictions.rule.changed"], count: 240, every_seconds: 60 },
  ];

  test.each(["current", "2022", "mixed"] as const)("by type, in the %s shape", async (auditShape) => {
    const { client } = await rehearse({ auditShape, seed: { events } });
    const found = await collect(listEvents(client, { types: ["ip_restrictions.rule.changed"] }));
    expect(found).toHaveLength(120);
    expect(new Set(found.map(({ type }) => type))).toEqual(new Set(["ip_restrictions.rule.changed"]));
  });

  test("exports need a personal token, and come without it", async () => {
    const personal = { token: "a-personal-token", kind: "personal", role: "admin" } as const;
    const { client, emulator } = await rehearse({ tokens: [service, personal], seed: { events } });
    expect(firstHint((await failureOf(client.startExport())).diagnostics)).toContain("personal");
    const mine = closing(createDbtClient({ baseUrl: emulator.url, accountId, token: personal.token }));
    const job = await mine.startExport();
    while (await mine.exportIsRunning());
    const { body } = await mine.fetchExport(await mine.exportUrl(job));
    let lines = 0;
    for await (const chunk of body) lines += Buffer.from(chunk).toString("utf8").split("\n").length - 1;
    expect(lines).toBeGreaterThanOrEqual(240);
  });
});
