/**
 * The fewest prefixes that hold some addresses and, beyond all that are on record, at most so many others: exact, by a
 * dynamic program over the tree of the addresses' common prefixes.
 *
 *     leaves   one address each                  node         /29  (6 of 8 used: 2 more)
 *     node     the longest prefix that all                   /    \
 *              addresses under it share          /31 (2 of 2)      /30 (4 of 4)
 *
 * Only nodes need be considered: whatever a prefix of a cover holds, their longest common prefix holds too, with no more
 * others. Of a node, `costs[k]` is the least number of others that `k` prefixes bring in; a node with one prefix brings
 * in what it holds beyond the record, and with more it is the cheapest split between its two halves.
 */
import { type Address, comparePrefixes, lastAddress, type Prefix, prefixOf } from "./prefix.js";

export interface Cover {
  /** Sorted, none inside another. */
  readonly prefixes: readonly Prefix[];
  /** How many addresses they hold that are not on record. */
  readonly extra: bigint;
}

interface Node {
  readonly prefix: Prefix;
  readonly left?: Node;
  readonly right?: Node;
  /** The fewest prefixes that the bound allows. */
  readonly fewest: number;
  /** From `fewest` on, strictly falling, each at most the bound, ending with 0. */
  readonly costs: readonly number[];
}

/** Work grows with the square of the addresses: a second for so many, whatever the bound. */
export const mostCovered = 20_000;

const byValue = (a: Address, b: Address): number => (a < b ? -1 : a > b ? 1 : 0);
const distinct = (addresses: readonly Address[]): Address[] => [...new Set(addresses)].sort(byValue);

/** How many of the sorted addresses are below the limit. */
const countBelow = (sorted: readonly Address[], limit: Address): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The longest prefix of both. */
const common = (a: Address, b: Address): Prefix => prefixOf(a, 128 - (a ^ b).toString(2).length);

class Covering {
  readonly #wanted: readonly Address[];
  readonly #record: readonly Address[];
  readonly #most: number;

  constructor(wanted: readonly Address[], record: readonly Address[], most: number) {
    this.#wanted = wanted;
    this.#record = record;
    this.#most = most;
  }

  /** What one prefix brings in that is not on record; infinite where it is beyond the bound. */
  #others(prefix: Prefix): number {
    const last = lastAddress(prefix);
    const known = countBelow(this.#record, last + 1n) - countBelow(this.#record, prefix.network);
    const others = last - prefix.network + 1n - BigInt(known);
    return others > BigInt(this.#most) ? Number.POSITIVE_INFINITY : Number(others);
  }

  /** Of the wanted addresses from `from` up to, not including, `to`. At most 128 deep. */
  node(from: number, to: number): Node {
    const first = this.#wanted[from]!;
    if (to - from === 1) return { prefix: { network: first, length: 128 }, fewest: 1, costs: [0] };
    const prefix = common(first, this.#wanted[to - 1]!);
    const half = prefix.network + (1n << BigInt(127 - prefix.length));
    const middle = countBelow(this.#wanted, half);
    const [left, right] = [this.node(from, middle), this.node(middle, to)];
    return { prefix, left, right, ...this.#costs(left, right, this.#others(prefix)) };
  }

  #costs(left: Node, right: Node, whole: number): Pick<Node, "fewest" | "costs"> {
    if (whole === 0) return { fewest: 1, costs: [0] };
    const [a, b] = [left.costs, right.costs];
    const sums = new Array<number>(a.length + b.length - 1).fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < a.length; i += 1)
      for (let j = 0; j < b.length; j += 1) {
        const sum = a[i]! + b[j]!;
        if (sum < sums[i + j]!) sums[i + j] = sum;
      }
    const fewest = left.fewest + right.fewest;
    const allowed = sums.findIndex((cost) => cost <= this.#most);
    const kept = sums.slice(allowed, sums.indexOf(0) + 1);
    if (whole === Number.POSITIVE_INFINITY) return { fewest: fewest + allowed, costs: kept };
    // Between one prefix and the fewest of a split, nothing is cheaper than the one.
    const gap = new Array<number>(fewest + allowed - 1).fill(whole);
    return { fewest: 1, costs: [...gap, ...kept.map((cost) => Math.min(cost, whole))] };
  }
}

/** The prefixes of the cheapest cover of a node by `count` prefixes at most. */
const prefixesOf = (node: Node, count: number): Prefix[] => {
  const cost = node.costs[count - node.fewest]!;
  const { left, right } = node;
  if (left === undefined || right === undefined) return [node.prefix];
  for (let own = left.fewest; own <= count - right.fewest; own += 1) {
    const [a, b] = [left.costs[own - left.fewest], right.costs[count - own - right.fewest]];
    if (a !== undefined && b !== undefined && a + b === cost)
      return [...prefixesOf(left, own), ...prefixesOf(right, count - own)];
  }
  // Halves that need fewer than they are given have no cost for the rest: the node's own prefix, or fewer in all.
  return count === 1 || node.costs[0] === cost ? [node.prefix] : prefixesOf(node, count - 1);
};

/**
 * The fewest prefixes that hold every wanted address and at most `mostExtra` that are not in `record`, and of those
 * covers one that holds the least. `record`: all addresses on record, the wanted ones among them. Quadratic in the wanted
 * addresses at worst; at most `mostCovered` of them.
 * @throws RangeError beyond that, or where `mostExtra` is no whole number that a double holds exactly.
 */
export const coverAddresses = (
  wanted: readonly Address[],
  record: readonly Address[],
  mostExtra: number,
): Cover => {
  if (!Number.isSafeInteger(mostExtra) || mostExtra < 0)
    throw new RangeError("a bound that is no whole number");
  const leaves = distinct(wanted);
  if (leaves.length > mostCovered) throw new RangeError("too many addresses");
  if (leaves.length === 0) return { prefixes: [], extra: 0n };
  const root = new Covering(leaves, distinct([...record, ...wanted]), mostExtra).node(0, leaves.length);
  const prefixes = prefixesOf(root, root.fewest).sort(comparePrefixes);
  return { prefixes, extra: BigInt(root.costs[0]!) };
};
