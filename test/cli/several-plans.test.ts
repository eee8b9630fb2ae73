/** `apply plans/*.json`: several saved plans, one of each account, one approval for all. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

let cwd = "";
let eu: RunningEmulator;
let us: RunningEmulator;
const plans = ["plans/eu.plan.json", "plans/us.plan.json"];

const policy = (id: number, url: string) =>
  `version: 1\naccount: {id: ${id}, host: "${url}"}\nenforcement: ignore\nlint: {documentation-range: off}\nrules:\n  - {name: Office, type: allow, cidrs: [203.0.113.0/24]}\n`;

beforeEach(async () => {
  cwd = await newFolder();
  eu = await newAccount(1);
  us = await newAccount(2);
  await mkdir(join(cwd, "policies"));
  await writeFile(join(cwd, "policies/eu.yaml"), policy(1, eu.url));
  await writeFile(join(cwd, "policies/us.yaml"), policy(2, us.url));
  const ran = await dbtIpRules({ cwd }, "plan", "policies/eu.yaml", "policies/us.yaml", "--out", "plans");
  expect(ran.code, ran.stderr).toBe(0);
});

/** Without the temporary rule that each run made and deleted. */
const rules = () =>
  [eu, us].map((one) =>
    one
      .state()
      .rules.map(({ name }) => name)
      .filter((name) => !name.includes("temporary")),
  );

describe("apply of several plans", () => {
  it("carries out each, without a question where that was approved", async () => {
    const ran = await dbtIpRules({ cwd }, "apply", ...plans, "--auto-approve", "--receipt", "receipts");
    expect(ran.code, ran.stderr).toBe(0);
    expect(rules()).toEqual([["Office"], ["Office"]]);
    expect((await readdir(join(cwd, "receipts"))).toSorted()).toEqual(["eu.plan.jsonl", "us.plan.jsonl"]);
    expect(ran.stdout).toContain("== plans/eu.plan.json ==");
  });

  it("asks once for all", async () => {
    const ran = await dbtIpRules({ cwd, typed: ["yes"] }, "apply", ...plans);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr.match(/Type yes to continue/g)).toHaveLength(1);
    expect(ran.stderr).toMatch(/calls to 2\s+accounts \(1 at/);
    expect(rules()).toEqual([["Office"], ["Office"]]);
  });

  it("changes nothing where the answer is no, or nobody can answer", async () => {
    const no = await dbtIpRules({ cwd, typed: ["no"] }, "apply", ...plans);
    expect(no.stderr).toContain("[not-approved]");
    const nobody = await dbtIpRules({ cwd }, "apply", ...plans);
    expect(nobody.stderr).toContain("[approval-needed]");
    expect(nobody.code).toBe(1);
    expect(rules()).toEqual([[], []]);
  });

  it("says every problem of the files first, and changes nothing", async () => {
    await writeFile(join(cwd, "cut.json"), '{"format": "dbt-ip-rules/plan", "ver');
    const ran = await dbtIpRules({ cwd }, "apply", ...plans, "cut.json", "none.json");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("[plan-file-damaged]");
    expect(ran.stderr).toContain("[plan-file-unreadable]");
    expect(rules()).toEqual([[], []]);
    const json = await dbtIpRules({ cwd }, "apply", ...plans, "cut.json", "none.json", "-f", "json");
    const read = JSON.parse(json.stdout).policies.map(
      ({ policy: name, result }: { policy: string; result: { diagnostics: { code: string }[] } }) => [
        name,
        result.diagnostics.map(({ code }) => code),
      ],
    );
    expect(read).toEqual([
      ...plans.map((plan) => [plan, ["run-not-begun"]]),
      ["cut.json", ["plan-file-damaged"]],
      ["none.json", ["plan-file-unreadable"]],
    ]);
  });

  it("refuses two plans of one account, and a policy next to them", async () => {
    await dbtIpRules({ cwd }, "plan", "-p", "policies/eu.yaml", "--out", "again.json");
    const twice = await dbtIpRules({ cwd }, "apply", ...plans, "again.json", "--auto-approve");
    expect(twice.stderr).toContain("[plans-of-one-account]");
    const both = await dbtIpRules({ cwd }, "apply", ...plans, "-p", "policies/eu.yaml", "--auto-approve");
    expect(both.stderr).toContain("[bad-option]");
    expect(rules()).toEqual([[], []]);
  });

  it("is not stopped by one that is stale: the others are applied, and the exit code says so", async () => {
    await dbtIpRules({ cwd }, "apply", "plans/eu.plan.json", "--auto-approve");
    await dbtIpRules({ cwd }, "apply", "-p", "policies/us.yaml", "--auto-approve");
    await writeFile(join(cwd, "policies/us.yaml"), policy(2, us.url).replace("Office", "Other"));
    await writeFile(join(cwd, "policies/eu.yaml"), policy(1, eu.url).replace("Office", "Other"));
    await dbtIpRules({ cwd }, "plan", "policies/eu.yaml", "policies/us.yaml", "--out", "plans");
    // Somebody else is faster on the first account.
    await writeFile(join(cwd, "fast.yaml"), policy(1, eu.url).replace("Office", "Fast"));
    await dbtIpRules({ cwd }, "apply", "-p", "fast.yaml", "--auto-approve");
    const ran = await dbtIpRules({ cwd }, "apply", ...plans, "--auto-approve");
    expect(ran.code, ran.stderr).toBe(3);
    expect(rules()).toEqual([
      ["Office", "Fast"],
      ["Office", "Other"],
    ]);
  });
});
