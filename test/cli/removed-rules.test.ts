/** A rule deleted by the policy, from the file to the account; and one that only left the file. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const accountId = 66847;
const head = `version: 1\naccount: { id: ${accountId} }\nenforcement: enabled\nlint: { documentation-range: off }\n`;
const office = "  - { name: Office, type: allow, cidrs: [203.0.113.0/24] }\n";
const partner = "  - { name: Old partner, type: allow, cidrs: [198.51.100.0/24] }\n";
const both = `${head}rules:\n${office}${partner}`;
const left = `${head}rules:\n${office}`;

const prepare = async () => {
  const emulator = await newAccount(accountId, {
    enabled: true,
    rules: [
      { name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] },
      { name: "Old partner", type: "allow", cidrs: ["198.51.100.0/24"] },
    ],
  });
  const cwd = await newFolder();
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url } };
  const write = (text: string, name = "policy.yaml") => writeFile(join(cwd, name), text);
  return { place, write, run: (...argv: string[]) => dbtIpRules(place, ...argv) };
};

describe("removed_rules", () => {
  it("deletes the rule, then says that the line may go", async () => {
    const { write, run } = await prepare();
    await write(`${left}removed_rules: [Old partner]\n`);
    const planned = await run("plan");
    expect(planned.stdout).toContain('rule "Old partner" (allow), in `removed_rules`');
    expect(planned.stdout).toContain("1 to delete");
    expect(await run("drift", "--no-audit")).toMatchObject({ code: 2 });
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    const after = await run("plan");
    expect(after.stdout).toContain("No changes.");
    expect(after.stdout).toContain("note[removed-rule-gone]");
  });

  it.each([
    ["its name", `${both}removed_rules: [Old partner]\n`],
    [
      "a previous name",
      `${left.replace("type: allow,", "type: allow, previous_names: [Old partner],")}removed_rules: [Old partner]\n`,
    ],
  ])("may not name %s: an error at its place", async (_, text) => {
    const { write, run } = await prepare();
    await write(text);
    const { code, stdout } = await run("validate");
    expect(code).toBe(1);
    expect(stdout).toMatch(/policy\.yaml:\d+:17: error\[removed-rule-in-use\]/);
  });

  it("is not imported again by import --merge", async () => {
    const { place, write, run } = await prepare();
    const text = `${left}removed_rules: [Old partner]\n`;
    await write(text);
    expect(await run("import", "--merge", "policy.yaml")).toMatchObject({ code: 0 });
    expect(await readFile(join(place.cwd, "policy.yaml"), "utf8")).toBe(text);
  });
});

describe("a rule that left the file", () => {
  const warning = 'warning[rule-left-file]: Rule "Old partner" left the file but stays on the account';

  it("is said first by plan --base, in text, JSON and markdown", async () => {
    const { write, run } = await prepare();
    await write(both, "base.yaml");
    await write(left);
    const { code, stdout } = await run("plan", "--base", "base.yaml");
    expect(code).toBe(0);
    expect(stdout.indexOf(warning)).toBeLessThan(stdout.indexOf("Unmanaged rules"));
    expect(stdout).toContain("removed_rules: [Old partner]");
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/But 1 rule that left the file stays on the account/);
    const json = JSON.parse((await run("plan", "--base", "base.yaml", "--format", "json")).stdout);
    expect(json.diagnostics).toContainEqual(
      expect.objectContaining({ code: "rule-left-file", severity: "warning" }),
    );
    const markdown = (await run("plan", "--base", "base.yaml", "--format", "markdown")).stdout;
    expect(markdown.split("\n")[1]).toContain("1 rule that left the file stays on the account");
    const { stdout: silent } = await run("plan");
    expect(silent).not.toContain("left the file");
  });

  it("is known from the receipt of the last apply, to plan and drift", async () => {
    const { place, write, run } = await prepare();
    await write(both.replace("203.0.113.0/24", "203.0.113.0/24, 192.0.2.9"));
    expect(await run("apply", "--auto-approve")).toMatchObject({ code: 0 });
    const folder = join(place.cwd, ".dbt-ip-rules/receipts");
    const [receipt = ""] = await readdir(folder);
    const [header = ""] = (await readFile(join(folder, receipt), "utf8")).split("\n");
    expect(JSON.parse(header)).toMatchObject({ policy_rules: ["Office", "Old partner"] });
    await write(left.replace("203.0.113.0/24", "203.0.113.0/24, 192.0.2.9"));
    expect((await run("plan")).stdout).toContain(warning);
    const drift = await run("drift", "--no-audit");
    expect(drift.code).toBe(0);
    expect(drift.stdout.indexOf(warning)).toBeLessThan(drift.stdout.indexOf("Unmanaged rules"));
    expect(drift.stdout.trimEnd().split("\n").at(-1)).toMatch(/^No drift.* But 1 rule/);
  });

  it("is a warning of drift --base too, and a base with mistakes will do", async () => {
    const { write, run } = await prepare();
    await write(both.replace("198.51.100.0/24", "198.51.100.0/240"), "base.yaml");
    await write(left);
    expect((await run("plan", "--base", "base.yaml")).stdout).toContain(warning);
    await write(both, "base.yaml");
    expect((await run("drift", "--no-audit", "--base", "base.yaml")).stdout).toContain(warning);
    await write("a: [", "base.yaml");
    expect((await run("plan", "--base", "base.yaml")).stdout).toContain("warning[base-unreadable]");
  });
});
