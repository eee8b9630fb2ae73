/** The README, taken at its word: what it shows the program prints, and what it tells to type works as typed. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { accountBefore } from "../../src/cli/commands/demo.js";
import { startEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules as runHere } from "../cli/world.js";
import { changeFor, readme } from "../readme.js";
import { dbtIpRules } from "./cli.js";

const blocks = (language: string): string[] =>
  [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, found, text = ""]) =>
    found === language ? [text] : [],
  );

let cwd = "";
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "dbt-ip-rules-readme-"));
});
afterEach(() => rm(cwd, { recursive: true }));

/** Without what differs from run to run, and however its lines are broken. */
const steady = (text: string): string =>
  text
    .replace(/127\.0\.0\.1:\d+|ab123\.us1\.dbt\.com/g, "HOST")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "TIME")
    .replace(/\s+/g, " ");

it("shows what the demo prints", async () => {
  const { code, stdout } = await dbtIpRules(["demo"], { cwd, env: { HOME: cwd, TMPDIR: cwd } });
  expect(code).toBe(0);
  const shown = blocks("text").flatMap((block) => block.replace(/^\$ .*\n/, "").split(/^…\n/m));
  expect(shown).toHaveLength(3);
  for (const part of shown) expect(steady(stdout)).toContain(steady(part).trim());
});

/** An emulator with the demo's account, and the variables that lead to it. */
const demoAccount = async () => {
  const token = "token-of-the-readme";
  const emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token, kind: "service", role: "admin", name: "somebody" }],
    clientIp: "203.0.113.10",
    seed: accountBefore,
  });
  const env = { DBT_CLOUD_TOKEN: token, DBT_CLOUD_HOST_URL: emulator.url, HOME: cwd, TMPDIR: cwd };
  return { emulator, env };
};

it("shows the comment that a pull request gets", async () => {
  const { emulator, env } = await demoAccount();
  try {
    await copyFile("policy.yaml", join(cwd, "policy.yaml"));
    const ran = await runHere({ cwd, env }, "plan", "--client-ip", "203.0.113.10", "--format", "markdown");
    const shown = [...readme.matchAll(/^> ?(.*\n)/gm)].map(([, line]) => line).join("");
    expect(shown).toContain("Loses access");
    expect(steady(ran.stdout)).toContain(steady(shown).trim());
  } finally {
    await emulator.close();
  }
});

it("says what to change every day, and each change is planned as meant", async () => {
  const { emulator, env } = await demoAccount();
  try {
    const rules = (entry: string, more = ""): string =>
      `version: 1\naccount: { id: 66847 }\nenforcement: ignore\n${more}rules:\n${entry}`;
    const vpn = (name: string, entries: string, own = ""): string =>
      `  - name: ${name}\n    type: allow\n    description: Staff\n${own}    cidrs: [203.0.113.0/25, "2001:db8:10::/48", 198.51.100.32/27, 198.51.100.128/26${entries}]\n`;
    const partner = "  - name: Partner access\n    type: allow\n    cidrs: [192.0.2.192/28]\n";
    const changes = async (text: string): Promise<unknown> => {
      await writeFile(join(cwd, "policy.yaml"), text);
      const ran = await runHere({ cwd, env }, "plan", "--format", "json");
      expect(ran.code, ran.stdout).toBe(0);
      const document: { changes: unknown } = JSON.parse(ran.stdout);
      return document.changes;
    };
    const same = `${vpn("Corporate VPN", "")}${partner}`;
    expect(await changes(rules(same))).toEqual([]);
    const removed = changeFor("delete a rule").replace("Old partner", "Partner access");
    expect(await changes(rules(vpn("Corporate VPN", ""), `${removed}\n`))).toMatchObject([
      { action: "delete", rule: "Partner access" },
    ]);
    const renamed = `    ${changeFor("rename a rule").replace("Old name", "Corporate VPN")}\n`;
    expect(await changes(rules(`${vpn("VPN", "", renamed)}${partner}`))).toMatchObject([
      { action: "update", rule: "VPN", renamed_from: "Corporate VPN" },
    ]);
    for (const what of ["switch an entry off", "let somebody in"])
      expect(await changes(rules(`${vpn("Corporate VPN", `, ${changeFor(what)}`)}${partner}`))).toMatchObject(
        [{ action: "update", rule: "Corporate VPN" }],
      );
  } finally {
    await emulator.close();
  }
});

it("has a policy that is valid", async () => {
  const [policy = ""] = blocks("yaml");
  await writeFile(join(cwd, "policy.yaml"), policy);
  expect(await runHere({ cwd }, "validate", "--now", "2026-11-21")).toMatchObject({ code: 0 });
});

it("leads from an account to a change that is applied and audited", async () => {
  const token = "token-of-the-readme";
  const emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token, kind: "service", role: "admin", name: "somebody" }],
    clientIp: "203.0.113.10",
    seed: { enabled: true, rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] }] },
  });
  const file = join(cwd, "policy.yaml");
  const edit = async (): Promise<void> => {
    const policy = await readFile(file, "utf8");
    await writeFile(file, policy.replace(/^( +)- 203\.0\.113\.0\/24$/m, "$&\n$1- 198.51.100.0/26"));
  };
  const commands = (blocks("sh").find((block) => block.includes("dbt-ip-rules import")) ?? "")
    .split("\n")
    .filter((line) => line.includes("dbt-ip-rules "))
    .map((line) => line.replace(/ +#.*/, ""));
  expect(commands).toHaveLength(5);
  const said: string[] = [];
  try {
    for (const line of commands) {
      if (line.includes("$EDITOR")) await edit();
      // The one thing that a test cannot do is to answer the question.
      const args = line.replace(/^.*dbt-ip-rules /, "").replace("apply ", "apply --auto-approve ");
      const ran = await dbtIpRules(args.replace("ab123.us1.dbt.com", emulator.url).split(" "), {
        cwd,
        env: { DBT_CLOUD_TOKEN: token, HOME: cwd, TMPDIR: cwd },
      });
      expect(ran.code, `${line}: ${ran.stderr}`).toBe(0);
      said.push(ran.stdout);
    }
  } finally {
    await emulator.close();
  }
  expect(said[1]).toContain("No changes.");
  expect(said.at(-1)).toContain("Confirmed:");
  expect(emulator.state().rules.flatMap(({ cidrs }) => cidrs.map(({ cidr }) => cidr))).toContain(
    "198.51.100.0/26",
  );
});
