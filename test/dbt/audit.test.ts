import { describe, expect, test } from "vitest";
import { isoInstant } from "../../src/dbt/answer.js";
import { dateParameters, typeFilter } from "../../src/dbt/audit-log.js";
import { firstHint } from "../said.js";
import type { Reply } from "./scripted-server.js";
import { accountId, bench, codeOf, failureOf, listOf, no, ok, root, token } from "./wire-samples.js";

/** The present shape. */
const present = (more: object = {}) => ({
  id: "0198a0c1-7d2e",
  account_id: accountId,
  source: "API",
  service: "dbt Cloud",
  actor: { id: 4711, name: "ci@example.com", type: "service_token", ip: "203.0.113.9" },
  event_type: "ip_restrictions.rule.added",
  event_label: "IP Restrictions Rule Added",
  event_context: { rule: { id: 739, name: "Office" } },
  created_at: "2026-11-19T08:30:00.250000Z",
  ...more,
});

/** The shape of 2022 (docs/service.md, "Audit log"). */
const earlier = (more: object = {}) => ({
  account_id: accountId,
  service: "SERVICE_DBT_CLOUD",
  source: "SOURCE_CLOUD_UI",
  routing_key: "v1.events.ip_restrictions.rule.Removed",
  actor_type: "ACTOR_USER",
  actor_name: "somebody@example.com",
  actor_id: 123454,
  actor_ip: "198.51.100.4",
  logged_at: "2026-11-19 07:00:10+00:00",
  uuid: "8868c439-8928-4e8c-924b-77558d65db0b",
  metadata: { ip_restriction_rule: { id: 740 } },
  internal: false,
  id: 1809583,
  state: 1,
  created_at: "2026-11-19 07:00:12.454677+00:00",
  updated_at: "2026-11-19 07:00:12.454677+00:00",
  ...more,
});

test("both record shapes, in one list", async () => {
  const { client } = await bench([
    { ...listOf([present(), earlier()]), headers: { date: "Fri, 20 Nov 2026 09:00:00 GMT" } },
  ]);
  expect(await client.listPage({}, 0)).toEqual({
    totalCount: 2,
    count: 2,
    cost: { bytes: expect.any(Number), milliseconds: 0 },
    serverAt: "2026-11-20T09:00:00.000Z",
    events: [
      {
        id: "0198a0c1-7d2e",
        type: "ip_restrictions.rule.added",
        rawType: "ip_restrictions.rule.added",
        label: "IP Restrictions Rule Added",
        at: "2026-11-19T08:30:00.250Z",
        actor: { id: "4711", name: "ci@example.com", type: "service_token", ip: "203.0.113.9" },
        source: "api",
        service: "dbt Cloud",
        context: { rule: { id: 739, name: "Office" } },
      },
      {
        id: "1809583",
        type: "ip_restrictions.rule.removed",
        rawType: "v1.events.ip_restrictions.rule.Removed",
        at: "2026-11-19T07:00:10.000Z",
        actor: { id: "123454", name: "somebody@example.com", type: "ACTOR_USER", ip: "198.51.100.4" },
        source: "ui",
        service: "SERVICE_DBT_CLOUD",
        context: { ip_restriction_rule: { id: 740 } },
      },
    ],
  });
});

test.each<[string, object, object]>([
  [
    "an actor in the earlier fields' names",
    { actor: { actor_id: 1, actor_name: "x", actor_type: "user", actor_ip: "192.0.2.1" } },
    { id: "1", name: "x", type: "user", ip: "192.0.2.1" },
  ],
  ["an actor with an e-mail address only", { actor: { email: "x@example.com" } }, { name: "x@example.com" }],
  ["an actor that is a text", { actor: "x@example.com" }, { name: "x@example.com" }],
  ["no actor", { actor: null }, {}],
])("%s", async (_, more, actor) => {
  const { client } = await bench([listOf([present(more)])]);
  expect((await client.listPage({}, 0)).events[0]?.actor).toEqual(actor);
});

test.each<[string, unknown, string]>([
  ["no type", present({ event_type: undefined }), "answer-unexpected"],
  ["no id", present({ id: null }), "answer-unexpected"],
  ["an id of megabytes", present({ id: "1".repeat(2 ** 20) }), "answer-unexpected"],
  ["no time", present({ created_at: undefined }), "answer-unexpected"],
  ["a time that is none", present({ created_at: "yesterday" }), "answer-unexpected"],
  ["another account", present({ account_id: 1 }), "account-foreign"],
])("a record with %s is an error", async (_, record, code) => {
  const { client } = await bench([listOf([record])]);
  expect(await codeOf(client.listPage({}, 0))).toBe(code);
});

test("a log without a total is an error: nothing could be said to be missing", async () => {
  const { client } = await bench([ok([present()])]);
  expect(await codeOf(client.listPage({}, 0))).toBe("listing-incomplete");
});

test.each([
  ["2025-08-12 02:23:09.391280+00:00", "2025-08-12T02:23:09.391Z"],
  ["2025-08-12T02:23:09Z", "2025-08-12T02:23:09.000Z"],
  ["2025-08-12T02:23:09.391280", "2025-08-12T02:23:09.391Z"],
  ["2025-08-12 04:23:09+0200", "2025-08-12T02:23:09.000Z"],
  ["2025-08-12 04:23+02", "2025-08-12T02:23:00.000Z"],
  ["2025-08-12 02:23:09 UTC", "2025-08-12T02:23:09.000Z"],
  ["2025-13-12 02:23:09", undefined],
  ["12.08.2025", undefined],
  ["2025", undefined],
])("the timestamp %s", (text, iso) => {
  expect(isoInstant(text)).toBe(iso);
});

describe("asking for a part of the log", () => {
  test("dates, a day wider at the end", () => {
    expect(dateParameters({ since: "2026-11-01T23:59:00.000Z", until: "2026-11-30T10:00:00.000Z" })).toEqual({
      logged_at_start: "2026-11-01",
      logged_at_end: "2026-12-01",
    });
    expect(dateParameters({})).toEqual({});
  });

  test("the cut is exact, inclusive at both ends, and told by the count", async () => {
    const at = (created_at: string, id: string) => present({ id, created_at });
    const { client, seen } = await bench([
      listOf([
        at("2026-11-19T09:00:00.001Z", "late"),
        at("2026-11-19T09:00:00Z", "last"),
        at("2026-11-19 08:00:00+00:00", "first"),
        at("2026-11-19T07:59:59.999Z", "early"),
      ]),
    ]);
    const page = await client.listPage(
      { since: "2026-11-19T08:00:00.000Z", until: "2026-11-19T09:00:00.000Z" },
      0,
    );
    expect(page.events.map(({ id }) => id)).toEqual(["last", "first"]);
    expect(page).toMatchObject({ totalCount: 4, count: 4 });
    expect(seen[0]?.path).toBe(`${root}/audit-logs/`);
    expect(Object.fromEntries(seen[0]?.query ?? [])).toEqual({
      logged_at_start: "2026-11-19",
      logged_at_end: "2026-11-20",
      limit: "100",
      offset: "0",
    });
  });

  const types = ["ip_restrictions.rule.removed"];

  test("types in the documented form, in each of their spellings", async () => {
    const { client, seen } = await bench([listOf([present(), earlier()])]);
    const page = await client.listPage({ types }, 0);
    expect(page.events.map(({ id }) => id)).toEqual(["1809583"]);
    expect(page.count).toBe(2);
    expect(seen[0]?.query.get("routing_key__in")).toBe(
      "['v1.events.ip_restrictions.rule.removed','ip_restrictions.rule.removed','v1.events.ip_restrictions.rule.Removed','ip_restrictions.rule.Removed']",
    );
  });

  test("a type cannot break out of the list", () => {
    expect(typeFilter(["a'] or ['b\\"])).not.toMatch(/a'\]|\\/);
  });

  test.each<[string, Reply]>([
    ["refuses the filter", no(400, "unknown filter")],
    ["stumbles over the filter", no(500, "Oops")],
    ["finds nothing by the filter", listOf([])],
  ])("a server that %s is asked without it, once and for all", async (_, reply) => {
    const { client, seen } = await bench(({ query }) =>
      query.has("routing_key__in") ? reply : listOf([present(), earlier()], 150),
    );
    expect((await client.listPage({ types }, 0)).events.map(({ id }) => id)).toEqual(["1809583"]);
    await client.listPage({ types }, 100);
    const [plain, next] = seen.slice(-2);
    expect(plain?.query.has("routing_key__in")).toBe(false);
    expect(next?.query.get("offset")).toBe("100");
    expect(next?.query.has("routing_key__in")).toBe(false);
  });

  test("a log that cannot be read is an error with or without types", async () => {
    const { client } = await bench([no(403, "Forbidden")]);
    const failure = await failureOf(client.listPage({ types }, 0));
    expect(failure.diagnostics[0]).toMatchObject({ code: "permission-missing" });
    expect(firstHint(failure.diagnostics)).toContain("Enterprise");
  });
});

const text = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
};

describe("the CSV of a range", () => {
  const query = { since: "2026-11-01T00:00:00.000Z", until: "2026-11-19T23:59:59.999Z" };

  test("comes as a stream", async () => {
    const { client, seen } = await bench([
      { headers: { "content-type": "text/csv" }, body: "id,actor\r\n1,x\r\n" },
    ]);
    expect(await text(await client.downloadCsv(query))).toBe("id,actor\r\n1,x\r\n");
    expect(seen[0]).toMatchObject({ path: `${root}/audit-logs/download/` });
    expect(seen[0]?.query.get("logged_at_start")).toBe("2026-11-01");
  });

  test.each<[string, Reply, string]>([
    ["a page", { headers: { "content-type": "text/html" }, body: "<html></html>" }, "answer-not-csv"],
    ["JSON", ok([]), "answer-not-csv"],
    ["204", { status: 204 }, "answer-empty"],
    ["403", no(403, "Forbidden"), "permission-missing"],
    ["404", no(404, "Not found"), "audit-log-not-found"],
  ])("%s in its place is an error", async (_, reply, code) => {
    const { client } = await bench([reply]);
    expect(await codeOf(client.downloadCsv(query))).toBe(code);
  });

  test("one that breaks off is an error while it is read", async () => {
    let cut = (): void => undefined;
    const { client } = await bench([
      (response) => {
        response.writeHead(200, { "content-type": "text/csv", "content-length": "1000" });
        response.write("id,actor\r\n");
        cut = () => void response.socket?.resetAndDestroy();
      },
    ]);
    const body = await client.downloadCsv(query);
    cut();
    expect(await codeOf(text(body))).toBe("connection-lost");
  });
});

describe("the bulk export", () => {
  test("its four calls", async () => {
    const file = await bench([{ headers: { "content-type": "text/csv" }, body: "id\r\n" }]);
    const link = `${file.server.url}/export.csv?signature=very-secret`;
    const { client, seen } = await bench([
      ok({ job_id: "job/1" }),
      ok({ is_running: true }),
      ok({ is_running: false }),
      ok({ download_url: link }),
    ]);
    expect(await client.startExport()).toBe("job/1");
    expect(await client.exportIsRunning()).toBe(true);
    expect(await client.exportIsRunning()).toBe(false);
    expect(await client.exportUrl("job/1")).toBe(link);
    expect(seen.map(({ method, path }) => `${method} ${path.slice(root.length)}`)).toEqual([
      "POST /audit-logs/export/",
      "GET /audit-logs/export/",
      "GET /audit-logs/export/",
      "GET /audit-logs/export/job%2F1/download/",
    ]);
  });

  test("its file is fetched without the token, and its link is in no trace", async () => {
    const body = "id\r\n1\r\n";
    const { client, server, seen, traces } = await bench([
      { headers: { "content-type": "text/csv", "content-length": String(body.length) }, body },
    ]);
    const fetched = await client.fetchExport(`${server.url}/export.csv?signature=very-secret`);
    expect(fetched.size).toBe(body.length);
    expect(await text(fetched.body)).toBe(body);
    expect(seen[0]?.url).toBe("/export.csv?signature=very-secret");
    expect(JSON.stringify(seen[0]?.headers)).not.toContain(token);
    expect(seen[0]?.headers).not.toHaveProperty("authorization");
    expect(JSON.stringify(traces)).not.toContain("very-secret");
  });

  test("a service token's refusal says what is needed", async () => {
    const { client, seen } = await bench([no(403, "Forbidden")]);
    const failure = await failureOf(client.startExport());
    expect(failure.diagnostics[0]?.code).toBe("permission-missing");
    expect(firstHint(failure.diagnostics)).toContain("personal");
    expect(seen).toHaveLength(1);
  });

  test("its start is not repeated after anything unclear", async () => {
    const { client, seen } = await bench([no(500, "Oops")]);
    expect(await codeOf(client.startExport())).toBe("server-error");
    expect(seen).toHaveLength(1);
  });

  test.each(["ftp://example.com/x", "http://files.example.com/x?signature=very-secret", "not a link"])(
    "the link %s is refused",
    async (link) => {
      const { client } = await bench([]);
      const failure = await failureOf(client.fetchExport(link));
      expect(failure.diagnostics[0]?.code).toBe("export-link-unusable");
      expect(failure.message).not.toContain("very-secret");
    },
  );

  test("an expired link's error does not show its signature", async () => {
    const { client, server } = await bench([
      { status: 403, headers: { "content-type": "application/xml" }, body: "<Error/>" },
    ]);
    const failure = await failureOf(client.fetchExport(`${server.url}/export.csv?signature=very-secret`));
    expect(failure.diagnostics[0]?.code).toBe("export-link-refused");
    expect(JSON.stringify(failure.diagnostics)).not.toContain("very-secret");
  });
});
