import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import {
  allIPv4,
  comparePrefixes,
  containsAddress,
  everything,
  formatPrefix,
  isIPv4,
  lastAddress,
  lastOfAll,
  type Prefix,
} from "../../src/address/prefix.js";
import { prefix, smallPrefixes, smallSpace } from "./small-space.js";

const setOf = (...texts: string[]): AddressSet => AddressSet.ofPrefixes(texts.map(prefix));
const texts = (set: AddressSet): string[] => set.prefixes().map(formatPrefix);
const smallSet = smallPrefixes.map((prefixes) => AddressSet.ofPrefixes(prefixes));
const isMember = (prefixes: readonly Prefix[], at: bigint): boolean =>
  prefixes.some((each) => containsAddress(each, at));

/** The invariant of the class, seen from outside: ranges that ascend and never touch. */
const expectCanonical = (set: AddressSet): void => {
  let previous = -2n;
  for (const [first, last] of set.ranges()) {
    expect(first > previous + 1n).toBe(true);
    expect(last >= first).toBe(true);
    previous = last;
  }
};

describe("AddressSet by example", () => {
  it("merges what overlaps and what touches", () => {
    expect(texts(setOf("192.0.2.0/25", "192.0.2.128/25"))).toEqual(["192.0.2.0/24"]);
    expect(texts(setOf("192.0.2.0/24", "192.0.2.7", "192.0.2.7/32"))).toEqual(["192.0.2.0/24"]);
    expect(texts(setOf("192.0.2.128/25", "192.0.3.0/25"))).toEqual(["192.0.2.128/25", "192.0.3.0/25"]);
    expect([...setOf("192.0.2.128/25", "192.0.3.0/25").ranges()]).toHaveLength(1);
  });
  it("splits around a hole", () => {
    expect(texts(setOf("192.0.2.0/29").subtract(setOf("192.0.2.3")))).toEqual([
      "192.0.2.0/31",
      "192.0.2.2/32",
      "192.0.2.4/30",
    ]);
  });
  it("knows the edges of the space", () => {
    expect(AddressSet.all.equals(AddressSet.ofPrefixes([everything]))).toBe(true);
    expect(texts(setOf("::/1", "8000::/1"))).toEqual(["::/0"]);
    expect(AddressSet.all.complement().equals(AddressSet.empty)).toBe(true);
    expect([...AddressSet.all.ranges()]).toEqual([[0n, lastOfAll]]);
    expect(AddressSet.empty.prefixes()).toEqual([]);
    expect(setOf("::").complement().prefixes()).toHaveLength(128);
    expect(texts(setOf("8000::/1").complement())).toEqual(["::/1"]);
  });
  it("takes ranges in order", () => {
    expect(AddressSet.ofRanges([]).isEmpty()).toBe(true);
    expect(AddressSet.ofRanges([[0n, lastOfAll]]).equals(AddressSet.all)).toBe(true);
    const touching = AddressSet.ofRanges([
      [0n, 3n],
      [4n, 7n],
      [9n, lastOfAll],
    ] as const);
    expect([...touching.ranges()]).toEqual([
      [0n, 7n],
      [9n, lastOfAll],
    ]);
    const overlapping = [
      [0n, 3n],
      [3n, 7n],
    ] as const;
    expect(() => AddressSet.ofRanges(overlapping)).toThrow();
    expect(() => AddressSet.ofRanges([[4n, 3n]])).toThrow();
  });
  it("counts IPv4 and IPv6 apart", () => {
    expect(AddressSet.all.count()).toEqual({ ipv4: 2n ** 32n, ipv6: 2n ** 128n - 2n ** 32n });
    expect(AddressSet.empty.count()).toEqual({ ipv4: 0n, ipv6: 0n });
    expect(setOf("203.0.113.0/24", "2001:db8::/32").count()).toEqual({ ipv4: 256n, ipv6: 2n ** 96n });
    expect(setOf("::fffe:0:0/95").count()).toEqual({ ipv4: 2n ** 32n, ipv6: 2n ** 32n });
    expect(setOf("ffff::/16", "::1").count()).toEqual({ ipv4: 0n, ipv6: 2n ** 112n + 1n });
  });
});

describe("AddressSet over a small space", () => {
  it("holds exactly the addresses of its prefixes", () => {
    fc.assert(
      fc.property(smallPrefixes, (prefixes) => {
        const set = AddressSet.ofPrefixes(prefixes);
        expectCanonical(set);
        for (const at of smallSpace) expect(set.contains(at)).toBe(isMember(prefixes, at));
      }),
      { numRuns: 400 },
    );
  });

  it("combines as the members do", () => {
    fc.assert(
      fc.property(smallSet, smallSet, (a, b) => {
        const results = [a.union(b), a.intersect(b), a.subtract(b), a.complement()];
        results.forEach(expectCanonical);
        for (const at of smallSpace) {
          const [inA, inB] = [a.contains(at), b.contains(at)];
          expect(results.map((set) => set.contains(at))).toEqual([inA || inB, inA && inB, inA && !inB, !inA]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("counts its ranges", () => {
    fc.assert(
      fc.property(smallSet, (set) => {
        const { ipv4, ipv6 } = set.count();
        const [four, all] = [set.intersect(AddressSet.ofPrefixes([allIPv4])), set].map((each) =>
          [...each.ranges()].reduce((sum, [first, last]) => sum + last - first + 1n, 0n),
        );
        expect([ipv4, ipv4 + ipv6]).toEqual([four, all]);
      }),
    );
  });

  it("obeys the laws of sets", () => {
    fc.assert(
      fc.property(smallSet, smallSet, smallSet, (a, b, c) => {
        expect(AddressSet.ofRanges(a.ranges()).equals(a)).toBe(true);
        expect(a.complement().complement().equals(a)).toBe(true);
        expect(a.union(b).complement().equals(a.complement().intersect(b.complement()))).toBe(true);
        expect(a.subtract(b).union(a.intersect(b)).equals(a)).toBe(true);
        expect(a.union(b).subtract(b).equals(a.subtract(b))).toBe(true);
        expect(a.union(b.union(c)).equals(b.union(a).union(c))).toBe(true);
        expect(a.intersect(b.union(c)).equals(a.intersect(b).union(a.intersect(c)))).toBe(true);
        expect(a.intersect(b).subtract(a).isEmpty() && a.subtract(a.union(b)).isEmpty()).toBe(true);
        expect(a.equals(b)).toBe(a.subtract(b).isEmpty() && b.subtract(a).isEmpty());
      }),
      { numRuns: 300 },
    );
  });

  it("gives the shortest list of prefixes, in order", () => {
    fc.assert(
      fc.property(smallSet, (set) => {
        const prefixes = set.prefixes();
        expect(AddressSet.ofPrefixes(prefixes).equals(set)).toBe(true);
        expect([...prefixes].sort(comparePrefixes)).toEqual(prefixes);
        // Shortest: none overlaps its neighbour, and no two are the halves of one prefix.
        prefixes.slice(1).forEach((each, index) => {
          const left = prefixes[index]!;
          expect(lastAddress(left) < each.network).toBe(true);
          const areHalves =
            left.length === each.length && lastAddress(left) + 1n === each.network
              ? (left.network >> BigInt(128 - left.length)) % 2n === 0n
              : false;
          expect(areHalves).toBe(false);
        });
        for (const each of prefixes) {
          if (isIPv4(each)) expect(each.length).toBeGreaterThanOrEqual(96);
        }
      }),
      { numRuns: 300 },
    );
  });
});
