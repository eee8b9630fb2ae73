/** `apply --only-expired`: takes out what has expired and lets somebody in, and touches nothing else. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

const hour = 3_600_000;
const at = (hours: number): string => `${new Date(Date.now() + hours * hour).toISOString().slice(0, 19)}Z`;
const past = at(-1);
const future = at(4);

const head = "version: 1\naccount: { id: 7 }\n";
const office = "  - { name: Office, type: allow, cidrs: [198.51.100.0/24, ";
const seedOf = (...cidrs: string[]): Seed => ({
  enabled: true,
  rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24", ...cidrs] }],
});

const world = async (policy: string, seed: Seed, more: Partial<Place> = {}) => {
  const emulator = await newAccount(7, seed, { clientIp: "198.51.100.9" });
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), head + policy);
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" }, ...more };
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET");
  const rules = (): Record<string, string[]> =>
    Object.fromEntries(
      emulator
        .state()
        .rules.filter(({ state }) => state === 1)
        .map(({ name, cidrs }) => [
          name,
          cidrs
            .filter(({ state }) => state === 1)
            .map(({ cidr }) => cidr)
            .sort(),
        ]),
    );
  return { emulator, place, writes, rules };
};

describe("apply --only-expired", () => {
  it("takes out the expired entry, without a terminal and without approval; the audit log proves it", async () => {
    const { place, rules, writes } = await world(
      `rules:\n${office}{cidr: 203.0.113.7, expires: ${past}}, {cidr: 203.0.113.8, expires: ${future}}] }\n`,
      seedOf("203.0.113.7", "203.0.113.8"),
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired", "--audit");
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("Receipt:")]);
    expect(ran.stdout).toContain(`203.0.113.7/32  expired ${past}`);
    expect(rules()).toEqual({ Office: ["198.51.100.0/24", "203.0.113.8"] });
    expect(writes().length).toBe(1);
    expect((await dbtIpRules(place, "apply", "--only-expired")).code).toBe(0);
    expect(writes().length).toBe(1);
  });

  it("leaves alone whatever else is pending, and says so; a failed test of the policy is no reason to wait", async () => {
    const { place, rules } = await world(
      `enforcement: disabled
unmanaged_rules: delete
rules:
  - { name: Head office, type: allow, previous_names: [Office], cidrs: [192.0.2.0/24, {cidr: 203.0.113.7, expires: ${past}}] }
tests: [{ name: new office, allowed: [192.0.2.1] }]
guards: { must_allow: [192.0.2.0/24, 198.51.100.0/24] }
`,
      {
        ...seedOf("203.0.113.7"),
        rules: [...seedOf("203.0.113.7").rules!, { name: "Old", type: "deny", cidrs: ["10.0.0.0/8"] }],
      },
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("3 other changes are pending")]);
    expect(rules()).toEqual({ Office: ["198.51.100.0/24"], Old: ["10.0.0.0/8"] });
    expect((await dbtIpRules(place, "show", "-f", "json")).stdout).toContain('"enforcement": "enabled"');
    const drift = JSON.parse((await dbtIpRules(place, "drift", "-f", "json")).stdout);
    // The receipt of a part of the policy is no base to call the rest somebody's change.
    expect(JSON.stringify(drift)).not.toContain("policy-unchanged-since-receipt");
  });

  it("leaves an expired deny entry, which would let somebody in, and says so", async () => {
    const { place, writes } = await world(
      `rules:\n  - { name: Office, type: allow, cidrs: [198.51.100.0/24] }
  - { name: Guests, type: deny, cidrs: [198.51.100.128/25, {cidr: 198.51.100.7, expires: ${past}}] }\n`,
      {
        enabled: true,
        rules: [
          { name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] },
          { name: "Guests", type: "deny", cidrs: ["198.51.100.128/25", "198.51.100.7"] },
        ],
      },
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("expired-deny-waits")]);
    expect(writes()).toEqual([]);
  });

  it("leaves an entry of a rule that denies on the account, whatever the policy calls it", async () => {
    const { place, writes } = await world(
      `rules:\n${office}{cidr: 10.0.0.1, expires: ${past}}] }\n  - { name: Other, type: allow, cidrs: [192.0.2.0/24, {cidr: 10.0.0.2, expires: ${past}}] }\n`,
      {
        enabled: true,
        rules: [
          { name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] },
          { name: "Other", type: "deny", cidrs: ["10.0.0.2"] },
        ],
      },
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("expired-deny-waits")]);
    expect(writes()).toEqual([]);
  });

  it("takes out what is disabled, on the account or in the policy, allow and deny alike", async () => {
    const { place, rules, writes } = await world(
      `rules:
  - name: Office
    type: allow
    cidrs: [198.51.100.0/24, {cidr: 203.0.113.7, enabled: false, expires: ${past}}, {cidr: 203.0.113.8, expires: ${past}}, {cidr: 203.0.113.9, enabled: false, expires: ${future}}]
  - { name: Guests, type: deny, cidrs: [192.0.2.0/24, {cidr: 198.51.100.7, enabled: false, expires: ${past}}] }
`,
      {
        enabled: true,
        rules: [
          {
            name: "Office",
            type: "allow",
            cidrs: [
              "198.51.100.0/24",
              ...["203.0.113.7", "203.0.113.8", "203.0.113.9"].map((cidr) => ({ cidr, enabled: false })),
            ],
          },
          {
            name: "Guests",
            type: "deny",
            cidrs: ["192.0.2.0/24", { cidr: "198.51.100.7", enabled: false }],
          },
        ],
      },
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout.includes("expired-deny-waits")], ran.stdout + ran.stderr).toEqual([
      0,
      false,
    ]);
    expect(rules()).toEqual({ Office: ["198.51.100.0/24", "203.0.113.9"], Guests: ["192.0.2.0/24"] });
    expect(writes().length).toBe(2);
  });

  it("keeps the last allow entry that is disabled, as nobody knows whether it keeps others out", async () => {
    const { place, writes } = await world(
      `enforcement: ignore
lint: { last-allow-expired: off }
rules:
  - { name: Office, type: allow, cidrs: [{cidr: 198.51.100.0/24, enabled: false, expires: ${past}}] }
  - { name: Guests, type: deny, cidrs: [192.0.2.0/24] }
`,
      {
        enabled: true,
        rules: [
          { name: "Office", type: "allow", cidrs: [{ cidr: "198.51.100.0/24", enabled: false }] },
          { name: "Guests", type: "deny", cidrs: ["192.0.2.0/24"] },
        ],
      },
    );
    expect((await dbtIpRules(place, "apply", "--only-expired")).code).toBe(3);
    expect(writes()).toEqual([]);
  });

  it("never takes out the last allow entry in force while enforcement is on", async () => {
    const { place, writes } = await world(
      `enforcement: ignore
lint: { last-allow-expired: off }
rules:
  - { name: Office, type: allow, cidrs: [{cidr: 198.51.100.0/24, expires: ${past}}] }
  - { name: Guests, type: deny, cidrs: [192.0.2.0/24] }
`,
      {
        enabled: true,
        rules: [
          { name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] },
          { name: "Guests", type: "deny", cidrs: ["192.0.2.0/24"] },
        ],
      },
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout + ran.stderr]).toEqual([3, expect.stringContaining("no-allow-in-force")]);
    expect(writes()).toEqual([]);
  });

  it.each([
    ["takes nothing out that has not expired for the service", -5 * hour, past, 3],
    ["takes nothing out on a machine whose clock is behind", 5 * hour, future, 3],
    ["is not bothered by clocks that agree about every entry", 60_000, past, 0],
  ])("%s", async (_, offset, expires, code) => {
    const { emulator, place, writes } = await world(
      `rules:\n${office}{cidr: 203.0.113.7, expires: ${expires}}] }\n`,
      seedOf("203.0.113.7"),
    );
    emulator.clock.offsetMs = offset;
    const ran = await dbtIpRules(place, "apply", "--only-expired");
    expect([ran.code, ran.stdout + ran.stderr]).toEqual([
      code,
      code === 0 ? expect.any(String) : expect.stringContaining("clocks-disagree"),
    ]);
    expect(writes().length).toBe(code === 0 ? 1 : 0);
  });

  it("keeps the caller allowed", async () => {
    const { place, writes } = await world(
      `rules:\n${office}{cidr: 203.0.113.7, expires: ${past}}] }\n`,
      seedOf("203.0.113.7"),
    );
    const ran = await dbtIpRules(place, "apply", "--only-expired", "--client-ip", "203.0.113.7");
    expect([ran.code, writes()]).toEqual([3, []]);
  });

  it("is not combined with a saved plan", async () => {
    const { place } = await world(`rules:\n${office}] }\n`, seedOf());
    const ran = await dbtIpRules(place, "apply", "plan.json", "--only-expired");
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("bad-option")]);
  });
});
