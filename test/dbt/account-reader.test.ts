import { describe, expect, test } from "vitest";
import { formatPrefix } from "../../src/address/prefix.js";
import { createReadOnlyClient } from "../../src/dbt/client.js";
import type { Reply, Seen } from "./scripted-server.js";
import {
  accountId,
  bench,
  codeOf,
  failureOf,
  listOf,
  ok,
  root,
  token,
  wireEntry,
  wireRule,
} from "./wire-samples.js";

const rules = (count: number) =>
  Array.from({ length: count }, (_, index) => wireRule({ id: index + 1, name: `Rule ${index + 1}` }));

/** A list endpoint that pages as told. */
const paged =
  (all: readonly unknown[], total = all.length) =>
  ({ query }: Seen): Reply => {
    const offset = Number(query.get("offset"));
    return listOf(all.slice(offset, offset + Number(query.get("limit"))), total);
  };

describe("reading the account", () => {
  test("a rule as the API gives it", async () => {
    const { client, server, seen } = await bench([listOf([wireRule()])]);
    const snapshot = await client.readSnapshot();
    expect(snapshot).toMatchObject({
      accountId,
      host: server.url.replace("http://", ""),
      enforcement: "disabled",
      ruleSetId: 10,
      enabledForServiceTokens: true,
    });
    const [rule] = snapshot.rules;
    expect(rule).toMatchObject({
      id: 739,
      name: "Office",
      type: "allow",
      description: "Where people sit",
      createdAt: "2025-08-12T02:23:09.329Z",
      updatedAt: "2025-08-12T02:23:09.329Z",
    });
    expect(rule?.entries.map(({ id, text, prefix }) => [id, text, formatPrefix(prefix)])).toEqual([
      [4522, "192.0.2.0/24", "192.0.2.0/24"],
    ]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "GET", path: `${root}/ip-restrictions/` });
    expect(seen[0]?.headers.authorization).toBe(`Token ${token}`);
  });

  test("every spelling of a prefix, as typed and as meant", async () => {
    const texts = ["0.0.0.0", "1.6.7.10/24", "::ffff:106:708", "2001:db8::1/32", "::/0"];
    const { client } = await bench([
      listOf([wireRule({ cidrs: texts.map((text, index) => wireEntry(index, text)) })]),
    ]);
    const entries = (await client.readSnapshot()).rules[0]?.entries ?? [];
    expect(entries.map(({ text }) => text)).toEqual(texts);
    expect(entries.map(({ prefix }) => formatPrefix(prefix))).toEqual([
      "0.0.0.0/32",
      "1.6.7.0/24",
      "1.6.7.8/32",
      "2001:db8::/32",
      "::/0",
    ]);
  });

  test("deleted rules, deleted entries and disabled entries are not part of it", async () => {
    const { client } = await bench([
      listOf([
        wireRule({
          id: 1,
          name: "Gone",
          state: 2,
          rule_set_enabled: true,
          cidrs: [wireEntry(1, "unreadable")],
        }),
        wireRule({
          cidrs: [
            wireEntry(1, "192.0.2.1", { state: 2 }),
            wireEntry(2, "192.0.2.2", { enabled: false }),
            wireEntry(3, "192.0.2.3"),
          ],
        }),
      ]),
    ]);
    const snapshot = await client.readSnapshot();
    expect(snapshot.rules.map(({ name }) => name)).toEqual(["Office"]);
    expect(snapshot.rules[0]?.entries.map(({ id }) => id)).toEqual([3]);
    expect(snapshot.rules[0]?.disabled?.map(({ id }) => id)).toEqual([2]);
    expect(snapshot.enforcement).toBe("disabled");
  });

  test("an account without rules does not tell its switch", async () => {
    const { client, seen } = await bench([listOf([])]);
    const snapshot = await client.readSnapshot();
    expect(snapshot).toMatchObject({ enforcement: "unknown", rules: [] });
    expect(snapshot).not.toHaveProperty("ruleSetId");
    expect(seen).toHaveLength(1);
  });

  test("fields that may be missing or null", async () => {
    const { client } = await bench([
      listOf([
        {
          id: 1,
          name: "Bare",
          type: 2,
          ip_restriction_rule_set_id: null,
          cidrs: [{ id: 5, cidr: "192.0.2.0/24" }],
          description: null,
          created_at: null,
          updated_at: "some day",
        },
      ]),
    ]);
    const snapshot = await client.readSnapshot();
    expect(snapshot.enforcement).toBe("unknown");
    expect(snapshot.rules[0]).toMatchObject({ type: "deny", description: "" });
    expect(snapshot.rules[0]).not.toHaveProperty("createdAt");
    expect(snapshot.rules[0]).not.toHaveProperty("updatedAt");
  });

  test.each<[string, unknown, string, string]>([
    [
      "an unreadable prefix",
      wireRule({ cidrs: [wireEntry(1, "10.0.0.0/33")] }),
      "account-prefix-unreadable",
      "10.0.0.0/33",
    ],
    [
      "an unreadable prefix of a disabled entry, which would be lost to an import",
      wireRule({ cidrs: [wireEntry(1, "10.0.0.0/33", { enabled: false })] }),
      "account-prefix-unreadable",
      "10.0.0.0/33",
    ],
    [
      "an entry whose two forms differ",
      wireRule({ cidrs: [wireEntry(1, "10.0.0.0/8", { cidr_ipv6: "::ffff:10.0.0.0/105" })] }),
      "account-contradicts-itself",
      "10.0.0.0/8",
    ],
    [
      "an entry whose other form is unreadable",
      wireRule({ cidrs: [wireEntry(1, "10.0.0.0/8", { cidr_ipv6: "all of it" })] }),
      "account-contradicts-itself",
      "all of it",
    ],
    ["another account's rule", wireRule({ account_id: 1 }), "account-foreign", "account 1"],
    ["a type nobody knows", wireRule({ type: 3 }), "answer-unexpected", "data[0].type"],
    ["a state nobody knows", wireRule({ state: 3 }), "answer-unexpected", "data[0].state"],
    ["an id that is a text", wireRule({ id: "739" }), "answer-unexpected", "data[0].id"],
    ["no name", wireRule({ name: undefined }), "answer-unexpected", "data[0].name"],
    ["no entries' list", wireRule({ cidrs: undefined }), "answer-unexpected", "data[0].cidrs"],
    [
      "an entry without an id",
      wireRule({ cidrs: [{ cidr: "192.0.2.1" }] }),
      "answer-unexpected",
      "data[0].cidrs[0].id",
    ],
    ["an entry that is a text", wireRule({ cidrs: ["192.0.2.1"] }), "answer-unexpected", "data[0].cidrs[0]"],
    ["a rule that is null", null, "answer-unexpected", "data[0]"],
  ])("%s is an error that says where", async (_, rule, code, where) => {
    const { client } = await bench([listOf([rule])]);
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe(code);
    expect(failure.message).toContain(where);
  });

  test.each([
    ["the switch", { rule_set_enabled: true }],
    ["the rule set", { ip_restriction_rule_set_id: 11 }],
  ])("rules that disagree on %s are an error", async (_, other) => {
    const { client } = await bench([listOf([wireRule(), wireRule({ id: 2, name: "VPN", ...other })])]);
    expect(await codeOf(client.readSnapshot())).toBe("account-contradicts-itself");
  });

  test("rules that disagree on service tokens leave it untold", async () => {
    const other = wireRule({ id: 2, name: "VPN", enabled_for_service_tokens: false });
    const { client } = await bench([listOf([wireRule(), other])]);
    expect(await client.readSnapshot()).not.toHaveProperty("enabledForServiceTokens");
  });
});

describe("paging", () => {
  test.each([
    [0, 1],
    [1, 1],
    [99, 1],
    [100, 1],
    [101, 2],
    [250, 3],
    [300, 3],
  ])("%i rules cost %i calls", async (count, calls) => {
    const { client, seen } = await bench(paged(rules(count)));
    expect((await client.readSnapshot()).rules).toHaveLength(count);
    expect(seen.map(({ query }) => [query.get("limit"), query.get("offset")])).toEqual(
      Array.from({ length: calls }, (_, page) => ["100", String(page * 100)]),
    );
  });

  test("a server with smaller pages is read to its end", async () => {
    const all = rules(45);
    const { client, seen } = await bench(({ query }) => {
      const offset = Number(query.get("offset"));
      return listOf(all.slice(offset, offset + 20), 45);
    });
    expect((await client.readSnapshot()).rules).toHaveLength(45);
    expect(seen).toHaveLength(3);
  });

  test("a server that gives everything at once", async () => {
    const { client, seen } = await bench([listOf(rules(150))]);
    expect((await client.readSnapshot()).rules).toHaveLength(150);
    expect(seen).toHaveLength(1);
  });

  test("without a total, an empty page is the proof of the end", async () => {
    const all = rules(120);
    const { client, seen } = await bench(({ query }) => {
      const offset = Number(query.get("offset"));
      return ok(all.slice(offset, offset + 100));
    });
    expect((await client.readSnapshot()).rules).toHaveLength(120);
    expect(seen).toHaveLength(3);
  });

  test.each<[string, (seen: Seen) => Reply]>([
    ["a server that ignores the offset", () => listOf(rules(100), 250)],
    ["a server that ignores the offset and tells no total", () => ok(rules(100))],
    ["a total that is never reached", paged(rules(130), 131)],
    ["a total that is too small", () => listOf(rules(5), 4)],
    ["one record twice", () => listOf([...rules(2), rules(1)[0]], 3)],
  ])("%s is an error, after reading three times", async (_, script) => {
    const { client, seen } = await bench(script);
    expect(await codeOf(client.readSnapshot())).toBe("listing-incomplete");
    expect(seen.filter(({ query }) => query.get("offset") === "0")).toHaveLength(3);
  });

  test("a list that moves while it is read is read again from the top", async () => {
    let calls = 0;
    const { client } = await bench((seen) => {
      calls += 1;
      return paged(rules(calls === 1 ? 150 : 151))(seen);
    });
    expect((await client.readSnapshot()).rules).toHaveLength(151);
    expect(calls).toBe(4);
  });
});

describe("a list that never ends, or is far too large", () => {
  const page = (offset: number, count: number) =>
    Array.from({ length: count }, (_, index) => wireRule({ id: offset + index + 1, cidrs: [] }));
  const offsetOf = ({ query }: Seen) => Number(query.get("offset"));

  test.each<[string, (seen: Seen) => Reply, string, number]>([
    [
      "a total of a thousand million",
      (seen) => listOf(page(offsetOf(seen), 1), 10 ** 9),
      "1,000,000,000 records",
      1,
    ],
    ["fresh ids for ever", (seen) => ok(page(offsetOf(seen), 20_000)), "120,000 records or more", 6],
    ["one record a page for ever", (seen) => ok(page(offsetOf(seen), 1)), "more than 3,003 pages", 3004],
    [
      "megabytes a page",
      (seen) => ok([wireRule({ id: offsetOf(seen), filler: "x".repeat(40 * 2 ** 20) })]),
      "larger than 128 MiB",
      4,
    ],
  ])("%s", async (_, script, says, calls) => {
    const { client, seen } = await bench(script, { timeouts: { answerMs: 3_600_000 } });
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe("listing-too-large");
    expect(failure.message).toContain(says);
    expect(seen).toHaveLength(calls);
  });

  test("a page every minute", async () => {
    let now = 0;
    const script = (seen: Seen) => {
      now += 60_000;
      return ok(page(offsetOf(seen), 1));
    };
    const { client, seen } = await bench(script, { now: () => new Date(now) });
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe("listing-too-large");
    expect(failure.message).toContain("longer than 30 minutes");
    expect(seen).toHaveLength(31);
  });
});

describe("asking whether the caller would get in", () => {
  test.each<[string, Reply, boolean]>([
    ["enveloped", ok({ is_valid_for_admin: true }), true],
    ["bare", { body: { is_valid_for_admin: false } }, false],
  ])("%s", async (_, reply, expected) => {
    const { client, seen } = await bench([reply]);
    expect(await client.validateCaller(10)).toBe(expected);
    expect(await client.validateCaller(10, 739)).toBe(expected);
    expect(seen.map(({ path }) => path)).toEqual([
      `${root}/ip-restrictions-set/10/validate/`,
      `${root}/ip-restrictions-set/10/validate/739`,
    ]);
  });

  test("an answer without the verdict is an error", async () => {
    const { client } = await bench([ok({})]);
    expect(await codeOf(client.validateCaller(10))).toBe("answer-unexpected");
  });
});

test("a read-only client has no writing method", () => {
  const client = createReadOnlyClient({ baseUrl: "http://127.0.0.1:1", accountId, token });
  for (const name of ["createRule", "updateRule", "deleteRule", "setEnforcement", "startExport"]) {
    expect(name in client).toBe(false);
  }
  expect("readSnapshot" in client).toBe(true);
});
