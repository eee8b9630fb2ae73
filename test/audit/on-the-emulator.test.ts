/** The commands against the emulator over HTTP: late events, wrong clocks, moving pages, both record shapes, other people. */
import { watch } from "node:fs";
import { mkdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditShape } from "../../src/emulator/events.js";
import { accountId, policyText, ruleText, World } from "./world.js";

const policy = policyText(
  ruleText("Office", ["192.0.2.0/25", "198.51.100.0/26"]) + ruleText("VPN", ["203.0.113.0/28"]),
);
const before = { rules: [{ name: "Office", type: "allow", cidrs: ["192.0.2.0/25"] }] } as const;

let world: World;
const opened = async (options: Parameters<typeof World.open>[0] = {}): Promise<World> => {
  await world?.close();
  world = await World.open({ seed: before, ...options });
  await world.write("policy.yaml", policy);
  return world;
};
beforeEach(() => opened());
afterEach(() => world.close());

const json = (text: string) => JSON.parse(text);

/** The same receipt as a rehearsal on another emulator leaves it: account ids agree, hosts do not. */
const ofAnotherHost = async (receipt: string): Promise<string> =>
  (await world.read(receipt)).replaceAll(new URL(world.emulator.url).host, "127.0.0.1:9");

describe("audit verify", () => {
  it.each(["current", "2022", "mixed"] as const satisfies readonly AuditShape[])(
    "confirms in record shape %s",
    async (auditShape) => {
      await opened({ auditShape });
      const receipt = await world.apply();
      const ran = await world.run([
        "audit",
        "verify",
        "--receipt",
        receipt,
        "--timeout",
        "0",
        "--format",
        "json",
      ]);
      expect(ran.code).toBe(0);
      expect(json(ran.stdout)).toMatchObject({
        verdict: "confirmed",
        counts: { due: 2, strong: 2, weak: 0, foreign: 0 },
      });
    },
  );

  it("confirms weakly where the log does not say which rule it was", async () => {
    await opened({ auditContext: "none", auditShape: "mixed" });
    const ran = await world.run([
      "audit",
      "verify",
      "--receipt",
      await world.apply(),
      "--timeout",
      "0",
      "--format",
      "json",
    ]);
    expect(json(ran.stdout)).toMatchObject({ verdict: "confirmed", counts: { strong: 0, weak: 2 } });
  });

  it("waits for events that come late", async () => {
    await opened({ auditLagMs: 900 });
    const receipt = await world.apply();
    expect((await world.run(["audit", "verify", "--receipt", receipt, "--timeout", "0"])).code).toBe(3);
    const ran = await world.run([
      "audit",
      "verify",
      "--receipt",
      receipt,
      "--timeout",
      "20s",
      "--format",
      "json",
    ]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("Waiting for the audit log");
  });

  it("exits 3 where events never come, and names the steps", async () => {
    await opened({ auditLagMs: null });
    const ran = await world.run([
      "audit",
      "verify",
      "--receipt",
      await world.apply(),
      "--timeout",
      "0",
      "--format",
      "json",
    ]);
    expect(ran.code).toBe(3);
    const [receipt] = json(ran.stdout).receipts;
    expect(receipt.steps.map(({ match }: { match: string }) => match)).toEqual(["missing", "missing"]);
  });

  it.each([-3 * 3_600_000, 3 * 3_600_000])(
    "goes by the server's clock where this machine's is %i ms off",
    async (skew) => {
      world.clockAheadMs = skew;
      const ran = await world.run(["audit", "verify", "--receipt", await world.apply(), "--timeout", "0"]);
      expect(ran.stderr + ran.stdout).toContain("Confirmed");
      expect(ran.code).toBe(0);
    },
  );

  it("lists what others did meanwhile as foreign, with actor, address and time", async () => {
    const receipt = await world.apply();
    await world.addCidr("VPN", "203.0.113.128/28");
    const ran = await world.run([
      "audit",
      "verify",
      "--receipt",
      receipt,
      "--timeout",
      "0",
      "--format",
      "json",
    ]);
    expect(ran.code).toBe(0);
    expect(json(ran.stdout).foreign).toMatchObject([
      { type: "ip_restrictions.rule.changed", actor: { name: "a person", ip: "203.0.113.77" } },
    ]);
  });

  it("takes a folder of receipts, each event for one step only", async () => {
    await world.apply("receipts/1.jsonl");
    await world.write("policy.yaml", policy.replace("203.0.113.0/28", "203.0.113.0/27"));
    await world.apply("receipts/2.jsonl");
    const ran = await world.run([
      "audit",
      "verify",
      "--receipt",
      "receipts",
      "--timeout",
      "0",
      "--format",
      "json",
    ]);
    expect(ran.code).toBe(0);
    expect(json(ran.stdout)).toMatchObject({ verdict: "confirmed", foreign: [] });
    expect(json(ran.stdout).receipts).toHaveLength(2);
  });

  it("refuses receipts of one account id on two hosts", async () => {
    await world.apply("receipts/1.jsonl");
    await world.write("receipts/2.jsonl", await ofAnotherHost("receipts/1.jsonl"));
    const ran = await world.run(["audit", "verify", "--receipt", "receipts", "--timeout", "0"]);
    expect([ran.code, ran.stderr.includes("receipts-of-several-accounts")]).toEqual([1, true]);
  });

  it.each([403, 404])("never says confirmed where the log answers %i", async (status) => {
    const receipt = await world.apply();
    await world.control("faults", { kind: "status", path: "*/audit-logs/*", status, times: 0 });
    const ran = await world.run(["audit", "verify", "--receipt", receipt, "--format", "json"]);
    expect(ran.code).toBe(1);
    expect(json(ran.stdout)).toMatchObject({ verdict: "could-not-check", counts: { strong: 0, weak: 0 } });
  });

  it("refuses receipts of another account, and folders without receipts", async () => {
    const receipt = await world.apply();
    await world.write("other.jsonl", (await world.read(receipt)).replaceAll('"id":66847', '"id":5'));
    expect((await world.run(["audit", "verify", "--receipt", "other.jsonl"])).code).toBe(1);
    const both = await world.run(["audit", "verify", "--receipt", receipt, "other.jsonl"]);
    expect([both.code, both.stderr.includes("receipts-of-several-accounts")]).toEqual([1, true]);
    const none = await world.run(["audit", "verify", "--receipt", "."]);
    expect(none.code).toBe(1);
  });
});

describe("audit list", () => {
  const log = (count: number) => ({
    events: [{ type: ["job_definition.changed", "group.added"], count, every_seconds: 1, seconds_ago: 120 }],
  });

  it("gives every event once while others arrive between the pages", async () => {
    await opened({ seed: log(450), auditShape: "mixed" });
    await world.control("faults", { kind: "events", path: "*/audit-logs/*", count: 3, nth: 2, times: 3 });
    const ran = await world.run(["audit", "list", "--format", "ndjson"]);
    const ids = ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => json(line).id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(459);
  });

  it("filters by type, glob, actor, time and count", async () => {
    await opened({ seed: { ...before, ...log(300) } });
    await world.addCidr("Office", "198.51.100.0/26");
    const count = async (...args: string[]) => {
      const ran = await world.run(["audit", "list", "--format", "json", ...args]);
      expect(ran.code).toBe(0);
      return json(ran.stdout).events.length;
    };
    expect(await count()).toBe(301);
    expect(await count("--event", "ip_restrictions.*")).toBe(1);
    expect(await count("--event", "group.added", "ip_restrictions")).toBe(151);
    expect(await count("--event", "v1.events.group.Added")).toBe(150);
    expect(await count("--actor", "a person")).toBe(1);
    expect(await count("--actor", "203.0.113.77")).toBe(1);
    expect(await count("--limit", "7")).toBe(7);
    expect(await count("--since", "1m")).toBe(1);
    expect(await count("--until", "1m")).toBe(300);
  });

  it("writes CSV that no spreadsheet runs", async () => {
    const evil = { type: "group.added", actor: { name: '=HYPERLINK("http://198.51.100.1")', id: "+1" } };
    await opened({ seed: { events: [evil] } });
    const ran = await world.run(["audit", "list", "--format", "csv", "--output", "log.csv"]);
    expect([ran.code, ran.stdout]).toEqual([0, ""]);
    const text = await world.read("log.csv");
    expect(text).toContain(`"'=HYPERLINK(""http://198.51.100.1"")"`);
    expect(text).toContain(",'+1,");
  });

  it("closes its JSON where the log breaks off, says so, and keeps no half file", async () => {
    await opened({ seed: log(450) });
    await world.control("faults", { kind: "status", path: "*/audit-logs/*", status: 403, nth: 3, times: 0 });
    const ran = await world.run(["audit", "list", "--format", "json"]);
    expect(ran.code).toBe(1);
    expect(json(ran.stdout)).toMatchObject({ complete: false });
    await world.control("faults", { kind: "status", path: "*/audit-logs/*", status: 403, times: 0 });
    expect((await world.run(["audit", "list", "--output", "half.txt"])).code).toBe(1);
    await expect(world.read("half.txt")).rejects.toThrow("ENOENT");
  });

  it("lists 20,000 events", async () => {
    await opened({ seed: log(20_000) });
    const ran = await world.run([
      "audit",
      "list",
      "--format",
      "csv",
      "--output",
      "all.csv",
      "--since",
      "30d",
    ]);
    expect(ran.stderr).toBe("Saved 20,000 events: all.csv\n");
    expect((await world.read("all.csv")).trimEnd().split("\r\n")).toHaveLength(20_001);
  });
});

describe("audit export", () => {
  it("saves a range, and the whole history for a person's token, resumed by its job", async () => {
    await opened({ seed: { events: [{ type: "group.added", count: 2500 }] }, exportPolls: 1 });
    expect((await world.run(["audit", "export", "--output", "range.csv"])).code).toBe(0);
    expect((await world.read("range.csv")).trimEnd().split("\n")).toHaveLength(2501);
    const refused = await world.run(["audit", "export", "--full", "--output", "all.csv"]);
    expect([refused.code, refused.stderr.includes("personal access token")]).toEqual([1, true]);
    world.asPerson();
    await world.control("faults", { kind: "truncate", path: "*.csv", times: 0 });
    const broken = await world.run(["audit", "export", "--full", "--output", "all.csv"]);
    expect(broken.code).toBe(1);
    await expect(world.read("all.csv")).rejects.toThrow("ENOENT");
    await fetch(`${world.emulator.url}/_emulator/faults`, { method: "DELETE" });
    const resumed = await world.run(["audit", "export", "--full", "--output", "all.csv"]);
    expect(resumed.stderr).toContain("Going on with job");
    expect(resumed.code).toBe(0);
    expect((await world.read("all.csv")).trimEnd().split("\n")).toHaveLength(2501);
    await expect(world.read("all.csv.export-job.json")).rejects.toThrow("ENOENT");
  });

  it("never mixes the whole history with a range", async () => {
    expect((await world.run(["audit", "export", "--full", "--since", "7d", "--output", "x.csv"])).code).toBe(
      1,
    );
  });
});

describe("audit watch", () => {
  it("prints each event once over restarts", async () => {
    const once = (...more: string[]) =>
      world.run(["audit", "watch", "--once", "--format", "ndjson", "--cursor", "cursor.json", ...more]);
    expect((await once()).stdout).toBe("");
    await world.addCidr("Office", "198.51.100.0/26");
    await world.control("events", { type: "group.added" });
    const second = await once();
    expect(json(second.stdout).type).toBe("ip_restrictions.rule.changed");
    expect((await once()).stdout).toBe("");
    await world.addCidr("Office", "198.51.100.64/26");
    expect((await once()).stdout.trimEnd().split("\n")).toHaveLength(1);
  });

  it("ends with 0 when it is told to", async () => {
    const asked = new AbortController();
    const { emulator } = world;
    const { handle } = emulator;
    emulator.handle = (request) => {
      const answer = handle(request);
      asked.abort();
      return answer;
    };
    const ran = await world.run(["audit", "watch", "--interval", "1h"], asked.signal);
    expect(ran.stderr).toMatch(
      /^Watching the audit log of account \d+ on 127\.0\.0\.1:\d+, every 3600 s; Ctrl-C ends it$/m,
    );
    expect(ran.code).toBe(0);
  });

  it("stores the cursor a few times over a backlog, and nothing twice after a signal", async () => {
    await opened({ seed: { events: [{ type: "ip_restrictions.toggled", count: 3000 }] } });
    const follow = (...more: string[]) =>
      world.run([
        "audit",
        "watch",
        "--format",
        "ndjson",
        "--cursor",
        "cursor.json",
        "--since",
        "30d",
        ...more,
      ]);
    const ids = ({ stdout }: { readonly stdout: string }): string[] =>
      stdout
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => json(line).id);
    const all: string[] = [];
    const stopping = new AbortController();
    const stored: string[] = [];
    const watcher = watch(world.path("."), (_, name) => name === "cursor.json" && stored.push(name));
    const told = await world.run(
      ["audit", "watch", "--format", "ndjson", "--cursor", "cursor.json", "--since", "30d"],
      stopping.signal,
      (text) => {
        if (all.push(text) === 1200) stopping.abort();
      },
    );
    watcher.close();
    expect([told.code, ids(told).length]).toEqual([0, 1200]);
    expect(stored.length).toBeLessThan(20);
    const rest = await follow("--once");
    expect(ids(rest)).toHaveLength(1800);
    expect(new Set([...ids(told), ...ids(rest)]).size).toBe(3000);
  });

  it("refuses a cursor of another account", async () => {
    await world.run(["audit", "watch", "--once", "--cursor", "cursor.json"]);
    await world.write(
      "cursor.json",
      (await world.read("cursor.json")).replace('"accountId":66847', '"accountId":5'),
    );
    const ran = await world.run(["audit", "watch", "--once", "--cursor", "cursor.json"]);
    expect([ran.code, ran.stderr.includes("cursor-unusable")]).toEqual([1, true]);
    await world.write(
      "cursor.json",
      (await world.read("cursor.json")).replace('"accountId":5', '"accountId":66847'),
    );
    expect((await world.run(["audit", "watch", "--once", "--cursor", "cursor.json"])).code).toBe(0);
    await world.write("cursor.json", await ofAnotherHost("cursor.json"));
    expect((await world.run(["audit", "watch", "--once", "--cursor", "cursor.json"])).code).toBe(1);
  });
});

describe("drift", () => {
  const report = async (...args: string[]) => {
    const ran = await world.run(["drift", "--format", "json", ...args]);
    return { code: ran.code, ...json(ran.stdout) };
  };

  it("is none after an apply", async () => {
    await world.apply();
    expect(await report()).toMatchObject({ code: 0, differences: [] });
  });

  it("names who opened a rule, from where, through what, and tells it from what is pending", async () => {
    const receipt = await world.apply();
    await world.addCidr("VPN", "0.0.0.0/0");
    await world.write("base.yaml", policy);
    const found = await report("--receipt", receipt);
    expect(found.code).toBe(2);
    const entry = found.differences.find(({ kind }: { kind: string }) => kind === "entry-added");
    expect(entry).toMatchObject({
      cause: "drift",
      severity: "error",
      attribution: { event: { actor: { name: "a person", ip: "203.0.113.77" } } },
    });
    await world.write("policy.yaml", policy.replace("198.51.100.0/26", "198.51.100.0/25"));
    const mixed = await report("--base", "base.yaml");
    const causes = Object.fromEntries(
      mixed.differences.map((one: { rule: string; kind: string; cause: string }) => [
        `${one.rule} ${one.kind}`,
        one.cause,
      ]),
    );
    expect(causes).toMatchObject({
      "VPN entry-added": "drift",
      "Office entry-added": "pending",
      "Office entry-removed": "pending",
    });
  });

  it("finds the receipt that apply left, and a tolerated rule that somebody opened since", async () => {
    await opened({
      seed: { rules: [...before.rules, { name: "Theirs", type: "allow", cidrs: ["203.0.113.192/28"] }] },
    });
    expect((await world.run(["apply", "--auto-approve"])).code).toBe(0);
    expect(await report()).toMatchObject({ code: 0, base: "receipt" });
    await world.addCidr("Theirs", "0.0.0.0/0");
    const found = await report();
    expect(found).toMatchObject({
      code: 2,
      differences: [{ kind: "rule-added", cause: "drift", severity: "error" }],
    });
  });

  it("names who added an entry again, not who had it before the apply", async () => {
    await world.addCidr("Office", "198.51.100.77/32");
    await world.apply();
    await world.addCidr("Office", "198.51.100.77/32");
    const events = await world.run(["audit", "list", "--event", "ip_restrictions.*", "--format", "json"]);
    const [last] = json(events.stdout).events;
    const found = await report("--receipt", "receipt.jsonl");
    const entry = found.differences.find(({ kind }: { kind: string }) => kind === "entry-added");
    expect(entry.attribution).toMatchObject({ strength: "strong", event: { actor: { name: "a person" } } });
    expect(entry.attribution.event.id).toBe(last.id);
  });

  it("says of a rule made by hand what is so, and offers what helps", async () => {
    await world.apply();
    await world.call("POST", "ip-restrictions/", {
      name: "By hand",
      type: 1,
      account_id: accountId,
      rule_set_enabled: false,
      cidrs: [{ cidr: "0.0.0.0/0" }],
    });
    const found = await report("--receipt", "receipt.jsonl");
    expect(found.differences).toMatchObject([
      {
        rule: "By hand",
        reason: "unmanaged-rule-changed",
        attribution: { event: { actor: { name: "a person" } } },
      },
    ]);
    const { stdout } = await world.run(["drift", "--receipt", "receipt.jsonl"]);
    expect(stdout).not.toContain("the policy changed");
    expect(stdout).not.toContain("dbt-ip-rules plan");
    expect(stdout).toContain("dbt-ip-rules import --merge");
  });

  it("puts each difference at its line of the policy, under a fingerprint of its own", async () => {
    await world.write(
      "policy.yaml",
      policyText(
        ["A", "B", "C", "D"]
          .map((name, at) => ruleText(name, [`192.0.2.${at}`, `192.0.2.${at + 8}`]))
          .join(""),
      ),
    );
    await world.apply();
    for (const name of ["A", "B", "C", "D"]) {
      await world.addCidr(name, "203.0.113.0/24");
      const { data } = (await world.call("GET", "ip-restrictions/")) as {
        data: { id: number; name: string; cidrs: { id: number; cidr: string }[] }[];
      };
      const rule = data.find((one) => one.name === name);
      const [cidr] = rule?.cidrs ?? [];
      await world.call("PUT", `ip-restrictions/${rule?.id}`, {
        name,
        type: 1,
        account_id: accountId,
        cidrs: [{ ...cidr, state: 2 }],
      });
    }
    const { stdout } = await world.run(["drift", "--receipt", "receipt.jsonl", "--format", "sarif"]);
    const { results } = json(stdout).runs[0] as {
      results: {
        locations: { physicalLocation: { region: { startLine: number } } }[];
        partialFingerprints: { primaryLocationLineHash: string };
      }[];
    };
    // Of each rule: an entry more, an entry less, and the description, which such a write clears.
    expect(results).toHaveLength(12);
    expect(new Set(results.map((one) => one.partialFingerprints.primaryLocationLineHash)).size).toBe(12);
    const lines = (await world.read("policy.yaml")).split("\n");
    const shown = results.map((one) =>
      lines[(one.locations[0]?.physicalLocation.region.startLine ?? 0) - 1]?.trim(),
    );
    // What is missing is at its entry; what is too much, at its rule.
    expect(shown.sort()).toEqual([
      ...["A", "B", "C", "D"].map((_, at) => `- "192.0.2.${at}"`),
      ...["A", "B", "C", "D"].flatMap((name) => [`- name: ${name}`, `- name: ${name}`]),
    ]);
  });

  it.each([
    ["unmanaged_rules: keep\n", "unmanaged_rules: keep"],
    ["", "rules:"],
  ])(
    "puts enforcement, and a rule only on the account, on the key that decides: %j",
    async (unmanaged, key) => {
      await world.apply();
      await world.call("POST", "ip-restrictions/", {
        name: "Sneaky",
        type: 1,
        account_id: accountId,
        rule_set_enabled: false,
        cidrs: [{ cidr: "192.0.2.200/32" }],
      });
      const policy = (await world.read("policy.yaml"))
        .replace("enforcement: disabled", "enforcement: enabled")
        .replace("unmanaged_rules: keep\n", unmanaged);
      await world.write("policy.yaml", policy);
      const { stdout } = await world.run(["drift", "--receipt", "receipt.jsonl", "--format", "sarif"]);
      const results: {
        ruleId: string;
        locations: [{ physicalLocation: { region: { startLine: number } } }];
      }[] = json(stdout).runs[0].results;
      const lines = policy.split("\n");
      const shown = results.map(({ ruleId, locations: [{ physicalLocation }] }) => [
        ruleId,
        lines[physicalLocation.region.startLine - 1],
      ]);
      expect(Object.fromEntries(shown)).toEqual({
        "drift-enforcement-changed": "enforcement: enabled",
        "drift-rule-added": key,
      });
    },
  );

  it("names who renamed a rule on the account", async () => {
    await world.apply();
    const id = await world.ruleId("Office");
    await world.call("PUT", `ip-restrictions/${id}`, {
      name: "Bureau",
      type: 1,
      account_id: accountId,
      cidrs: [],
    });
    const found = await report("--receipt", "receipt.jsonl");
    const missing = found.differences.find(({ kind }: { kind: string }) => kind === "rule-removed");
    expect(missing).toMatchObject({
      rule: "Office",
      attribution: { event: { actor: { name: "a person" } } },
    });
  });

  it("takes no receipt of another host for its own", async () => {
    await world.apply();
    await world.write("elsewhere.jsonl", await ofAnotherHost("receipt.jsonl"));
    await mkdir(world.path(".dbt-ip-rules/receipts"), { recursive: true });
    await world.write(`.dbt-ip-rules/receipts/${accountId}-1.jsonl`, await world.read("elsewhere.jsonl"));
    expect(await report()).toMatchObject({ base: "none" });
    const ran = await world.run(["drift", "--receipt", "elsewhere.jsonl"]);
    expect([ran.code, ran.stderr.includes("receipt-of-other-account")]).toEqual([1, true]);
  });

  it("stands without the log, and says that nobody can be named", async () => {
    await world.apply();
    await world.addCidr("VPN", "0.0.0.0/0");
    await world.control("faults", { kind: "status", path: "*/audit-logs/*", status: 403, times: 0 });
    const found = await report();
    expect(found.code).toBe(2);
    expect(found.differences[0].attribution).toMatchObject({ reason: "log-unreadable" });
    expect(found.diagnostics.map(({ code }: { code: string }) => code)).toContain("audit-log-unreadable");
  });

  it("writes nothing", async () => {
    await world.apply();
    await world.addCidr("VPN", "0.0.0.0/0");
    await fetch(`${world.emulator.url}/_emulator/requests`, { method: "DELETE" });
    await report();
    const requests = (await (await fetch(`${world.emulator.url}/_emulator/requests`)).json()) as {
      method: string;
    }[];
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.every(({ method }) => method === "GET")).toBe(true);
  });
});
