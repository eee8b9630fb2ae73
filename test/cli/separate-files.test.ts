/** Nothing that a command line writes is what it reads, or writes already, by any name; and no call is made before. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { beforeAll, expect, it } from "vitest";
import { roleOf } from "../../src/cli/arguments/named-files.js";
import { wholeProgram } from "../../src/cli/run.js";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

let cwd = "";
let place: Place;
let emulator: RunningEmulator;
const precious: Record<string, string> = {};

beforeAll(async () => {
  emulator = await newAccount(9, { enabled: false, rules: [] });
  cwd = await newFolder();
  place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "9" } };
  mkdirSync(join(cwd, "lists"));
  mkdirSync(join(cwd, "eu"));
  const policy = (ends: string) =>
    `version: 1\ninclude: [lists/shared.yaml]\nnetworks: {n: {file: lists/n.txt}}\nrules: [{name: ${ends}, type: allow, cidrs: [network: n, network: s]}]\n`;
  writeFileSync(join(cwd, "lists/n.txt"), "8.8.8.0/24\n");
  writeFileSync(join(cwd, "lists/s.txt"), "8.8.4.0/24\n");
  writeFileSync(join(cwd, "lists/shared.yaml"), "networks: {s: {file: s.txt}}\n");
  writeFileSync(join(cwd, "policy.yaml"), policy("A"));
  writeFileSync(join(cwd, "base.yaml"), policy("B"));
  writeFileSync(join(cwd, "eu/policy.yaml"), "version: 1\naccount: {id: 10}\nrules: []\n");
  symlinkSync("policy.yaml", join(cwd, "link.yaml"));
  linkSync(join(cwd, "policy.yaml"), join(cwd, "hard.yaml"));
  symlinkSync("lists", join(cwd, "folder"));
  symlinkSync("fresh.json", join(cwd, "dangling.json"));
  expect((await dbtIpRules(place, "plan", "--out", "plan.json")).stderr).toContain("saved");
  expect((await dbtIpRules(place, "apply", "plan.json", "--auto-approve")).code).toBe(0);
  expect(
    (await dbtIpRules(place, "apply", "-p", "base.yaml", "--auto-approve", "--receipt", "r/r.jsonl")).code,
  ).toBe(0);
  for (const file of [
    "policy.yaml",
    "base.yaml",
    "lists/n.txt",
    "lists/s.txt",
    "lists/shared.yaml",
    "plan.json",
    "r/r.jsonl",
    "eu/policy.yaml",
  ])
    precious[file] = readFileSync(join(cwd, file), "utf8");
});

const lines = [
  "plan --out policy.yaml",
  "plan --output policy.yaml",
  "plan -f json -o ./eu/../policy.yaml",
  "plan --write json=policy.yaml",
  "plan --write json=link.yaml",
  "plan -p link.yaml --out policy.yaml",
  "plan -p nowhere.yaml -f json -o nowhere.yaml",
  "plan --out hard.yaml",
  "plan --out lists/n.txt",
  "plan --out folder/s.txt",
  "plan -o lists/shared.yaml",
  "plan eu/policy.yaml policy.yaml -o policy.yaml",
  "plan eu/policy.yaml policy.yaml --write markdown=lists/n.txt",
  "plan --out x -o x",
  "plan --out x --write json=./x",
  "plan -o fresh.json --out dangling.json",
  "validate -f json -o policy.yaml",
  "validate -f sarif --write json=base.yaml -o base.yaml",
  "explain 8.8.8.8 -o policy.yaml",
  "explain 8.8.8.8 --plan plan.json -f json -o plan.json",
  "show -o policy.yaml",
  "show plan.json -f json -o plan.json",
  "drift --base base.yaml -o base.yaml",
  "drift --base base.yaml --write json=lists/s.txt",
  "drift --receipt r/r.jsonl -o r/r.jsonl",
  "audit verify --receipt r -f json -o r/r.jsonl",
  "audit verify --receipt r/r.jsonl --write junit=r/r.jsonl",
  "audit list -o policy.yaml",
  "audit export -o policy.yaml",
  "audit watch --once --cursor policy.yaml",
  "apply plan.json --auto-approve -o plan.json",
  "apply --auto-approve --receipt x --output x",
  "apply --auto-approve --receipt x --write json=x",
  "apply --auto-approve --write json=policy.yaml",
  "apply --auto-approve -f json -o lists/n.txt",
  "emulator --account 1 --token t --seed x.yaml --state x.yaml",
];

it.each(lines)("is refused before any call: %s", async (line) => {
  const before = emulator.requests.list().length;
  const ran = await dbtIpRules(place, ...line.split(" "));
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("output-clash");
  for (const [file, text] of Object.entries(precious))
    expect(readFileSync(join(cwd, file), "utf8")).toBe(text);
  expect(emulator.requests.list().length).toBe(before);
});

it("is no receipt that an earlier run left", async () => {
  const [name] = readdirSync(join(cwd, ".dbt-ip-rules/receipts"));
  for (const line of ["drift -o", "plan --out", "audit list -o"]) {
    const ran = await dbtIpRules(place, ...line.split(" "), `.dbt-ip-rules/receipts/${name}`);
    expect(ran.stderr).toContain("output-clash");
  }
});

it("may be what an earlier run wrote, a device, and a name beside", async () => {
  for (const line of [
    "validate -f json -o report.json",
    "validate -f json -o report.json --write text=/dev/null --write sarif=/dev/null",
    "plan --out plan.json --write json=plan-report.json -o policy.yaml.txt",
    "show plan.json -o plan.txt",
  ]) {
    const ran = await dbtIpRules(place, ...line.split(" "));
    expect(ran.stderr).not.toContain("error");
    expect(ran.code).toBe(0);
  }
});

it("is known of every option that takes a file", async () => {
  const program = await wholeProgram({
    env: {},
    cwd,
    stdout: { write: () => true },
    stderr: { write: () => true },
    stdin: process.stdin,
    now: () => new Date(0),
    signal: new AbortController().signal,
    isInterrupted: () => false,
  });
  const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
  const unknown = all(program).flatMap((command) =>
    command.options
      .filter(({ flags }) => /<[a-z=]*(file|files|policy|folder|path|dir)[.>]/.test(flags))
      .filter(({ long }) => roleOf(command.name(), long ?? "") === undefined)
      .map(({ flags }) => `${command.name()} ${flags}`),
  );
  expect(unknown).toEqual([]);
});
