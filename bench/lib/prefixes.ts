/** Text files of prefixes, one a line, from fixed seeds. No host bits; in no order; prefixes may repeat. */
import { Random } from "./random.js";

const ipv4 = (address: number, length: number): string => {
  const network = length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0;
  return `${network >>> 24}.${(network >>> 16) & 255}.${(network >>> 8) & 255}.${network & 255}/${length}`;
};

/** Of 2000::/3, as the registries give it out. */
const ipv6 = (random: Random, length: number): string => {
  const groups: number[] = [];
  for (let group = 0; group < 8; group += 1) {
    const bits = Math.min(16, Math.max(0, length - 16 * group));
    const value = random.word() & 0xffff & (0xffff << (16 - bits));
    groups.push(group === 0 ? 0x2000 | (value & 0x1fff) : value);
  }
  // The longest tail of zero groups is what a prefix has; one group of zeros alone is no gap.
  let end = 8;
  while (end > 0 && groups[end - 1] === 0) end -= 1;
  const text = groups.map((group) => group.toString(16));
  return end < 7 ? `${text.slice(0, end).join(":")}::/${length}` : `${text.join(":")}/${length}`;
};

const ipv4Lengths = [16, 20, 22, 24, 24, 24, 26, 28, 29, 30, 32, 32];
const ipv6Lengths = [29, 32, 32, 36, 40, 44, 48, 48, 48, 56, 64, 128];

/** All over the IPv4 space: what is left after merging is nearly as long as the input. */
export const scatteredIPv4 = (count: number, seed: number): string[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    ipv4(random.word(), random.pick([24, 26, 28, 29, 30, 32, 32, 32])),
  );
};

/** Inside 10.0.0.0/8, the shorter prefixes among them: most of it merges away. */
export const denseIPv4 = (count: number, seed: number): string[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    ipv4(0x0a00_0000 | (random.word() >>> 8), random.pick(ipv4Lengths)),
  );
};

const mixedPrefix = (random: Random): string =>
  random.below(10) < 6
    ? ipv4(random.word(), random.pick(ipv4Lengths.filter((length) => length > 20)))
    : ipv6(random, random.pick(ipv6Lengths));

/** Six IPv4 to four IPv6, in no order. */
export const mixed = (count: number, seed: number): string[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => mixedPrefix(random));
};

/** Another `mixed`, half of whose prefixes are in `first` too. */
export const mixedAfter = (first: readonly string[], seed: number): string[] => {
  const random = new Random(seed);
  return first.map(() => (random.below(2) === 0 ? random.pick(first) : mixedPrefix(random)));
};

export const asText = (prefixes: readonly string[]): string => `${prefixes.join("\n")}\n`;
