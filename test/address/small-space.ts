/**
 * A small part of the address space that brute force can cover: 32 addresses at one /123, 32 at one IPv4 /27,
 * and the prefixes that hold either. Whatever is true of their 64 addresses and of the edges of the
 * space is true of the rest, since no generated prefix tells other addresses apart.
 */
import fc from "fast-check";
import { lastOfAll, type Prefix, parsePrefix, prefixOf } from "../../src/address/prefix.js";

export const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.code}`);
  return parsed.prefix;
};

const bases = [prefix("2001:db8::a0/123"), prefix("203.0.113.64/27"), prefix("::/123")];

/** Every address that the small prefixes can tell apart, and the last of all. */
export const smallSpace: readonly bigint[] = [
  ...bases.flatMap(({ network }) => Array.from({ length: 32 }, (_, index) => network + BigInt(index))),
  ...bases.flatMap(({ network }) => [network - 1n, network + 32n]).filter((address) => address >= 0n),
  lastOfAll,
];

const narrow = fc
  .record({ base: fc.constantFrom(...bases), host: fc.nat(31), length: fc.integer({ min: 122, max: 128 }) })
  .map(({ base, host, length }) => prefixOf(base.network + BigInt(host), length));
const wide = fc
  .record({ base: fc.constantFrom(...bases), length: fc.constantFrom(0, 1, 32, 95, 96, 97, 112, 120) })
  .map(({ base, length }) => prefixOf(base.network, length));
const edges = fc.constantFrom(
  prefixOf(lastOfAll, 128),
  prefixOf(lastOfAll, 127),
  prefixOf(lastOfAll, 1),
  prefixOf(0n, 128),
);

export const smallPrefix: fc.Arbitrary<Prefix> = fc.oneof(
  { weight: 12, arbitrary: narrow },
  { weight: 2, arbitrary: wide },
  { weight: 1, arbitrary: edges },
);
export const smallPrefixes: fc.Arbitrary<Prefix[]> = fc.array(smallPrefix, { maxLength: 16 });
