/** Commands that look at an account take it from the policy beside them, and what was applied last as given. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSeedFile } from "../../src/emulator/seed-file.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

it("reads, watches, exports and verifies the log of the policy's account", async () => {
  const emulator = await newAccount(9);
  const cwd = await newFolder();
  const rules = "rules: [{name: Office, type: allow, cidrs: [203.0.113.0/24]}]";
  await writeFile(
    join(cwd, "policy.yaml"),
    `version: 1\naccount: {id: 9, host: "${emulator.url}"}\n${rules}\n`,
  );
  const applied = await dbtIpRules({ cwd }, "apply", "--auto-approve");
  expect(applied.code).toBe(0);

  const listed = await dbtIpRules({ cwd }, "audit", "list");
  expect(listed).toMatchObject({ code: 0 });
  expect(listed.stdout).toContain('rule "Office"');
  const watched = await dbtIpRules({ cwd }, "audit", "watch", "--once", "--since", "1h", "-f", "ndjson");
  expect(watched.code).toBe(0);
  expect(
    watched.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type),
  ).toContain("ip_restrictions.rule.added");
  expect(await dbtIpRules({ cwd }, "audit", "export", "-o", "log.csv")).toMatchObject({ code: 0 });

  const verified = await dbtIpRules({ cwd }, "audit", "verify", "--format", "json");
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.stdout).verdict).toBe("confirmed");
  expect(verified.stderr).toContain(".dbt-ip-rules/receipts/9-");
});

it("explains several addresses at once", async () => {
  const cwd = await newFolder();
  await writeFile(
    join(cwd, "policy.yaml"),
    "version: 1\nrules: [{name: Office, type: allow, cidrs: [203.0.113.0/24]}]\n",
  );
  const { stdout } = await dbtIpRules({ cwd }, "explain", "203.0.113.7", "198.51.100.7", "-f", "json");
  const { format, explanations } = JSON.parse(stdout);
  expect(format).toBe("dbt-ip-rules/explanations");
  expect(
    explanations.map((one: { cidr: string; views: { verdict: string }[] }) => [
      one.cidr,
      one.views[0]?.verdict,
    ]),
  ).toEqual([
    ["203.0.113.7/32", "allowed"],
    ["198.51.100.7/32", "blocked"],
  ]);
  const text = await dbtIpRules({ cwd }, "explain", "203.0.113.7", "198.51.100.7");
  expect(text.stdout).toMatch(/203\.0\.113\.7.*is allowed[\s\S]*198\.51\.100\.7.*is blocked/);
});

it("makes a copy of an account to rehearse on", async () => {
  const shown = async (url: string) => {
    const cwd = await newFolder();
    const { stdout } = await dbtIpRules({ cwd }, "show", "--host", url, "--account", "9", "-f", "json");
    return { cwd, stdout };
  };
  const real = await newAccount(9, {
    enabled: true,
    enabled_for_service_tokens: false,
    rules: [
      { name: "Office", type: "allow", description: "Staff", cidrs: ["203.0.113.0/24", "2001:db8::1"] },
      { name: "Guests", type: "deny", cidrs: [{ cidr: "203.0.113.96/27", enabled: false }], id: 77 },
    ],
  });
  const before = await shown(real.url);
  const file = join(before.cwd, "account.json");
  await writeFile(file, before.stdout);
  const copy = await newAccount(9, readSeedFile(file));
  const after = await shown(copy.url);
  const content = (text: string) => {
    const { enforcement, enabled_for_service_tokens, rules } = JSON.parse(text);
    const texts = (entries: { text: string }[] | undefined) => entries?.map((entry) => entry.text);
    return {
      enforcement,
      enabled_for_service_tokens,
      rules: rules.map((rule: Record<string, unknown>) => [
        rule["id"],
        rule["name"],
        rule["type"],
        rule["description"],
        texts(rule["entries"] as { text: string }[]), // The document's own shape.
        texts(rule["disabled_entries"] as { text: string }[] | undefined),
      ]),
    };
  };
  expect(content(after.stdout)).toEqual(content(before.stdout));
  await writeFile(file, before.stdout.replace('"Office"', "7"));
  expect(() => readSeedFile(file)).toThrow("/rules/0/name");
});
