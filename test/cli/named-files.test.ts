/** Every file that a command line names: what a link in a checkout may point to is not shown, whatever names it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

let cwd = "";
let place: Place;
const secret = "https://user:ghs_secretOfTheRunner@github.com";

beforeAll(async () => {
  const emulator = await newAccount(9);
  const top = await newFolder();
  cwd = join(top, "checkout");
  mkdirSync(join(cwd, ".dbt-ip-rules/receipts"), { recursive: true });
  mkdirSync(join(cwd, ".git"));
  place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "9" } };
  writeFileSync(join(top, ".git-credentials"), `${secret}\n`);
  writeFileSync(join(cwd, ".git/config"), `${secret}\n`);
  writeFileSync(join(cwd, "good.yaml"), "version: 1\nrules: []\n");
  writeFileSync(join(cwd, "ten.yaml"), "version: 1\naccount: {id: 10}\nrules: []\n");
  execFileSync("mkfifo", [join(cwd, "pipe")]);
  for (const [name, target] of [
    ["link", "../.git-credentials"],
    ["environ", "/proc/self/environ"],
    ["zero", "/dev/zero"],
    ["config", ".git/config"],
  ] as const)
    for (const end of ["yaml", "json", "jsonl"]) symlinkSync(target, join(cwd, `${name}.${end}`));
  symlinkSync("../../../.git-credentials", join(cwd, ".dbt-ip-rules/receipts/9-20261128.jsonl"));
  symlinkSync("../.git-credentials", join(cwd, "list.txt"));
  for (const file of ["list.txt", "zero.yaml", "pipe", ".git/config"])
    writeFileSync(
      join(cwd, `${file.replace("/", "-")}.policy.yaml`),
      `version: 1\nnetworks: {n: {file: ${file}}}\nrules: [{name: A, type: allow, cidrs: [network: n]}]\n`,
    );
});

const codeOf = (stdout: string): string => JSON.parse(stdout).diagnostics?.[0]?.code;

describe.skipIf(process.platform === "win32")("a named file", () => {
  for (const name of ["link.yaml", "environ.yaml", "zero.yaml", "config.yaml", "pipe"])
    it.each([
      ["validate", "-p", name],
      ["plan", name],
      ["plan", name, "ten.yaml"],
      ["explain", "192.0.2.1", "-p", name],
      ["apply", "-p", name, "--auto-approve"],
      ["drift", "-p", name],
      ["drift", "-p", "good.yaml", "--base", name],
      ["fmt", "-p", name],
      ["import", "--merge", name],
      ["show", "-p", name, "--host", ""],
      ["plan", name, "-f", "matrix"],
      ["__complete", "explain", "-p", name, "--rule", ""],
    ])(`is not read as a policy: %s ${name}`, async (...line) => {
      const json = ["fmt", "import", "__complete"].includes(line[0] ?? "") || line.includes("matrix");
      const ran = await dbtIpRules(place, ...line, ...(json ? [] : ["-f", "json"]));
      expect(ran.stdout + ran.stderr).not.toMatch(/secretOfTheRunner|PATH=/);
      if (!["show", "__complete"].includes(line[0] ?? "") && !line.includes("matrix")) {
        expect(ran.code).toBe(1);
        // A receipt is a link to the same file.
        expect(ran.stdout + ran.stderr).toMatch(/policy-unreadable|output-clash/);
      }
    });

  it.each(["link.json", "environ.json", "zero.json", "config.json", "pipe"])(
    "is not read as a plan: %s",
    async (name) => {
      for (const line of [
        ["show", name],
        ["apply", name, "--auto-approve"],
        ["explain", "192.0.2.1", "--plan", name],
      ]) {
        const ran = await dbtIpRules(place, ...line, "-f", "json");
        expect(codeOf(ran.stdout)).toBe("plan-file-unreadable");
      }
    },
  );

  it.each(["link.jsonl", "environ.jsonl", "zero.jsonl", "config.jsonl", "pipe", ".dbt-ip-rules/receipts"])(
    "is not read as a receipt: %s",
    async (name) => {
      const ran = await dbtIpRules(place, "audit", "verify", "--receipt", name, "-f", "json");
      expect(codeOf(ran.stdout)).toBe("receipt-unreadable");
      expect(ran.stdout + ran.stderr).not.toMatch(/secretOfTheRunner|PATH=/);
    },
  );

  it.each(["zero.jsonl", "pipe"])("is not read as a cursor, seed or state: %s", async (name) => {
    const watch = await dbtIpRules(place, "audit", "watch", "--once", "--cursor", name);
    expect(watch.stderr).toContain("cursor-unreadable");
    for (const flag of ["--seed", "--state"]) {
      const ran = await dbtIpRules(place, "emulator", "--account", "1", "--token", "t", flag, name);
      expect(ran.stderr.replace(/\s+/g, " ")).toMatch(/not a file|leads out of the folder/);
    }
  });

  it.each([
    ["list.txt", "leads out of the folder"],
    ["zero.yaml", "leads out of the folder"],
    ["pipe", "not a file"],
    [".git-config", "hold credentials"],
  ])("is not read as a list, and it says why: %s", async (name, why) => {
    const ran = await dbtIpRules(place, "validate", "-p", `${name}.policy.yaml`);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("file-missing");
    expect(ran.stdout.replace(/\s+/g, " ")).toContain(why);
    expect(ran.stdout).not.toContain("secretOfTheRunner");
  });
});
