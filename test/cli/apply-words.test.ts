/** What apply says before, while and after it works: nothing that is not so, and all that the user must know in time. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

let nextAccount = 700;

const rule = (name: string, ...cidrs: string[]) => ({ name, type: "allow", cidrs });

/** A fresh account, and a policy of these rules beside it. */
const newWorld = async (rules: readonly object[], seed?: Seed, more: object = {}) => {
  const id = nextAccount++;
  const emulator = await newAccount(id, seed, more);
  const cwd = await newFolder();
  const write = (wanted: readonly object[], further: object = {}) =>
    writeFile(
      join(cwd, "policy.yaml"),
      JSON.stringify({ version: 1, account: { id, host: emulator.url }, ...further, rules: wanted }),
    );
  await write(rules, { enforcement: seed?.enabled === true ? "enabled" : "ignore" });
  return { id, emulator, cwd, write };
};

describe("a saved plan", () => {
  it("is applied with a warning where the policy has changed since", async () => {
    const { cwd, write } = await newWorld([rule("A", "203.0.113.0/24")]);
    await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
    await write([rule("A", "203.0.113.0/24"), rule("B", "198.51.100.0/24")], { enforcement: "ignore" });
    const ran = await dbtIpRules({ cwd }, "apply", "plan.json", "--auto-approve");
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("Warning: policy.yaml has changed since this plan was made");
  });

  it("is applied without one where it has not, or is of another account, or cannot be read", async () => {
    const { cwd, write } = await newWorld([rule("A", "203.0.113.0/24")]);
    await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
    const warned = async () =>
      (await dbtIpRules({ cwd }, "apply", "plan.json", "--auto-approve")).stderr.includes("has changed");
    expect(await warned()).toBe(false);
    await write([], { account: { id: 1 } });
    expect(await warned()).toBe(false);
    await writeFile(join(cwd, "policy.yaml"), "rules: [");
    expect(await warned()).toBe(false);
  });
});

describe("an interrupted apply", () => {
  it("says at once that it stops, before the step under way has ended", async () => {
    const old = { name: "Old", type: "allow", cidrs: ["192.0.2.0/28"] } as const;
    const wanted = [rule("A", "203.0.113.0/24"), rule("B", "198.51.100.0/24")];
    const { cwd, emulator } = await newWorld(wanted, { enabled: false, rules: [old] });
    const interruption = new AbortController();
    const onSaid = (text: string) => {
      if (text.startsWith("[1/2]")) interruption.abort();
    };
    const ran = await dbtIpRules({ cwd, onSaid, signal: interruption.signal }, "apply", "--auto-approve");
    expect(ran.code, ran.stderr).toBe(4);
    expect(ran.stderr.match(/Stopping: finishing the call in flight…/g)).toHaveLength(1);
    expect(emulator.requests.list().filter(({ method }) => method === "POST")).toHaveLength(1);
  });
});

describe("the address that the audit log shows", () => {
  it("is looked up before the plan says whether it is known", async () => {
    const office = rule("Office", "203.0.113.0/24");
    const { cwd } = await newWorld([office, rule("B", "198.51.100.0/24")], {
      enabled: true,
      rules: [{ name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] }],
    });
    const first = await dbtIpRules({ cwd }, "apply", "--auto-approve");
    expect(first.stdout).toContain("Your address is not known");
    expect(first.code).toBe(0);
    await writeFile(
      join(cwd, "policy.yaml"),
      (await readFile(join(cwd, "policy.yaml"), "utf8")).replace("198.51.100.0/24", "198.51.100.0/25"),
    );
    const second = await dbtIpRules({ cwd }, "apply", "--auto-approve");
    expect(second.stderr).toContain("203.0.113.10");
    expect(second.stdout + second.stderr).not.toContain("address is not known");
  });
});

describe("the receipt", () => {
  it("is named as readers on other machines can use it: relative in markdown, absolute in JSON", async () => {
    const { cwd, write } = await newWorld([rule("A", "203.0.113.0/24")]);
    const ran = await dbtIpRules(
      { cwd },
      ...["apply", "--auto-approve", "--receipt", "out/r.jsonl", "-f", "json", "--write", "markdown=c.md"],
    );
    expect(JSON.parse(ran.stdout).receipt).toBe(join(cwd, "out/r.jsonl"));
    expect(await readFile(join(cwd, "c.md"), "utf8")).toContain("Receipt: `out/r.jsonl`\n");
    await write([], { enforcement: "ignore", unmanaged_rules: "delete" });
    const elsewhere = join(await newFolder(), "there.jsonl");
    const away = await dbtIpRules(
      { cwd },
      ...["apply", "--auto-approve", "--receipt", elsewhere, "-f", "markdown"],
    );
    expect(away.stdout).toContain("Receipt: `there.jsonl`\n");
  });
});

describe("the question", () => {
  const enforced = {
    enabled: true,
    rules: [{ name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] }],
  } as const;

  it("is about the calls that are left where an earlier run has begun the plan", async () => {
    const old = { name: "Old", type: "allow", cidrs: ["192.0.2.0/28"] } as const;
    const wanted = ["A", "B", "C"].map((name, at) => rule(name, `203.0.${at}.0/24`));
    const { cwd } = await newWorld(wanted, { enabled: false, rules: [old] });
    await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
    const interruption = new AbortController();
    const onSaid = (text: string) => {
      if (text.startsWith("[1/3]")) interruption.abort();
    };
    const signal = interruption.signal;
    await dbtIpRules({ cwd, onSaid, signal }, "apply", "plan.json", "--auto-approve");
    const ran = await dbtIpRules({ cwd, typed: ["yes"] }, "apply", "plan.json");
    expect(ran.code).toBe(0);
    expect(ran.stderr.replace(/\s+/g, " ")).toContain(
      "Make the last 2 calls of 3 (the others are done already)",
    );
  });

  it("is not asked where the service says that the first call may lock out whoever asks", async () => {
    const { cwd, emulator } = await newWorld([rule("Office", "198.51.100.0/24")], {
      enabled: true,
      rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24", "203.0.113.0/24"] }],
    });
    const ran = await dbtIpRules({ cwd, typed: ["yes"] }, "apply");
    expect(ran.stdout).toContain("lockout-unsure");
    expect(ran.stderr).not.toContain("Type yes");
    expect(ran.code).toBe(3);
    expect(emulator.requests.list().every(({ method }) => method === "GET")).toBe(true);
  });

  it("comes after what a later call may do to whoever asks", async () => {
    const wanted = [rule("Office", "203.0.113.0/25"), rule("New", "198.51.100.0/24")];
    const { cwd } = await newWorld(wanted, enforced);
    const ran = await dbtIpRules({ cwd, typed: ["no"] }, "apply");
    const at = ["warning[lockout-unsure]", "Type yes"].map((part) => ran.stderr.indexOf(part));
    expect(at[0]).toBeGreaterThan(-1);
    expect(at[1]).toBeGreaterThan(at[0]!);
  });
});

describe("apply with a named receipt", () => {
  it("can be repeated as it is, and keeps the receipt of each run", async () => {
    const { cwd, write } = await newWorld([rule("A", "203.0.113.0/24")]);
    const apply = () => dbtIpRules({ cwd }, "apply", "--auto-approve", "--receipt", "r.jsonl");
    expect((await apply()).code).toBe(0);
    const first = await readFile(join(cwd, "r.jsonl"), "utf8");
    await write([rule("A", "203.0.113.0/24"), rule("B", "198.51.100.0/24")], { enforcement: "ignore" });
    const second = await apply();
    expect(second.code).toBe(0);
    expect(second.stderr).toContain("The receipt of an earlier run was moved to r.1.jsonl");
    expect(await readFile(join(cwd, "r.1.jsonl"), "utf8")).toBe(first);
  });
});

describe("a refused plan", () => {
  it("is saved without a command to apply it", async () => {
    const { cwd, write } = await newWorld([rule("A", "203.0.113.0/24")]);
    await write([rule("A", "203.0.113.0/24")], {
      enforcement: "enabled",
      guards: { must_allow: ["192.0.2.1"] },
    });
    const ran = await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
    expect(ran.code).toBe(3);
    expect(ran.stderr).not.toContain("To apply it");
  });
});
