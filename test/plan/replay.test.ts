/** Outcomes against a search over every event and every entry, on random accounts, candidates and traffic. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPrefix, type Prefix } from "../../src/address/prefix.js";
import type { AccountState, Enforcement, Rule } from "../../src/model/rule.js";
import {
  type ActorKind,
  lostTo,
  type ReplayOutcome,
  replay,
  type SeenActor,
  type Traffic,
} from "../../src/plan/replay.js";
import { share } from "../drills.js";
import { observed, prefix } from "./small-space.js";
import { rule, state } from "./values.js";

interface Event {
  readonly actor: number;
  readonly address: bigint;
}

const contains = ({ network, length }: Prefix, address: bigint): boolean =>
  address >> BigInt(128 - length) === network >> BigInt(128 - length);

/** By the definition: the longest entry decides; with none, denied if there is any allow entry. */
const isAllowed = ({ rules }: AccountState, address: bigint): boolean => {
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((one) => ({ type, one })));
  const matching = entries.filter(({ one }) => contains(one, address));
  const longest = Math.max(-1, ...matching.map(({ one }) => one.length));
  const decisive = matching.filter(({ one }) => one.length === longest);
  if (decisive.length === 0) return !entries.some(({ type }) => type === "allow");
  return decisive.every(({ type }) => type === "allow");
};

const kinds: readonly ActorKind[] = ["user", "service_token", "unknown", "address"];
const kindOf = (actor: number): ActorKind => kinds[actor % kinds.length] ?? "user";

/** What each actor's events say, one after the other. */
const expected = (
  events: readonly Event[],
  before: AccountState,
  after: AccountState,
  subject: boolean | undefined,
): Map<number, ReplayOutcome> => {
  const byActor = new Map<number, { lost: number; kept: number; gained: number }>();
  for (const { actor, address } of events) {
    const own = byActor.get(actor) ?? { lost: 0, kept: 0, gained: 0 };
    byActor.set(actor, own);
    const free = kindOf(actor) === "service_token" && subject === false;
    const was = free || before.enforcement === "disabled" || isAllowed(before, address);
    const is = free || isAllowed(after, address);
    if (was && !is) own.lost += 1;
    if (was && is) own.kept += 1;
    if (!was && is) own.gained += 1;
  }
  const outcomes = new Map<number, ReplayOutcome>();
  for (const [actor, { lost, kept, gained }] of byActor) {
    const allowedAfter = kept + gained;
    if (lost > 0) outcomes.set(actor, allowedAfter === 0 ? "cut_off" : "partly");
    else if (gained > 0) outcomes.set(actor, "gains");
    else outcomes.set(actor, kept > 0 ? "keeps" : "blocked");
  }
  return outcomes;
};

const gather = (events: readonly Event[]): SeenActor[] => {
  const byActor = new Map<number, Map<bigint, number>>();
  for (const { actor, address } of events) {
    const own = byActor.get(actor) ?? new Map<bigint, number>();
    byActor.set(actor, own.set(address, (own.get(address) ?? 0) + 1));
  }
  return [...byActor].map(([actor, addresses]) => ({
    kind: kindOf(actor),
    id: String(actor),
    addresses: [...addresses].map(([address, count]) => ({
      address,
      events: count,
      failedLogins: 0,
      firstSeen: 1,
      lastSeen: 2,
    })),
  }));
};

const trafficOf = (actors: readonly SeenActor[]): Traffic => ({
  unreadable: [],
  window: { since: "2026-01-01T00:00:00.000Z", until: "2026-03-01T00:00:00.000Z" },
  events: {
    read: 1,
    withoutAddress: 0,
    unreadableAddress: 0,
    duplicates: 0,
    withoutTime: 0,
    outsideWindow: 0,
    inFuture: 0,
  },
  actors,
});

const anyAddress = fc.constantFrom(...observed);
const anyPrefix: fc.Arbitrary<Prefix> = fc
  .tuple(anyAddress, fc.constantFrom(0, 95, 96, 104, 120, 123, 124, 125, 126, 127, 128))
  .map(([address, length]) => ({
    network: (address >> BigInt(128 - length)) << BigInt(128 - length),
    length,
  }));
/** Of one prefix, an allow and a deny entry contradict each other: the first of them is left. */
const anyRules: fc.Arbitrary<readonly Rule[]> = fc
  .array(fc.tuple(anyPrefix, fc.constantFrom("allow", "deny"), fc.constantFrom("a", "b", "c")), {
    maxLength: 8,
  })
  .map((entries) => {
    const types = new Map<string, string>();
    const rules = new Map<string, { name: string; type: "allow" | "deny"; texts: string[] }>();
    for (const [one, type, name] of entries) {
      const text = formatPrefix(one);
      if ((types.get(text) ?? type) !== type) continue;
      types.set(text, type);
      const key = `${type} ${name}`;
      const own = rules.get(key) ?? { name: key, type: type as "allow" | "deny", texts: [] };
      rules.set(key, own);
      own.texts.push(text);
    }
    return [...rules.values()].map(({ name, type, texts }) => rule(name, type, ...texts));
  });
const anyState: fc.Arbitrary<AccountState> = fc
  .tuple(fc.constantFrom<Enforcement>("enabled", "disabled"), anyRules)
  .map(([enforcement, rules]) => state(enforcement, ...rules));
const anyEvents = fc.array(fc.record({ actor: fc.nat(12), address: anyAddress }), {
  minLength: 1,
  maxLength: 60,
});

const runs = { numRuns: share(400, 20_000) };

test("every actor has the outcome that a search over every event finds", () => {
  fc.assert(
    fc.property(
      anyEvents,
      anyState,
      anyState,
      fc.constantFrom(true, false, undefined),
      (events, before, after, subject) => {
        const found = replay(trafficOf(gather(events)), { before, after, serviceTokensSubject: subject });
        const outcomes = new Map(found.actors.map(({ id, outcome }) => [Number(id), outcome]));
        expect(outcomes).toEqual(expected(events, before, after, subject));
      },
    ),
    runs,
  );
});

test("the prefixes that would let a loser in hold their lost addresses and no other", () => {
  fc.assert(
    fc.property(anyEvents, anyState, anyState, (events, before, after) => {
      const found = replay(trafficOf(gather(events)), { before, after, serviceTokensSubject: true });
      for (const { addresses, wouldLetIn, outcome } of found.actors) {
        const lost = addresses.filter((one) => one.before === "allowed" && one.after === "blocked");
        const size = wouldLetIn.reduce((sum, { length }) => sum + (1n << BigInt(128 - length)), 0n);
        expect(size).toBe(BigInt(lost.length));
        for (const { address } of lost) expect(wouldLetIn.some((one) => contains(one, address))).toBe(true);
        expect(wouldLetIn.length > 0).toBe(outcome === "cut_off" || outcome === "partly");
      }
    }),
    runs,
  );
});

test("an entry is unused where no address on record has it as its longest match", () => {
  fc.assert(
    fc.property(anyEvents, anyState, anyState, (events, before, after) => {
      const found = replay(trafficOf(gather(events)), { before, after });
      const all = after.rules.flatMap(({ name, prefixes }) => prefixes.map((one) => ({ name, one })));
      const unused = all.filter(
        ({ one }) =>
          !events.some(
            ({ address }) =>
              contains(one, address) &&
              !all.some((other) => other.one.length > one.length && contains(other.one, address)),
          ),
      );
      const names = (list: readonly { rule: string; prefix: Prefix }[]) =>
        list.map((one) => `${one.rule} ${formatPrefix(one.prefix)}`).sort();
      expect(names(found.unused)).toEqual(
        names(unused.map(({ name, one }) => ({ rule: name, prefix: one }))),
      );
    }),
    runs,
  );
});

const seen = (text: string, events = 1) => ({
  address: prefix(text).network,
  events,
  failedLogins: 0,
  firstSeen: 1,
  lastSeen: 2,
});
const person = (id: string, ...texts: string[]): SeenActor => ({
  kind: "user",
  id,
  name: `Name ${id}`,
  addresses: texts.map((text) => seen(text)),
});

const office = rule("Office", "allow", "203.0.113.0/24");
const home = rule("Home", "allow", "198.51.100.0/28");

test("a label counts persons and tokens each by itself, the worst and busiest first, and holds no id", () => {
  const traffic = trafficOf([
    person("9007", "203.0.113.1"),
    person("9008", "198.51.100.1", "198.51.100.2"),
    { kind: "service_token", id: "7", addresses: [seen("192.0.2.1", 9)] },
    { kind: "unknown", name: "x", addresses: [seen("192.0.2.2", 5)] },
    { kind: "address", addresses: [seen("192.0.2.3")] },
  ]);
  const found = replay(traffic, {
    before: state("disabled"),
    after: state("enabled", office),
    serviceTokensSubject: true,
  });
  expect(found.actors.map(({ label, outcome }) => [label, outcome])).toEqual([
    ["token 1", "cut_off"],
    ["person 1", "cut_off"],
    ["person 2", "cut_off"],
    ["address 1", "cut_off"],
    ["person 3", "keeps"],
  ]);
});

test("says which rule lost them, and what let them in before", () => {
  const found = replay(trafficOf([person("1", "198.51.100.1", "198.51.100.2", "203.0.113.1")]), {
    before: state("enabled", office, home),
    after: state("enabled", office, rule("Guests", "deny", "198.51.100.2")),
  });
  expect(found.actors[0]).toMatchObject({
    outcome: "partly",
    wouldLetIn: [prefix("198.51.100.1"), prefix("198.51.100.2")],
  });
  expect(lostTo(found.actors[0]!)).toMatchObject([
    { before: { kind: "entry", rule: "Home" }, after: { kind: "default", allowed: false } },
    { before: { kind: "entry", rule: "Home" }, after: { kind: "entry", rule: "Guests", type: "deny" } },
  ]);
});

test("service tokens: subject, not subject, and both where nobody says", () => {
  const token: SeenActor = { kind: "service_token", id: "7", addresses: [seen("192.0.2.1")] };
  const outcomes = (serviceTokensSubject: boolean | undefined) =>
    replay(trafficOf([token]), {
      before: state("disabled"),
      after: state("enabled", office),
      serviceTokensSubject,
    }).actors.map(({ outcome, outcomeIfNotSubject }) => [outcome, outcomeIfNotSubject]);
  expect(outcomes(true)).toEqual([["cut_off", undefined]]);
  expect(outcomes(false)).toEqual([["keeps", undefined]]);
  expect(outcomes(undefined)).toEqual([["cut_off", "keeps"]]);
});

test("with enforcement off afterwards, after is as if it were on, and is said to have no effect yet", () => {
  const found = replay(trafficOf([person("1", "192.0.2.1")]), {
    before: state("disabled", office),
    after: state("disabled", office),
  });
  expect(found).toMatchObject({ effective: false, enforcement: { before: "disabled", after: "disabled" } });
  expect(found.actors[0]?.addresses[0]).toMatchObject({ before: "allowed", after: "blocked" });
});
