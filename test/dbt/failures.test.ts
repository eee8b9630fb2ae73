// Each way in which a call can fail, with its own code; and what is repeated and what is not.

import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { firstHint } from "../said.js";
import { closedPort, type Reply } from "./scripted-server.js";
import {
  accountId,
  bench,
  closing,
  codeOf,
  failureOf,
  listOf,
  no,
  root,
  token,
  wireRule,
} from "./wire-samples.js";

const html = (status: number, title: string): Reply => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: `<!doctype html><html><head><title>${title}</title></head><body>secret page text</body></html>`,
});

const blocked: Reply = {
  status: 403,
  body: {
    status: {
      code: 403,
      is_success: false,
      user_message: "Forbidden: Access denied",
      developer_message: null,
    },
    data: { account_id: accountId, user_id: 1, is_service_token: true, account_access_denied: true },
  },
};

describe("answers that are final", () => {
  test.each<[string, Reply, string]>([
    ["401", no(401, "Invalid token."), "token-rejected"],
    ["401 as a bare detail", { status: 401, body: { detail: "Invalid token." } }, "token-rejected"],
    ["403 by the account's own rules", blocked, "blocked-by-ip-restrictions"],
    ["403 for a missing permission", no(403, "Forbidden"), "permission-missing"],
    ["403 as a page", html(403, "Forbidden"), "permission-missing"],
    ["404", no(404, "Not found"), "account-not-found"],
    ["404 as a page", html(404, "Not Found"), "account-not-found"],
    ["409", no(409, "CIDR(s) already exists"), "conflict"],
    ["400", no(400, "limit must be 100 or less"), "request-refused"],
    ["418", { status: 418, body: "" }, "request-refused"],
    ["501", no(501, "Not implemented"), "server-error"],
    ["a page", html(200, "Sign in"), "answer-is-html"],
    ["a page that calls itself JSON", { body: "<!DOCTYPE html><title>Sign in</title>" }, "answer-is-html"],
    ["half an answer", { body: '{"status": {"code": 200}, "data": [{"id"' }, "answer-truncated"],
    ["no JSON", { body: "OK then" }, "answer-not-json"],
    [
      "bytes that are no UTF-8",
      (response) => void response.end(Buffer.from([0x22, 0xff, 0xfe, 0x22])),
      "answer-not-json",
    ],
    ["nothing", { body: "" }, "answer-empty"],
    ["a text", { body: '"yes"' }, "answer-unexpected"],
    ["an envelope without data", { body: { status: { code: 200, is_success: true } } }, "answer-unexpected"],
    [
      "a 200 that says it failed",
      { body: { status: { code: 500, is_success: false, user_message: "Oops" }, data: [] } },
      "answer-contradicts-itself",
    ],
    [
      "a redirect to another host",
      { status: 301, headers: { location: "https://other.example.com/api/" } },
      "redirected-to-other-host",
    ],
    ["a redirect to a login page", { status: 302, headers: { location: "/login/?next=/api" } }, "redirected"],
    ["a redirect to nowhere", { status: 302 }, "redirected"],
  ])("%s", async (_, reply, code) => {
    const { client, seen } = await bench([reply]);
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe(code);
    expect(firstHint(failure.diagnostics)).toBeTruthy();
    expect(failure.exitCode).toBe(1);
    expect(failure.message).not.toContain("secret page text");
    expect(seen).toHaveLength(1);
  });

  test("the server's own words are part of the message", async () => {
    const { client } = await bench([no(400, "limit must be 100 or less")]);
    expect((await failureOf(client.readSnapshot())).message).toContain("limit must be 100 or less");
  });

  test("of a page, only the title", async () => {
    const { client } = await bench([html(200, "Sign\n in")]);
    expect((await failureOf(client.readSnapshot())).message).toContain('"Sign in"');
  });

  test("a redirect to another host names it", async () => {
    const { client } = await bench([{ status: 307, headers: { location: "https://ab123.us1.dbt.com/x" } }]);
    expect((await failureOf(client.readSnapshot())).message).toContain("ab123.us1.dbt.com");
  });
});

test("the token does not follow a redirect to another host", async () => {
  const other = await bench([listOf([])]);
  const location = `${other.server.url}${root}/ip-restrictions/`;
  const { client } = await bench([{ status: 302, headers: { location } }]);
  expect(await codeOf(client.readSnapshot())).toBe("redirected-to-other-host");
  expect(other.seen).toEqual([]);
});

test("a redirect that adds or drops the last slash is followed, the query kept", async () => {
  const { client, seen } = await bench(({ path }) =>
    path.endsWith("/") ? { status: 301, headers: { location: path.slice(0, -1) } } : listOf([wireRule()]),
  );
  expect((await client.readSnapshot()).rules).toHaveLength(1);
  expect(seen.map(({ url }) => url)).toEqual([
    `${root}/ip-restrictions/?limit=100&offset=0`,
    `${root}/ip-restrictions?limit=100&offset=0`,
  ]);
});

test("two such redirects in a circle end", async () => {
  const { client, seen } = await bench(({ path }) => ({
    status: 301,
    headers: { location: path.endsWith("/") ? path.slice(0, -1) : `${path}/` },
  }));
  expect(await codeOf(client.readSnapshot())).toBe("redirected");
  expect(seen).toHaveLength(2);
});

describe("trouble that may pass", () => {
  const reset: Reply = (response) => void response.socket?.resetAndDestroy();
  const torn: Reply = (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"data":');
    setImmediate(() => response.socket?.resetAndDestroy());
  };

  test.each<[string, Reply]>([
    ["500", no(500, "Oops")],
    ["502 as a page", html(502, "Bad Gateway")],
    ["503", no(503, "Busy")],
    ["a reset", reset],
    ["a torn answer", torn],
  ])("%s: read again, with backoff", async (_, reply) => {
    const { client, seen, sleeps } = await bench([reply, reply, listOf([])]);
    expect((await client.readSnapshot()).rules).toEqual([]);
    expect(seen).toHaveLength(3);
    expect(sleeps).toEqual([500, 1000]);
  });

  test.each<[string, Reply, string]>([
    ["500", no(500, "Oops"), "server-error"],
    ["a reset", reset, "connection-lost"],
    ["a torn answer", torn, "connection-lost"],
  ])("%s that stays: four tries, then an error", async (_, reply, code) => {
    const { client, seen } = await bench([reply]);
    expect(await codeOf(client.readSnapshot())).toBe(code);
    expect(seen).toHaveLength(4);
  });

  test("a 503 that says when to come back", async () => {
    const { client, sleeps } = await bench([no(503, "Busy", { "retry-after": "3" }), listOf([])]);
    await client.readSnapshot();
    expect(sleeps).toEqual([1000, 1000, 1000]);
  });

  test("no answer in time", async () => {
    const { client, traces } = await bench([() => undefined], { timeouts: { answerMs: 20 } });
    expect(await codeOf(client.readSnapshot())).toBe("answer-timeout");
    expect(traces).toHaveLength(4);
  });
});

describe("429", () => {
  const total = (waits: readonly { seconds: number; total: number }[]) => waits[0]?.total;

  test.each<[string, Record<string, string>, number]>([
    ["nothing told: the five-minute cooldown", {}, 300],
    ["Retry-After in seconds", { "retry-after": "7" }, 7],
    [
      "Retry-After as a date, by the server's clock",
      { date: "Fri, 20 Nov 2026 09:00:00 GMT", "retry-after": "Fri, 20 Nov 2026 09:00:12 GMT" },
      12,
    ],
    ["x-rate-limit-retry-after-seconds", { "x-rate-limit-retry-after-seconds": "9" }, 9],
    ["both: the longer", { "retry-after": "4", "x-rate-limit-retry-after-seconds": "11" }, 11],
    [
      "a date in the past",
      { date: "Fri, 20 Nov 2026 09:00:00 GMT", "retry-after": "Fri, 20 Nov 2026 08:00:00 GMT" },
      1,
    ],
    ["something unreadable", { "retry-after": "soon" }, 300],
  ])("%s", async (_, headers, seconds) => {
    const { client, seen, waits, sleeps } = await bench([no(429, "Too many requests", headers), listOf([])]);
    await client.readSnapshot();
    expect(total(waits)).toBe(seconds);
    expect(sleeps).toHaveLength(seconds);
    expect(waits.map((wait) => wait.seconds)).toEqual(
      Array.from({ length: seconds + 1 }, (_, at) => seconds - at),
    );
    expect(waits[0]?.reason).toBe("rate-limited");
    expect(seen).toHaveLength(2);
  });

  test("that asks for more than a quarter of an hour is an end, not a wait", async () => {
    const { client, sleeps } = await bench([no(429, "Later", { "retry-after": "3600" })]);
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe("rate-limited");
    expect(failure.message).toContain("3600");
    expect(sleeps).toEqual([]);
  });

  test("that stays is an error after three waits", async () => {
    const { client, seen } = await bench([no(429, "Later", { "retry-after": "1" })]);
    expect(await codeOf(client.readSnapshot())).toBe("rate-limited");
    expect(seen).toHaveLength(4);
  });

  test("the wait ends with the signal", async () => {
    const stop = new AbortController();
    const { client, seen } = await bench([no(429, "Later")], {
      signal: stop.signal,
      onWait: ({ seconds }) => {
        if (seconds === 298) stop.abort();
      },
    });
    expect(await codeOf(client.readSnapshot())).toBe("interrupted");
    expect(seen).toHaveLength(1);
  });
});

describe("no connection", () => {
  test("refused", async () => {
    const { client, sleeps } = await bench([], { baseUrl: `http://127.0.0.1:${await closedPort()}` });
    expect(await codeOf(client.readSnapshot())).toBe("connection-refused");
    expect(sleeps.length).toBeGreaterThan(0);
  });

  test("a name that cannot be looked up", async () => {
    const { client } = await bench([], { baseUrl: "https://no-such-host.invalid" });
    // A machine without a resolver says so instead.
    expect(["host-not-found", "dns-unavailable"]).toContain(await codeOf(client.readSnapshot()));
  });

  test("TLS against a server that speaks none", async () => {
    const { client, server } = await bench([listOf([])], {});
    const tls = await bench([], { baseUrl: server.url.replace("http:", "https:") });
    expect(await codeOf(tls.client.readSnapshot())).toBe("tls-failed");
    await client.close();
  });

  test("something that is not HTTP", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.end("220 mail.example.com ESMTP\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing({
      close: () =>
        new Promise((resolve) => {
          for (const socket of sockets) socket.destroy();
          server.close(() => resolve());
        }),
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { client } = await bench([], { baseUrl: `http://127.0.0.1:${port}` });
    expect(await codeOf(client.readSnapshot())).toBe("answer-not-http");
  });

  test("an answer that is too large", async () => {
    const { client, seen } = await bench([listOf([wireRule()])], { maxAnswerBytes: 100 });
    expect(await codeOf(client.readSnapshot())).toBe("answer-too-large");
    expect(seen).toHaveLength(1);
  });

  test("the signal ends a call under way", async () => {
    const stop = new AbortController();
    const { client } = await bench([() => stop.abort()], { signal: stop.signal });
    expect(await codeOf(client.readSnapshot())).toBe("interrupted");
  });
});

test("a trace has the call and its time, and no header", async () => {
  const { client, traces, server } = await bench([no(500, "Oops"), listOf([])]);
  await client.readSnapshot();
  const url = `${server.url}${root}/ip-restrictions/?limit=100&offset=0`;
  expect(traces).toMatchObject([
    { method: "GET", url, status: 500 },
    { method: "GET", url, status: 200 },
  ]);
  expect(JSON.stringify(traces)).not.toContain(token);
});
