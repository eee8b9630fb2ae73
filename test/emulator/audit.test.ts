import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parsePythonList } from "../../src/emulator/query.js";
import { accountId, call, emulate, ruleBody, tokens } from "./emulated.js";

const now = () => new Date("2026-06-15T12:00:00Z");
const types = (answer: { json: { data: { event_type: string }[] } }) =>
  answer.json.data.map(({ event_type }) => event_type);

/** One of each write. */
const written = (more = {}) => {
  const emulator = emulate({ now, ...more });
  const from = { from: "192.0.2.7" };
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]), from);
  call(emulator, "PUT", "/ip-restrictions/739", ruleBody(["198.51.100.0/24"], { name: "Offices" }), from);
  call(emulator, "POST", "/ip-restrictions-set/", { enabled: true }, from);
  call(
    emulator,
    "POST",
    "/ip-restrictions/",
    ruleBody(["203.0.113.0/24"], { rule_set_enabled: false }),
    from,
  );
  call(emulator, "DELETE", "/ip-restrictions/740", undefined, from);
  return emulator;
};

it("records every write, newest first", () => {
  const made = call(written(), "GET", "/audit-logs/");
  expect(types(made)).toEqual([
    "ip_restrictions.rule.removed",
    "ip_restrictions.toggled",
    "ip_restrictions.rule.added",
    "ip_restrictions.toggled",
    "ip_restrictions.rule.changed",
    "ip_restrictions.rule.added",
  ]);
  expect(made.json.extra).toEqual({
    filters: {
      account_id: accountId,
      limit: 100,
      offset: 0,
      logged_at__range: ["2026-03-17 12:00:00Z", "2026-06-15 12:00:00Z"],
      internal: false,
    },
    order_by: "-logged_at",
    pagination: { count: 6, total_count: 6 },
  });
});

it("records nothing for what was refused or only read", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["nonsense"]));
  call(emulator, "GET", "/ip-restrictions/");
  call(emulator, "POST", "/ip-restrictions-set/", { enabled: false });
  expect(call(emulator, "GET", "/audit-logs/").json.data).toEqual([]);
});

it("prints the current record shape, with the rule in its context and the token as the actor", () => {
  const record = call(written(), "GET", "/audit-logs/?limit=1&offset=4").json.data[0];
  expect(Object.keys(record)).toEqual([
    "id",
    "account_id",
    "source",
    "service",
    "actor",
    "event_type",
    "event_label",
    "event_context",
    "created_at",
  ]);
  expect(record).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    source: "SOURCE_API",
    actor: { id: 68602, name: "pipeline", ip: "192.0.2.7" },
    event_label: "IP Restrictions Rule Changed",
    event_context: { ip_restriction_rule: { id: 739, name: "Offices" } },
  });
  const toggled = call(written(), "GET", "/audit-logs/?limit=1&offset=3").json.data[0];
  expect(toggled.event_context).toMatchObject({ ip_restrictions: { id: 10, enabled: true } });
  const bare = call(written({ auditContext: "none" }), "GET", "/audit-logs/").json.data[0];
  expect(bare.event_context).toEqual({});
});

it("prints the shape of 2022 with the keys of the recorded answer", () => {
  const recorded = JSON.parse(readFileSync("test/fixtures/audit-log-2022-shape.json", "utf8"));
  const made = call(written({ auditShape: "2022" }), "GET", "/audit-logs/").json;
  expect(Object.keys(made)).toEqual(Object.keys(recorded));
  expect(Object.keys(made.data[0])).toEqual(Object.keys(recorded.data[0]));
  expect(Object.keys(made.extra)).toEqual(Object.keys(recorded.extra));
  expect(made.data[0]).toMatchObject({
    routing_key: "v1.events.ip_restrictions.rule.Removed",
    actor_name: "pipeline",
    metadata: { ip_restriction_rule: { id: 740 } },
    logged_at: expect.stringMatching(/^2026-06-15 12:00:00\+00:00$/),
  });
  const mixed = call(written({ auditShape: "mixed" }), "GET", "/audit-logs/").json.data;
  expect(mixed.map((record: object) => "routing_key" in record)).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
  ]);
});

it.each([
  ["['v1.events.ip_restrictions.toggled']", 2],
  ["['IP_Restrictions.Toggled', \"v1.events.ip_restrictions.rule.Removed\"]", 3],
  ["['job_definition.changed']", 0],
  ["[]", 0],
])("filters by %s, without prefix and capitals", (filter, count) => {
  const made = call(written(), "GET", `/audit-logs?routing_key__in=${encodeURIComponent(filter)}`);
  expect(made.json.extra.pagination).toEqual({ count, total_count: count });
});

it.each(["nonsense", "['a'", "['a' 'b']", "[a]", "['a',,'b']"])("answers 400 to the filter %s", (filter) => {
  expect(call(emulate(), "GET", `/audit-logs/?routing_key__in=${encodeURIComponent(filter)}`).status).toBe(
    400,
  );
});

it.each([
  ["[]", []],
  ["['a']", ["a"]],
  ["['a', \"b\",]", ["a", "b"]],
  ["('a','b')", ["a", "b"]],
  ["['it\\'s', 'a,b', ']']", ["it's", "a,b", "]"]],
])("reads the Python list %s", (text, list) => {
  expect(parsePythonList(text)).toEqual(list);
});

it.each([
  ["", ["c", "d"]],
  ["logged_at_start=2026-06-15", ["c"]],
  ["logged_at_start=2026-01-01", ["c", "d", "e", "f"]],
  ["logged_at_start=2025-01-01&logged_at_end=2026-03-01", ["f", "g"]],
  ["logged_at_end=2026-03-02", ["e", "f"]],
  ["logged_at_start=2026-06-14T23:00:00Z", ["c"]],
  ["logged_at_start=2026-06-14 11:59:59", ["c", "d"]],
  ["logged_at_start=2026-07-01", []],
])("finds by dates: %s", (query, found) => {
  const at = (type: string, time: string) => ({ type, at: time });
  const emulator = emulate({
    now,
    seed: {
      events: [
        at("c", "2026-06-15"),
        at("d", "2026-06-14T12:00:00Z"),
        at("e", "2026-03-02T10:00:00Z"),
        at("f", "2026-03-01T23:59:59Z"),
        at("g", "2025-02-01"),
      ],
    },
  });
  expect(types(call(emulator, "GET", `/audit-logs/?${query}`))).toEqual(found);
});

it.each(["logged_at_start=nonsense", "logged_at_end=2026-02-30", "limit=101"])(
  "answers 400 to %s",
  (query) => {
    expect(call(emulate(), "GET", `/audit-logs/?${query}`).json.status.code).toBe(400);
  },
);

it("shows late events late, and lost ones never", () => {
  let time = Date.UTC(2026, 5, 15);
  const emulator = emulate({ auditLagMs: 5000, now: () => new Date(time) });
  emulator.faults.add({ kind: "audit-lag", ms: null, method: "POST", nth: 2 });
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.2"]));
  const total = () => call(emulator, "GET", "/audit-logs/").json.extra.pagination.total_count;
  expect(total()).toBe(0);
  time += 4_000;
  expect(total()).toBe(0);
  time += 1_001;
  expect(total()).toBe(1);
  time += 1e9;
  expect(total()).toBe(1);
});

it("shifts pages when events arrive between two of them", () => {
  const emulator = emulate({ seed: { events: [{ type: "job_definition.added", count: 6 }] } });
  emulator.faults.add({ kind: "events", count: 2, path: "*/audit-logs/", nth: 2 });
  const page = (offset: number) => call(emulator, "GET", `/audit-logs/?limit=3&offset=${offset}`).json;
  const first = page(0);
  const second = page(3);
  expect([first.extra.pagination.total_count, second.extra.pagination.total_count]).toEqual([6, 8]);
  expect(second.data.slice(0, 2).map(({ id }: { id: string }) => id)).toEqual(
    first.data.slice(1).map(({ id }: { id: string }) => id),
  );
});

it("lists 100,000 events, each once", () => {
  const events = [
    { type: ["job_definition.changed", "ip_restrictions.rule.changed"], count: 100_000, every_seconds: 1 },
  ];
  const emulator = emulate({ seed: { events } });
  const ids = new Set<string>();
  for (let offset = 0; offset < 100_000; offset += 100)
    for (const { id } of call(emulator, "GET", `/audit-logs?offset=${offset}`).json.data) ids.add(id);
  expect(ids.size).toBe(100_000);
  const filter = encodeURIComponent("['v1.events.ip_restrictions.rule.changed']");
  const last = call(emulator, "GET", `/audit-logs?routing_key__in=${filter}&offset=49950`).json;
  expect(last.extra.pagination).toEqual({ count: 50, total_count: 50_000 });
});

it("downloads the same range as CSV", () => {
  const seed = {
    events: [
      { type: "a.b", at: "2026-06-01", context: { text: 'a "quote", and\nmore' }, actor: { name: "=x" } },
    ],
  };
  const made = call(emulate({ now, seed }), "GET", "/audit-logs/download/?logged_at_start=2026-05-01");
  expect(made.headers["content-type"]).toBe("text/csv; charset=utf-8");
  const [header, row] = made.text.split("\r\n");
  expect(header).toBe(
    "account_id,actor_id,actor_ip,actor_name,actor_type,created_at,event_type,event_label,event_context,id,service,source",
  );
  expect(row).toContain(
    ',=x,ACTOR_USER,2026-06-01 00:00:00.000000+00:00,a.b,A B,"{""text"":""a \\""quote\\"", and\\nmore""}",',
  );
  const none = call(emulate({ now, seed }), "GET", "/audit-logs/download?logged_at_start=2026-06-02");
  expect(none.text.split("\r\n")).toEqual([header, ""]);
});

it("exports in bulk for a personal token, from another origin, without the token", () => {
  const emulator = emulate({
    exportPolls: 2,
    seed: { events: [{ type: "a.b", seconds_ago: 3e7, count: 1200 }] },
  });
  emulator.downloadsUrl = "http://downloads.invalid";
  const personal = { token: tokens.personal };
  const refused = call(emulator, "POST", "/audit-logs/export/");
  expect(refused).toMatchObject({ status: 403, json: { data: null } });
  const id = call(emulator, "POST", "/audit-logs/export/", undefined, personal).json.data.job_id;
  const running = () =>
    call(emulator, "GET", "/audit-logs/export/", undefined, personal).json.data.is_running;
  const download = () => call(emulator, "GET", `/audit-logs/export/${id}/download/`, undefined, personal);
  expect(running()).toBe(true);
  expect(download().status).toBe(404);
  expect([running(), running(), running()]).toEqual([true, false, false]);
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  const url = new URL(download().json.data.download_url);
  expect(url.origin).toBe("http://downloads.invalid");
  const target = `${url.pathname}${url.search}`;
  const file = call(emulator, "GET", target, undefined, { token: null, origin: "downloads" });
  expect(file.text.split("\r\n")).toHaveLength(1202);
  expect(file.headers["content-length"]).toBe(String(Buffer.byteLength(file.text)));
  expect(call(emulator, "GET", target, undefined, { origin: "downloads" }).status).toBe(400);
  expect(call(emulator, "GET", url.pathname, undefined, { token: null, origin: "downloads" }).status).toBe(
    403,
  );
  expect(call(emulator, "GET", "/audit-logs/export/nonsense/download/", undefined, personal).status).toBe(
    404,
  );
});
