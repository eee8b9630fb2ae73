import { request } from "node:http";
import { connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Fault } from "../../src/emulator/faults.js";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import type { EmulatorOptions } from "../../src/emulator/settings.js";
import { Failure } from "../../src/model/failure.js";
import { accountId, base, options, ruleBody, tokens } from "./emulated.js";

let running: RunningEmulator | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const start = async (more: Partial<EmulatorOptions> = {}): Promise<RunningEmulator> => {
  running = await startEmulator(options(more));
  return running;
};

const headers = (token: string = tokens.admin) => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
});

const create = (url: string, signal?: AbortSignal) =>
  fetch(`${url}${base}/ip-restrictions/`, {
    method: "POST",
    headers: headers(),
    body: JSON.stringify(ruleBody(["192.0.2.1"])),
    ...(signal === undefined ? {} : { signal }),
  });

it("answers over HTTP, on a free port of loopback", async () => {
  const { url, port } = await start();
  expect(url).toBe(`http://127.0.0.1:${port}`);
  const made = await create(url);
  expect([made.status, made.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(await made.json()).toMatchObject({ data: { account_id: accountId } });
  const gone = await fetch(`${url}${base}/ip-restrictions/739`, { method: "DELETE", headers: headers() });
  expect([gone.status, await gone.text(), gone.headers.get("content-length")]).toEqual([204, "", null]);
});

it("refuses a port that is taken", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const error = await startEmulator({ ...options(), port }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Failure);
  expect(error).toMatchObject({ diagnostics: [{ code: "emulator-port" }] });
  await new Promise((resolve) => blocker.close(resolve));
});

it.each<[Fault, boolean]>([
  [{ kind: "reset" }, false],
  [{ kind: "reset", when: "after" }, true],
  [{ kind: "hang", ms: 20 }, false],
  [{ kind: "hang", ms: 20, when: "after" }, true],
])("breaks the connection: %j", async (fault, took) => {
  const { url, faults, state } = await start();
  faults.add(fault);
  await expect(create(url)).rejects.toThrow();
  expect(state().rules.length).toBe(took ? 1 : 0);
});

it("keeps a hanging connection open until the client gives up", async () => {
  const { url, faults } = await start();
  faults.add({ kind: "hang" });
  const given = new AbortController();
  const pending = create(url, given.signal);
  const early = await Promise.race([
    pending.then(() => "answered"),
    new Promise((r) => setTimeout(r, 50, "open")),
  ]);
  given.abort();
  await expect(pending).rejects.toThrow();
  expect(early).toBe("open");
});

it("cuts an answer in two", async () => {
  const { url, faults, state } = await start();
  faults.add({ kind: "truncate", bytes: 10 });
  const made = await create(url);
  await expect(made.json()).rejects.toThrow();
  expect(state().rules).toHaveLength(1);
});

it("serves an export from another origin, which refuses a token", async () => {
  const { url } = await start({ exportPolls: 0, seed: { events: [{ type: "a.b", count: 5000 }] } });
  const personal = { headers: headers(tokens.personal) };
  // Checked by the calls that use them.
  const dataOf = async (answer: Response) => ((await answer.json()) as { data: Record<string, string> }).data;
  const started = await fetch(`${url}${base}/audit-logs/export/`, { method: "POST", ...personal });
  const { job_id: job } = await dataOf(started);
  const told = await fetch(`${url}${base}/audit-logs/export/${job}/download/`, personal);
  const download = (await dataOf(told)).download_url ?? "";
  expect(new URL(download).origin).not.toBe(url);
  const file = await fetch(download);
  const text = await file.text();
  expect(text.split("\r\n")).toHaveLength(5002);
  expect(Number(file.headers.get("content-length"))).toBe(Buffer.byteLength(text));
  expect((await fetch(download, personal)).status).toBe(400);
});

it("sends a long download at its reader's pace, and forgets one that is left", async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on("warning", note);
  const { url } = await start({ seed: { events: [{ type: "a.b", count: 30_000 }] } });
  const download = () => fetch(`${url}${base}/audit-logs/download/`, { headers: headers() });
  await (await download()).body?.cancel();
  expect((await (await download()).text()).split("\r\n")).toHaveLength(30_002);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

/** The first line of the answer to these bytes. */
const statusLine = (port: number, ...lines: readonly string[]) =>
  new Promise<string | undefined>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.once("close", () => resolve(text.split("\r\n")[0]));
    socket.end([...lines, `authorization: Token ${tokens.admin}`, "connection: close", "", ""].join("\r\n"));
  });

it("takes a request line that names the host, as to a proxy", async () => {
  const { url, port } = await start();
  expect(await statusLine(port, `GET ${url}/api/v3/accounts/ HTTP/1.1`, "host: a")).toBe("HTTP/1.1 200 OK");
});

describe("a web page in the browser of somebody who runs it", () => {
  const emulated = { seed: { rules: [{ name: "Office", type: "allow" as const, cidrs: ["192.0.2.1"] }] } };
  const calls = [
    ["POST", "/_emulator/reset"],
    ["POST", "/_emulator/clock"],
    ["GET", "/_emulator/state"],
    ["GET", `${base}/ip-restrictions/`],
    ["POST", `${base}/ip-restrictions/`],
    ["OPTIONS", `${base}/ip-restrictions/`],
  ] as const;
  const body = JSON.stringify(ruleBody(["198.51.100.1"]));
  /** `fetch` sets no `Host`. */
  const ask = (port: number, method: string, path: string, more: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = { ...headers(), ...more };
      request({ port, host: "127.0.0.1", method, path, headers: sent, agent: false }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode));
      })
        .once("error", reject)
        .end(method === "POST" ? body : "");
    });

  it.each<[number, Record<string, string>]>([
    [403, { origin: "https://attacker.example" }],
    [403, { origin: "null" }],
    [403, { origin: "http://localhost:3000" }],
    [421, { host: "attacker.example:8080" }],
    [421, { host: "attacker.example", origin: "http://attacker.example" }],
    [421, { host: "127.0.0.1.attacker.example" }],
    [421, { host: "ab123.us1.dbt.com" }],
    [421, { host: "localhost.", origin: "http://localhost." }],
    [421, { host: "127.0.0.1@attacker.example" }],
  ])("gets %i and changes nothing: %j", async (status, more) => {
    const { port, state } = await start(emulated);
    await ask(port, "POST", `${base}/ip-restrictions/`, {});
    const before = state();
    expect(before.rules).toHaveLength(2);
    for (const [method, path] of calls) expect(await ask(port, method, path, more)).toBe(status);
    expect(state()).toBe(before);
    expect(await ask(Number(new URL(running?.downloadsUrl ?? "").port), "GET", "/x", more)).toBe(status);
  });

  it.each([
    { host: "127.0.0.1:PORT" },
    { host: "127.0.0.1" },
    { host: "[::1]:PORT" },
    { host: "LocalHost:PORT", origin: "http://localhost:PORT" },
    { host: "localhost:18080", origin: "http://localhost:18080" },
  ])("is answered where it comes from here, as any other client is: %j", async (named) => {
    const { port } = await start(emulated);
    const more = Object.fromEntries(
      Object.entries(named).map(([name, value]) => [name, value.replace("PORT", String(port))]),
    );
    expect(await ask(port, "POST", `${base}/ip-restrictions/`, more)).toBe(200);
    expect(await ask(port, "POST", "/_emulator/reset", more)).toBe(204);
  });

  it("gets 421 for a host on the request line, and for none at all", async () => {
    const { port } = await start(emulated);
    expect(await ask(port, "POST", "http://attacker.example/_emulator/reset", {})).toBe(421);
    expect(await statusLine(port, "GET /api/v3/accounts/ HTTP/1.0")).toBe("HTTP/1.1 421 Misdirected Request");
  });
});

it("survives clients that send nonsense or leave in the middle", async () => {
  const { url, port } = await start();
  for (const bytes of ["nonsense\r\n\r\n", "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf"])
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes, () => socket.destroy()));
      socket.once("close", () => resolve());
    });
  expect((await fetch(`${url}/_emulator/clock`)).status).toBe(200);
});

it("refuses a body that is too large, after reading it", async () => {
  const { url } = await start();
  const body = "x".repeat(17 * 1024 * 1024);
  const made = await fetch(`${url}${base}/ip-restrictions/`, { method: "POST", headers: headers(), body });
  expect(made.status).toBe(413);
});

it("answers what has taken effect before it ends", async () => {
  const { url, close, state } = await start({ latencyMs: 40 });
  const pending = create(url);
  while (state().rules.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await close();
  expect((await pending).status).toBe(200);
  await expect(create(url)).rejects.toThrow();
});

it("answers an HTML page to bytes that are no UTF-8", async () => {
  const { url, state } = await start();
  const body = Buffer.from(JSON.stringify(ruleBody(["192.0.2.1"], { name: "caf\u00e9" })), "latin1");
  const made = await fetch(`${url}${base}/ip-restrictions/`, { method: "POST", headers: headers(), body });
  expect([made.status, made.headers.get("content-type")]).toEqual([400, "text/html; charset=utf-8"]);
  expect(state().rules).toEqual([]);
});

it("takes faults over the control path", async () => {
  const { url } = await start();
  const fault = { kind: "status", status: 503, path: "*/audit-logs/" };
  await fetch(`${url}/_emulator/faults`, { method: "POST", headers: headers(), body: JSON.stringify(fault) });
  const ask = async () => (await fetch(`${url}${base}/audit-logs/`, { headers: headers() })).status;
  expect([await ask(), await ask()]).toEqual([503, 200]);
});
