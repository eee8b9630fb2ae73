/** The program where nobody told it its own address: what the service can say must keep it from a lockout. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules } from "../cli/world.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const rulesOf = (entries: readonly string[], more = "") => `version: 1
rules:
  - name: Head office
    type: allow
    cidrs: [${entries.join(", ")}]
${more}`;

const other = `  - name: Other
    type: allow
    cidrs: [192.0.2.0/24]
`;

/** An enforced account whose caller, 203.0.113.10, gets in by "Head office" alone. */
const world = async (seeded: readonly { name: string; cidrs: readonly string[] }[]) => {
  const folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-lockout-"));
  const emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token: "t0ken", kind: "service", role: "admin" }],
    clientIp: "203.0.113.10",
    seed: { enabled: true, rules: seeded.map((rule) => ({ ...rule, type: "allow" })) },
  });
  closers.push(async () => {
    await emulator.close();
    await rm(folder, { recursive: true, force: true });
  });
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET").length;
  const apply = async (policy: string, ...more: string[]) => {
    await writeFile(join(folder, "policy.yaml"), policy);
    const env = {
      DBT_CLOUD_TOKEN: "t0ken",
      DBT_CLOUD_HOST_URL: emulator.url,
      DBT_CLOUD_ACCOUNT_ID: "66847",
      XDG_STATE_HOME: join(folder, "state"),
    };
    return dbtIpRules({ cwd: folder, env, bare: true }, "apply", "--auto-approve", ...more);
  };
  return { apply, writes };
};

const office = { name: "Head office", cidrs: ["203.0.113.0/24"] };
const beside = { name: "Other", cidrs: ["192.0.2.0/24"] };

describe("a rule by which the caller gets in is narrowed", () => {
  it("is refused before the call that would, time and again, while nobody knows the caller's address", async () => {
    const { apply, writes } = await world([office, beside]);
    for (let round = 0; round < 3; round += 1) {
      const ran = await apply(rulesOf(["203.0.113.128/25"], other));
      // The new range goes in first, once; then nothing more.
      expect([ran.code, writes()], ran.stdout).toEqual([round === 0 ? 4 : 3, 1]);
    }
  });

  it("is refused where it is the only rule that allows, too", async () => {
    const { apply } = await world([office]);
    const ran = await apply(rulesOf(["203.0.113.0/25", "203.0.113.128/26"]));
    expect(ran.stdout).toContain("lockout-unsure");
  });

  it("passes where the address is told and stays allowed, and is refused where it does not", async () => {
    const { apply } = await world([office, beside]);
    expect((await apply(rulesOf(["203.0.113.128/25"], other), "--client-ip", "203.0.113.10")).code).toBe(3);
    expect((await apply(rulesOf(["203.0.113.0/25"], other), "--client-ip", "203.0.113.10")).code).toBe(0);
  });

  it("passes where the policy names an address that must stay in", async () => {
    const { apply } = await world([office, beside]);
    const policy = `${rulesOf(["203.0.113.0/25"], other)}guards:\n  must_allow: [203.0.113.10]\n`;
    expect((await apply(policy)).code).toBe(0);
  });

  it("passes with --allow-lockout, its only override", async () => {
    const { apply } = await world([office, beside]);
    expect((await apply(rulesOf(["203.0.113.0/25"], other), "--allow-lockout")).code).toBe(0);
  });
});

it("asks nothing of who gets in by another rule", async () => {
  const { apply } = await world([office, beside]);
  const ran = await apply(rulesOf(["203.0.113.0/24"], other.replace("192.0.2.0/24", "192.0.2.0/25")));
  expect(ran.code, ran.stdout).toBe(0);
});
