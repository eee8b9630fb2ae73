import { expect, it } from "vitest";
import type { Fault } from "../../src/emulator/faults.js";
import { call, emulate, ruleBody, tokens } from "./emulated.js";

const create = (fault: Fault) => {
  const emulator = emulate();
  emulator.faults.add(fault);
  const made = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  return { made, took: emulator.state().rules.length === 1 };
};

const html = "text/html; charset=utf-8";

it.each<readonly [Fault, { status?: number; delivery?: string; headers?: object; text?: string }, boolean]>([
  [{ kind: "status", status: 500 }, { status: 500 }, false],
  [{ kind: "status", status: 500, when: "after" }, { status: 500 }, true],
  [{ kind: "status", status: 502, html: true }, { status: 502, headers: { "content-type": html } }, false],
  [
    { kind: "status", status: 503, body: "busy", headers: { "x-a": "b" } },
    { text: "busy", headers: { "x-a": "b" } },
    false,
  ],
  [{ kind: "status", status: 409, body: { a: 1 } }, { status: 409, text: '{"a":1}' }, false],
  [{ kind: "status", status: 429, retryAfter: 7 }, { status: 429, headers: { "retry-after": "7" } }, false],
  [
    { kind: "status", status: 429, retryAfter: 7, retryAfterForm: "x-header" },
    { status: 429, headers: { "x-rate-limit-retry-after-seconds": "7" } },
    false,
  ],
  [{ kind: "reset" }, { delivery: "reset" }, false],
  [{ kind: "reset", when: "after" }, { delivery: "reset" }, true],
  [{ kind: "hang" }, { delivery: "hang" }, false],
  [{ kind: "hang", when: "after", ms: 10 }, { delivery: "hang" }, true],
  [{ kind: "truncate" }, { status: 200, delivery: "truncate" }, true],
  [{ kind: "wrong-body", body: { data: [] } }, { status: 200, text: '{"data":[]}' }, true],
  [{ kind: "not-json" }, { status: 200, headers: { "content-type": html } }, true],
  [
    { kind: "redirect", location: "http://elsewhere.invalid/" },
    { status: 302, headers: { location: "http://elsewhere.invalid/" } },
    false,
  ],
])("does %j", (fault, expected, took) => {
  const result = create(fault);
  expect(result.made).toMatchObject(expected);
  expect(result.took).toBe(took);
});

it.each([
  [{ kind: "hide-rules" } as const, []],
  [{ kind: "hide-rules", except: "O" } as const, ["Office"]],
])("leaves rules out of the listing, and of its count: %j", (fault, shown) => {
  const rules = ["Office", "VPN"].map((name) => ({ name, type: "allow" as const, cidrs: ["192.0.2.1"] }));
  const emulator = emulate({ seed: { rules } });
  emulator.faults.add(fault);
  const { data, extra } = call(emulator, "GET", "/ip-restrictions/").json;
  expect(data.map(({ name }: { name: string }) => name)).toEqual(shown);
  expect(extra.pagination.total_count).toBe(shown.length);
  expect(call(emulator, "GET", "/ip-restrictions/").json.data).toHaveLength(2);
});

it("gives Retry-After as a date by its own clock", () => {
  const emulator = emulate({ now: () => new Date("2026-01-01T00:00:00Z") });
  emulator.faults.add({ kind: "status", status: 429, retryAfter: 90, retryAfterForm: "date" });
  emulator.faults.add({ kind: "date-skew", ms: -60_000 });
  const made = call(emulator, "GET", "/ip-restrictions/");
  expect(made.headers).toMatchObject({
    "retry-after": "Thu, 01 Jan 2026 00:01:30 GMT",
    date: "Wed, 31 Dec 2025 23:59:00 GMT",
  });
});

it.each<[string, Partial<Fault>, readonly number[]]>([
  ["once, the first", {}, [500, 200, 200, 200]],
  ["once, the third", { nth: 3 }, [200, 200, 500, 200]],
  ["twice from the second", { nth: 2, times: 2 }, [200, 500, 500, 200]],
  ["always", { times: 0 }, [500, 500, 500, 500]],
  ["another method", { method: "put" }, [200, 200, 200, 200]],
  ["this method", { method: "get" }, [500, 200, 200, 200]],
  ["another path", { path: "*/audit-logs/" }, [200, 200, 200, 200]],
  ["this path", { path: "*/ip-restrictions/*" }, [500, 200, 200, 200]],
  ["a path without its slash", { path: "*/ip-restrictions" }, [200, 200, 200, 200]],
  ["another body", { bodyHas: "Office" }, [200, 200, 200, 200]],
])("strikes %s", (_, match, statuses) => {
  const emulator = emulate();
  emulator.faults.add({ kind: "status", status: 500, ...match } as Fault); // A partial of a union is no member.
  expect(statuses.map(() => call(emulator, "GET", "/ip-restrictions/").status)).toEqual(statuses);
});

it("matches by body", () => {
  const emulator = emulate();
  emulator.faults.add({ kind: "status", status: 500, bodyHas: '"192.0.2.2"' });
  const statuses = ["192.0.2.1", "192.0.2.2"].map(
    (cidr) => call(emulator, "POST", "/ip-restrictions/", ruleBody([cidr])).status,
  );
  expect(statuses).toEqual([200, 500]);
});

it("delays, by setting and by fault", () => {
  const emulator = emulate({ latencyMs: 20 });
  emulator.faults.add({ kind: "latency", ms: 30 });
  const request = {
    method: "GET",
    target: "/",
    headers: {},
    body: "",
    address: "127.0.0.1",
    origin: "api" as const,
  };
  expect([emulator.handle(request).delayMs, emulator.handle(request).delayMs]).toEqual([50, 20]);
});

const control = (emulator: ReturnType<typeof emulate>, method: string, path: string, body?: unknown) =>
  call(emulator, method, `/_emulator/${path}`, body, { token: null });

it("takes faults over the control path, and lists, removes and clears them", () => {
  const emulator = emulate();
  expect(control(emulator, "POST", "faults", { kind: "reset", path: "*", times: 0 }).json).toEqual({ id: 1 });
  control(emulator, "POST", "faults", { kind: "latency", ms: 1 });
  expect(call(emulator, "GET", "/ip-restrictions/").delivery).toBe("reset");
  expect(control(emulator, "GET", "faults").json).toMatchObject([
    { id: 1, matched: 1, struck: 1 },
    { id: 2, fault: { kind: "latency" } },
  ]);
  expect(control(emulator, "DELETE", "faults/1").status).toBe(204);
  expect(control(emulator, "DELETE", "faults/1").status).toBe(404);
  expect(control(emulator, "DELETE", "faults").status).toBe(204);
  expect(control(emulator, "GET", "faults").json).toEqual([]);
});

it.each([
  {},
  { kind: "nonsense" },
  { kind: "status" },
  { kind: "reset", when: "later" },
  { kind: "latency", ms: 1, extra: 1 },
  { kind: "truncate", nth: 0 },
])("refuses what is no fault: %j", (fault) => {
  const made = control(emulate(), "POST", "faults", fault);
  expect([made.status, typeof made.json.error]).toEqual([400, "string"]);
});

it("tells what was asked, without any token", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]), { from: "192.0.2.9" });
  call(emulator, "GET", "/audit-logs?limit=1", undefined, {
    headers: { authorization: "Token wrong-secret" },
  });
  const list = control(emulator, "GET", "requests");
  expect(list.json).toMatchObject([
    {
      number: 1,
      method: "POST",
      status: 200,
      token: "pipeline",
      forwardedFor: "192.0.2.9",
      body: expect.stringContaining("192.0.2.1"),
    },
    { number: 2, target: "/api/v3/accounts/66847/audit-logs?limit=1", status: 401, hadAuthorization: true },
  ]);
  for (const secret of [...Object.values(tokens), "wrong-secret"]) expect(list.text).not.toContain(secret);
  control(emulator, "DELETE", "requests");
  expect(control(emulator, "GET", "requests").json).toEqual([]);
});

it("moves its clock, changes settings, adds events, and resets", () => {
  const emulator = emulate({ now: () => new Date("2026-01-01T00:00:00Z") });
  expect(control(emulator, "POST", "clock", { offsetMs: 1000 }).json.now).toBe("2026-01-01T00:00:01.000Z");
  expect(control(emulator, "POST", "clock", { advanceMs: 1000 }).json.offsetMs).toBe(2000);
  expect(control(emulator, "POST", "clock", {}).status).toBe(400);
  const dated = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  expect(dated.headers.date).toBe("Thu, 01 Jan 2026 00:00:02 GMT");
  expect(dated.json.data.created_at).toMatch(/^2026-01-01 00:00:02\./);
  expect(control(emulator, "POST", "settings", { auditShape: "2022" }).json.auditShape).toBe("2022");
  expect(control(emulator, "POST", "settings", { auditShape: "1999" }).status).toBe(400);
  const event = { type: "ip_restrictions.rule.changed", seconds_ago: -1, actor: { name: "stranger" } };
  expect(control(emulator, "POST", "events", event).status).toBe(204);
  expect(control(emulator, "POST", "events", { nonsense: 1 }).status).toBe(400);
  const query = "?logged_at_end=2026-02-01";
  expect(call(emulator, "GET", `/audit-logs/${query}`).json.data[0].actor_name).toBe("stranger");
  expect(control(emulator, "GET", "state").json.rules).toHaveLength(1);
  expect(control(emulator, "POST", "reset").status).toBe(204);
  expect(control(emulator, "GET", "state").json).toMatchObject({
    rules: [],
    log: { events: [] },
    next: { rule: 739 },
  });
  expect(control(emulator, "GET", "clock").json.offsetMs).toBe(0);
  expect(control(emulator, "GET", "settings").json.auditShape).toBe("current");
});

it("takes only JSON on the control path, and knows only its own paths", () => {
  const emulator = emulate();
  const headers = { "content-type": "text/plain" };
  expect(call(emulator, "POST", "/_emulator/faults", { kind: "reset" }, { headers }).status).toBe(415);
  expect(call(emulator, "POST", "/_emulator/faults", undefined, { text: "{" }).status).toBe(400);
  expect(control(emulator, "GET", "nonsense").status).toBe(404);
});
