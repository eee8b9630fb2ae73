/** The fewest prefixes within a bound, against a search over all covers of a small space. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { coverAddresses } from "../../src/address/cover.js";
import { formatPrefix, type Prefix, parseAddress } from "../../src/address/prefix.js";
import { share } from "../drills.js";

const base = 0xffff_c000_0200n; // 192.0.2.0, mapped
const sizeOf = ({ length }: Prefix): bigint => 1n << BigInt(128 - length);
const holds = (prefix: Prefix, address: bigint): boolean =>
  address >= prefix.network && address < prefix.network + sizeOf(prefix);

/** Every set of disjoint prefixes in the block that holds all wanted: fewest first, then the least extra. */
const search = (wanted: ReadonlySet<number>, record: ReadonlySet<number>, most: number, bits: number) => {
  /** Best extra by count, for the block of `size` from `start`. */
  const best = (start: number, size: number): number[] => {
    const own = [...wanted].filter((one) => one >= start && one < start + size).length;
    if (own === 0) return [0];
    const known = [...record].filter((one) => one >= start && one < start + size).length;
    const found: number[] = [Number.POSITIVE_INFINITY, size - known];
    if (size > 1) {
      const [left, right] = [best(start, size / 2), best(start + size / 2, size / 2)];
      left.forEach((a, i) => {
        right.forEach((b, j) => {
          found[i + j] = Math.min(found[i + j] ?? Number.POSITIVE_INFINITY, a + b);
        });
      });
    }
    return found;
  };
  const all = best(0, 1 << bits);
  const count = all.findIndex((extra) => extra <= most);
  return { count, extra: all[count] };
};

test("is the fewest prefixes, then the least extra, and holds what it must", () => {
  const numbers = fc.uniqueArray(fc.nat(31), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(numbers, fc.uniqueArray(fc.nat(31), { maxLength: 8 }), fc.nat(24), (wanted, others, most) => {
      const record = new Set([...wanted, ...others]);
      const addresses = wanted.map((one) => base + BigInt(one));
      const found = coverAddresses(
        addresses,
        [...record].map((one) => base + BigInt(one)),
        most,
      );
      const expected = search(new Set(wanted), record, most, 5);
      expect([found.prefixes.length, Number(found.extra)]).toEqual([expected.count, expected.extra]);
      for (const address of addresses)
        expect(found.prefixes.filter((one) => holds(one, address))).toHaveLength(1);
      const inside = [...record].filter((one) =>
        found.prefixes.some((prefix) => holds(prefix, base + BigInt(one))),
      );
      const size = found.prefixes.reduce((sum, one) => sum + sizeOf(one), 0n);
      expect(found.extra).toBe(size - BigInt(inside.length));
    }),
    { numRuns: share(2000, 50_000) },
  );
});

const addresses = (...texts: string[]): bigint[] =>
  texts.map((text) => {
    const parsed = parseAddress(text);
    if (!parsed.ok) throw new Error(text);
    return parsed.address;
  });
const covered = (most: number, ...texts: string[]) => {
  const all = addresses(...texts);
  const { prefixes, extra } = coverAddresses(all, all, most);
  return [prefixes.map(formatPrefix), extra];
};

test("with no extra it is the exact set; IPv4 and IPv6 never share a prefix for less than all between them", () => {
  expect(covered(0, "192.0.2.0", "192.0.2.1", "192.0.2.3", "2001:db8::1")).toEqual([
    ["192.0.2.0/31", "192.0.2.3/32", "2001:db8::1/128"],
    0n,
  ]);
  expect(covered(1, "192.0.2.0", "192.0.2.1", "192.0.2.3", "2001:db8::1")).toEqual([
    ["192.0.2.0/30", "2001:db8::1/128"],
    1n,
  ]);
  expect(covered(Number.MAX_SAFE_INTEGER, "192.0.2.0", "2001:db8::1")[0]).toHaveLength(2);
});

test("refuses what it could not do exactly", () => {
  expect(() => coverAddresses([1n], [1n], 0.5)).toThrow(RangeError);
  expect(() =>
    coverAddresses(
      Array.from({ length: 20_001 }, (_, at) => BigInt(at)),
      [],
      0,
    ),
  ).toThrow(RangeError);
  expect(coverAddresses([], [], 5)).toEqual({ prefixes: [], extra: 0n });
});
