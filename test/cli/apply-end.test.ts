/** How an apply ends: one document, one verdict, and what was done is never lost to a report that cannot be made. */
import { mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StartOptions } from "../../src/emulator/listener.js";
import { account, rule } from "../apply/hand-made.js";
import { accountId, token as drillToken } from "../e2e/drill/access.js";
import { startBench } from "../e2e/drill/bench.js";
import { policyOf } from "../e2e/drill/scenarios.js";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

let nextAccount = 500;

/** Not enforced, so that the plan is one call for each rule. */
const before = {
  enabled: false,
  rules: [{ name: "Old", type: "allow", cidrs: ["192.0.2.0/28"] }],
} as const;

/** A fresh account and a policy that asks for two new rules. */
const newWorld = async (more: Partial<StartOptions> = {}) => {
  const id = nextAccount++;
  const emulator = await newAccount(id, before, more);
  const cwd = await newFolder();
  const rule = (name: string, prefix: string) => `  - {name: ${name}, type: allow, cidrs: [${prefix}]}\n`;
  const policy = `version: 1\naccount: {id: ${id}, host: "${emulator.url}"}\nenforcement: ignore\nrules:\n${rule("A", "203.0.113.0/24")}${rule("B", "198.51.100.0/24")}`;
  await writeFile(join(cwd, "policy.yaml"), policy);
  const apply = (place: Partial<Place>, ...flags: string[]) =>
    dbtIpRules({ cwd, ...place }, "apply", "--auto-approve", ...flags);
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET");
  return { cwd, emulator, apply, writes };
};

/** Once the receipt is named, the steps are done: then the name for the report becomes a folder. */
const blockReport = (file: string) => {
  let blocked = false;
  return (text: string) => {
    if (blocked || !text.includes("Receipt:")) return;
    blocked = true;
    mkdirSync(file);
  };
};

const secondWriteFails = [
  { kind: "status", status: 400, method: "POST", nth: 2, path: "*/ip-restrictions*" },
] as const;

describe("a report that cannot be written", () => {
  it("is told before the first write, where that can be seen", async () => {
    const { cwd, apply, writes } = await newWorld();
    mkdirSync(join(cwd, "folder"));
    for (const flags of [
      ["-o", "folder"],
      ["--write", "json=folder"],
      ["-o", "policy.yaml/x"],
    ]) {
      const ran = await apply({}, ...flags);
      expect([ran.code, ran.stderr.includes("[cannot-write]")]).toEqual([1, true]);
    }
    expect(writes()).toEqual([]);
  });

  it("leaves the result on standard output, and 1 where all was done", async () => {
    const { cwd, apply, writes } = await newWorld();
    const onSaid = blockReport(join(cwd, "out.json"));
    const ran = await apply({ onSaid }, "-f", "json", "-o", "out.json");
    expect([ran.code, ran.stderr.includes("[cannot-write]")]).toEqual([1, true]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: "done", exit_code: 1 });
    expect(writes().length).toBe(2);
  });

  it("leaves a stop midway 4", async () => {
    const { cwd, apply } = await newWorld({ faults: secondWriteFails });
    const onSaid = blockReport(join(cwd, "out.json"));
    const ran = await apply({ onSaid }, "-f", "json", "-o", "out.json");
    expect([ran.code, ran.stderr.includes("[cannot-write]")]).toEqual([4, true]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: "midway", exit_code: 4 });
  });

  it("keeps what was done to several accounts", async () => {
    const [one, two] = [await newWorld(), await newWorld({ faults: secondWriteFails })];
    const policies = ["-p", "policy.yaml", "-p", join(two.cwd, "policy.yaml")];
    mkdirSync(join(one.cwd, "folder"));
    const early = await one.apply({}, ...policies, "-o", "folder");
    expect([early.code, one.writes()]).toEqual([1, []]);
    const onSaid = blockReport(join(one.cwd, "all.json"));
    const late = await one.apply({ onSaid }, ...policies, "-f", "json", "-o", "all.json");
    expect([late.code, late.stderr.includes("[cannot-write]")]).toEqual([4, true]);
    expect(
      JSON.parse(late.stdout).policies.map((row: { result: { outcome: string } }) => row.result.outcome),
    ).toEqual(["done", "midway"]);
  });
});

describe("apply --audit", () => {
  it("puts the log's verdict into the one document", async () => {
    const { apply } = await newWorld();
    const ran = await apply({}, "--audit", "-f", "json");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      outcome: "done",
      exit_code: 0,
      audit: { verdict: "confirmed", counts: { due: 2 } },
    });
  });

  it("exits as the document says where the log lacks a step", async () => {
    const { apply } = await newWorld({ auditLagMs: 3_600_000 });
    const ran = await apply({}, "--audit", "--audit-timeout", "0", "-f", "json");
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      outcome: "done",
      exit_code: 3,
      audit: { verdict: "missing" },
    });
  });

  it("exits as the document says where the log cannot be read", async () => {
    const unreadable = { kind: "status", status: 403, path: "*audit-logs*", times: 0 } as const;
    const { apply } = await newWorld({ faults: [unreadable] });
    const ran = await apply({}, "--audit", "-f", "json");
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      outcome: "done",
      exit_code: 1,
      audit: { verdict: "could-not-check" },
    });
  });

  it.each(["json", "text", "markdown"])(
    "interrupted while it waits, tells what was done: %s",
    async (format) => {
      const { apply } = await newWorld({ auditLagMs: 3_600_000 });
      const interruption = new AbortController();
      const onSaid = (text: string) => {
        if (text.includes("Waiting for the audit log")) interruption.abort();
      };
      const ran = await apply({ onSaid, signal: interruption.signal }, "--audit", "-f", format);
      expect(ran.code).toBe(1);
      expect(ran.stderr).not.toContain("internal-error");
      expect(ran.stdout).toContain("Applied: 2 of 2 steps done");
      if (format === "json")
        expect(JSON.parse(ran.stdout)).toMatchObject({
          outcome: "done",
          exit_code: 1,
          audit: { verdict: "could-not-check" },
        });
      else expect(ran.stdout).toContain("Could not check");
    },
  );
});

describe("enforcement that somebody turns on between the last reading and a write", () => {
  const analysts = "token-of-analyst-0123456789";
  const office = account("disabled", rule("office", "allow", ["203.0.113.0/24"]));
  const scenario = {
    name: "one more rule",
    before: office,
    after: account("disabled", ...office.rules, rule("VPN", "allow", ["192.0.2.0/26"])),
    renames: new Map<string, string>(),
    protectedAddresses: [],
  };
  const raced = async (...flags: string[]) => {
    const bench = await startBench(scenario, {
      tokens: [
        { token: drillToken, kind: "service", role: "admin", name: "ci" },
        { token: analysts, kind: "personal", role: "admin", name: "Analyst" },
      ],
    });
    const cwd = await newFolder();
    const policy = { ...JSON.parse(policyOf(scenario)), account: { id: accountId, host: bench.url } };
    await writeFile(join(cwd, "policy.yaml"), JSON.stringify(policy));
    const { handle } = bench.emulator;
    bench.intercept = (request) => {
      if (request.method === "GET") return undefined;
      bench.intercept = undefined;
      handle({
        ...request,
        target: `/api/v3/accounts/${accountId}/ip-restrictions-set/`,
        headers: { ...request.headers, authorization: `Token ${analysts}` },
        body: JSON.stringify({ enabled: true }),
      });
      return undefined;
    };
    const run = (...argv: string[]) => dbtIpRules({ cwd, env: { DBT_CLOUD_TOKEN: drillToken } }, ...argv);
    try {
      const applied = await run("apply", "--auto-approve", "--receipt", "r.jsonl", ...flags);
      const verified = await run("audit", "verify", "--receipt", "r.jsonl", "--timeout", "0");
      return { applied, verified, enforcement: bench.state().enforcement };
    } finally {
      await bench.close();
    }
  };

  it("exits 4 with --audit, and says so before anything else", async () => {
    const { applied, verified, enforcement } = await raced("--audit");
    expect(enforcement).toBe("disabled");
    expect(applied.code, applied.stderr).toBe(4);
    expect(applied.stdout).not.toContain("Applied:");
    const flipped = applied.stdout.indexOf("error[enforcement-flipped]");
    expect(flipped).toBeGreaterThan(0);
    expect(flipped).toBeLessThan(applied.stdout.indexOf("Stopped midway"));
    expect(applied.stdout).toContain("dbt-ip-rules apply");
    expect([verified.code, verified.stdout.indexOf("error[enforcement-flipped]")]).toEqual([4, 0]);
  });

  it("says it once and first in JSON", async () => {
    const { applied } = await raced("--audit", "-f", "json");
    const document = JSON.parse(applied.stdout);
    expect(document).toMatchObject({
      outcome: "midway",
      exit_code: 4,
      diagnostics: [{ code: "enforcement-flipped" }],
      audit: { verdict: "enforcement-flipped" },
    });
  });
});

describe("apply", () => {
  it("knows no other time than now", async () => {
    const { apply, writes } = await newWorld();
    const ran = await apply({}, "--now", "2030-01-01");
    expect([ran.code, ran.stderr.includes("[bad-usage]"), writes()]).toEqual([1, true, []]);
  });

  it("says what kind of file names another account than a flag does", async () => {
    const { cwd, apply } = await newWorld();
    await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
    expect((await apply({}, "plan.json", "--account", "7")).stderr).toContain(
      "The saved plan is for account",
    );
    expect((await apply({}, "--receipt", "r.jsonl")).code).toBe(0);
    const env = { DBT_CLOUD_ACCOUNT_ID: "7" };
    const verified = await dbtIpRules({ cwd, env }, "audit", "verify", "--receipt", "r.jsonl");
    expect(verified.stderr).toContain("The receipt is for account");
    expect(await readFile(join(cwd, "r.jsonl"), "utf8")).not.toBe("");
  });
});
