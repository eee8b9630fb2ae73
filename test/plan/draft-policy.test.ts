/** A draft from traffic, against a recomputation by hand from the events. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Prefix, parsePrefix } from "../../src/address/prefix.js";
import { draftPolicy } from "../../src/plan/draft-policy.js";
import type { ActorKind, SeenActor, Traffic } from "../../src/plan/replay.js";
import { parsePolicy } from "../../src/policy/parse-policy.js";
import { share } from "../drills.js";

const base = 0xffff_c633_6400n; // 198.51.100.0, mapped
const dayMs = 86_400_000;
const begin = Date.parse("2026-01-01T12:00:00Z");

interface Event {
  readonly actor: number;
  readonly address: number;
  readonly day: number;
  readonly failed: boolean;
}

const kindOf = (actor: number): ActorKind => (actor % 3 === 0 ? "service_token" : "user");

const trafficOf = (events: readonly Event[], since: number, until: number): Traffic => {
  const actors = new Map<number, Map<number, Event[]>>();
  for (const event of events) {
    const own = actors.get(event.actor) ?? new Map<number, Event[]>();
    actors.set(event.actor, own);
    own.set(event.address, [...(own.get(event.address) ?? []), event]);
  }
  const day = (at: number) => new Date(begin + at * dayMs).toISOString();
  return {
    unreadable: [],
    window: { since: day(since), until: day(until) },
    events: {
      read: events.length,
      withoutAddress: 0,
      unreadableAddress: 0,
      duplicates: 0,
      withoutTime: 0,
      outsideWindow: 0,
      inFuture: 0,
    },
    actors: [...actors].map(
      ([actor, addresses]): SeenActor => ({
        kind: kindOf(actor),
        id: String(actor),
        name: `Secret ${actor}`,
        addresses: [...addresses].map(([address, own]) => ({
          address: base + BigInt(address),
          events: own.length,
          failedLogins: own.filter(({ failed }) => failed).length,
          firstSeen: begin + Math.min(...own.map((one) => one.day)) * dayMs,
          lastSeen: begin + Math.max(...own.map((one) => one.day)) * dayMs,
        })),
      }),
    ),
  };
};

const prefixesIn = (text: string): Prefix[] =>
  [...text.matchAll(/^ +- cidr: "?([0-9a-f.:/]+)"?$/gm)].map(([, cidr = ""]) => {
    const parsed = parsePrefix(cidr);
    if (!parsed.ok) throw new Error(cidr);
    return parsed.prefix;
  });
const holds = ({ network, length }: Prefix, address: number): boolean => {
  const at = base + BigInt(address);
  return at >= network && at < network + (1n << BigInt(128 - length));
};

const events = fc.array(
  fc.record({ actor: fc.nat(6), address: fc.nat(40), day: fc.nat(29), failed: fc.boolean() }),
  { minLength: 1, maxLength: 80 },
);

test("admits, sets aside and loses exactly whom a count by hand says", () => {
  fc.assert(
    fc.property(events, fc.nat(20), (all, most) => {
      const early = all.filter(({ day }) => day < 20);
      const late = all.filter(({ day }) => day >= 20);
      const draft = draftPolicy({
        traffic: trafficOf(early, 0, 19),
        heldOut: trafficOf(late, 20, 29),
        mostExtra: most,
      });
      const at = (address: number) => early.filter((one) => one.address === address);
      const record = [...new Set(early.map(({ address }) => address))];
      const wanted = record.filter(
        (address) =>
          at(address).some(({ failed }) => !failed) && new Set(at(address).map(({ day }) => day)).size > 1,
      );
      if (draft === undefined) {
        expect(wanted).toEqual([]);
        return;
      }
      const prefixes = prefixesIn(draft.text);
      const isIn = (address: number) => prefixes.some((prefix) => holds(prefix, address));
      expect(wanted.every(isIn)).toBe(true);
      const size = prefixes.reduce((sum, { length }) => sum + 2 ** (128 - length), 0);
      expect(Number(draft.extra)).toBe(size - record.filter(isIn).length);
      expect(Number(draft.extra)).toBeLessThanOrEqual(most);
      const actors = [...new Set(late.map(({ actor }) => actor))];
      const lost = (actor: number) =>
        late.filter((one) => one.actor === actor).map(({ address }) => !isIn(address));
      expect(draft.tried).toEqual({
        actors: actors.length,
        cutOff: actors.filter((actor) => lost(actor).every(Boolean)).length,
        partly: actors.filter((actor) => lost(actor).some(Boolean) && !lost(actor).every(Boolean)).length,
      });
      expect(draft.setAside).toBe(record.filter((address) => !isIn(address)).length);
    }),
    { numRuns: share(300, 20_000) },
  );
});

const seen = (actor: number, address: number, ...days: number[]): Event[] =>
  days.map((day) => ({ actor, address, day, failed: false }));

test("is a policy that can be read, says its figures together, and names nobody", () => {
  const all = [...seen(1, 7, 1, 2), ...seen(1, 5, 1, 3), ...seen(3, 9, 1, 2), ...seen(2, 30, 4)];
  const failed = [1, 2].map((day) => ({ actor: 5, address: 33, day, failed: true }));
  const draft = draftPolicy({
    traffic: trafficOf([...all, ...failed], 0, 20),
    mostExtra: 2,
    account: { id: 66847, host: "ab123.us1.dbt.com" },
  });
  const text = draft?.text ?? "";
  expect(text.split("\n").filter((line) => line.startsWith("#") && line.length > 80)).toEqual([]);
  expect(parsePolicy(new TextEncoder().encode(text), "draft.yaml")).toMatchObject({ diagnostics: [] });
  expect(text).toContain("# 2 prefixes admit 3 addresses on record and 2 that nobody used.");
  expect(text).toContain("# By the same traffic, the draft would cut off 2 of 4 actors, and 0 in part.");
  expect(text).toContain("#   198.51.100.30: on one day only, 2026-01-05; 1 person, 1 event");
  expect(text).toContain("#   198.51.100.33: only failed logins; 1 person, 2 events");
  expect(text).not.toContain("Secret");
  expect(draft?.summary).toContain("2 that nobody used. By the same traffic, the draft would cut off 2 of 4");
});

test("where nothing is seen twice there is no draft", () => {
  expect(draftPolicy({ traffic: trafficOf(seen(1, 7, 1), 0, 20), mostExtra: 0 })).toBeUndefined();
});
