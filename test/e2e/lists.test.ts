/** Published lists by the built program: a vendor's host over https, the lock, and plans with the vendor unplugged. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newAccount, dbtIpRules as runHere, token } from "../cli/world.js";
import { lists, startVendor, trustHere, trusting, type Vendor } from "../lists/vendor.js";
import { dbtIpRules, type Ran, start } from "./cli.js";

let cwd = "";
let vendor: Vendor;
let env: Record<string, string> = {};
const endings: (() => unknown)[] = [];

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "lists-"));
  vendor = await startVendor(lists({}));
  env = { ...(await trusting(join(cwd, "ca.pem"))), DBT_CLOUD_TOKEN: token };
  endings.push(
    () => rm(cwd, { recursive: true }),
    () => vendor.close(),
    trustHere(),
  );
});
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

const run = (...args: readonly string[]): Promise<Ran> => dbtIpRules(args, { cwd, env });
/** In this process. */
const here = (...args: readonly string[]) =>
  runHere({ cwd, env: { ...env, XDG_STATE_HOME: cwd }, bare: true, ends: true }, ...args);
const policy = (more = "", account = "") =>
  writeFile(
    join(cwd, "policy.yaml"),
    `version: 1
${account}networks:
  hooks:
    source: ${vendor.url}/meta.json
    select: $.hooks[*]
${more}  cloud:
    source: ${vendor.url}/cloud.csv
    column: cidr
  services: {network: hooks, except: [cloud]}
rules:
  - {name: Hooks, type: allow, cidrs: [network: services, 192.0.2.1]}
lint: {documentation-range: off}
`,
  );
const meta = (...hooks: readonly string[]): string => JSON.stringify({ made: Math.random(), hooks });
const cloud = "cidr,city\n203.0.113.128/25,Paris\n";
const lockFile = () => join(cwd, "policy.lock.json");
const lockText = () => readFile(lockFile(), "utf8");
// biome-ignore lint/suspicious/noExplicitAny: what the program prints
const documentOf = ({ stdout }: Pick<Ran, "stdout">): any => {
  const document = JSON.parse(stdout);
  const name = String(document.format).replace("dbt-ip-rules/", "");
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(`schemas/${name}.schema.json`, "utf8")));
  expect(validate(document) ? [] : validate.errors).toEqual([]);
  return document;
};

it("from a policy without a lock to a plan with the vendor unplugged", async () => {
  const emulator = await newAccount(9);
  await policy("", `account: {id: 9, host: "${emulator.url}"}\n`);
  const seen: IncomingHttpHeaders[] = [];
  const answer = lists({ "/meta.json": meta("203.0.113.0/24", "198.51.100.0/24"), "/cloud.csv": cloud });
  vendor.serve((request, response) => {
    seen.push(request.headers);
    answer(request, response);
  });

  const before = await here("validate");
  expect([before.code, before.stdout]).toEqual([1, expect.stringContaining("dbt-ip-rules lists update")]);
  expect((await run("lists", "check")).code).toBe(2);
  expect(existsSync(lockFile())).toBe(false);

  const first = await run("lists", "update");
  expect([first.code, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toContain('used by rule "Hooks"');
  // 192.0.2.1 had access before, by the rule itself.
  expect(first.stdout).toContain("Access by policy.yaml alone broadens: 384 IPv4 addresses in");
  const lock = await lockText();
  expect(JSON.parse(lock).sources.hooks).toMatchObject({
    url: `${vendor.url}/meta.json`,
    select: "$.hooks[*]",
    prefixes: ["198.51.100.0/24", "203.0.113.0/24"],
  });
  expect(JSON.parse(lock).sources.cloud.select).toBe("column: cidr");
  // The token of the account is not the vendor's business.
  expect(JSON.stringify(seen)).not.toContain(token);
  expect(seen.some((headers) => "authorization" in headers)).toBe(false);

  expect((await run("lists", "check")).code).toBe(0);
  expect((await run("lists", "update")).code).toBe(0);
  expect(await lockText()).toBe(lock);

  await vendor.close();
  const [one, two] = [await here("plan", "--format", "json"), await here("plan", "--format", "json")];
  expect(one.code).toBe(0);
  expect(one.stdout).toBe(two.stdout);
  const text = await here("plan", "--out", "plan.json");
  expect(text.stdout).toMatch(/\+ 203\.0\.113\.0\/25 {2}hooks, fetched \d{4}-\d\d-\d\d/);
  expect((await here("show", "plan.json")).stdout).toMatch(/198\.51\.100\.0\/24 {2}hooks, fetched/);
  expect((await here("apply", "plan.json", "--auto-approve", "--client-ip", "192.0.2.1")).code).toBe(0);
  const explained = await here("explain", "203.0.113.7");
  expect(explained.stdout).toMatch(/\(policy\.yaml:5, hooks, fetched \d{4}-\d\d-\d\d\)/);
});

it("shows what came and went, of each list and of the policy as a whole", async () => {
  await policy();
  vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24", "198.51.100.0/24"), "/cloud.csv": cloud }));
  await here("lists", "update");
  const lock = await lockText();
  vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24", "192.0.2.0/28"), "/cloud.csv": cloud }));

  const check = await here("lists", "check", "--format", "json");
  expect(check.code).toBe(2);
  expect(await lockText()).toBe(lock);
  const document = documentOf(check);
  expect(document).toMatchObject({ verdict: "changes", written: false });
  expect(document.lists[1]).toMatchObject({
    name: "hooks",
    outcome: "changed",
    added: ["192.0.2.0/28"],
    removed: ["198.51.100.0/24"],
    gained: { ipv4_addresses: "16" },
    lost: { ipv4_addresses: "256" },
    rules: ["Hooks"],
  });
  expect(document.lists[0]).toMatchObject({ name: "cloud", outcome: "unchanged", rules: ["Hooks"] });
  // 192.0.2.1 has access by the rule itself.
  expect(document.access).toMatchObject({
    newly_allowed: { ipv4_addresses: "15" },
    newly_blocked: { cidrs: ["198.51.100.0/24"] },
  });

  const update = await here("lists", "update", "hooks", "--format", "json");
  expect([update.code, documentOf(update).written]).toEqual([0, true]);
  expect(JSON.parse(await lockText()).sources.hooks.prefixes).toEqual(["192.0.2.0/28", "203.0.113.0/24"]);
});

describe("nothing is written", () => {
  beforeEach(async () => {
    await policy("    max_change: 10%\n");
    vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24"), "/cloud.csv": cloud }));
    expect((await here("lists", "update")).code).toBe(0);
  });

  it("where an answer breaks off, and where the host cannot be trusted or is gone", async () => {
    const lock = await lockText();
    const whole = lists({ "/cloud.csv": cloud });
    vendor.serve((request, response) => {
      if (request.url !== "/meta.json") return whole(request, response);
      const body = meta("198.51.100.0/24");
      response.writeHead(200, { "content-length": body.length });
      response.write(body.slice(0, -1), () => response.destroy());
    });
    const broken = await here("lists", "update");
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringContaining("list-answer")]);
    const untrusted = await dbtIpRules(["lists", "update"], { cwd });
    expect([untrusted.code, untrusted.stdout]).toEqual([1, expect.stringContaining("does not trust")]);
    await vendor.close();
    const gone = await here("lists", "update", "--format", "json");
    expect([gone.code, documentOf(gone).verdict]).toEqual([1, "failed"]);
    expect(await lockText()).toBe(lock);
    expect((await readdir(cwd)).sort()).toEqual(["ca.pem", "policy.lock.json", "policy.yaml"]);
  });

  it("where a list changes more than max_change, which its own flag lets pass", async () => {
    const lock = await lockText();
    vendor.serve(lists({ "/meta.json": meta("203.0.113.0/25"), "/cloud.csv": cloud }));
    const refused = await here("lists", "update", "--format", "json");
    expect([refused.code, documentOf(refused).verdict]).toEqual([3, "refused"]);
    const check = await here("lists", "check");
    expect([check.code, check.stdout]).toEqual([2, expect.stringContaining("`lists update` would refuse")]);
    expect(await lockText()).toBe(lock);
    expect((await here("lists", "update", "--allow-max-change", "cloud")).code).toBe(3);
    expect((await here("lists", "update", "--allow-max-change", "hooks")).code).toBe(0);
    expect(await lockText()).not.toBe(lock);
  });

  it("where the run is killed while a list is on its way", async () => {
    const lock = await lockText();
    const first = lists({ "/cloud.csv": "cidr\n198.51.100.0/24\n" });
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      const asked = new Promise<void>((told) => {
        vendor.serve((request, response) => {
          if (request.url === "/cloud.csv") return first(request, response);
          response.writeHead(200, { "content-length": 1_000 });
          response.write("{", () => told());
        });
      });
      const { child, ended } = start(["lists", "update"], { cwd, env });
      await asked;
      child.kill(signal);
      const ran = await ended;
      expect(signal === "SIGKILL" ? ran.signal : ran.code).toBe(signal === "SIGKILL" ? signal : 1);
      expect(await lockText()).toBe(lock);
    }
  });

  it("by a name that no list has, or a command that is none", async () => {
    for (const [args, said] of [
      [["lists", "update", "hook"], "Did you mean `hooks`?"],
      [["lists", "update", "services"], "no published list `services`"],
      [["lists", "update", "--allow-max-change", "x"], "no published list `x`"],
      [["lists", "updat"], "update"],
    ] as const) {
      const { code, stderr } = await here(...args);
      expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    }
  });
});

it("a damaged lock is left as it is, since without it no max_change holds", async () => {
  await policy();
  vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24"), "/cloud.csv": cloud }));
  await writeFile(lockFile(), "<<<<<<< HEAD\n");
  for (const args of [["hooks"], []]) {
    const refused = await here("lists", "update", ...args);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("merge conflict")]);
  }
  expect(await lockText()).toBe("<<<<<<< HEAD\n");
  await rm(lockFile());
  expect((await here("lists", "update")).code).toBe(0);
  expect((await here("validate")).code).toBe(0);
  await writeFile(lockFile(), (await lockText()).replace('"version": 1', '"version": 2'));
  expect((await here("lists", "update")).code).toBe(1);
});

it("a list that the policy no longer asks for leaves the lock", async () => {
  await policy();
  vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24"), "/cloud.csv": cloud }));
  await here("lists", "update");
  await writeFile(
    join(cwd, "policy.yaml"),
    "version: 1\nrules:\n  - {name: Office, type: allow, cidrs: [203.0.113.0/24]}\n",
  );
  expect((await here("validate")).code).toBe(1);
  expect((await here("lists", "update")).code).toBe(0);
  expect(JSON.parse(await lockText())).toEqual({ sources: {}, version: 1 });
  expect((await here("validate")).code).toBe(0);
});

it("an update whose policy lets nobody in without its lists, or is not valid with them, says so", async () => {
  await policy();
  const text = await readFile(join(cwd, "policy.yaml"), "utf8");
  await writeFile(join(cwd, "policy.yaml"), text.replace(", 192.0.2.1]", "]"));
  vendor.serve(lists({ "/meta.json": meta("203.0.113.0/24"), "/cloud.csv": cloud }));
  const check = documentOf(await here("lists", "check", "--format", "json"));
  expect(check.access).toMatchObject({
    direction: "broadens",
    newly_allowed: { cidrs: ["203.0.113.0/25"], ipv6_addresses: "0" },
  });
  vendor.serve(lists({ "/meta.json": meta("203.0.113.128/25"), "/cloud.csv": cloud }));
  const empty = await here("lists", "update");
  expect([empty.code, empty.stdout]).toEqual([0, expect.stringContaining("policy.yaml is not valid")]);
});

it("the catalogue names what `source` and `select` can be", async () => {
  const { code, stdout } = await here("lists", "catalogue");
  expect(code).toBe(0);
  expect(stdout).toContain("github  GitHub");
  const document = documentOf(await here("lists", "catalogue", "--format", "json"));
  expect(document.lists.map(({ name }: { name: string }) => name)).toContain("aws");
});
