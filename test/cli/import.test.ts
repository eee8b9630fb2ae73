/** `import` and `fmt` end to end: what is imported plans to nothing, and nothing is overwritten or lost. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder, token } from "./world.js";

const account = async (seed?: Seed) => {
  const emulator = await newAccount(7, seed);
  const place = {
    cwd: await newFolder(),
    env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" },
  };
  const planned = async () => {
    const ran = await dbtIpRules(place, "plan", "--detailed-exitcode", "-f", "json");
    return { code: ran.code, changes: JSON.parse(ran.stdout).changes };
  };
  return { emulator, place, planned, policy: join(place.cwd, "policy.yaml") };
};

const nothing = { code: 0, changes: [] };
const shared = ["203.0.113.0/24", "2001:db8::/48"];

describe("import, then plan", () => {
  const names = [
    "plain",
    "- dash: colon # hash",
    "yes",
    "null",
    "2026-01-01",
    "0x10",
    "{{ x }}",
    "'quotes\" \\ both`",
    "\u001b[31mred\u0007",
    "two\nlines\r\n\ttab",
    " blanks ",
    "\u202Eright to left",
    "::error::x",
    "=1+1",
    "é\u0301 ümläut 日本 🎉",
    "&anchor *alias !tag %",
    "x".repeat(200),
  ];
  const accounts: readonly (readonly [string, Seed | undefined])[] = [
    ["no rules, disabled", undefined],
    ["no rules, enabled", { enabled: true, rules: [] }],
    [
      "rules, disabled",
      { enabled: false, rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.7/24"] }] },
    ],
    [
      "rules, enabled",
      {
        enabled: true,
        rules: [
          { name: "VPN", type: "allow", description: "a: b # c", cidrs: [...shared, "192.0.2.1"] },
          { name: "Guests", type: "deny", cidrs: ["203.0.113.128/25"] },
          { name: "Empty", type: "allow", cidrs: [] },
        ],
      },
    ],
    [
      "hostile names and descriptions",
      {
        enabled: false,
        rules: names.map((name, at) => ({
          name,
          type: "allow",
          description: name,
          cidrs: [`192.0.2.${at}/32`],
        })),
      },
    ],
  ];
  it.each(accounts)("finds nothing to change: %s", async (_, seed) => {
    const { place, planned, policy } = await account(seed);
    expect((await dbtIpRules(place, "import", "--output", "policy.yaml")).code).toBe(0);
    expect(await planned()).toEqual(nothing);
    expect((await dbtIpRules(place, "fmt", "--check")).code).toBe(0);
    const printed = await dbtIpRules(place, "import");
    expect(printed.stdout).toBe(await readFile(policy, "utf8"));
  });

  it("names the draft from traffic where the account has no rules, and the next command as short as it is", async () => {
    const { place } = await account();
    const { stdout, stderr } = await dbtIpRules(place, "import", "-o", "policy.yaml");
    expect(stderr + stdout).toContain("import --from-traffic 90d");
    expect(stderr + stdout).toMatch(/Next: dbt-ip-rules plan$/m);
    const other = await dbtIpRules(place, "import", "-o", "other.yaml");
    expect(other.stderr + other.stdout).toContain("Next: dbt-ip-rules plan --policy other.yaml");
  });

  it("groups what several rules share into networks, if asked", async () => {
    const { place, planned, policy } = await account({
      enabled: false,
      rules: [
        { name: "A", type: "allow", cidrs: [...shared, "192.0.2.1/32"] },
        { name: "B", type: "allow", cidrs: [...shared, "192.0.2.2/32"] },
      ],
    });
    expect((await dbtIpRules(place, "import", "--group", "-o", "policy.yaml")).code).toBe(0);
    expect((await readFile(policy, "utf8")).match(/203\.0\.113\.0\/24/g)).toHaveLength(1);
    expect(await planned()).toEqual(nothing);
  });

  it("names a schema for editors that is there, or says how to get it", async () => {
    const { place, policy } = await account({
      rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.7/24"] }],
    });
    const first = async (file: string) => (await readFile(file, "utf8")).split("\n", 2);
    const bare = await dbtIpRules(place, "import", "--output", "policy.yaml");
    expect(await first(policy)).toEqual([
      "# yaml-language-server: $schema=.vscode/dbt-ip-rules.schema.json",
      "---",
    ]);
    expect(bare.stderr).toContain("dbt-ip-rules init writes it");
    await dbtIpRules(place, "init", "--ci", "none");
    const nested = await dbtIpRules(place, "import", "--output", "policies/eu.yaml");
    expect(nested.stderr).not.toContain("init writes it");
    expect((await first(join(place.cwd, "policies/eu.yaml")))[0]).toBe(
      "# yaml-language-server: $schema=../.vscode/dbt-ip-rules.schema.json",
    );
    // What yamllint asks for by default, but for names and descriptions of the account's.
    for (const line of (await readFile(policy, "utf8")).split("\n"))
      expect(line.length).toBeLessThanOrEqual(80);
    expect((await dbtIpRules(place, "fmt", "--check")).code).toBe(0);
  });

  it("never overwrites", async () => {
    const { place, policy } = await account();
    await writeFile(policy, "precious");
    const ran = await dbtIpRules(place, "import", "-o", "policy.yaml");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("file-exists");
    expect(await readFile(policy, "utf8")).toBe("precious");
  });
});

it("writes no policy that would hold the token, and none with another text in its place", async () => {
  const rules = [{ name: `VPN ${token}`, type: "allow", cidrs: ["203.0.113.0/24"] }] as const;
  const { place, policy } = await account({ enabled: false, rules: [...rules] });
  const printed = await dbtIpRules(place, "import");
  expect(printed).toMatchObject({ code: 1, stdout: "" });
  expect(printed.stderr).toContain("error[token-in-import]");
  expect((await dbtIpRules(place, "import", "-o", "policy.yaml")).code).toBe(1);
  const before = "version: 1\nrules: []\n";
  await writeFile(policy, before);
  expect((await dbtIpRules(place, "import", "--merge", "policy.yaml")).code).toBe(1);
  expect(await readFile(policy, "utf8")).toBe(before);
});

describe("import --merge", () => {
  const seed: Seed = {
    enabled: false,
    rules: [
      { name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] },
      { name: "Büro: A", type: "allow", cidrs: ["198.51.100.0/24"] },
      { name: "Guests", type: "deny", cidrs: ["203.0.113.128/25"] },
    ],
  };
  it("adds what is missing and leaves every line of the policy as it is", async () => {
    const { emulator, place, planned, policy } = await account(seed);
    const before = `# mine\nversion: 1\naccount: {id: 7, host: "${emulator.url}"} # inline\nrules:\n  # about the VPN\n  - name: VPN # keep me\n    type: allow\n    cidrs: [ 203.0.113.0/24 ]   # odd spacing\n`;
    await writeFile(policy, before);
    // The policy itself says which account it is for.
    const ran = await dbtIpRules({ cwd: place.cwd }, "import", "--merge", "policy.yaml");
    expect(ran.code).toBe(0);
    const after = await readFile(policy, "utf8");
    expect(after.startsWith(before)).toBe(true);
    expect(await planned()).toEqual(nothing);
    expect((await dbtIpRules(place, "import", "--merge", "policy.yaml")).code).toBe(0);
    expect(await readFile(policy, "utf8")).toBe(after);
  });

  it("fills the policy that init wrote", async () => {
    const { emulator, place, planned } = await account(seed);
    const made = await dbtIpRules(place, "init", "--host", emulator.url, "--account", "7");
    expect(made.code).toBe(0);
    expect(await planned()).toMatchObject({ code: 0 });
    expect((await dbtIpRules(place, "import", "--merge", "policy.yaml")).code).toBe(0);
    expect(await planned()).toEqual(nothing);
    expect((await dbtIpRules(place, "validate")).code).toBe(0);
  });

  it("refuses a policy with errors, one of another account, and options that contradict it", async () => {
    const { place, policy } = await account(seed);
    await writeFile(policy, "version: 1\nrules: {}\n");
    const broken = await dbtIpRules(place, "import", "--merge", "policy.yaml");
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("policy.yaml:2");
    await writeFile(policy, "version: 1\naccount: {id: 8}\nrules: []\n");
    expect((await dbtIpRules(place, "import", "--merge", "policy.yaml")).stderr).toContain(
      "account-mismatch",
    );
    expect((await dbtIpRules(place, "import", "--merge", "policy.yaml", "--group")).stderr).toContain(
      "bad-option",
    );
    expect((await dbtIpRules(place, "import", "--merge", "none.yaml")).stderr).toContain("policy-missing");
  });
});

describe("fmt", () => {
  it("says so where only the line ends are not canonical", async () => {
    const cwd = await newFolder();
    const canonical = "version: 1\nrules: []\n";
    await writeFile(join(cwd, "policy.yaml"), canonical.replaceAll("\n", "\r\n"));
    const checked = await dbtIpRules({ cwd }, "fmt", "--check");
    expect(checked.code).toBe(2);
    expect(checked.stdout + checked.stderr).toContain("but for its line ends, which are CRLF instead of LF");
    expect((await dbtIpRules({ cwd }, "fmt")).code).toBe(0);
    expect(await readFile(join(cwd, "policy.yaml"), "utf8")).toBe(canonical);
  });

  it("checks, mends, and then finds nothing to mend", async () => {
    const cwd = await newFolder();
    const file = join(cwd, "policy.yaml");
    await writeFile(
      file,
      "# c\nversion: 1\nrules:\n- {name: A,   type: allow, cidrs: [203.0.113.0/24]} # d\n",
    );
    const before = await readFile(file, "utf8");
    expect((await dbtIpRules({ cwd }, "fmt", "--check")).code).toBe(2);
    expect(await readFile(file, "utf8")).toBe(before);
    expect((await dbtIpRules({ cwd }, "fmt")).code).toBe(0);
    const after = await readFile(file, "utf8");
    expect(after).toContain("# c");
    expect(after).toContain("# d");
    expect((await dbtIpRules({ cwd }, "fmt", "--check")).code).toBe(0);
    expect((await dbtIpRules({ cwd }, "fmt")).code).toBe(0);
    expect(await readFile(file, "utf8")).toBe(after);
  });

  it("leaves a policy with errors alone", async () => {
    const cwd = await newFolder();
    const file = join(cwd, "policy.yaml");
    await writeFile(file, "version: 1\nrules:   {}\n");
    expect((await dbtIpRules({ cwd }, "fmt")).code).toBe(1);
    expect(await readFile(file, "utf8")).toBe("version: 1\nrules:   {}\n");
  });
});
