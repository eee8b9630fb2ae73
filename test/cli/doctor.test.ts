/** `doctor`: what each state of host, token and account makes it say, and that it only reads. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { closedPort, type Reply, type ScriptedServer, scriptedServer } from "../dbt/scripted-server.js";
import { dbtIpRules, longestLine, newAccount, newFolder, token } from "./world.js";

const servers: ScriptedServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

const lying = async (reply: (path: string) => Reply): Promise<ScriptedServer> => {
  const server = await scriptedServer(({ path }) => reply(path));
  servers.push(server);
  return server;
};

interface Doctored {
  readonly code: number;
  readonly verdict: string;
  readonly checks: readonly { id: string; state: string; text: string; hint?: string; code?: string }[];
  readonly assumptions: readonly { id: string; verdict: string; why: string }[];
}

const doctor = async (
  url: string,
  { env = {}, more = [], cwd }: { env?: Record<string, string>; more?: string[]; cwd?: string } = {},
): Promise<Doctored> => {
  const at = { cwd: cwd ?? (await newFolder()), env };
  const { code, stdout } = await dbtIpRules(
    at,
    "doctor",
    "--host",
    url,
    "--account",
    "9",
    "-f",
    "json",
    ...more,
  );
  return { code, ...JSON.parse(stdout) };
};

const stateOf = ({ checks }: Doctored, id: string): string[] =>
  checks.filter((one) => one.id === id).map(({ state }) => state);
const failed = ({ checks }: Doctored): (string | undefined)[][] =>
  checks.filter(({ state }) => state === "failed").map(({ id, code }) => [id, code]);
const verdictOf = ({ assumptions }: Doctored, id: string): string | undefined =>
  assumptions.find((one) => one.id === id)?.verdict;

const office: Seed = {
  enabled: true,
  enabled_for_service_tokens: true,
  rules: [
    { name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] },
    { name: "Guests", type: "deny", cidrs: ["203.0.113.96/27"] },
  ],
};

describe("an account that works", () => {
  it("shows all of it, on one screen", async () => {
    const { url } = await newAccount(9, office);
    const cwd = await newFolder();
    const { code, stdout } = await dbtIpRules(
      { cwd, screen: true },
      "doctor",
      "--host",
      url,
      "--account",
      "9",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok +Token +accepted/m);
    expect(stdout).toMatch(/^ok +Enforcement +on; service tokens are subject to the rules$/m);
    expect(stdout).toMatch(/^ok +Rules +can be read: 2 rules, 2 entries/m);
    // Their names mean nothing to who only asks whether everything works.
    expect(stdout).toMatch(/^ {2}Confirmed: 2$/m);
    expect(stdout).not.toContain("rules-by-id");
    expect(stdout.trimEnd().endsWith("Everything works.")).toBe(true);
    expect(longestLine(stdout)).toBeLessThanOrEqual(80);
    expect(stdout.split("\n").length).toBeLessThanOrEqual(40);
  });

  it("only reads", async () => {
    const server = await lying((path) =>
      path.endsWith("/accounts/")
        ? list([{ id: 9 }])
        : path.endsWith("/ip-restrictions/")
          ? list([rule(1, "Office")])
          : path.includes("validate")
            ? { body: { is_valid_for_admin: true } }
            : list([]),
    );
    expect(await doctor(server.url)).toMatchObject({ code: 0, verdict: "works" });
    expect(new Set(server.seen.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(server.seen.map(({ path }) => path)).toContain(
      "/api/v3/accounts/9/ip-restrictions-set/7/validate/",
    );
  });

  it("shows the address that the log last saw the token at, and what decides about it", async () => {
    const { url } = await newAccount(9, { ...office, events: [event("ci", "203.0.113.10", 50)] });
    const seen = await doctor(url, { more: ["--actor", "ci"] });
    const [address] = seen.checks.filter(({ id }) => id === "address");
    expect(address).toMatchObject({ state: "ok" });
    expect(address?.text).toMatch(/^203\.0\.113\.10 when the log last saw this token, .*\(rule "Office"\)/);
    expect(verdictOf(seen, "access-computed")).toBe("confirmed");
    const nobody = await doctor(url);
    expect(stateOf(nobody, "address")).toEqual(["unknown"]);
    expect(nobody.checks.find(({ id }) => id === "address")?.hint).toContain("--actor");
  });

  it("says where this caller would be blocked once enforcement is on", async () => {
    const { url } = await newAccount(9, { ...office, enabled: false }, { clientIp: "198.51.100.7" });
    const seen = await doctor(url);
    expect(seen.code).toBe(0);
    expect(seen.checks.find(({ id }) => id === "address")).toMatchObject({
      state: "warning",
      text: expect.stringContaining("would be blocked by the rules"),
    });
  });
});

describe("what does not work is said at its own check", () => {
  it("no token", async () => {
    const { url } = await newAccount(9, office);
    const seen = await doctor(url, { env: { DBT_CLOUD_TOKEN: "" } });
    expect(seen).toMatchObject({ code: 1, verdict: "fails" });
    expect(failed(seen)).toEqual([["token", "token-missing"]]);
    expect(stateOf(seen, "rules")).toEqual(["not-checked"]);
  });

  it("a token that is not accepted, or may not read", async () => {
    const { url } = await newAccount(9, office);
    expect(failed(await doctor(url, { env: { DBT_CLOUD_TOKEN: "another-token" } }))).toEqual([
      ["token", "token-rejected"],
    ]);
    const no = envelope(403, "You do not have permission");
    const server = await lying((path) => (path.endsWith("/accounts/") ? list([{ id: 9 }]) : no));
    expect(failed(await doctor(server.url))).toEqual([
      ["rules", "permission-missing"],
      ["audit_log", "permission-missing"],
    ]);
    const noLog = await lying((path) =>
      path.endsWith("/audit-logs/") ? no : path.endsWith("/accounts/") ? list([{ id: 9 }]) : list([]),
    );
    expect(failed(await doctor(noLog.url))).toEqual([["audit_log", "permission-missing"]]);
  });

  it("a blocked caller, whose kind of token the service shows", async () => {
    const { url } = await newAccount(9, office, { clientIp: "198.51.100.7" });
    const seen = await doctor(url);
    expect(failed(seen)).toEqual([["address", "blocked-by-ip-restrictions"]]);
    expect(seen.checks.find(({ id }) => id === "token")?.text).toBe("accepted; a service token");
    expect(verdictOf(seen, "accounts-list-open")).toBe("confirmed");
  });

  it("another account", async () => {
    const { url } = await newAccount(8, office);
    const seen = await doctor(url);
    expect(failed(seen)).toEqual([["account", "account-not-found"]]);
    expect(seen.checks.find(({ id, state }) => id === "account" && state === "warning")?.text).toContain(
      "this token sees only 8",
    );
  });

  it.each<[string, Reply, string]>([
    [
      "an HTML page",
      { headers: { "content-type": "text/html" }, body: "<html><title>Sign in</title>" },
      "answer-is-html",
    ],
    [
      "a redirect",
      { status: 302, headers: { location: "https://login.example.com/" } },
      "redirected-to-other-host",
    ],
    ["no JSON", { body: "hello" }, "answer-not-json"],
  ])("%s in place of the service", async (_, reply, code) => {
    const server = await lying(() => reply);
    const seen = await doctor(server.url);
    expect(failed(seen)).toEqual([["host", code]]);
    expect(server.seen).toHaveLength(1);
  });

  it("a host that does not answer, is not there, or has an unknown certificate", async () => {
    expect(failed(await doctor("no-such-host.invalid"))).toEqual([["host", "host-not-found"]]);
    const tls = createServer({ cert: await fixture("cert"), key: await fixture("key") }, () => undefined);
    await new Promise<void>((done) => tls.listen(0, "127.0.0.1", done));
    const { port } = tls.address() as AddressInfo; // A TCP server's address is an object with a port.
    const seen = await doctor(`https://127.0.0.1:${port}`);
    tls.close();
    expect(failed(seen)).toEqual([["tls", "tls-failed"]]);
  });

  it("a proxy that opens no connection", async () => {
    const proxy = `http://user:secret@127.0.0.1:${await closedPort()}`;
    const seen = await doctor("ab123.us1.dbt.com.invalid", { env: { HTTPS_PROXY: "socks5://x:1" } });
    expect(failed(seen)).toEqual([["proxy", "proxy-failed"]]);
    const { checks } = await doctor("no-such-host.invalid", { env: { HTTP_PROXY: proxy } });
    expect(JSON.stringify(checks)).not.toContain("secret");
  });

  it("a clock that is wrong is a warning", async () => {
    const server = await lying((path) => {
      const reply = path.endsWith("/accounts/") ? list([{ id: 9 }]) : list([]);
      return { ...reply, headers: { date: "Sat, 01 Jan 2000 00:00:00 GMT" } };
    });
    const seen = await doctor(server.url);
    expect(seen.code).toBe(0);
    expect(stateOf(seen, "clock")).toEqual(["warning"]);
  });

  it("rules that no policy can express", async () => {
    const { url } = await newAccount(9, {
      rules: [
        { name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] },
        { name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] },
      ],
    });
    const seen = await doctor(url);
    expect(failed(seen)).toEqual([["policy", "account-rule-name-repeated"]]);
    expect(verdictOf(seen, "name-twice")).toBe("confirmed");
  });
});

describe("assumptions", () => {
  it("are contradicted by what an account shows", async () => {
    const server = await lying((path) =>
      path.endsWith("/accounts/")
        ? list([{ id: 9 }])
        : path.endsWith("/ip-restrictions/")
          ? list([
              rule(4, "B"),
              rule(2, "A"),
              { ...rule(1, "Old"), state: 2 },
              { ...rule(9, "C"), rule_set_enabled: null },
            ])
          : path.includes("validate")
            ? { body: { is_valid_for_admin: true } }
            : list(Array.from({ length: 120 }, (_, id) => ({ ...wireEvent(id), event_context: {} }))),
    );
    const seen = await doctor(server.url);
    for (const id of [
      "rules-by-id",
      "deleted-hidden",
      "rules-show-enforcement",
      "default-limit",
      "event-names-rule",
    ])
      expect([id, verdictOf(seen, id)]).toEqual([id, "contradicted"]);
    const text = (
      await dbtIpRules({ cwd: await newFolder() }, "doctor", "--host", server.url, "--account", "9")
    ).stdout;
    expect(text).toContain("Contradicted (5):");
    expect(text).toContain(
      "rules-by-id: Rules are listed by id. Here: the ids of the listed rules do not rise",
    );
  });

  it("are confirmed by an account with deny entries only", async () => {
    const { url } = await newAccount(9, {
      enabled: true,
      rules: [{ name: "Guests", type: "deny", cidrs: ["198.51.100.0/24"] }],
    });
    expect(verdictOf(await doctor(url), "deny-only")).toBe("confirmed");
  });

  it("each has its row in docs/doctor.md", async () => {
    const [, page = ""] = (await readFile("docs/doctor.md", "utf8")).split("## Assumptions");
    const seen = await doctor("no-such-host.invalid");
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| .* \|$/gm)].map(([, id]) => id);
    expect(rows).toEqual(seen.assumptions.map(({ id }) => id));
  });
});

describe("--record", () => {
  it("writes shapes, no values, and never over a file", async () => {
    const { url } = await newAccount(9, { ...office, events: [event("ci", "203.0.113.10", 50)] });
    const cwd = await newFolder();
    const { code } = await doctor(url, { cwd, more: ["--record", "shapes.json"] });
    expect(code).toBe(0);
    const text = await readFile(join(cwd, "shapes.json"), "utf8");
    for (const value of [token, "Office", "203.0.113", '"ci"', "127.0.0.1"])
      expect(text).not.toContain(value);
    const { format, verdict, calls } = JSON.parse(text);
    expect({ format, verdict }).toEqual({ format: "dbt-ip-rules/shapes", verdict: "ok" });
    expect(calls.map(({ request }: { request: string }) => request)).toEqual([
      "GET /api/v3/accounts/ID/ip-restrictions/?limit&offset",
      "GET /api/v3/accounts/?limit&offset",
      "GET /api/v3/accounts/ID/ip-restrictions-set/ID/validate/",
      "GET /api/v3/accounts/ID/audit-logs/",
    ]);
    const ran = await dbtIpRules(
      { cwd },
      "doctor",
      "--host",
      url,
      "--account",
      "9",
      "--record",
      "shapes.json",
    );
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("shapes.json exists, and doctor never"),
    });
    expect(await readFile(join(cwd, "shapes.json"), "utf8")).toBe(text);
    await writeFile(join(cwd, "policy.yaml"), "mine");
    await dbtIpRules({ cwd }, "doctor", "--host", url, "--account", "9", "--record", "policy.yaml");
    expect(await readFile(join(cwd, "policy.yaml"), "utf8")).toBe("mine");
  });

  it("is not made where nothing was asked", async () => {
    const cwd = await newFolder();
    const at = { cwd, env: { DBT_CLOUD_TOKEN: "" } };
    const ran = await dbtIpRules(at, "doctor", "--host", "x.invalid", "--account", "9", "--record", "s.json");
    expect(ran.stderr).toContain("s.json is not written: no call was made");
    await expect(stat(join(cwd, "s.json"))).rejects.toThrow();
  });
});

const list = (data: readonly unknown[]): { body: unknown } => ({
  body: {
    status: { code: 200, is_success: true },
    data,
    extra: { pagination: { count: data.length, total_count: data.length } },
  },
});

const envelope = (code: number, user_message: string): Reply => ({
  status: code,
  body: { status: { code, is_success: false, user_message, developer_message: null }, data: null },
});

const rule = (id: number, name: string) => ({
  id,
  name,
  type: 1,
  state: 1,
  account_id: 9,
  ip_restriction_rule_set_id: 7,
  rule_set_enabled: true,
  enabled_for_service_tokens: false,
  description: "",
  cidrs: [{ id: id * 10, cidr: `203.0.${id}.0/24`, enabled: true, state: 1 }],
});

const wireEvent = (id: number) => ({
  id: String(id),
  account_id: 9,
  actor: { id: 1, name: "someone" },
  event_type: "ip_restrictions.rule.added",
  created_at: "2026-01-01 00:00:00+00:00",
});

const event = (name: string, ip: string, id: number) => ({
  type: "ip_restrictions.toggled",
  actor: { name, ip, id, type: "ACTOR_SERVICE_TOKEN" },
});

const fixture = (name: "cert" | "key"): Promise<string> =>
  readFile(`test/fixtures/tls/127.0.0.1.${name}.pem`, "utf8");
