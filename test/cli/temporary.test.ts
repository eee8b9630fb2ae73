/** What is on the account for a time: `drift` and `show` list it, and what is overdue is a difference. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const hours = (count: number): string =>
  `${new Date(Date.now() + count * 3_600_000).toISOString().slice(0, 19)}Z`;

const world = async (cidrs: string, seeded: readonly string[], more = "") => {
  const emulator = await newAccount(
    7,
    { enabled: true, rules: [{ name: "Office", type: "allow", cidrs: seeded }] },
    { clientIp: "198.51.100.9" },
  );
  const cwd = await newFolder();
  const head = "version: 1\naccount: { id: 7 }\n";
  await writeFile(
    join(cwd, "policy.yaml"),
    `${head}${more}rules:\n  - { name: Office, type: allow, cidrs: [198.51.100.0/24, ${cidrs}] }\n`,
  );
  const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" };
  return { emulator, run: (...argv: string[]) => dbtIpRules({ cwd, env }, ...argv) };
};

describe("drift and show", () => {
  it("list what is temporary; alone it is no difference", async () => {
    const end = hours(4);
    const { run } = await world(`{cidr: 203.0.113.8, expires: ${end}}`, ["198.51.100.0/24", "203.0.113.8"]);
    const drift = await run("drift");
    expect([drift.code, drift.stdout]).toEqual([0, expect.stringContaining("Temporary")]);
    expect(drift.stdout).toContain(`203.0.113.8/32 in rule "Office" ends at ${end}`);
    const show = await run("show");
    expect(show.stdout).toContain(`203.0.113.8/32 in rule "Office" ends at ${end}`);
    const [inDrift, inShow] = [await run("drift", "-f", "json"), await run("show", "-f", "json")];
    const entries = { temporary: [{ rule: "Office", cidr: "203.0.113.8/32", expires: end }], overdue: [] };
    expect(JSON.parse(inDrift.stdout)).toMatchObject(entries);
    expect(JSON.parse(inShow.stdout)).toMatchObject(entries);
  });

  it("list what is overdue, and drift exits 2", async () => {
    const end = hours(-1);
    const { run } = await world(`{cidr: 203.0.113.7, expires: ${end}}`, ["198.51.100.0/24", "203.0.113.7"]);
    for (const format of ["text", "json", "markdown"]) {
      const drift = await run("drift", "-f", format);
      expect([drift.code, drift.stdout]).toEqual([2, expect.stringMatching(/overdue/i)]);
      expect((await run("show", "-f", format)).stdout).toMatch(/overdue/i);
    }
    await run("apply", "--only-expired");
    expect((await run("drift")).code).toBe(0);
  });

  it("show lists nothing of another account's policy", async () => {
    const { run } = await world(`{cidr: 203.0.113.8, expires: ${hours(4)}}`, [
      "198.51.100.0/24",
      "203.0.113.8",
    ]);
    const show = await run("show", "-p", "missing.yaml");
    expect([show.code, show.stdout]).toEqual([0, expect.not.stringContaining("Temporary")]);
  });
});

describe("apply --disable-enforcement", () => {
  it("turns enforcement off and does nothing else, after asking, and says what follows", async () => {
    const { emulator, run } = await world("192.0.2.0/24", ["198.51.100.0/24"]);
    expect((await run("apply", "--disable-enforcement")).stderr).toContain("approval-needed");
    const ran = await run("apply", "--disable-enforcement", "--auto-approve", "--audit");
    expect([ran.code, emulator.state().ruleSet.enabled]).toEqual([0, false]);
    expect(ran.stderr).toContain("A blocked address cannot do this");
    expect(ran.stderr).toContain("The next pipeline run turns enforcement on again");
    expect(emulator.state().rules[0]?.cidrs.length).toBe(1);
    expect((await run("rollback", "--auto-approve", "--client-ip", "198.51.100.9")).code).toBe(0);
    expect(emulator.state().ruleSet.enabled).toBe(true);
  });

  it("works where two rules have one name, and changes neither", async () => {
    const emulator = await newAccount(
      7,
      {
        enabled: true,
        rules: ["198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24"].map((cidr, at) => ({
          name: ["Office", "Office", "Office (id 2)"][at] ?? "",
          type: "allow" as const,
          cidrs: [cidr],
        })),
      },
      { clientIp: "198.51.100.9" },
    );
    const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" };
    const cwd = await newFolder();
    const before = emulator.state().rules;
    const ran = await dbtIpRules({ cwd, env }, "apply", "--disable-enforcement", "--auto-approve", "--audit");
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining("error[")]);
    expect(emulator.state().ruleSet.enabled).toBe(false);
    const rules = ({ name, cidrs }: (typeof before)[number]) => [name, cidrs.map(({ cidr }) => cidr)];
    expect(emulator.state().rules.map(rules)).toEqual(before.map(rules));
    const again = await dbtIpRules({ cwd, env }, "apply", "--disable-enforcement", "--auto-approve");
    expect(again.code, again.stderr).toBe(0);
    // Any other change has to know which of the two is meant.
    expect((await dbtIpRules({ cwd, env }, "rollback", "--auto-approve")).stderr).toContain(
      "account-rule-name-repeated",
    );
  });

  it("needs no policy that is valid", async () => {
    const { emulator, run } = await world("nonsense", ["198.51.100.0/24"]);
    expect((await run("apply", "--disable-enforcement", "--auto-approve")).code).toBe(0);
    expect(emulator.state().ruleSet.enabled).toBe(false);
    expect((await run("apply", "plan.json", "--disable-enforcement", "--auto-approve")).code).toBe(1);
  });
});
