/**
 * What a plan and `explain` say of an address, held against the answers that a caller from there gets of the
 * listening emulator with enforcement on: each address of a small space, and those on both sides of each boundary.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Address,
  firstAddress,
  formatAddress,
  formatPrefix,
  lastAddress,
  type Prefix,
} from "../../src/address/prefix.js";
import { startEmulator } from "../../src/emulator/listener.js";
import { type Explanation, explain } from "../../src/plan/explain.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Plan } from "../../src/plan/plan.js";
import { dbtIpRules, newFolder, token } from "../cli/world.js";
import { addresses, policyText, type SmallEntry, smallEntries, space } from "./random-policies.js";
import { mustRead } from "./reading.js";

const accountId = 66847;
/** 203.0.113.0/27: the space, and as much behind it. */
const around: Prefix = { network: space.network, length: 123 };

const rulesOf = (entries: readonly SmallEntry[]) =>
  [...new Set(entries.map(({ rule }) => rule))].map((rule, index) => {
    const own = entries.filter((entry) => entry.rule === rule);
    return { id: index + 1, name: rule, type: own[0]!.type, own: own.map(({ prefix }) => prefix) };
  });

/** An account with these entries, enforced, that callers from any address can be tried on. */
const accountWith = async (entries: readonly SmallEntry[]) => {
  const rules = rulesOf(entries).map(({ name, type, own }) => ({ name, type, cidrs: own.map(formatPrefix) }));
  const emulator = await startEmulator({
    accountId,
    tokens: [{ token, kind: "personal", role: "admin", name: "tester" }],
    requestsPerMinute: 1_000_000,
    seed: { enabled: true, rules },
  });
  const getsIn = async (address: Address): Promise<boolean> => {
    const answer = await fetch(`${emulator.url}/api/v3/accounts/${accountId}/ip-restrictions/`, {
      headers: { authorization: `Token ${token}`, "x-forwarded-for": formatAddress(address) },
    });
    await answer.arrayBuffer();
    if (answer.status !== 200 && answer.status !== 403) throw new Error(`status ${answer.status}`);
    return answer.status === 200;
  };
  return { emulator, getsIn };
};

const planOf = (before: readonly SmallEntry[], after: readonly SmallEntry[]): Plan => {
  const rules = rulesOf(before).map(({ own, ...rule }) => ({
    ...rule,
    description: "",
    entries: own.map((prefix, id) => ({ id, prefix, text: formatPrefix(prefix) })),
  }));
  const { plan } = makePlan({
    policy: mustRead(`unmanaged_rules: delete\n${policyText(after).text}`),
    snapshot: { accountId, host: "ab123.us1.dbt.com", enforcement: "enabled", rules },
  });
  return plan!;
};

/** Every address at the end of a range of an explanation, with the verdict that it gives. */
const ends = ({ parts }: Explanation): (readonly [Address, boolean])[] =>
  parts.flatMap(({ prefixes, verdict }) =>
    prefixes.flatMap((prefix) =>
      [firstAddress(prefix), lastAddress(prefix)].map((address) => [address, verdict === "allowed"] as const),
    ),
  );

const one = (address: Address): Prefix => ({ network: address, length: 128 });
const tried: readonly Address[] = [...addresses, space.network - 1n, lastAddress(space) + 1n, 0n, 1n << 127n];

describe("on the emulator", () => {
  it("a caller from each address gets what plan and explain say", async () => {
    let blocked = 0;
    await fc.assert(
      fc.asyncProperty(smallEntries, smallEntries, async (before, after) => {
        const plan = planOf(before, after);
        const [was, is] = [await accountWith(before), await accountWith(after)];
        try {
          for (const address of tried) {
            const [old, now] = [await was.getsIn(address), await is.getsIn(address)];
            const told = [plan.before, plan.after].map(
              (state) => explain(state, one(address)).parts[0]!.verdict === "allowed",
            );
            expect([formatAddress(address), ...told]).toEqual([formatAddress(address), old, now]);
            expect(plan.access.change.newlyAllowed.contains(address)).toBe(!old && now);
            expect(plan.access.change.newlyBlocked.contains(address)).toBe(old && !now);
            if (!now) blocked += 1;
          }
          for (const [address, allowed] of ends(explain(plan.after, around)))
            expect(await is.getsIn(address)).toBe(allowed);
        } finally {
          await Promise.all([was.emulator.close(), is.emulator.close()]);
        }
      }),
      { numRuns: 25 },
    );
    expect(blocked).toBeGreaterThan(25);
  });

  it("the command says the same of the policy, the account and a saved plan", async () => {
    const office: SmallEntry = { rule: "A", type: "allow", prefix: { network: space.network, length: 124 } };
    const guests: SmallEntry = {
      rule: "B",
      type: "deny",
      prefix: { network: space.network + 8n, length: 125 },
    };
    const { emulator, getsIn } = await accountWith([office, guests]);
    const cwd = await newFolder();
    const text = policyText([
      office,
      { ...guests, prefix: { network: space.network + 12n, length: 126 } },
    ]).text;
    await writeFile(join(cwd, "policy.yaml"), text);
    const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: `${accountId}` };
    emulator.change({ clientIp: "203.0.113.1" });
    expect((await dbtIpRules({ cwd, env }, "plan", "--out", "saved.json")).code).toBe(0);
    const ask = async (...argv: string[]) => {
      const { code, stdout } = await dbtIpRules({ cwd, env }, "explain", ...argv, "--format", "json");
      expect(code).toBe(0);
      // The shape of the answer is what is tested.
      return JSON.parse(stdout) as { views: { verdict: string }[] };
    };
    for (const [address, now, later] of [
      ["203.0.113.7", "allowed", "allowed"],
      ["203.0.113.8", "blocked", "allowed"],
      ["203.0.113.12", "blocked", "blocked"],
      ["203.0.113.16", "blocked", "blocked"],
    ] as const) {
      const verdicts = async (...argv: string[]) => (await ask(address, ...argv)).views.map((v) => v.verdict);
      expect(await verdicts("--live")).toEqual([now]);
      expect(await verdicts()).toEqual([later]);
      expect(await verdicts("--plan", "saved.json")).toEqual([now, later]);
      expect(
        await getsIn(0xffff_0000_0000n + BigInt(address.split(".").reduce((n, p) => n * 256 + Number(p), 0))),
      ).toBe(now === "allowed");
    }
    await emulator.close();
  });
});
