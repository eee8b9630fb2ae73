/**
 * A list that became empty by accident, through the commands: `validate`, `plan` and `apply` refuse it alike, name the
 * file, and leave the account as it was.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder, type Ran } from "./world.js";

const accountId = 66847;

const prepare = async (files: Readonly<Record<string, string>>, seed: Seed) => {
  const emulator = await newAccount(accountId, seed);
  const cwd = await newFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: `${accountId}` } };
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET");
  return { place, writes };
};

const said = ({ stdout, stderr }: Ran): string => stdout + stderr;

const head = `version: 1\naccount: { id: ${accountId} }\n`;
const office = ["203.0.113.0/24", "192.0.2.0/24", "198.51.100.0/24"];
const allowList = `${head}enforcement: enabled
networks:
  vpn: { file: vpn.txt }
rules:
  - name: VPN
    type: allow
    cidrs: [{ network: vpn }]
`;
const denyFeed = `${head}enforcement: enabled
networks:
  list: { file: edrop.txt }
rules:
  - name: Office
    type: allow
    cidrs: [${office.join(", ")}]
  - name: Blocked
    type: deny
    cidrs: [{ network: list }]
`;
const overOffice: Seed = {
  enabled: true,
  rules: [
    { name: "Office", type: "allow", cidrs: office },
    { name: "Blocked", type: "deny", cidrs: ["203.0.113.0/25", "192.0.2.0/25"] },
  ],
};

describe("a list that became empty", () => {
  const cases: readonly [name: string, files: Record<string, string>, seed: Seed, named: string][] = [
    [
      "the only allow rule's, of an account that is enforced",
      { "policy.yaml": allowList, "vpn.txt": "# exported list\n" },
      { enabled: true, rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] }] },
      "vpn.txt",
    ],
    [
      "the only allow rule's, beside a deny rule, of an account that is not enforced yet",
      {
        "policy.yaml": `${allowList}  - { name: Bots, type: deny, cidrs: [192.0.2.0/24] }\n`,
        "vpn.txt": "# exported list\n",
      },
      { enabled: false, rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] }] },
      "vpn.txt",
    ],
    [
      "a deny feed",
      { "policy.yaml": denyFeed, "edrop.txt": "# This list has been merged into another one\n# EOF\n" },
      overOffice,
      "edrop.txt",
    ],
    [
      "a deny feed that a test and a guard name",
      {
        "policy.yaml": `${denyFeed}tests: [{ name: bots stay out, denied: [{ network: list }] }]\nguards: { must_deny: [{ network: list }] }\n`,
        "edrop.txt": "",
      },
      overOffice,
      "edrop.txt",
    ],
  ];

  it.each(cases)("is an error that names the file, in every command: %s", async (_, files, seed, named) => {
    const { place, writes } = await prepare(files, seed);
    for (const command of [["validate"], ["plan"], ["apply", "--auto-approve"]]) {
      const ran = await dbtIpRules(place, ...command);
      expect(ran.code).toBe(1);
      expect(said(ran)).toContain("empty-network");
      expect(said(ran)).toContain(`\`${named}\``);
      expect(said(ran)).toContain("policy.yaml:5:");
    }
    expect(writes()).toEqual([]);
  });
});

describe("allow rules without an entry in force", () => {
  const ignoring = `${head}enforcement: ignore
lint: { last-allow-expired: off }
rules:
  - name: VPN
    type: allow
    cidrs: [{ cidr: 203.0.113.0/24, expires: 2020-01-01 }]
`;
  const enforced: Seed = {
    enabled: true,
    rules: [{ name: "VPN", type: "allow", cidrs: ["203.0.113.0/24"] }],
  };
  const everyFlag = [
    "--allow-lockout",
    "--accept-disturbance",
    "--allow-removed-rules",
    "--allow-newly-allowed",
    "--allow-must-deny",
    "--allow-unmanaged-rules",
    "--allow-failed-tests",
  ];

  it("under `enforcement: enabled` they are an error of the policy, whatever `allow_empty` says", async () => {
    const text = `${head}enforcement: enabled\nrules: [{ name: VPN, type: allow, allow_empty: true, cidrs: [] }]\n`;
    const { place, writes } = await prepare({ "policy.yaml": text }, enforced);
    for (const command of [["validate"], ["plan", ...everyFlag], ["apply", "--auto-approve", ...everyFlag]]) {
      const ran = await dbtIpRules(place, ...command);
      expect(ran.code).toBe(1);
      expect(said(ran)).toContain("no-allow-in-force");
    }
    expect(writes()).toEqual([]);
  });

  it("under `enforcement: ignore` the plan for an enforced account is refused, also when it was saved", async () => {
    const { place, writes } = await prepare({ "policy.yaml": ignoring }, enforced);
    expect((await dbtIpRules(place, "validate")).code).toBe(0);
    const plan = await dbtIpRules(place, "plan", "--out", "saved.json", ...everyFlag);
    expect(plan.code).toBe(3);
    expect(said(plan)).toContain("allow-in-force");
    expect((await dbtIpRules(place, "apply", "--auto-approve", ...everyFlag)).code).toBe(3);
    expect((await dbtIpRules(place, "apply", "saved.json", "--auto-approve", ...everyFlag)).code).toBe(3);
    expect(writes()).toEqual([]);
  });

  it("import writes such an account, says that it is open, and the plan says so too", async () => {
    const empty: Seed = { enabled: true, rules: [{ name: "VPN", type: "allow", cidrs: [] }] };
    const { place } = await prepare({}, empty);
    const { stdout } = await dbtIpRules(place, "import", "--output", "policy.yaml");
    expect(stdout).toBe("");
    const printed = await dbtIpRules(place, "import");
    expect(printed.stdout).toContain("# No allow rule has an entry");
    expect(printed.stdout).toContain("allow_empty: true");
    expect(printed.stdout).not.toContain("finds nothing to change");
    const plan = await dbtIpRules(place, "plan");
    expect([plan.code, said(plan)]).toEqual([1, expect.stringContaining("no-allow-in-force")]);
  });
});
