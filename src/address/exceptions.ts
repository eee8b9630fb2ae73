/**
 * A set of addresses as people say it: a wide prefix but a few, where the list of what is inside would be long.
 *
 *     34.0.0.0/8      |-------------------------------|
 *     the set         |------|  |---------|  |--------|     many prefixes
 *     but                     ||           ||               two
 */
import { allIPv4, containsPrefix, type Prefix } from "./prefix.js";

/** All addresses of `wide` that are in none of `but`. */
export interface Exception {
  readonly wide: Prefix;
  /** In order, disjoint; not empty. */
  readonly but: readonly Prefix[];
}

/** Together exactly the addresses of the list that they were made of. */
interface Wording {
  readonly exceptions: readonly Exception[];
  /** What is shorter to list. */
  readonly listed: readonly Prefix[];
}

/** Of the part of the list that is inside one prefix: how to say it, and what of the prefix it leaves out. */
interface Part extends Wording {
  readonly left: readonly Prefix[];
}

const nothing: readonly never[] = [];

const cost = ({ exceptions, listed }: Wording): number =>
  exceptions.reduce((sum, { but }) => sum + 1 + but.length, listed.length);

/** The two halves of a prefix that is no single address. */
const halves = ({ network, length }: Prefix): readonly [Prefix, Prefix] => [
  { network, length: length + 1 },
  { network: network | (1n << BigInt(127 - length)), length: length + 1 },
];

/** Index of the first of `list` between `from` and `to` that does not begin before the address. */
const firstFrom = (list: readonly Prefix[], from: number, to: number, address: bigint): number => {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.network < address) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** `list[from]` .. `list[to - 1]` are inside `wide`. */
const partOf = (list: readonly Prefix[], from: number, to: number, wide: Prefix): Part => {
  if (from === to) return { exceptions: nothing, listed: nothing, left: [wide] };
  if (list[from]!.length === wide.length) return { exceptions: nothing, listed: [wide], left: nothing };
  const [lower, upper] = halves(wide);
  const middle = firstFrom(list, from, to, upper.network);
  const a = partOf(list, from, middle, lower);
  const b = partOf(list, middle, to, upper);
  const left = [...a.left, ...b.left];
  // IPv4 is no part of what people call IPv6, so that no exception from IPv6 may reach around it.
  const mixed = wide.length < allIPv4.length && containsPrefix(wide, allIPv4);
  const length = 1 + left.length;
  if (!mixed && 2 * length <= to - from && length <= cost(a) + cost(b))
    return { exceptions: [{ wide, but: left }], listed: nothing, left };
  return {
    exceptions: [...a.exceptions, ...b.exceptions],
    listed: [...a.listed, ...b.listed],
    left,
  };
};

/**
 * `list`: in order, and as few prefixes as the set permits (`AddressSet.prefixes`), inside `wide`. An exception is made
 * only where it is at most half as long as a list of the same: a list is easier to check.
 */
export const withExceptions = (list: readonly Prefix[], wide: Prefix): Wording => {
  const { exceptions, listed } = partOf(list, 0, list.length, wide);
  return { exceptions, listed };
};
