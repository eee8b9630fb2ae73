/** Commands that look at an account take it from the policy beside them, and what was applied last as given. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
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
