/** `plan --terraform`: over files and over the emulator, in every format, with its exit codes. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { rule } from "../plan/values.js";
import { planJson, type ResourceSpec, type } from "../terraform/plan-json.js";
import { dbtIpRules, newAccount, newFolder, type Ran } from "./world.js";

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape
type Json = any;

const office = rule("Office", "allow", "192.0.2.0/24");
const old = rule("Old VPN", "allow", "203.0.113.0/24");
const fresh = rule("New VPN", "allow", "203.0.113.0/24");

let cwd = "";
let account: RunningEmulator;

const accountFile = async (name: string, enforcement: string, extra: Json[] = []): Promise<void> => {
  const entry = (id: number, cidr: string) => ({ id, cidr, text: cidr });
  const document = {
    format: "dbt-ip-rules/account",
    version: 1,
    verdict: "ok",
    account: { id: 9, host: "ab123.us1.dbt.com" },
    enforcement,
    rules: [
      { id: 7, name: "Office", type: "allow", description: "", entries: [entry(7000, "192.0.2.0/24")] },
      { id: 8, name: "Old VPN", type: "allow", description: "", entries: [entry(8001, "203.0.113.0/24")] },
      ...extra,
    ],
  };
  await writeFile(join(cwd, name), JSON.stringify(document));
};

beforeAll(async () => {
  cwd = await newFolder();
  await accountFile("account.json", "enabled");
  await accountFile("off.json", "disabled");
  await accountFile("outside.json", "enabled", [
    {
      id: 50,
      name: "By hand",
      type: "deny",
      description: "",
      entries: [{ id: 1, cidr: "203.0.113.7/32", text: "203.0.113.7" }],
    },
  ]);
  account = await newAccount(9, {
    enabled: true,
    rules: [
      { id: 7, name: "Office", type: "allow", cidrs: ["192.0.2.0/24"] },
      { id: 8, name: "Old VPN", type: "allow", cidrs: ["203.0.113.0/24"] },
    ],
  });
});

/** The takeover: one rule is deleted, another created with its range. */
const takeover = (more: Partial<ResourceSpec> = {}): ResourceSpec[] => [
  { name: "office", id: 7, before: office, after: office, enforced: true },
  { name: "old", id: 8, before: old, enforced: true },
  { name: "new", id: 9, after: fresh, enforced: true, ...more },
];

let count = 0;
const planned = async (document: Json, ...argv: string[]): Promise<Ran> => {
  const file = `tfplan-${++count}.json`;
  await writeFile(join(cwd, file), JSON.stringify(document));
  const account =
    argv.includes("--account-file") || argv.includes("--host") ? [] : ["--account-file", "account.json"];
  return dbtIpRules({ cwd }, "plan", "--terraform", file, ...account, ...argv);
};
const documentOf = async (document: Json, ...argv: string[]): Promise<Json> =>
  JSON.parse((await planned(document, ...argv, "--format", "json")).stdout);

describe("a takeover of a range", () => {
  it("is blocked in some order until the last call; access itself does not change", async () => {
    const { code, stdout } = await planned(planJson(takeover()));
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "In some orders 203.0.113.0/24 is blocked until the last call",
    );
    expect(stdout).toContain(`delete ${type}.old`);
    const document = await documentOf(planJson(takeover()));
    expect(document).toMatchObject({
      format: "dbt-ip-rules/terraform-plan",
      verdict: "changes",
      access_change: { exact: true, direction: "none" },
      orders: {
        exact: true,
        blocked_until_last_call: { cidrs: ["203.0.113.0/24"] },
        example: [{ action: "delete", address: `${type}.old` }],
      },
    });
  });

  it("locks out the caller in some order: exit code 3, and its flag lets it pass", async () => {
    const refused = await planned(planJson(takeover()), "--client-ip", "203.0.113.9");
    expect(refused.code).toBe(3);
    expect(refused.stdout.replaceAll(/\s+/g, " ")).toContain(
      "In some orders of Terraform's calls 203.0.113.9/32 is blocked, the address that this run comes from",
    );
    expect((await planned(planJson(takeover()), "--client-ip", "203.0.113.9", "--allow-lockout")).code).toBe(
      0,
    );
    expect((await planned(planJson(takeover()), "--client-ip", "192.0.2.9")).code).toBe(0);
  });

  it("with create_before_destroy of one resource there is no such order", async () => {
    const specs: ResourceSpec[] = [
      takeover()[0]!,
      { name: "old", id: 8, before: old, after: fresh, actions: ["create", "delete"], enforced: true },
    ];
    expect((await documentOf(planJson(specs))).orders).toMatchObject({ exact: true, blocked: { cidrs: [] } });
    const first: ResourceSpec[] = [specs[0]!, { ...specs[1]!, actions: ["delete", "create"] }];
    expect((await documentOf(planJson(first))).orders.blocked.cidrs).toEqual(["203.0.113.0/24"]);
  });
});

describe("an account with two rules of one name", () => {
  it("is no error: Terraform goes by ids", async () => {
    const twin = {
      id: 70,
      name: "Office",
      type: "allow",
      description: "",
      entries: [{ id: 1, cidr: "10.7.0.0/24", text: "x" }],
    };
    await accountFile("twins.json", "enabled", [twin]);
    const specs: ResourceSpec[] = [{ name: "office", id: 7, before: office, enforced: true }];
    const found = await documentOf(planJson(specs), "--account-file", "twins.json");
    expect(found.access_change.newly_blocked.cidrs).toEqual(["192.0.2.0/24"]);
    expect(found.before.rules.map(({ name }: Json) => name)).toEqual([
      "Office (id 7)",
      "Office (id 70)",
      "Old VPN",
    ]);
    expect(found.changes.map(({ action, rule: name }: Json) => [action, name])).toEqual([
      ["delete", "Office (id 7)"],
    ]);
  });
});

describe("enforcement", () => {
  const flips = (...enforced: boolean[]): ResourceSpec[] =>
    enforced.map((value, index) => ({
      name: `r${index}`,
      id: 20 + index,
      after: rule(`R${index}`, "allow", `10.0.${index}.0/24`),
      enforced: value,
    }));

  it("is said first, with the resources that flip it", async () => {
    const { stdout } = await planned(planJson(flips(false)));
    const [first] = /\b(error|warning|Access|Changes)\b.*/.exec(stdout) ?? [];
    expect(first).toContain("warning[terraform-enforcement]");
    expect(stdout).toContain(`${type}.r0`);
    const document = await documentOf(planJson(flips(false)));
    expect(document.enforcement).toEqual({
      before: "enabled",
      after: "disabled",
      set_by: [{ address: `${type}.r0`, rule_set_enabled: false }],
    });
  });

  it("by mixed values the last call wins: unknown, and the figures are bounds", async () => {
    const { stdout } = await planned(planJson(flips(false, true)));
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("the last call wins: unknown");
    const document = await documentOf(planJson(flips(false, true)));
    expect(document.enforcement.after).toBe("unknown");
    expect(document.access_change).toMatchObject({
      exact: false,
      in_any_case: { newly_allowed: { cidrs: ["10.0.0.0/23"] } },
    });
    expect(document.access_change.newly_allowed).toBeUndefined();
    const [first, second] = flips(false, true);
    const ordered = planJson([first!, { ...second!, dependsOn: ["r0"] }]);
    expect((await documentOf(ordered)).enforcement.after).toBe("enabled");
  });
});

describe("enforcement that a resource turns on", () => {
  const on = planJson([
    { name: "office", id: 7, before: office, after: office, wasEnforced: false, enforced: true },
  ]);
  const off = ["--account-file", "off.json"];

  it("needs an address that must stay allowed, or its own flag", async () => {
    const refused = await planned(on, ...off);
    expect([refused.code, refused.stdout.replaceAll(/\s+/g, " ")]).toEqual([
      3,
      expect.stringContaining("Refused: it would turn enforcement on with no address that must stay allowed"),
    ]);
    expect((await planned(on, ...off, "--client-ip", "192.0.2.9")).code).toBe(0);
    await writeFile(join(cwd, "guarded.yaml"), "guards: {must_allow: [192.0.2.9]}\n");
    expect((await planned(on, ...off, "--checks", "guarded.yaml")).code).toBe(0);
    expect((await planned(on, ...off, "--allow-lockout")).code).toBe(3);
    const waived = await planned(on, ...off, "--allow-unguarded-enforcement");
    expect([waived.code, waived.stdout]).toEqual([0, expect.stringContaining("enforcement-unguarded")]);
  });

  it("is no question where it is on already, or stays off", async () => {
    const guards = async (document: Json, ...argv: string[]): Promise<string[]> =>
      (await documentOf(document, ...argv)).guards.map(({ guard }: Json) => guard);
    expect(await guards(planJson(takeover()))).not.toContain("first-enforcement");
    const stays = takeover().map((one) => ({ ...one, enforced: false }));
    expect(await guards(planJson(stays), ...off)).not.toContain("first-enforcement");
    const unknown: Json = structuredClone(on);
    unknown.resource_changes[0].change.after_unknown = { rule_set_enabled: true };
    expect(await guards(unknown, ...off)).toContain("first-enforcement");
  });
});

describe("an account whose allow rules would have no entry in force", () => {
  const caller = ["--client-ip", "192.0.2.9"];
  const only: Json = { id: 50, name: "By hand", type: "deny", description: "" };
  const accountOf = (name: string): Promise<void> =>
    accountFile(name, "enabled", [
      { ...only, entries: [{ id: 1, cidr: "203.0.113.7/32", text: "203.0.113.7" }] },
    ]);

  it("is refused, whatever flag is given", async () => {
    const emptied: ResourceSpec[] = [
      { name: "office", id: 7, before: office, after: rule("Office", "allow"), enforced: true },
      { name: "old", id: 8, before: old, enforced: true },
    ];
    const flags = ["--allow-lockout", "--allow-newly-allowed", "--allow-unguarded-enforcement"];
    const refused = await planned(planJson(emptied), ...caller, ...flags);
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining("error[no-allow-in-force]")]);
    const unknown: Json = planJson(emptied);
    unknown.resource_changes[0].change.after_unknown = { cidrs: true };
    const bounds = await documentOf(unknown, ...caller);
    expect(bounds.guards.map(({ guard }: Json) => guard)).not.toContain("allow-in-force");
    expect(bounds.access_change.exact).toBe(false);
  });

  it("is refused where the service takes no range of it in some order", async () => {
    await accountOf("exchange.json");
    const exchange = (dependsOn: string[]): ResourceSpec[] => [
      { name: "old", id: 8, before: old, enforced: true },
      {
        name: "office",
        id: 7,
        before: office,
        after: rule("Office", "allow", "203.0.113.7/32"),
        enforced: true,
        dependsOn,
      },
      {
        name: "deny",
        id: 50,
        before: rule("By hand", "deny", "203.0.113.7/32"),
        after: rule("By hand", "deny", "10.0.0.0/8"),
        enforced: true,
      },
    ];
    const file = ["--account-file", "exchange.json"];
    const refused = await planned(planJson(exchange([])), ...file, "--allow-lockout");
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining("error[no-allow-in-force]")]);
    expect((await planned(planJson(exchange(["deny"])), ...file, "--allow-lockout")).code).toBe(0);
  });
});

describe("what Terraform does not know", () => {
  it("a range known only after apply: bounds, and no exact figure in any format", async () => {
    const document: Json = planJson(takeover());
    const { change } = document.resource_changes[2];
    change.after.cidrs = [{}];
    change.after_unknown = { id: true, cidrs: [{ cidr: true }] };
    const { access_change: access, unknown, changes } = await documentOf(document);
    expect(unknown).toEqual([{ address: `${type}.new`, attributes: ["cidrs[0].cidr"] }]);
    expect(access.exact).toBe(false);
    expect(access.in_any_case.newly_blocked.cidrs).toEqual([]);
    expect(access.at_most.newly_blocked.cidrs).toEqual(["203.0.113.0/24"]);
    expect(changes.every((one: Json) => one.access_change === undefined)).toBe(true);
    for (const format of ["text", "markdown", "github", "html"])
      expect((await planned(document, "--format", format)).stdout, format).toContain("not known exactly");
  });

  it("has a comment of its own, which replaces none of the policy's plan", async () => {
    const { stdout } = await planned(planJson(takeover()), "--format", "markdown");
    expect(stdout).toMatch(/^<!-- dbt-ip-rules:terraform-plan:/);
  });

  it("rules outside Terraform count; entries that an update leaves behind, and a stale state, are said", async () => {
    const before = rule("Old VPN", "allow", "198.51.100.0/24");
    const specs: ResourceSpec[] = [
      { name: "old", id: 8, before, after: rule("Old VPN", "allow", "10.0.0.0/24"), enforced: true },
    ];
    const found = await documentOf(planJson(specs), "--account-file", "outside.json");
    const codes = found.diagnostics.map(({ code }: Json) => code);
    expect(codes).toEqual(["terraform-stale", "terraform-left-behind", "terraform-outside"]);
    expect(found.access_change.newly_allowed.cidrs).toEqual(["10.0.0.0/24"]);
    // The account's own range is not the one that Terraform would take out.
    expect(found.access_change.newly_blocked.cidrs).toEqual([]);
    expect(found.unmanaged_rules.map((one: Json) => one.rule.name)).toEqual(["By hand", "Office"]);
  });

  it("an entry that is on the account with another range, or no longer: nobody knows, so it is in the bounds", async () => {
    const before = rule("Old VPN", "allow", "10.0.0.0/24", "198.51.100.0/24");
    const after = rule("Old VPN", "allow", "10.0.0.0/24", "10.0.1.0/24");
    const specs: ResourceSpec[] = [{ name: "old", id: 8, before, after, enforced: true }];
    // Terraform has 8001 on record as 198.51.100.0/24, and takes that out; the account has 203.0.113.0/24 by that id.
    const { access_change: access } = await documentOf(planJson(specs));
    expect(access.in_any_case.newly_allowed.cidrs).toEqual(["10.0.1.0/24"]);
    expect(access.at_most.newly_allowed.cidrs).toEqual(["10.0.0.0/23"]);
    expect(access.in_any_case.newly_blocked.cidrs).toEqual([]);
    expect(access.at_most.newly_blocked.cidrs).toEqual(["203.0.113.0/24"]);
  });

  it("a rule that is created a second time, one that is gone, a range that is none, one that moves", async () => {
    const specs: ResourceSpec[] = [
      {
        name: "office",
        id: 7,
        before: office,
        after: rule("Office", "allow", "192.0.2.0/25"),
        enforced: true,
      },
      { name: "again", id: 60, after: rule("Old VPN", "allow", "203.0.113.0/24"), enforced: true },
      { name: "gone", id: 99, before: fresh, after: rule("New VPN", "allow", "10.1.0.0/24"), enforced: true },
      { name: "moved", id: 61, after: rule("Moved", "deny", "192.0.2.0/24"), enforced: true },
    ];
    const document: Json = planJson(specs);
    document.resource_changes[1].change.after.cidrs.push({ cidr: "10.0.0.0/33" });
    const { diagnostics } = await documentOf(document);
    const messages = diagnostics.map(({ code, message }: Json) => `${code}: ${message}`).join("\n");
    expect(messages).toContain(`terraform-created-again: ${type}.again creates a second rule "Old VPN"`);
    expect(messages).toContain(`terraform-rule-gone: ${type}.gone would update rule 99`);
    expect(messages).toContain(`terraform-range-invalid: ${type}.again has "10.0.0.0/33", which is no range`);
    expect(messages).toContain(
      `terraform-range-refused: In some orders the service refuses 192.0.2.0/24 for ${type}.moved, while ${type}.office has the same range`,
    );
  });
});

describe("an exchange of ranges between an allow and a deny rule", () => {
  const exchange = (dependsOn: string[] = []): ResourceSpec[] => [
    { name: "office", id: 7, before: office, after: rule("Office", "allow", "10.0.0.0/24"), enforced: true },
    {
      name: "deny",
      id: 50,
      before: rule("By hand", "deny", "203.0.113.7/32"),
      after: rule("By hand", "deny", "192.0.2.0/24"),
      enforced: true,
      dependsOn,
    },
  ];
  it("is refused in some orders, and not where the order is right", async () => {
    const refused = async (specs: ResourceSpec[]) =>
      (await documentOf(planJson(specs), "--account-file", "outside.json")).diagnostics
        .filter(({ code }: Json) => code === "terraform-range-refused")
        .map(({ message }: Json) => message);
    expect(await refused(exchange())).toEqual([
      `In some orders the service refuses 192.0.2.0/24 for ${type}.deny, while ${type}.office has the same range with the other type`,
    ]);
    expect(await refused(exchange(["office"]))).toEqual([]);
    const [first, second] = exchange();
    const wrong = await refused([{ ...first!, dependsOn: ["deny"] }, second!]);
    expect(wrong).toEqual([expect.stringMatching(/^The service refuses 192\.0\.2\.0\/24 /)]);
    const both = await refused([{ ...first!, after: rule("Office", "allow", "203.0.113.7/32") }, second!]);
    expect(both).toHaveLength(2);
  });

  it("may leave the allow rule without its range, and says whom that blocks", async () => {
    const before = rule("Office", "allow", "192.0.2.0/24");
    const specs: ResourceSpec[] = [
      { name: "deny", id: 50, before: rule("By hand", "deny", "203.0.113.7/32"), enforced: true },
      { name: "office", id: 7, before, after: rule("Office", "allow", "203.0.113.7/32"), enforced: true },
    ];
    const { diagnostics } = await documentOf(planJson(specs), "--account-file", "outside.json");
    const [found] = diagnostics.filter(({ code }: Json) => code === "terraform-range-refused");
    expect(found.message).toMatch(/^In some orders the service refuses 203\.0\.113\.7\/32 /);
  });
});

describe("--checks", () => {
  const checks = async (text: string, ...argv: string[]): Promise<Ran> => {
    await writeFile(join(cwd, "checks.yaml"), text);
    return planned(planJson(takeover()), "--checks", "checks.yaml", ...argv);
  };
  it("hold at the end and in every order", async () => {
    const refused = await checks("guards: {must_allow: [203.0.113.8/29]}\n");
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain("must-allow");
    expect((await checks("guards: {must_allow: [192.0.2.1]}\n")).code).toBe(0);
    expect((await checks("tests: [{name: old, denied: [203.0.113.1]}]\n")).code).toBe(3);
    expect((await checks("tests: [{name: old, allowed: [203.0.113.1]}]\n")).code).toBe(0);
    expect((await checks("guards: {max_removed_rules: 0}\n")).code).toBe(3);
    const named = "networks: {vpn: [203.0.113.0/24]}\ntests: [{name: n, allowed: [{network: vpn}]}]\n";
    expect((await checks(named)).code).toBe(0);
  });

  it("must_deny asks nothing of an account that enforces nothing", async () => {
    await writeFile(join(cwd, "deny.yaml"), "guards: {must_deny: [10.9.9.9]}\n");
    const off = planJson(takeover({ enforced: false }).map((one) => ({ ...one, enforced: false })));
    expect((await planned(off, "--account-file", "off.json", "--checks", "deny.yaml")).code).toBe(0);
    expect((await planned(off, "--checks", "deny.yaml")).code).toBe(3);
  });

  it("are networks, tests and guards alone", async () => {
    const { code, stderr } = await checks("rules: []\n");
    expect(code).toBe(1);
    expect(stderr).toContain("checks.yaml:1:1");
    expect(stderr).toContain("rules");
  });
});

describe("the account", () => {
  it("is read live as well", async () => {
    const place = { cwd, env: { DBT_CLOUD_HOST_URL: account.url, DBT_CLOUD_ACCOUNT_ID: "9" } };
    await writeFile(join(cwd, "live.json"), JSON.stringify(planJson(takeover())));
    const { code, stdout } = await dbtIpRules(
      place,
      "plan",
      "--terraform",
      "live.json",
      "--detailed-exitcode",
    );
    expect(code).toBe(2);
    expect(stdout).toContain("until the last call");
  });
  it("that cannot be used is an error", async () => {
    await writeFile(join(cwd, "no-account.json"), "{}");
    for (const file of ["no-account.json", "missing.json", "tfplan-1.json"])
      expect((await planned(planJson(takeover()), "--account-file", file)).code, file).toBe(1);
  });
});

describe("what else of the file is never shown", () => {
  it("in no format, and in no error", async () => {
    const secret = "hunter2-s3cr3t";
    const document: Json = planJson(takeover(), {
      variables: { password: { value: secret } },
      planned_values: {
        outputs: { password: { value: secret } },
        root_module: { resources: [{ values: { secret } }] },
      },
    });
    document.resource_changes.push({
      address: `vault.${secret}`,
      mode: "managed",
      type: "vault_secret",
      name: secret,
      change: { actions: ["update"], before: { secret }, after: { secret } },
    });
    document.configuration.root_module.resources.push({
      address: `vault.${secret}`,
      type: "vault_secret",
      name: secret,
      expressions: { password: { constant_value: secret, references: [`var.${secret}`] } },
    });
    for (const format of ["text", "json", "markdown", "github", "gitlab", "html"]) {
      const { stdout, stderr } = await planned(document, "--format", format, "--debug");
      expect(`${stdout}${stderr}`, format).not.toContain(secret);
    }
    document.resource_changes[0].change.after.type = secret;
    const { code, stdout, stderr } = await planned(document, "--format", "json", "--debug");
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).not.toContain(secret);
  });
});

describe("docs/from-terraform.md", () => {
  it("works as typed", async () => {
    const page = readFileSync("docs/from-terraform.md", "utf8");
    const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
      .flatMap(([, block = ""]) => block.trim().split("\n"))
      .map((line) => line.replace(/^dbt-ip-rules /, ""));
    expect(lines).toHaveLength(7);
    const folder = await newFolder();
    const place = { cwd: folder, env: { DBT_CLOUD_HOST_URL: account.url, DBT_CLOUD_ACCOUNT_ID: "9" } };
    const [checks = ""] = [...page.matchAll(/^```yaml\n(# checks[\s\S]*?)^```$/gm)].map(([, text]) => text);
    await writeFile(
      join(folder, "checks.yaml"),
      checks.replaceAll("203.0.113.0/24", "192.0.2.0/24").replaceAll("203.0.113.10", "192.0.2.10"),
    );
    await writeFile(join(folder, "tfplan.json"), JSON.stringify(planJson([{ ...takeover()[0]!, id: 7 }])));
    await dbtIpRules(place, "show", "--format", "json", "--output", "account.json");
    for (const line of lines) {
      const ran = await dbtIpRules(place, ...line.split(" "));
      expect(ran.code, `${line}\n${ran.stdout}${ran.stderr}`).toBe(0);
    }
  });
});

describe("options", () => {
  it.each([
    ["--out with --terraform", ["--terraform", "x.json", "--out", "plan.out"]],
    ["--base with --terraform", ["--terraform", "x.json", "--base", "base.yaml"]],
    ["--checks alone", ["--checks", "checks.yaml"]],
    ["--account-file alone", ["--account-file", "account.json"]],
    ["two from standard input", ["--terraform", "-", "--account-file", "-"]],
    ["several policies", ["--terraform", "x.json", "a.yaml", "b.yaml"]],
  ])("%s is an error", async (_, argv) => {
    const { code, stderr } = await dbtIpRules({ cwd }, "plan", ...argv);
    expect(code).toBe(1);
    expect(stderr).toContain("error[bad-option]");
  });
});
