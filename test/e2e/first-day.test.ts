/** The first day with the built program: init, import, validate, plan, apply, audit, and no drift after it. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules } from "./cli.js";

const token = "token-of-the-first-day";
let cwd = "";
let emulator: RunningEmulator;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "dbt-ip-rules-first-day-"));
  emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token, kind: "service", role: "admin", name: "ci" }],
    clientIp: "203.0.113.10",
    seed: { enabled: true, rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] }] },
  });
});
afterAll(async () => {
  await emulator.close();
  await rm(cwd, { recursive: true });
});

const run = async (...args: string[]) => {
  const ran = await dbtIpRules(args, { cwd, env: { DBT_CLOUD_TOKEN: token, TMPDIR: cwd, HOME: cwd } });
  expect(ran.stdout + ran.stderr).not.toContain(token);
  return ran;
};

it("goes from an account to a change that is applied and audited", async () => {
  expect(await run("init", "--account", "66847", "--host", emulator.url)).toMatchObject({
    code: 0,
    stdout: "",
  });
  expect((await run("import", "--merge", "policy.yaml")).code).toBe(0);
  expect((await run("validate")).code).toBe(0);
  expect((await run("plan", "--detailed-exitcode")).code).toBe(0);

  const file = join(cwd, "policy.yaml");
  const policy = await readFile(file, "utf8");
  await writeFile(file, policy.replace(/^( +)- 203\.0\.113\.0\/24$/m, "$&\n$1- 198.51.100.0/26"));
  expect((await run("fmt", "--check")).code).toBe(0);
  expect((await run("plan", "--out", "plan.json", "--detailed-exitcode")).code).toBe(2);
  expect(
    (await run("apply", "plan.json", "--auto-approve", "--audit", "--receipt", "receipt.jsonl")).code,
  ).toBe(0);
  expect((await run("audit", "verify", "--receipt", "receipt.jsonl")).code).toBe(0);
  expect((await run("drift")).code).toBe(0);
  const live = await run("explain", "198.51.100.7", "--live", "--format", "json");
  expect(live).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(live.stdout).views[0].verdict).toBe("allowed");
});
