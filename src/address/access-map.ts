/**
 * Who gets in: for a set of entries, the function from an address to its verdict and to the entry that decides.
 * The most specific entry that holds an address wins (API.md, "The rule set"); where none does, the address is
 * denied if any allow entry exists, else allowed. With enforcement off everything is allowed.
 *
 * A map is the space cut into ranges that each know their owner, ascending and without holes:
 *
 *     entry 1                |-----------|
 *     entry 0          |---------------------------|
 *     default    |...........................................
 *     ranges     | default | 0   | 1         | 0   | default
 *
 * In bulk: `parsePrefixLines` (prefix-lines.ts) reads columns from text, `entriesOfType` (prefix-columns.ts)
 * makes entries of them, `AccessMap.ofColumns` the map, `diffAccess` (access-difference.ts) compares two.
 */
import { AddressSet } from "./address-set.js";
import { Boundaries, BoundaryIndex } from "./boundaries.js";
import { type Address, lastAddress, lastOfAll, type Prefix } from "./prefix.js";
import { columnsOf, type EntryColumns } from "./prefix-columns.js";
import { sortColumns } from "./sort.js";
import { compareEnd, compareWords, isZero, readWords, writeEnd, writeWords, zeroWords } from "./words.js";

export { AccessDifference, type AccessDifferenceRange, diffAccess } from "./access-difference.js";

export interface AccessEntry {
  readonly prefix: Prefix;
  readonly type: "allow" | "deny";
}

/** The owner of addresses that no entry holds. */
export const defaultOwner = -1;
/** The owner of all addresses while enforcement is off. */
export const unenforcedOwner = -2;

export interface AccessVerdict {
  readonly allowed: boolean;
  /** Index of the deciding entry, or `defaultOwner`, or `unenforcedOwner`. */
  readonly owner: number;
}

/** Addresses from `first` to `last`, both included, that one owner decides about. */
export interface AccessRange extends AccessVerdict {
  readonly first: Address;
  readonly last: Address;
}

// For one address at a time; nothing here calls out while it is in use.
const probe = new Uint32Array(4);

/** The ranges of a map in the making. */
class OwnedRanges {
  readonly starts: Boundaries;
  owners: Int32Array;

  constructor(capacity: number) {
    this.starts = new Boundaries(capacity);
    this.owners = new Int32Array(capacity);
  }

  /** From this address on, until told otherwise, `owner` decides. What was said of the same address is void. */
  begin(words: Uint32Array, at: number, owner: number): void {
    const { starts } = this;
    const last = starts.count - 1;
    if (last < 0 || compareWords(starts.words, 4 * last, words, at) !== 0) {
      if (starts.count === this.owners.length) this.#grow();
      starts.push(words, at);
    }
    this.owners[starts.count - 1] = owner;
  }

  #grow(): void {
    const grown = new Int32Array(Math.max(16, 2 * this.owners.length));
    grown.set(this.owners);
    this.owners = grown;
  }
}

/**
 * One sweep over the entries in order of start, the wider first, with a stack of those that hold the place
 * where the sweep is. Each is inside the one below it, so the top is the most specific: it owns what comes.
 *
 *     a    |---------------|        push a, push b, pop b: a again, push c,
 *     b      |---|                  pop c and a, which end together: the default
 *     c            |-------|
 */
const sweep = (entries: EntryColumns): OwnedRanges => {
  const { allows } = entries;
  const { count, words, lengths, rows } = sortColumns(entries);
  const ranges = new OwnedRanges(2 * count + 1);
  ranges.begin(zeroWords, 0, defaultOwner);
  // Nested prefixes differ in length, so 129 places are enough; place 0 is the default's, which never ends.
  const ends = new Uint32Array(4 * 130);
  const owners = new Int32Array(130);
  owners[0] = defaultOwner;
  let top = 0;
  const pop = (): void => {
    top -= 1;
    ranges.begin(ends, 4 * (top + 1), owners[top]!);
  };
  for (let at = 0; at < count; at += 1) {
    const row = rows[at]!;
    if (at > 0 && lengths[at] === lengths[at - 1] && compareWords(words, 4 * at - 4, words, 4 * at) === 0) {
      // The same prefix again. The lowest index came first and owns; but a deny entry beats an allow entry.
      if (allows[row] === 0 && allows[owners[top]!] === 1) {
        owners[top] = row;
        ranges.begin(words, 4 * at, row);
      }
      continue;
    }
    while (compareEnd(ends, 4 * top, words, 4 * at) <= 0) pop();
    top += 1;
    owners[top] = row;
    writeEnd(words, 4 * at, lengths[at]!, ends, 4 * top);
    ranges.begin(words, 4 * at, row);
  }
  while (top > 0 && !isZero(ends, 4 * top)) pop();
  return ranges;
};

export class AccessMap {
  /** What an address gets that no entry holds. */
  readonly defaultAllowed: boolean;
  /**
   * First address of each range. Invariant: strictly ascending, the first is 0, and neighbours differ in their
   * owner; so each address is in exactly one range, and the ranges are as few as the owners permit.
   */
  readonly #starts: Uint32Array;
  readonly #owners: Int32Array;
  readonly #count: number;
  readonly #allows: Uint8Array;
  /** Made by the first search. */
  #index: BoundaryIndex | undefined;

  private constructor({ starts, owners }: OwnedRanges, allows: Uint8Array, defaultAllowed: boolean) {
    this.#starts = starts.words;
    this.#count = starts.count;
    this.#owners = owners;
    this.#allows = allows;
    this.defaultAllowed = defaultAllowed;
  }

  static of(entries: readonly AccessEntry[], options: { readonly enforced: boolean }): AccessMap {
    const columns = columnsOf(entries.map(({ prefix }) => prefix));
    const allows = Uint8Array.from(entries, ({ type }) => (type === "allow" ? 1 : 0));
    return AccessMap.ofColumns({ ...columns, allows }, options);
  }

  /**
   * Of several entries with one prefix and one type the lowest index owns; of an allow and a deny entry with
   * one prefix the deny entry does (the service refuses to save such a pair).
   */
  static ofColumns(entries: EntryColumns, options: { readonly enforced: boolean }): AccessMap {
    if (!options.enforced) {
      const ranges = new OwnedRanges(1);
      ranges.begin(zeroWords, 0, unenforcedOwner);
      return new AccessMap(ranges, new Uint8Array(0), true);
    }
    return new AccessMap(sweep(entries), entries.allows, !entries.allows.includes(1));
  }

  /** How many ranges. */
  get rangeCount(): number {
    return this.#count;
  }

  /** Compares the starts of range `i` of this and range `j` of the other. */
  compareStarts(i: number, other: AccessMap, j: number): number {
    return compareWords(this.#starts, 4 * i, other.#starts, 4 * j);
  }

  /** Appends the start of a range to a list. */
  pushStart(range: number, to: Boundaries): void {
    to.push(this.#starts, 4 * range);
  }

  startOf(range: number): Address {
    return readWords(this.#starts, 4 * range);
  }

  ownerOf(range: number): number {
    return this.#owners[range]!;
  }

  isAllowed(range: number): boolean {
    const owner = this.#owners[range]!;
    return owner < 0 ? this.defaultAllowed : this.#allows[owner] === 1;
  }

  #rangeOf(address: Address): number {
    writeWords(address, probe, 0);
    this.#index ??= new BoundaryIndex(this.#starts, this.#count);
    return this.#index.countUpTo(probe, 0) - 1;
  }

  lookup(address: Address): AccessVerdict {
    const range = this.#rangeOf(address);
    return { allowed: this.isAllowed(range), owner: this.#owners[range]! };
  }

  /** All ranges in order, or their parts inside a prefix. */
  *ranges(within?: Prefix): IterableIterator<AccessRange> {
    const end = within === undefined ? lastOfAll : lastAddress(within);
    let first = within === undefined ? 0n : within.network;
    for (let range = this.#rangeOf(first); range < this.#count && first <= end; range += 1) {
      const next = range + 1 < this.#count ? readWords(this.#starts, 4 * range + 4) : lastOfAll + 1n;
      const last = next <= end ? next - 1n : end;
      yield { first, last, allowed: this.isAllowed(range), owner: this.#owners[range]! };
      first = next;
    }
  }

  allowed(): AddressSet {
    return this.#withVerdict(true);
  }

  blocked(): AddressSet {
    return this.#withVerdict(false);
  }

  #withVerdict(allowed: boolean): AddressSet {
    const bounds = new Boundaries(0);
    for (let range = 0; range < this.#count; range += 1) {
      // An even number of boundaries: outside the set so far.
      if ((this.isAllowed(range) === allowed) === ((bounds.count & 1) === 0)) this.pushStart(range, bounds);
    }
    return AddressSet.ofBoundaries(bounds);
  }

  /** Indices of the entries that decide about no address at all, because others are more specific everywhere. */
  shadowedEntries(): number[] {
    const owns = new Uint8Array(this.#allows.length);
    for (let range = 0; range < this.#count; range += 1) {
      const owner = this.#owners[range]!;
      if (owner >= 0) owns[owner] = 1;
    }
    const shadowed: number[] = [];
    owns.forEach((flag, entry) => {
      if (flag === 0) shadowed.push(entry);
    });
    return shadowed;
  }
}
