import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AccessEntry,
  AccessMap,
  defaultOwner,
  diffAccess,
  unenforcedOwner,
} from "../../src/address/access-map.js";
import { AddressSet } from "../../src/address/address-set.js";
import { containsAddress, formatAddress } from "../../src/address/prefix.js";
import { prefix, smallPrefix, smallSpace } from "./small-space.js";

const allow = (text: string): AccessEntry => ({ prefix: prefix(text), type: "allow" });
const deny = (text: string): AccessEntry => ({ prefix: prefix(text), type: "deny" });
const enforced = { enforced: true };
const address = (text: string): bigint => prefix(text).network;

const smallEntries: fc.Arbitrary<AccessEntry[]> = fc.array(
  fc.record({ prefix: smallPrefix, type: fc.constantFrom("allow", "deny") }),
  { maxLength: 14 },
);

/** The rule of the service, word for word. */
const oracle = (entries: readonly AccessEntry[], at: bigint): { allowed: boolean; owner: number } => {
  let owner = -1;
  entries.forEach((entry, index) => {
    if (!containsAddress(entry.prefix, at)) return;
    const winner = entries[owner];
    const wins =
      winner === undefined ||
      entry.prefix.length > winner.prefix.length ||
      (entry.prefix.length === winner.prefix.length && entry.type === "deny" && winner.type === "allow");
    if (wins) owner = index;
  });
  if (owner >= 0) return { allowed: entries[owner]?.type === "allow", owner };
  return { allowed: entries.every(({ type }) => type === "deny"), owner: -1 };
};

describe("lookup", () => {
  const cases: readonly [string, AccessEntry[], string, boolean, number][] = [
    ["no entries allow all", [], "192.0.2.1", true, defaultOwner],
    ["deny entries only allow the rest", [deny("192.0.2.0/24")], "198.51.100.1", true, defaultOwner],
    ["an allow entry denies the rest", [allow("192.0.2.0/24")], "198.51.100.1", false, defaultOwner],
    ["allow inside deny", [deny("10.0.0.0/8"), allow("10.1.0.0/16")], "10.1.2.3", true, 1],
    ["deny inside allow", [allow("10.0.0.0/8"), deny("10.1.0.0/16")], "10.1.2.3", false, 1],
    ["::/0 holds IPv4", [allow("::/0")], "192.0.2.1", true, 0],
    ["0.0.0.0/0 does not hold IPv6", [allow("0.0.0.0/0")], "2001:db8::1", false, defaultOwner],
    ["IPv4-compatible is not IPv4", [allow("0.0.0.0/0")], "::192.0.2.1", false, defaultOwner],
    ["mapped spelling", [allow("::ffff:192.0.2.0/120")], "192.0.2.1", true, 0],
    ["lowest index owns", [allow("192.0.2.0/24"), allow("192.0.2.0/24")], "192.0.2.1", true, 0],
    ["deny beats allow, after", [allow("192.0.2.0/24"), deny("192.0.2.0/24")], "192.0.2.1", false, 1],
    ["deny beats allow, before", [deny("192.0.2.0/24"), allow("192.0.2.0/24")], "192.0.2.1", false, 0],
    ["last address", [deny("8000::/1")], "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, 0],
  ];
  it.each(cases)("%s", (_, entries, at, allowed, owner) => {
    expect(AccessMap.of(entries, enforced).lookup(address(at))).toEqual({ allowed, owner });
  });

  it("allows everything while enforcement is off", () => {
    const map = AccessMap.of([allow("192.0.2.0/24"), deny("::/0")], { enforced: false });
    expect(map.lookup(address("198.51.100.1"))).toEqual({ allowed: true, owner: unenforcedOwner });
    expect(map.allowed().equals(AddressSet.all)).toBe(true);
    expect(map.blocked().isEmpty()).toBe(true);
    expect(map.defaultAllowed).toBe(true);
  });
});

describe("the map over a small space", () => {
  it("agrees with the rule at every address", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        const map = AccessMap.of(entries, enforced);
        const [allowed, blocked] = [map.allowed(), map.blocked()];
        for (const at of smallSpace) {
          const expected = oracle(entries, at);
          expect(map.lookup(at), formatAddress(at)).toEqual(expected);
          expect(allowed.contains(at)).toBe(expected.allowed);
          expect(blocked.contains(at)).toBe(!expected.allowed);
        }
        expect(allowed.complement().equals(blocked)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it("keeps its ranges ascending, whole and as few as the owners permit", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        const ranges = [...AccessMap.of(entries, enforced).ranges()];
        expect(ranges[0]?.first).toBe(0n);
        expect(ranges.at(-1)?.last).toBe(2n ** 128n - 1n);
        ranges.slice(1).forEach((range, index) => {
          const before = ranges[index];
          expect(range.first).toBe((before?.last ?? -2n) + 1n);
          expect(range.owner).not.toBe(before?.owner);
        });
      }),
    );
  });

  it("cuts ranges at the edges of a prefix", () => {
    fc.assert(
      fc.property(smallEntries, smallPrefix, (entries, within) => {
        const map = AccessMap.of(entries, enforced);
        const parts = [...map.ranges(within)];
        expect(parts[0]?.first).toBe(within.network);
        expect(parts.at(-1)?.last).toBe(within.network + 2n ** BigInt(128 - within.length) - 1n);
        for (const { first, last, allowed, owner } of parts) {
          expect(map.lookup(first)).toEqual({ allowed, owner });
          expect(map.lookup(last)).toEqual({ allowed, owner });
        }
      }),
    );
  });

  it("finds the entries that own no address", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        const map = AccessMap.of(entries, enforced);
        const owners = new Set([...map.ranges()].map(({ owner }) => owner));
        expect(map.shadowedEntries()).toEqual([...entries.keys()].filter((index) => !owners.has(index)));
      }),
    );
    const halves = [allow("192.0.2.0/24"), deny("192.0.2.0/25"), deny("192.0.2.128/25")];
    expect(AccessMap.of(halves, enforced).shadowedEntries()).toEqual([0]);
  });
});

describe("the difference of two access maps", () => {
  const sets = (before: AccessEntry[], after: AccessEntry[]): [number, number] => {
    const difference = diffAccess(AccessMap.of(before, enforced), AccessMap.of(after, enforced));
    return [difference.newlyAllowed.prefixes().length, difference.newlyBlocked.prefixes().length];
  };
  it("sees no change in two halves for a whole", () => {
    expect(sets([allow("192.0.2.0/24")], [allow("192.0.2.0/25"), allow("192.0.2.128/25")])).toEqual([0, 0]);
  });
  it("sees access broaden where a deny entry leaves", () => {
    expect(sets([allow("192.0.2.0/24"), deny("192.0.2.128/25")], [allow("192.0.2.0/24")])).toEqual([1, 0]);
  });
  it("sees the default flip with the last allow entry", () => {
    const gone = diffAccess(AccessMap.of([allow("192.0.2.0/24")], enforced), AccessMap.of([], enforced));
    expect(gone.newlyAllowed.count()).toEqual({ ipv4: 2n ** 32n - 256n, ipv6: 2n ** 128n - 2n ** 32n });
  });

  it("equals brute force, with both owners", () => {
    fc.assert(
      fc.property(smallEntries, smallEntries, (a, b) => {
        const [before, after] = [AccessMap.of(a, enforced), AccessMap.of(b, enforced)];
        const difference = diffAccess(before, after);
        const ranges = [...difference];
        for (const at of smallSpace) {
          const [old, now] = [oracle(a, at), oracle(b, at)];
          const range = ranges.find(({ first, last }) => first <= at && at <= last);
          if (old.allowed === now.allowed) expect(range).toBeUndefined();
          else
            expect(range).toMatchObject({
              allowed: now.allowed,
              ownerBefore: old.owner,
              ownerAfter: now.owner,
            });
        }
        expect(difference.newlyAllowed.equals(after.allowed().subtract(before.allowed()))).toBe(true);
        expect(difference.newlyBlocked.equals(before.allowed().subtract(after.allowed()))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
