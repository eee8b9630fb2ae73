import { describe, expect, it } from "vitest";
import { changedEntries } from "../../src/audit/changed-entries.js";
import type { AuditEvent } from "../../src/audit/event.js";
import { dbtIpRules, newAccount, newFolder, token } from "../cli/world.js";

const of = (context: unknown, type = "ip_restrictions.rule.changed") =>
  changedEntries({
    id: "1",
    type,
    rawType: type,
    at: "2026-01-01T00:00:00Z",
    actor: {},
    context,
  } satisfies AuditEvent);
const at = "2026-01-01 00:00:00.000100+00:00";
const before = "2025-01-01 00:00:00+00:00";
const entry = (cidr: string, created_at: string, more: object = {}) => ({
  cidr,
  state: 1,
  created_at,
  updated_at: created_at,
  ...more,
});

describe("which entries an event changed", () => {
  it.each<[string, unknown, readonly string[], readonly string[]]>([
    [
      "lists before and after",
      {
        old: { cidrs: ["10.0.0.0/8", "1.2.3.4"] },
        new: { cidrs: [{ cidr: "10.0.0.0/8" }, { cidr: "5.6.7.8" }] },
      },
      ["5.6.7.8"],
      ["1.2.3.4"],
    ],
    [
      "what was added and removed",
      { rule: { added: ["1.2.3.4"], removed: ["5.6.7.8"] } },
      ["1.2.3.4"],
      ["5.6.7.8"],
    ],
    [
      "the rule, by its times",
      {
        rule: {
          updated_at: at,
          cidrs: [
            entry("1.2.3.4", at),
            entry("5.6.7.8", before),
            entry("9.9.9.9", before, { state: 2, updated_at: at }),
            entry("8.8.8.8", before, { state: 2 }),
          ],
        },
      },
      ["1.2.3.4"],
      ["9.9.9.9"],
    ],
    ["the rule, without times", { rule: { cidrs: ["1.2.3.4"] } }, [], []],
    ["nothing", null, [], []],
    ["what is no list of ranges", { cidrs: [1, null, { cidr: 4 }, "x".repeat(99)] }, [], []],
  ])("%s", (_, context, added, removed) => {
    expect(of(context)).toEqual({ added, removed, rewritten: [] });
  });

  it.each<[string, unknown, readonly object[]]>([
    [
      "lists before and after",
      {
        old: [entry("1.2.3.4", before, { enabled: true }), entry("5.6.7.8", before, { enabled: true })],
        new: [entry("1.2.3.4", before, { enabled: false }), entry("5.6.7.8", before, { enabled: true })],
      },
      [{ cidr: "1.2.3.4", enabled: false }],
    ],
    [
      "the rule, by its times",
      {
        updated_at: at,
        cidrs: [
          entry("1.2.3.4", before, { enabled: true }),
          entry("5.6.7.8", before, { enabled: false, updated_at: at }),
          entry("9.9.9.9", at, { enabled: true }),
        ],
      },
      [{ cidr: "5.6.7.8", enabled: false }],
    ],
    [
      "a rule whose entries were all written",
      {
        updated_at: at,
        cidrs: [
          entry("1.2.3.4", before, { enabled: true, updated_at: at }),
          entry("5.6.7.8", before, { enabled: false, updated_at: at }),
        ],
      },
      [],
    ],
    [
      "an entry of which the log does not say whether it is enabled",
      { updated_at: at, cidrs: [entry("1.2.3.4", before, { updated_at: at })] },
      [],
    ],
  ])("that were enabled or disabled: %s", (_, context, rewritten) => {
    expect(of(context).rewritten).toEqual(rewritten);
  });

  it("all of them for a rule that came or went", () => {
    const context = { rule: { cidrs: ["1.2.3.4", "5.6.7.8"] } };
    expect(of(context, "ip_restrictions.rule.added").added).toEqual(["1.2.3.4", "5.6.7.8"]);
    expect(of(context, "ip_restrictions.rule.removed").removed).toEqual(["1.2.3.4", "5.6.7.8"]);
    expect(of(context, "ip_restrictions.toggled")).toEqual({ added: [], removed: [], rewritten: [] });
  });

  it("stays small on hostile contexts", () => {
    let deep: unknown = { cidrs: ["1.2.3.4"] };
    for (let depth = 0; depth < 10_000; depth += 1) deep = { deep };
    expect(of(deep)).toEqual({ added: [], removed: [], rewritten: [] });
  });
});

it("audit list shows them", async () => {
  const { url } = await newAccount(9, {
    rules: [{ name: "Office", type: "allow", cidrs: ["203.0.113.0/24", "198.51.100.7", "192.0.2.44"] }],
  });
  const api = `${url}/api/v3/accounts/9/ip-restrictions/`;
  const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
  // The emulator's own listing.
  const { data } = (await (await fetch(api, { headers })).json()) as {
    data: [{ id: number; cidrs: { id: number; cidr: string }[] }];
  };
  const [{ id, cidrs }] = data;
  const gone = { ...cidrs[1], state: 2 };
  const disabled = { ...cidrs[2], enabled: false };
  const body = JSON.stringify({
    id,
    name: "Office",
    type: 1,
    account_id: 9,
    cidrs: [gone, disabled, { cidr: "192.0.2.0/28" }],
  });
  expect((await fetch(`${api}${id}`, { method: "PUT", headers, body })).status).toBe(200);
  const { stdout } = await dbtIpRules(
    { cwd: await newFolder() },
    "audit",
    "list",
    "--host",
    url,
    "--account",
    "9",
  );
  expect(stdout).toContain('rule "Office" (+192.0.2.0/28, -198.51.100.7, 192.0.2.44 now disabled)');
});
