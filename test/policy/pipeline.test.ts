/**
 * From the text of a policy and a random account to the access change of the plan, held against every address
 * one by one: the definition written out a second time, with nothing of `src/` in it but how a prefix is kept.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPrefix, type Prefix, prefixOf } from "../../src/address/prefix.js";
import type { Enforcement, RuleType } from "../../src/model/rule.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import type { Decider } from "../../src/plan/access-change.js";
import { explain } from "../../src/plan/explain.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Plan } from "../../src/plan/plan.js";
import { planDocument } from "../../src/plan/plan-document.js";
import { full } from "../drills.js";
import { smallPrefix, space } from "./random-policies.js";
import { codes, mustRead, readPolicy } from "./reading.js";

const mapped = 0xffffn << 32n;
const anyPrefix: Prefix = { network: 0n, length: 0 };
const anyIPv4: Prefix = { network: mapped, length: 96 };
const documentation: Prefix = { network: 0x2001_0db8n << 96n, length: 32 };

/** Addresses that stand for all: each of the /28, and one of each wider block with how many it stands for. */
const classes: readonly { readonly address: bigint; readonly ipv4: bigint; readonly ipv6: bigint }[] = [
  ...Array.from({ length: 16 }, (_, i) => ({ address: space.network + BigInt(i), ipv4: 1n, ipv6: 0n })),
  { address: mapped, ipv4: 2n ** 32n - 16n, ipv6: 0n },
  { address: documentation.network + 7n, ipv4: 0n, ipv6: 2n ** 96n },
  { address: 1n, ipv4: 0n, ipv6: 2n ** 128n - 2n ** 96n - 2n ** 32n },
];

const names = ["A", "B", "C", "D"] as const;
type Name = (typeof names)[number];

interface Entry {
  readonly rule: Name;
  readonly type: RuleType;
  readonly prefix: Prefix;
  /** Days from the day of reading; undefined: never. */
  readonly expiresIn?: number | undefined;
}

const prefixes: fc.Arbitrary<Prefix> = fc.oneof(
  { weight: 8, arbitrary: smallPrefix },
  { weight: 1, arbitrary: fc.constantFrom(anyPrefix, anyIPv4, documentation) },
);
const typeOf = { A: "allow", B: "deny", C: "allow", D: "deny" } as const;

/** No prefix twice in a rule. */
const entryLists = (mayExpire: boolean): fc.Arbitrary<Entry[]> =>
  fc
    .uniqueArray(
      fc.record({
        rule: fc.constantFrom(...names),
        prefix: prefixes,
        expiresIn: mayExpire
          ? fc.oneof(
              { weight: 3, arbitrary: fc.constant(undefined) },
              { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
            )
          : fc.constant(undefined),
      }),
      { maxLength: 8, selector: ({ rule, prefix }) => `${rule} ${formatPrefix(prefix)}` },
    )
    .map((items) => items.map((item) => ({ ...item, type: typeOf[item.rule] })));

interface World {
  readonly account: readonly Entry[];
  readonly wanted: readonly Entry[];
  /** Rules of the policy; the others of the account are unmanaged. */
  readonly managed: readonly Name[];
  readonly enforcement: Enforcement;
  readonly asked: "enabled" | "disabled" | "ignore";
  readonly unmanaged: "keep" | "delete";
  /** Of the day 2026-12-01, UTC. */
  readonly time: string;
  /** Whether the first rule of the policy takes its prefixes from a network. */
  readonly viaNetwork: boolean;
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    account: entryLists(false),
    wanted: entryLists(true),
    managed: fc.subarray([...names]),
    enforcement: fc.constantFrom<Enforcement>("enabled", "enabled", "disabled", "unknown"),
    asked: fc.constantFrom("enabled", "disabled", "ignore", "ignore"),
    unmanaged: fc.constantFrom("keep", "delete"),
    time: fc.constantFrom("00:00:00.000", "12:34:56.789", "23:59:59.999"),
    viaNetwork: fc.boolean(),
  })
  .map((world) => ({
    ...world,
    account: world.account.filter(({ prefix }) => !bothWays(world.account, prefix)),
    wanted: world.wanted.filter(({ rule }) => world.managed.includes(rule)),
  }));

const bothWays = (entries: readonly Entry[], { network, length }: Prefix): boolean => {
  const types = entries
    .filter(({ prefix }) => prefix.network === network && prefix.length === length)
    .map(({ type }) => type);
  return new Set(types).size > 1;
};

const dateIn = (days: number): string => new Date(Date.UTC(2026, 11, 1 + days)).toISOString().slice(0, 10);

const item = ({ prefix, expiresIn }: Entry): string => {
  const text = JSON.stringify(formatPrefix(prefix));
  return expiresIn === undefined ? text : `{cidr: ${text}, expires: ${dateIn(expiresIn)}}`;
};

const policyText = ({ managed, wanted, asked, unmanaged, viaNetwork }: World): string => {
  const [first] = managed;
  const listOf = (rule: Name): string =>
    `[${wanted
      .filter((entry) => entry.rule === rule)
      .map(item)
      .join(", ")}]`;
  const rules = managed.map((rule) => {
    const list = viaNetwork && rule === first ? "[network: shared]" : listOf(rule);
    return `  - {name: ${rule}, type: ${typeOf[rule]}, allow_empty: true, cidrs: ${list}}`;
  });
  return [
    "version: 1",
    `enforcement: ${asked}`,
    `unmanaged_rules: ${unmanaged}`,
    ...(viaNetwork && first !== undefined
      ? ["networks:", `  shared: {allow_empty: true, cidrs: ${listOf(first)}}`]
      : []),
    rules.length === 0 ? "rules: []" : `rules:\n${rules.join("\n")}`,
    "",
  ].join("\n");
};

const snapshotOf = ({ account, enforcement }: World): Snapshot => {
  let id = 0;
  const rules = [...new Set(account.map(({ rule }) => rule))].map((rule) => ({
    id: ++id,
    name: rule,
    type: typeOf[rule],
    description: "",
    entries: account
      .filter((entry) => entry.rule === rule)
      .map(({ prefix }) => ({ id: ++id, prefix, text: formatPrefix(prefix) })),
  }));
  return { accountId: 1, host: "ab123.us1.dbt.com", enforcement, rules };
};

interface Verdict {
  readonly allowed: boolean;
  readonly decidedBy: Prefix | "default" | "off";
}

const verdictOf = (entries: readonly Entry[], enforced: boolean, address: bigint): Verdict => {
  if (!enforced) return { allowed: true, decidedBy: "off" };
  let best: Entry | undefined;
  for (const entry of entries) {
    const holds = prefixOf(address, entry.prefix.length).network === entry.prefix.network;
    if (holds && (best === undefined || entry.prefix.length > best.prefix.length)) best = entry;
  }
  return best === undefined
    ? { allowed: entries.every(({ type }) => type === "deny"), decidedBy: "default" }
    : { allowed: best.type === "allow", decidedBy: best.prefix };
};

const decidedBy = (decider: Decider): Verdict["decidedBy"] =>
  decider.kind === "entry" ? decider.prefix : decider.kind === "default" ? "default" : "off";

/** What the account comes to: what the policy wants today, and the unmanaged rules that stay. */
const entriesAfter = ({ account, wanted, managed, unmanaged }: World): readonly Entry[] => [
  ...wanted.filter(({ expiresIn }) => expiresIn === undefined || expiresIn > 0),
  ...account.filter(({ rule }) => unmanaged === "keep" && !managed.includes(rule)),
];

interface Expected {
  readonly before: readonly Verdict[];
  readonly after: readonly Verdict[];
}

const expectedOf = (world: World, after: readonly Entry[]): Expected => {
  const isOn = { before: world.enforcement !== "disabled", after: world.enforcement !== "disabled" };
  const untold = world.enforcement === "unknown" && world.account.length === 0 && after.length === 0;
  if (world.asked !== "ignore" && !untold) isOn.after = world.asked === "enabled";
  // With the switch off before and after, the change is what it would mean once on.
  const assumed = !isOn.before && !isOn.after;
  return {
    before: classes.map(({ address }) => verdictOf(world.account, assumed || isOn.before, address)),
    after: classes.map(({ address }) => verdictOf(after, assumed || isOn.after, address)),
  };
};

const checkAccess = (plan: Plan, { before, after }: Expected): void => {
  const { change } = plan.access;
  const totals = { allowed: [0n, 0n] as [bigint, bigint], blocked: [0n, 0n] as [bigint, bigint] };
  const seen = classes.map(({ address, ipv4, ipv6 }) => {
    const holding = change.parts.filter(({ prefixes: own }) =>
      own.some(({ network, length }) => prefixOf(address, length).network === network),
    );
    for (const { verdict } of holding) {
      totals[verdict][0] += ipv4;
      totals[verdict][1] += ipv6;
    }
    return {
      newly: [change.newlyAllowed.contains(address), change.newlyBlocked.contains(address)],
      deciders: holding.flatMap((part) => [decidedBy(part.before), decidedBy(part.after)]),
    };
  });
  expect(seen).toEqual(
    classes.map((_, i) => {
      const [was, is] = [before[i]!, after[i]!];
      return {
        newly: [!was.allowed && is.allowed, was.allowed && !is.allowed],
        deciders: was.allowed === is.allowed ? [] : [was.decidedBy, is.decidedBy],
      };
    }),
  );
  const document = planDocument(plan).access_change;
  expect(document).toEqual({
    direction:
      totals.allowed[0] + totals.allowed[1] > 0n
        ? totals.blocked[0] + totals.blocked[1] > 0n
          ? "both"
          : "broadens"
        : totals.blocked[0] + totals.blocked[1] > 0n
          ? "narrows"
          : "none",
    newly_allowed: {
      cidrs: expect.any(Array),
      ipv4_addresses: `${totals.allowed[0]}`,
      ipv6_addresses: `${totals.allowed[1]}`,
    },
    newly_blocked: {
      cidrs: expect.any(Array),
      ipv4_addresses: `${totals.blocked[0]}`,
      ipv6_addresses: `${totals.blocked[1]}`,
    },
    effective_now: expect.any(Boolean),
    effective_after: expect.any(Boolean),
  });
};

const checkExplained = (plan: Plan, after: readonly Entry[]): void => {
  const enforced = plan.after.enforcement !== "disabled";
  const told = classes.map(({ address }) =>
    explain(plan.after, { network: address, length: 128 }).parts.map(({ verdict, decider, lost }) => ({
      allowed: verdict === "allowed",
      decidedBy: decidedBy(decider),
      lost: lost.map(({ prefix }) => prefix.length),
    })),
  );
  expect(told).toEqual(
    classes.map(({ address }) => {
      const matching = after
        .filter(({ prefix: { network, length } }) => prefixOf(address, length).network === network)
        .map(({ prefix }) => prefix.length)
        .toSorted((a, b) => b - a);
      return [{ ...verdictOf(after, enforced, address), lost: matching.slice(1) }];
    }),
  );
};

describe("from a policy's text to the access change", () => {
  it("is brute force over every address", () => {
    const met = {
      plans: 0,
      refused: 0,
      flips: 0,
      expiries: 0,
      switched: 0,
      hypothetical: 0,
      open: 0,
      openPlans: 0,
    };
    fc.assert(
      fc.property(worlds, (world) => {
        const now = new Date(`2026-12-01T${world.time}Z`);
        const text = policyText(world);
        const after = entriesAfter(world);
        const active = world.wanted.filter(({ expiresIn }) => expiresIn === undefined || expiresIn > 0);
        if (active.some(({ prefix }) => bothWays(active, prefix))) {
          expect(readPolicy(text, { now: now.toISOString() }).policy).toBeUndefined();
          return;
        }
        const own = world.managed.filter((rule) => typeOf[rule] === "allow");
        const ownInForce = active.some(({ type }) => type === "allow");
        if (world.asked === "enabled" && own.length > 0 && !ownInForce) {
          expect(codes(readPolicy(text, { now: now.toISOString() }).diagnostics)).toEqual([
            "no-allow-in-force",
          ]);
          met.open += 1;
          return;
        }
        const policy = mustRead(text, { now: now.toISOString() });
        const { plan } = makePlan({ policy, snapshot: snapshotOf(world) });
        if (after.some(({ prefix }) => bothWays(after, prefix))) {
          expect(plan).toBeUndefined();
          met.refused += 1;
          return;
        }
        const expected = expectedOf(world, after);
        checkAccess(plan!, expected);
        checkExplained(plan!, after);
        const isOpen = own.length > 0 && !ownInForce && plan!.after.enforcement !== "disabled";
        expect(plan!.verdicts.some(({ guard }) => guard === "allow-in-force")).toBe(isOpen);
        met.plans += 1;
        if (isOpen) met.openPlans += 1;
        const hasAllow = (entries: readonly Entry[]) => entries.some(({ type }) => type === "allow");
        if (hasAllow(after) !== hasAllow(world.account)) met.flips += 1;
        if (plan!.expired.length > 0) met.expiries += 1;
        if (plan!.changes.some(({ kind }) => kind === "enforcement")) met.switched += 1;
        if (!plan!.access.enforcedBefore && !plan!.access.enforcedAfter) met.hypothetical += 1;
      }),
      full ? { numRuns: 20_000 } : { numRuns: 600, seed: 1 },
    );
    // Each kind of situation came up often enough to count.
    expect(met.plans).toBeGreaterThan(300);
    for (const times of Object.values(met)) expect(times).toBeGreaterThan(5);
  });
});

const planFor = (rules: string, account: Snapshot["rules"], now = "2026-12-01T00:00:00Z") => {
  const policy = mustRead(`version: 1\nrules:\n${rules}`, { now });
  const snapshot: Snapshot = { accountId: 1, host: "h", enforcement: "enabled", rules: account };
  return makePlan({ policy, snapshot });
};

const onAccount = (name: string, type: RuleType, ...own: Prefix[]): Snapshot["rules"][number] => ({
  id: 1,
  name,
  type,
  description: "",
  entries: own.map((prefix, id) => ({ id, prefix, text: formatPrefix(prefix) })),
});
const net = (last: bigint, length: number): Prefix => ({ network: 0xffff_cb00_7100n + last, length });

describe("the changes that people get wrong", () => {
  it("has no effect to write two halves for a whole", () => {
    const { plan } = planFor("  - {name: Office, type: allow, cidrs: [203.0.113.0/25, 203.0.113.128/25]}\n", [
      onAccount("Office", "allow", net(0n, 120)),
    ]);
    expect(plan!.changes).toHaveLength(1);
    expect(plan!.access.change.direction).toBe("none");
    expect(plan!.verdicts.every(({ state }) => state !== "failed")).toBe(true);
  });

  it("broadens to remove a deny entry", () => {
    const { plan } = planFor(
      "  - {name: Guests, type: deny, allow_empty: true, cidrs: []}\n  - {name: Office, type: allow, cidrs: [203.0.113.0/24]}\n",
      [{ ...onAccount("Guests", "deny", net(64n, 122)), id: 2 }, onAccount("Office", "allow", net(0n, 120))],
    );
    expect(planDocument(plan!).access_change).toEqual({
      direction: "broadens",
      newly_allowed: { cidrs: ["203.0.113.64/26"], ipv4_addresses: "64", ipv6_addresses: "0" },
      newly_blocked: { cidrs: [], ipv4_addresses: "0", ipv6_addresses: "0" },
      effective_now: true,
      effective_after: true,
    });
    expect(plan!.access.change.parts).toMatchObject([
      {
        verdict: "allowed",
        before: { kind: "entry", rule: "Guests", type: "deny" },
        after: { kind: "entry", rule: "Office", type: "allow" },
      },
    ]);
  });

  it("is refused when the last allow entry expires, whatever lint says", () => {
    const rules = "  - {name: Office, type: allow, cidrs: [{cidr: 203.0.113.0/24, expires: 2026-12-01}]}\n";
    const account = [onAccount("Office", "allow", net(0n, 120))];
    expect(planFor(rules, account, "2026-11-30T23:59:59.999Z").plan!.changes).toEqual([]);
    const { plan } = planFor(rules, account, "2026-12-01T00:00:00Z");
    expect(plan!.access.change.newlyAllowed.complement().count()).toEqual({ ipv4: 256n, ipv6: 0n });
    expect(plan!.expired).toEqual([{ rule: "Office", prefix: net(0n, 120), expires: "2026-12-01" }]);
    const refused = plan!.verdicts.filter(({ state }) => state === "failed");
    expect(refused.map(({ guard, override }) => [guard, override])).toEqual([
      ["allow-in-force", undefined],
      ["max-newly-allowed", "--allow-newly-allowed"],
    ]);
  });
});
