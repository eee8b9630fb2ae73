import { describe, expect, test } from "vitest";
import { type Prefix, parsePrefix } from "../../src/address/prefix.js";
import type { WriteOutcome } from "../../src/apply/ports.js";
import type { DbtClient } from "../../src/dbt/client.js";
import type { Rule } from "../../src/model/rule.js";
import type { SnapshotRule } from "../../src/model/snapshot.js";
import { closedPort, type Reply } from "./scripted-server.js";
import { accountId, bench, no, ok, root, wireEntry, wireRule } from "./wire-samples.js";

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};

const rule: Rule = {
  name: "Office",
  type: "allow",
  description: "Where people sit",
  prefixes: [prefix("192.0.2.0/24"), prefix("2001:db8::/32")],
};
const current: SnapshotRule = {
  id: 739,
  name: "Office",
  type: "allow",
  description: "Where people sit",
  entries: [
    { id: 1, prefix: prefix("192.0.2.0/24"), text: "192.0.2.7/24" },
    { id: 2, prefix: prefix("198.51.100.0/24"), text: "198.51.100.0/24" },
  ],
};
const fields = { name: "Office", type: "allow", description: "Where people sit" } as const;
const both = [wireEntry(1, "192.0.2.7/24"), wireEntry(2, "198.51.100.0/24")];
const extra = { failed_cidrs: [], cidrs_already_exists: [] };
const created = (more: object = {}, extras: object = extra) =>
  ok(wireRule({ cidrs: [wireEntry(1, "192.0.2.0/24"), wireEntry(2, "2001:db8::/32")], ...more }), extras);

const date = { date: "Fri, 20 Nov 2026 09:00:00 GMT" };

describe("creating a rule", () => {
  test("unknown, and naming the rule, where the answer to a create says no more than that", async () => {
    const { client } = await bench([created({ cidrs: "none" })]);
    expect(await client.createRule(rule, undefined)).toMatchObject({ kind: "unknown", ruleId: 739 });
    const failed = { ...created(), body: { status: { is_success: false }, data: wireRule({}) } };
    const { client: other } = await bench([failed]);
    // Who says no may name a rule that was there before.
    expect(await other.createRule(rule, undefined)).not.toHaveProperty("ruleId");
  });

  test("sends what the API asks for, and gives the rule back", async () => {
    const { client, seen } = await bench([{ ...created(), headers: date }]);
    const outcome = await client.createRule(rule, false);
    expect(outcome).toMatchObject({
      kind: "applied",
      rule: { id: 739, name: "Office" },
      serverAt: "2026-11-20T09:00:00.000Z",
    });
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: `${root}/ip-restrictions/`,
      body: {
        name: "Office",
        type: 1,
        state: 1,
        account_id: accountId,
        rule_set_enabled: false,
        description: "Where people sit",
        cidrs: [
          { cidr: "192.0.2.0/24", state: 1, enabled: true },
          { cidr: "2001:db8::/32", state: 1, enabled: true },
        ],
      },
    });
    expect(seen[0]?.headers["content-type"]).toBe("application/json");
  });

  test("an unknown switch and an empty description are left out", async () => {
    const { client, seen } = await bench([created({ type: 2, description: null })]);
    await client.createRule({ ...rule, type: "deny", description: "" }, undefined);
    expect(seen[0]?.body).not.toHaveProperty("rule_set_enabled");
    expect(seen[0]?.body).not.toHaveProperty("description");
    expect(seen[0]?.body).toMatchObject({ type: 2 });
  });

  test.each<[string, Reply, string]>([
    [
      "a prefix that was not saved",
      created({}, { failed_cidrs: ["2001:db8::/32"], cidrs_already_exists: [] }),
      "2001:db8::/32",
    ],
    ["the same, as objects", created({}, { failed_cidrs: [{ cidr: "2001:db8::/32" }] }), "2001:db8::/32"],
    [
      "a prefix that was there already",
      created({}, { cidrs_already_exists: ["192.0.2.0/24"] }),
      "192.0.2.0/24",
    ],
    ["a prefix that the answer lacks", created({ cidrs: [wireEntry(1, "192.0.2.0/24")] }), "2001:db8::/32"],
    ["another name", created({ name: "Offices" }), "Offices"],
    ["another type", created({ type: 2 }), "deny"],
    ["another account", created({ account_id: 1 }), "account 1"],
    ["the switch flipped", created({ rule_set_enabled: true }), "enabled"],
  ])("partial: %s", async (_, reply, told) => {
    const { client } = await bench([reply]);
    const outcome = await client.createRule(rule, false);
    expect(outcome).toMatchObject({ kind: "partial", rule: { id: 739 } });
    expect(outcome.kind === "partial" && outcome.message).toContain(told);
  });
});

describe("changing a rule", () => {
  const changed = (entries: readonly unknown[], more: object = {}) =>
    ok(wireRule({ cidrs: entries, ...more }), extra);

  test("removes by id with state 2, adds without an id, sends no other entry", async () => {
    const { client, seen } = await bench([
      changed([both[1], wireEntry(3, "203.0.113.0/24")], { rule_set_enabled: true }),
    ]);
    const [first] = current.entries;
    const outcome = await client.updateRule(
      current,
      fields,
      [prefix("203.0.113.0/24")],
      first ? [first] : [],
      true,
    );
    expect(outcome.kind).toBe("applied");
    expect(seen[0]).toMatchObject({ method: "PUT", path: `${root}/ip-restrictions/739` });
    expect(seen[0]?.body).toEqual({
      id: 739,
      name: "Office",
      type: 1,
      state: 1,
      account_id: accountId,
      rule_set_enabled: true,
      description: "Where people sit",
      cidrs: [
        { id: 1, cidr: "192.0.2.7/24", state: 2, enabled: true },
        { cidr: "203.0.113.0/24", state: 1, enabled: true },
      ],
    });
  });

  test.each<[string, Reply]>([
    ["enveloped", changed([...both, wireEntry(3, "203.0.113.0/24")])],
    ["bare", { body: wireRule({ cidrs: [...both, wireEntry(3, "203.0.113.0/24")] }) }],
  ])("an %s answer", async (_, reply) => {
    const { client } = await bench([reply]);
    const outcome = await client.updateRule(current, fields, [prefix("203.0.113.0/24")], [], false);
    expect(outcome).toMatchObject({ kind: "applied", rule: { id: 739 } });
  });

  test("a removed entry may stay in the answer as deleted", async () => {
    const { client } = await bench([changed([{ ...both[0], state: 2 }, both[1]])]);
    const outcome = await client.updateRule(current, fields, [], current.entries.slice(0, 1), false);
    expect(outcome.kind).toBe("applied");
  });

  test("one that stays active is partial", async () => {
    const { client } = await bench([changed(both)]);
    const outcome = await client.updateRule(current, fields, [], current.entries.slice(0, 1), false);
    expect(outcome).toMatchObject({ kind: "partial" });
  });

  test("a kept entry that the answer lacks is partial", async () => {
    const { client } = await bench([changed([both[0], wireEntry(3, "203.0.113.0/24")])]);
    const outcome = await client.updateRule(current, fields, [prefix("203.0.113.0/24")], [], false);
    expect(outcome).toMatchObject({ kind: "partial" });
  });

  test("a new name alone sends the entries with their ids", async () => {
    const { client, seen } = await bench([
      ok(wireRule({ name: "Offices", cidrs: both }), {
        cidrs_already_exists: ["192.0.2.7/24", "198.51.100.0/24"],
      }),
    ]);
    const outcome = await client.updateRule(current, { ...fields, name: "Offices" }, [], [], false);
    expect(outcome.kind).toBe("applied");
    expect(seen[0]?.body).toMatchObject({
      name: "Offices",
      cidrs: [
        { id: 1, cidr: "192.0.2.7/24", state: 1, enabled: true },
        { id: 2, cidr: "198.51.100.0/24", state: 1, enabled: true },
      ],
    });
  });

  const withDisabled: SnapshotRule = {
    ...current,
    disabled: [{ id: 3, prefix: prefix("203.0.113.0/24"), text: "203.0.113.0/24" }],
  };
  const toggled = [
    wireEntry(1, "192.0.2.7/24", { enabled: false }),
    both[1],
    wireEntry(3, "203.0.113.0/24"),
    wireEntry(4, "2001:db8::/32", { enabled: false }),
  ];
  const toggle = (client: DbtClient) =>
    client.updateRule(withDisabled, fields, [prefix("203.0.113.0/24")], [], false, [
      prefix("192.0.2.0/24"),
      prefix("2001:db8::/32"),
    ]);

  test("disables and enables by id, and says `enabled` of every entry", async () => {
    const { client, seen } = await bench([changed(toggled)]);
    expect((await toggle(client)).kind).toBe("applied");
    expect(seen[0]?.body).toMatchObject({
      cidrs: [
        { id: 1, cidr: "192.0.2.7/24", state: 1, enabled: false },
        { cidr: "2001:db8::/32", state: 1, enabled: false },
        { id: 3, cidr: "203.0.113.0/24", state: 1, enabled: true },
      ],
    });
  });

  test.each([
    ["is still in force", 0, { enabled: true }, "not disabled: 192.0.2.0/24"],
    ["is still disabled", 2, { enabled: false }, "missing: 203.0.113.0/24"],
  ] as const)("an entry that %s in the answer is partial", async (_, at, more, says) => {
    const { client } = await bench([
      changed(toggled.map((entry, index) => (index === at ? { ...entry, ...more } : entry))),
    ]);
    const outcome = await toggle(client);
    expect(outcome).toMatchObject({ kind: "partial", message: expect.stringContaining(says) });
  });

  test("a new name alone sends disabled entries as disabled", async () => {
    const off = wireEntry(3, "203.0.113.0/24", { enabled: false });
    const { client, seen } = await bench([changed([...both, off], { name: "Offices" })]);
    expect(
      await client.updateRule(withDisabled, { ...fields, name: "Offices" }, [], [], false),
    ).toMatchObject({
      kind: "applied",
    });
    expect(seen[0]?.body).toMatchObject({ cidrs: [{}, {}, { id: 3, state: 1, enabled: false }] });
  });

  test("which, answered 409, is said again with no entries", async () => {
    const { client, seen } = await bench([
      no(409, "CIDR(s) already exists"),
      changed(both, { name: "Offices" }),
    ]);
    const outcome = await client.updateRule(current, { ...fields, name: "Offices" }, [], [], false);
    expect(outcome.kind).toBe("applied");
    expect(seen).toHaveLength(2);
    expect(seen[1]?.body).toMatchObject({ name: "Offices", cidrs: [] });
  });

  test("a 409 to new entries is a refusal, not sent again", async () => {
    const { client, seen } = await bench([no(409, "CIDR(s) already exists")]);
    const outcome = await client.updateRule(current, fields, [prefix("203.0.113.0/24")], [], false);
    expect(outcome).toMatchObject({ kind: "refused", status: 409 });
    expect(seen).toHaveLength(1);
  });

  describe("clearing the description", () => {
    const cleared = { ...fields, description: "" };
    const clear = async (reply: Reply) => {
      const made = await bench([reply]);
      return { outcome: await made.client.updateRule(current, cleared, [], [], false), seen: made.seen };
    };

    test("sends none", async () => {
      const { outcome, seen } = await clear(changed(both, { description: null }));
      expect(outcome.kind).toBe("applied");
      expect(seen[0]?.body).not.toHaveProperty("description");
    });

    test("is partial where the old one stays", async () => {
      const { outcome } = await clear(changed(both));
      expect(outcome).toMatchObject({ kind: "partial" });
      expect(outcome.kind === "partial" && outcome.message).toContain("description");
    });
  });
});

describe("deleting a rule", () => {
  test.each<[string, Reply, WriteOutcome["kind"]]>([
    ["204 without a body", { status: 204, headers: date }, "applied"],
    ["200 without a body", { body: "" }, "applied"],
    ["an enveloped 200", ok(null), "applied"],
    ["a 200 that says it failed", { body: { status: { is_success: false }, data: null } }, "unknown"],
    ["a page", { headers: { "content-type": "text/html" }, body: "<html>" }, "unknown"],
    ["404", no(404, "Not found"), "refused"],
  ])("%s", async (_, reply, kind) => {
    const { client, seen } = await bench([reply]);
    expect((await client.deleteRule(current)).kind).toBe(kind);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "DELETE", path: `${root}/ip-restrictions/739`, body: undefined });
  });
});

describe("the switch", () => {
  test.each<[string, Reply, WriteOutcome["kind"]]>([
    ["on", ok({ id: 10, account_id: accountId, enabled: true }), "applied"],
    ["still off", ok({ id: 10, account_id: accountId, enabled: false }), "partial"],
    ["untold", ok({ id: 10 }), "unknown"],
  ])("%s", async (_, reply, kind) => {
    const { client, seen } = await bench([reply]);
    expect((await client.setEnforcement(true)).kind).toBe(kind);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: `${root}/ip-restrictions-set/`,
      body: { enabled: true },
    });
  });
});

const writes: [string, (client: DbtClient) => Promise<WriteOutcome>][] = [
  ["create", (client) => client.createRule(rule, false)],
  ["update", (client) => client.updateRule(current, fields, [prefix("203.0.113.0/24")], [], false)],
  ["cosmetic update", (client) => client.updateRule(current, { ...fields, name: "Offices" }, [], [], false)],
  ["delete", (client) => client.deleteRule(current)],
  ["enable", (client) => client.setEnforcement(true)],
];

describe.each(writes)("%s is never repeated blindly", (_, write) => {
  test.each<[string, Reply]>([
    ["500", no(500, "Oops")],
    [
      "502 as a page",
      { status: 502, headers: { "content-type": "text/html" }, body: "<html><title>Bad Gateway</title>" },
    ],
    ["503 that says when to come back", no(503, "Busy", { "retry-after": "1" })],
    ["408", no(408, "Timeout")],
    ["a redirect that may follow a success", { status: 302, headers: { location: "/" } }],
    ["a reset", (response) => void response.socket?.resetAndDestroy()],
    ["half an answer", { body: '{"status": {"code": 200' }],
    ["an answer of another kind", { body: "[1, 2]" }],
    ["a page", { headers: { "content-type": "text/html" }, body: "<html><title>Sign in</title></html>" }],
  ])("unknown after %s", async (_name, reply) => {
    const { client, seen } = await bench([reply]);
    expect((await write(client)).kind).toBe("unknown");
    expect(seen).toHaveLength(1);
  });

  test("unknown after a time-out", async () => {
    const { client, traces } = await bench([() => undefined], { timeouts: { answerMs: 20 } });
    expect((await write(client)).kind).toBe("unknown");
    expect(traces).toHaveLength(1);
  });

  test.each([400, 401, 403, 404, 307, 308])("a definite no: %i", async (status) => {
    const { client, seen } = await bench([no(status, "No")]);
    expect(await write(client)).toMatchObject({ kind: "refused", status });
    expect(seen).toHaveLength(1);
  });

  test.each([
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": "Sat, 21 Nov 2026 00:01:30 GMT", date: "Sat, 21 Nov 2026 00:00:00 GMT" }, 90],
    [{ "x-rate-limit-retry-after-seconds": "12" }, 12],
    [{}, 300],
  ])("429 is told with its wait, and not sent again: %j", async (headers, seconds) => {
    const { client, seen, sleeps } = await bench([no(429, "Later", headers)]);
    expect(await write(client)).toMatchObject({ kind: "throttled", seconds });
    expect(seen).toHaveLength(1);
    expect(sleeps).toEqual([]);
  });

  test("429 that asks for more than anybody sits out is a plain no", async () => {
    const { client } = await bench([no(429, "Later", { "retry-after": "3600" })]);
    expect(await write(client)).toMatchObject({ kind: "refused", status: 429 });
  });

  test("no connection: known not to have been sent, and not sent again", async () => {
    const { client, sleeps } = await bench([], { baseUrl: `http://127.0.0.1:${await closedPort()}` });
    expect(await write(client)).toMatchObject({ kind: "unknown", neverSent: true });
    expect(sleeps).toEqual([]);
  });

  test("after the signal nothing is sent", async () => {
    const { client, seen } = await bench([ok(null)], { signal: AbortSignal.abort() });
    expect(await write(client)).toMatchObject({ kind: "refused", status: 0 });
    expect(seen).toEqual([]);
  });
});

test("the signal lets a write under way finish", async () => {
  const stop = new AbortController();
  const { client } = await bench(
    [
      (response) => {
        stop.abort();
        setImmediate(() => response.writeHead(204).end());
      },
    ],
    { signal: stop.signal },
  );
  expect((await client.deleteRule(current)).kind).toBe("applied");
});
