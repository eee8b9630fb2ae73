import { expect, it } from "vitest";
import { accountId, call, emulate, ruleBody, tokens } from "./emulated.js";

const html = "text/html; charset=utf-8";

it.each(["Token", "Bearer", "bearer", "token"])("takes a token as %s", (scheme) => {
  const headers = { authorization: `${scheme} ${tokens.admin}` };
  expect(call(emulate(), "GET", "/ip-restrictions/", undefined, { token: null, headers }).status).toBe(200);
});

it.each([
  ["missing", undefined],
  ["bad as Token", "Token nonsense"],
  ["bad as Bearer", "Bearer nonsense"],
  ["bare", tokens.admin],
  ["of another scheme", `Basic ${tokens.admin}`],
])("answers 401 to a token that is %s", (_, authorization) => {
  const headers = authorization === undefined ? {} : { authorization };
  for (const path of ["/ip-restrictions/", "/audit-logs", "/api/v3/accounts/"]) {
    const made = call(emulate(), "GET", path, undefined, { token: null, headers });
    expect(made).toMatchObject({
      status: 401,
      json: { status: { code: 401, is_success: false }, data: null },
    });
    expect(made.text).not.toContain("nonsense");
  }
});

it("lets a read-only token read, and answers 403 to its writes, unlike to a blocked caller", () => {
  const emulator = emulate();
  const viewer = { token: tokens.viewer };
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  for (const path of ["/ip-restrictions/", "/ip-restrictions/739", "/audit-logs/", "/audit-logs/download/"])
    expect(call(emulator, "GET", path, undefined, viewer).status).toBe(200);
  for (const [method, path] of [
    ["POST", "/ip-restrictions/"],
    ["PUT", "/ip-restrictions/739"],
    ["DELETE", "/ip-restrictions/739"],
    ["POST", "/ip-restrictions-set/"],
  ] as const) {
    const made = call(emulator, method, path, ruleBody(["192.0.2.1"]), viewer);
    expect(made).toMatchObject({ status: 403, json: { status: { code: 403 }, data: null } });
  }
});

it.each([
  "/api/v3/accounts/66847/nonsense/",
  "/api/v3/accounts/66847/ip-restrictions/739/",
  "/api/v3/accounts/66847/ip-restrictions/x",
  "/api/v2/accounts/66847/ip-restrictions/",
  "/nonsense",
  "/",
])("answers a wrong path with an HTML page: %s", (path) => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  const made = emulator.handle({
    method: "GET",
    target: path,
    headers: {},
    body: "",
    address: "127.0.0.1",
    origin: "api",
  });
  expect([made.status, made.headers["content-type"]]).toEqual([404, html]);
});

it.each(["{", "", "nonsense", "{'a': 1}"])(
  "answers a payload that is no JSON with an HTML page: %j",
  (text) => {
    const made = call(emulate(), "POST", "/ip-restrictions/", undefined, { text });
    expect([made.status, made.headers["content-type"]]).toEqual([400, html]);
  },
);

it.each(["[]", "null", "1", '"text"'])("answers JSON that is no object with an envelope: %s", (text) => {
  expect(call(emulate(), "POST", "/ip-restrictions/", undefined, { text }).json.status.code).toBe(400);
});

it.each(["text/plain", "application/xml", ""])("answers 415 to %j", (type) => {
  const made = call(emulate(), "POST", "/ip-restrictions/", {}, { headers: { "content-type": type } });
  expect(made.json.status.code).toBe(415);
});

it("answers HEAD as GET", () => {
  const emulator = emulate();
  expect(call(emulator, "HEAD", "/ip-restrictions/").text).toBe(
    call(emulator, "GET", "/ip-restrictions/").text,
  );
  expect(call(emulator, "HEAD", "/ip-restrictions-set/").status).toBe(405);
});

it.each([
  ["/api/v2/accounts/66847", 200],
  ["/api/v3/accounts/66847/", 200],
  ["/api/v3/accounts/1/", 404],
])("answers %s, one account, with %s", (path, status) => {
  const made = call(emulate(), "GET", path);
  expect(made.status).toBe(status);
  expect(made.json.data?.id).toBe(status === 200 ? accountId : undefined);
});

it("takes an empty X-Forwarded-For for none", () => {
  expect(call(emulate(), "GET", "/ip-restrictions/", undefined, { from: "" }).status).toBe(200);
});

it("answers 405 to a wrong method, and names the right ones", () => {
  const made = call(emulate(), "DELETE", "/ip-restrictions/");
  expect([made.status, made.headers.allow]).toEqual([405, "GET, POST"]);
});

it("answers 404 in an envelope for another account", () => {
  const made = call(emulate(), "GET", "/api/v3/accounts/1/ip-restrictions/");
  expect(made.json.status).toMatchObject({ code: 404, is_success: false });
});

it.each(["/api/v2/accounts/", "/api/v3/accounts/", "/api/v3/accounts"])("lists the account at %s", (path) => {
  expect(call(emulate(), "GET", path).json).toMatchObject({
    data: [{ id: accountId, state: 1 }],
    extra: { pagination: { count: 1, total_count: 1 } },
  });
});

it.each([
  "/ip-restrictions",
  "/ip-restrictions-set/10/validate",
  "/audit-logs",
  "/audit-logs/download",
  "/audit-logs/export",
])("answers %s with and without the trailing slash", (path) => {
  const emulator = emulate();
  expect([`${path}`, `${path}/`].map((target) => call(emulator, "GET", target).status)).toEqual([200, 200]);
});

it("redirects collections without the slash when told to, and keeps the query", () => {
  const emulator = emulate({ slash: "redirect" });
  const made = call(emulator, "GET", "/audit-logs?offset=100");
  expect([made.status, made.headers.location]).toEqual([
    301,
    "/api/v3/accounts/66847/audit-logs/?offset=100",
  ]);
  expect(call(emulator, "POST", "/ip-restrictions", {}).status).toBe(308);
  expect(call(emulator, "GET", "/ip-restrictions/").status).toBe(200);
  expect(call(emulator, "GET", "/ip-restrictions/1").status).toBe(404);
});

it("limits requests a minute, then cools down", () => {
  let now = Date.UTC(2026, 0, 1);
  const emulator = emulate({ requestsPerMinute: 3, cooldownSeconds: 300, now: () => new Date(now) });
  const ask = () => call(emulator, "GET", "/ip-restrictions/");
  const statuses = [ask(), ask(), ask()].map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200]);
  const limited = ask();
  expect(limited).toMatchObject({
    status: 429,
    headers: { "retry-after": "300", "x-rate-limit-retry-after-seconds": "300" },
    json: { status: { code: 429, is_success: false } },
  });
  now += 299_000;
  expect(ask().headers["retry-after"]).toBe("1");
  now += 1_000;
  expect(ask().status).toBe(200);
  now += 60_000;
  expect([ask(), ask(), ask()].map(({ status }) => status)).toEqual([200, 200, 200]);
});
