/** `enabled: false` from the file to the account and back: each command knows it, each call sends it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const accountId = 66847;
const head = `version: 1\naccount: { id: ${accountId} }\nenforcement: enabled\nlint: { documentation-range: off }\n`;
const rules = (...lines: string[]): string =>
  `${head}rules:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
const office = "{ name: Office, type: allow, cidrs: [203.0.113.0/24] }";
const vpn = (entry: string) => `{ name: VPN, type: allow, cidrs: [198.51.100.0/24, ${entry}] }`;
const off = "{ cidr: 192.0.2.44, enabled: false }";

const seed = (enabled: boolean): Seed => ({
  enabled: true,
  rules: [
    { name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] },
    { name: "VPN", type: "allow", cidrs: ["198.51.100.0/24", { cidr: "192.0.2.44", enabled }] },
  ],
});

const prepare = async (start: Seed) => {
  const emulator = await newAccount(accountId, start);
  const cwd = await newFolder();
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: `${accountId}` } };
  const run = (...argv: string[]) => dbtIpRules(place, ...argv);
  return {
    run,
    file: join(cwd, "policy.yaml"),
    write: (text: string) => writeFile(join(cwd, "policy.yaml"), text),
    json: async (...argv: string[]) => JSON.parse((await run(...argv, "--format", "json")).stdout),
  };
};

describe("an entry that is disabled", () => {
  it("keeps its id, loses its effect, and the plan says so; enabled again it is the same entry", async () => {
    const { run, write, json } = await prepare(seed(true));
    const idOf = async (list: "entries" | "disabled_entries") =>
      (await json("show")).rules[1][list].find(({ cidr }: { cidr: string }) => cidr === "192.0.2.44/32")?.id;
    const id = await idOf("entries");
    await write(rules(office, vpn(off)));
    const plan = await run("plan");
    expect(plan.stdout).toContain("~ 192.0.2.44/32  enabled: true -> false");
    expect(plan.stdout).toContain("1 IPv4 address loses access: 192.0.2.44/32");
    expect((await json("plan")).changes).toMatchObject([
      {
        action: "update",
        cidrs_removed: ["192.0.2.44/32"],
        disabled_cidrs_added: ["192.0.2.44/32"],
        patch: [{ op: "replace", path: "/cidrs/192.0.2.44~132/enabled", value: false }],
        access_change: { direction: "narrows" },
      },
    ]);
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    expect(await idOf("disabled_entries")).toBe(id);
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
    await write(rules(office, vpn("192.0.2.44")));
    expect((await run("plan")).stdout).toContain("~ 192.0.2.44/32  enabled: false -> true");
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    expect(await idOf("entries")).toBe(id);
  });

  it("is enabled again by rollback, from the receipt", async () => {
    const { run, write, json } = await prepare(seed(true));
    await write(rules(office, vpn(off)));
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    expect((await json("show")).rules[1]).toHaveProperty("disabled_entries");
    expect(await run("rollback", "--auto-approve")).toMatchObject({ code: 0 });
    expect((await json("show")).rules[1]).not.toHaveProperty("disabled_entries");
    expect((await run("show")).stdout).toContain("192.0.2.44/32");
  });

  it("is imported as it is, and the plan of that is empty", async () => {
    const { run, file } = await prepare(seed(false));
    expect(await run("import", "--output", "policy.yaml")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).toContain("- cidr: 192.0.2.44\n        enabled: false\n");
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
    expect((await run("show")).stdout).toMatch(/192\.0\.2\.44\/32 +disabled/);
  });

  it("is a difference of drift, with its side, where only one of the two has it disabled", async () => {
    const { run, write, json } = await prepare(seed(true));
    await write(rules(office, vpn(off)));
    const { code, stdout } = await run("drift", "--no-audit");
    expect(code).toBe(2);
    expect(stdout).toContain(
      '192.0.2.44/32 in allow rule "VPN" is enabled on the account, disabled in the policy',
    );
    expect((await json("drift", "--no-audit")).differences).toMatchObject([
      { kind: "entry-enabled-changed", policy: "disabled", account: "enabled", direction: "broadens" },
    ]);
  });

  it("is named by explain as the entry without effect", async () => {
    const { run, write } = await prepare(seed(false));
    await write(rules(office, vpn(off)));
    expect((await run("explain", "192.0.2.44")).stdout).toMatch(
      /192\.0\.2\.44 is blocked[\s\S]*disabled, without effect: allow 192\.0\.2\.44\/32 of rule "VPN" \(policy\.yaml:\d+\)/,
    );
    expect((await run("explain", "--live", "192.0.2.44")).stdout).toContain("disabled, without effect");
  });

  it("of a rule that is disabled are all of its entries, also of a new rule", async () => {
    const { run, write, json } = await prepare(seed(true));
    await write(
      rules(
        office,
        "{ name: VPN, type: allow, enabled: false, cidrs: [198.51.100.0/24, 192.0.2.44] }",
        "{ name: Later, type: allow, enabled: false, cidrs: [192.0.2.128/25] }",
      ),
    );
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    const found = (await json("show")).rules;
    expect(
      found.map(({ entries, disabled_entries = [] }: Record<string, object[]>) => [
        entries?.length,
        disabled_entries.length,
      ]),
    ).toEqual([
      [1, 0],
      [0, 2],
      [0, 1],
    ]);
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
  });

  it("leaves the account once its date has come", async () => {
    const { run, write } = await prepare(seed(false));
    await write(rules(office, vpn("{ cidr: 192.0.2.44, enabled: false, expires: 2020-01-01 }")));
    expect((await run("plan")).stdout).toMatch(/- +192\.0\.2\.44\/32 +was disabled +expired 2020-01-01/);
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    expect((await run("show")).stdout).not.toContain("192.0.2.44");
  });
});

describe("a policy whose allow entries are all disabled", () => {
  const only = "{ name: Office, type: allow, enabled: false, cidrs: [203.0.113.0/24] }";

  it("is refused while enforcement is on, and no flag lets it pass", async () => {
    const { run, write } = await prepare(seed(true));
    await write(`${rules(only)}removed_rules: [VPN]\n`);
    const { code, stderr } = await run("plan", "--allow-newly-allowed", "--allow-lockout");
    expect(code).toBe(1);
    expect(stderr).toContain("error[allow-only-disabled]");
    await write(
      `${rules(only).replace("enforcement: enabled", "enforcement: ignore")}removed_rules: [VPN]\n`,
    );
    const planned = await run("plan");
    expect(planned.code).toBe(3);
    expect(planned.stdout).toContain("error[allow-only-disabled]");
  });
});

describe("an account whose allow entries are all disabled", () => {
  const start: Seed = {
    enabled: true,
    rules: [
      { name: "Office", type: "allow", cidrs: [{ cidr: "203.0.113.0/24", enabled: false }] },
      { name: "Bad", type: "deny", cidrs: ["198.51.100.7"] },
    ],
  };
  const bad = "{ name: Bad, type: deny, cidrs: [198.51.100.7] }";

  it("is refused to be left to what may open it: if disabled entries count, everybody would get in", async () => {
    const { run, write } = await prepare(start);
    await write(`${rules(bad)}removed_rules: [Office]\n`);
    const { code, stdout } = await run("plan");
    expect(code).toBe(3);
    expect(stdout).toContain("error[disabled-allow-unclear]");
    expect(stdout).toContain("error[max-newly-allowed]");
  });

  it("goes to allow entries in force in one call, which is safe either way", async () => {
    const { run, write } = await prepare(start);
    await write(`${rules(office, bad)}guards: { must_allow: [203.0.113.10] }\n`);
    const { code, stdout } = await run("plan");
    expect(code, stdout).toBe(0);
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
  });
});
