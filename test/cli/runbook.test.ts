/** Each recipe of docs/runbook.md, as it stands there, on an account in the trouble that it is for. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const page = readFileSync("docs/runbook.md", "utf8");

/** The commands of a recipe, by the words that it begins with, without the program's name. */
const recipe = (title: string): string[][] => {
  const from = page.indexOf(`**${title}`);
  const to = page.indexOf("\n**", from + 1);
  const part = page.slice(from, to < 0 ? undefined : to);
  expect(from).toBeGreaterThan(0);
  return [...part.matchAll(/^dbt-ip-rules (.+)$/gm)].map(([, words = ""]) => words.split(" "));
};

const policy = `version: 1
account:
  id: 7
enforcement: enabled
rules:
  - name: Office
    type: allow
    cidrs:
      - 198.51.100.0/24
`;

const world = async () => {
  const emulator = await newAccount(
    7,
    {
      enabled: false,
      rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24", "203.0.113.0/24"] }],
    },
    { clientIp: "198.51.100.9" },
  );
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), policy);
  const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" };
  // Where a recipe asks, somebody says yes.
  const run = (...argv: string[]) => dbtIpRules({ cwd, env, typed: ["yes"] }, ...argv);
  const getsIn = async (address: string): Promise<boolean> => {
    emulator.change({ clientIp: address });
    const { code } = await run("show");
    emulator.change({ clientIp: "198.51.100.9" });
    return code === 0;
  };
  expect((await run("apply", "--client-ip", "198.51.100.9")).code).toBe(0);
  return { emulator, run, getsIn };
};

describe("the runbook", () => {
  it("fits on a screen or two", () => {
    expect(page.split("\n").length).toBeLessThan(70);
  });

  it.each([
    ["Somebody is locked out", "203.0.113.7"],
    ["The pipeline is locked out", "192.0.2.44"],
  ])("%s", async (title, address) => {
    const { run, getsIn } = await world();
    expect(await getsIn(address)).toBe(false);
    for (const words of recipe(title)) expect([words, (await run(...words)).code]).toEqual([words, 0]);
    expect(await getsIn(address)).toBe(true);
  });

  it("Everybody is locked out: the first enforcement is undone with the flag that the page names", async () => {
    const { run, getsIn } = await world();
    expect(await getsIn("203.0.113.7")).toBe(false);
    const [words = []] = recipe("Everybody is locked out");
    expect((await run(...words)).code).toBe(3);
    expect(page).toContain("add `--disable-enforcement`");
    const ran = await run(...words, "--disable-enforcement");
    expect([ran.code, await getsIn("203.0.113.7")]).toEqual([0, true]);
    expect(ran.stderr).toContain("Revert the commit too");
  });

  it("Turn enforcement off", async () => {
    const { emulator, run, getsIn } = await world();
    for (const words of recipe("Turn enforcement off")) expect((await run(...words)).code).toBe(0);
    expect([emulator.state().ruleSet.enabled, await getsIn("203.0.113.7")]).toEqual([false, true]);
  });

  it("I am locked out: nothing can be done from there, as the page says", async () => {
    const { emulator, run } = await world();
    emulator.change({ clientIp: "203.0.113.7" });
    for (const words of [...recipe("Turn enforcement off"), ...recipe("Everybody is locked out")]) {
      const ran = await run(...words);
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("blocked-by-ip-restrictions")]);
    }
    expect(recipe("I am locked out")).toEqual([]);
  });

  it("Where are the receipts", async () => {
    const { run } = await world();
    const codes = [];
    for (const words of recipe("Where are the receipts")) codes.push((await run(...words)).code);
    expect(codes).toEqual([0, 0]);
  });
});
