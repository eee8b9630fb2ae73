/**
 * Who gets in: for a set of entries, the function from an address to its verdict and to the entry that decides.
 * The most specific entry that holds an address wins (docs/service.md, "Rules"); where none does, the address is
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
 * makes entries of them, `AccessMap.ofColumns` the map, `diffAccess` compares two.
 */

import { AddressSet } from "./address-set.js";
import { Boundaries, BoundaryIndex } from "./boundaries.js";
import { type Address, lastAddress, lastOfAll, type Prefix } from "./prefix.js";
import { columnsOf, type EntryColumns, sortColumns } from "./prefix-columns.js";
import { deepestNesting, Nesting } from "./prefix-forest.js";
import { compareWords, copyWords, isZero, readWords, writeWords, zeroWords } from "./words.js";

// The ranges of an access map in columns, and the sweep that makes them of entries.

/** The owner of addresses that no entry holds. */
export const defaultOwner = -1;
/** The owner of all addresses while enforcement is off. */
export const unenforcedOwner = -2;

/**
 * Each range goes on to the next, the last to the end of the space.
 * Invariant: `starts` is strictly ascending and begins with 0, and neighbours differ in their owner. So each
 * address is in exactly one range, and the ranges are as few as the owners permit.
 */
interface AccessRangeColumns {
  readonly count: number;
  /** First address of range `i`: `starts[4 * i]` .. `starts[4 * i + 3]`, most significant word first. */
  readonly starts: Uint32Array;
  /** Index of the deciding entry, or `defaultOwner`, or `unenforcedOwner`. */
  readonly owners: Int32Array;
  /** 1 where the addresses are allowed, 0 where they are denied. */
  readonly verdicts: Uint8Array;
}

class RangesInTheMaking implements AccessRangeColumns {
  count = 0;
  readonly starts: Uint32Array;
  readonly owners: Int32Array;
  readonly verdicts: Uint8Array;

  constructor(capacity: number) {
    this.starts = new Uint32Array(4 * capacity);
    this.owners = new Int32Array(capacity);
    this.verdicts = new Uint8Array(capacity);
  }

  /** From this address on, until the next call, `owner` decides. An earlier call for the same address is void. */
  begin(words: Uint32Array, at: number, owner: number, verdict: number): void {
    if (this.count === 0 || compareWords(this.starts, 4 * (this.count - 1), words, at) !== 0) {
      copyWords(words, at, this.starts, 4 * this.count);
      this.count += 1;
    }
    this.owners[this.count - 1] = owner;
    this.verdicts[this.count - 1] = verdict;
  }
}

/** One range, all allowed: what holds while enforcement is off. */
const unenforcedRanges = (): AccessRangeColumns => {
  const ranges = new RangesInTheMaking(1);
  ranges.begin(zeroWords, 0, unenforcedOwner, 1);
  return ranges;
};

/**
 * One sweep over the entries in order of start, the wider first. Of those that hold the place where the sweep is, the
 * innermost is the most specific: it owns what comes.
 *
 *     a    |---------------|        enter a, enter b, leave b: a again, enter c,
 *     b      |---|                  leave c and a, which end together: the default
 *     c            |-------|
 *
 * `defaultVerdict` (1 or 0) is for the addresses that no entry holds.
 */
const sweepEntries = (entries: EntryColumns, defaultVerdict: number): AccessRangeColumns => {
  const { count, words, lengths, rows } = sortColumns(entries);
  // An entry begins at most two ranges: its own, and the one after it.
  const ranges = new RangesInTheMaking(2 * count + 1);
  ranges.begin(zeroWords, 0, defaultOwner, defaultVerdict);
  // By depth: who decides, and how.
  const nesting = new Nesting();
  const owners = new Int32Array(deepestNesting + 1).fill(defaultOwner);
  const verdicts = new Uint8Array(deepestNesting + 1).fill(defaultVerdict);
  const leave = (): void => {
    const end = 4 * nesting.depth;
    nesting.leave();
    ranges.begin(nesting.ends, end, owners[nesting.depth]!, verdicts[nesting.depth]!);
  };
  for (let at = 0; at < count; at += 1) {
    const row = rows[at]!;
    const verdict = entries.allows[row]!;
    if (at > 0 && lengths[at] === lengths[at - 1] && compareWords(words, 4 * at - 4, words, 4 * at) === 0) {
      // The same prefix again. The lowest index came first and owns; but a deny entry beats an allow entry.
      if (verdict >= verdicts[nesting.depth]!) continue;
    } else {
      while (nesting.endsBefore(words, 4 * at)) leave();
      nesting.enter(words, 4 * at, lengths[at]!);
    }
    owners[nesting.depth] = row;
    verdicts[nesting.depth] = verdict;
    ranges.begin(words, 4 * at, row, verdict);
  }
  while (nesting.depth > 0 && !isZero(nesting.ends, 4 * nesting.depth)) leave();
  return ranges;
};

export interface AccessEntry {
  readonly prefix: Prefix;
  readonly type: "allow" | "deny";
}

interface AccessOptions {
  readonly enforced: boolean;
  /** What no entry holds is denied, also where there is no allow entry. */
  readonly deniesByDefault?: boolean;
}

interface AccessVerdict {
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

export class AccessMap {
  /** What an address gets that no entry holds. */
  readonly defaultAllowed: boolean;
  /** The ranges in bulk; not to be changed. */
  readonly columns: AccessRangeColumns;
  readonly #entryCount: number;
  /** Made by the first search. */
  #index: BoundaryIndex | undefined;

  private constructor(columns: AccessRangeColumns, defaultAllowed: boolean, entryCount: number) {
    this.columns = columns;
    this.defaultAllowed = defaultAllowed;
    this.#entryCount = entryCount;
  }

  static of(entries: readonly AccessEntry[], options: AccessOptions): AccessMap {
    const columns = columnsOf(entries.map(({ prefix }) => prefix));
    const allows = Uint8Array.from(entries, ({ type }) => (type === "allow" ? 1 : 0));
    return AccessMap.ofColumns({ ...columns, allows }, options);
  }

  /**
   * Of several entries with one prefix and one type the lowest index owns; of an allow and a deny entry with
   * one prefix the deny entry does (the service refuses to save such a pair).
   */
  static ofColumns(entries: EntryColumns, options: AccessOptions): AccessMap {
    if (!options.enforced) return new AccessMap(unenforcedRanges(), true, 0);
    const defaultAllowed = options.deniesByDefault !== true && !entries.allows.includes(1);
    return new AccessMap(sweepEntries(entries, Number(defaultAllowed)), defaultAllowed, entries.count);
  }

  #rangeOf(address: Address): number {
    writeWords(address, probe, 0);
    this.#index ??= new BoundaryIndex(this.columns.starts, this.columns.count);
    return this.#index.countUpTo(probe, 0) - 1;
  }

  lookup(address: Address): AccessVerdict {
    const { owners, verdicts } = this.columns;
    const range = this.#rangeOf(address);
    return { allowed: verdicts[range] === 1, owner: owners[range]! };
  }

  /** All ranges in order, or their parts inside a prefix. */
  *ranges(within?: Prefix): IterableIterator<AccessRange> {
    const { count, starts, owners, verdicts } = this.columns;
    const end = within === undefined ? lastOfAll : lastAddress(within);
    let first = within === undefined ? 0n : within.network;
    for (let range = this.#rangeOf(first); range < count && first <= end; range += 1) {
      const next = range + 1 < count ? readWords(starts, 4 * range + 4) : lastOfAll + 1n;
      const last = next <= end ? next - 1n : end;
      yield { first, last, allowed: verdicts[range] === 1, owner: owners[range]! };
      first = next;
    }
  }

  get allowsAnybody(): boolean {
    return this.columns.verdicts.subarray(0, this.columns.count).includes(1);
  }

  allowed(): AddressSet {
    return this.#withVerdict(1);
  }

  blocked(): AddressSet {
    return this.#withVerdict(0);
  }

  #withVerdict(verdict: number): AddressSet {
    const { count, starts, verdicts } = this.columns;
    const bounds = new Boundaries(0);
    for (let range = 0; range < count; range += 1) {
      // A list of odd length is inside the set; where that is no longer so, here is a boundary of it.
      if ((verdicts[range] === verdict) !== ((bounds.count & 1) === 1)) bounds.push(starts, 4 * range);
    }
    return AddressSet.ofBoundaries(bounds);
  }

  /** Indices of the entries that decide about no address at all, because others are more specific everywhere. */
  shadowedEntries(): number[] {
    const { count, owners } = this.columns;
    const owns = new Uint8Array(this.#entryCount);
    for (let range = 0; range < count; range += 1) {
      const owner = owners[range]!;
      if (owner >= 0) owns[owner] = 1;
    }
    const shadowed: number[] = [];
    owns.forEach((flag, entry) => {
      if (flag === 0) shadowed.push(entry);
    });
    return shadowed;
  }
}

// Exactly which addresses get another verdict from one access map than from another, and who decided.

/** Addresses from `first` to `last`, both included, that change from blocked to allowed or back. */
interface AccessDifferenceRange {
  readonly first: Address;
  readonly last: Address;
  /** The new verdict; the old one is the other. */
  readonly allowed: boolean;
  /** Owner in the map before: an index into its entries, `defaultOwner` or `unenforcedOwner`. */
  readonly ownerBefore: number;
  readonly ownerAfter: number;
}

/**
 * A walk over two maps at once, from one place where either has a boundary to the next:
 *
 *     before   |------------|--------|------
 *     after    |-----|--------------------|-
 *     steps    |     |      |        |    |
 *
 * `i` and `j` are the ranges of the two maps that hold the present place.
 */
class BoundaryWalk {
  i = 0;
  j = 0;
  readonly #before: AccessRangeColumns;
  readonly #after: AccessRangeColumns;
  /** 1 where addresses get in from the present place on, -1 where they no longer do, else 0. */
  direction: number;
  /** The present place is the address at `#place[#at]`: the boundary that the last step went to. */
  #place: Uint32Array = zeroWords;
  #at = 0;

  constructor(before: AccessRangeColumns, after: AccessRangeColumns) {
    this.#before = before;
    this.#after = after;
    this.direction = after.verdicts[0]! - before.verdicts[0]!;
  }

  /** Goes on to the nearer of the next boundaries; false at the end of the space. */
  advance(): boolean {
    const before = this.#before;
    const after = this.#after;
    const atEndBefore = this.i + 1 === before.count;
    const atEndAfter = this.j + 1 === after.count;
    if (atEndBefore && atEndAfter) return false;
    let order = atEndBefore ? 1 : -1;
    if (atEndBefore === atEndAfter) {
      order = compareWords(before.starts, 4 * this.i + 4, after.starts, 4 * this.j + 4);
    }
    if (order >= 0) {
      this.j += 1;
      this.#place = after.starts;
      this.#at = 4 * this.j;
    }
    if (order <= 0) {
      this.i += 1;
      this.#place = before.starts;
      this.#at = 4 * this.i;
    }
    this.direction = after.verdicts[this.j]! - before.verdicts[this.i]!;
    return true;
  }

  pushPlace(to: Boundaries): void {
    to.push(this.#place, this.#at);
  }

  place(): Address {
    return readWords(this.#place, this.#at);
  }
}

/** Iterates over its ranges in order; neighbours differ in an owner, so an address set may span several. */
class AccessDifference implements Iterable<AccessDifferenceRange> {
  readonly newlyAllowed: AddressSet;
  readonly newlyBlocked: AddressSet;
  readonly #before: AccessRangeColumns;
  readonly #after: AccessRangeColumns;

  constructor(before: AccessRangeColumns, after: AccessRangeColumns) {
    this.#before = before;
    this.#after = after;
    const allowed = new Boundaries(before.count + after.count);
    const blocked = new Boundaries(before.count + after.count);
    const walk = new BoundaryWalk(before, after);
    do {
      const direction = walk.direction;
      // A list of odd length is inside its set; where that is no longer so, here is a boundary of it.
      if (direction > 0 !== ((allowed.count & 1) === 1)) walk.pushPlace(allowed);
      if (direction < 0 !== ((blocked.count & 1) === 1)) walk.pushPlace(blocked);
    } while (walk.advance());
    this.newlyAllowed = AddressSet.ofBoundaries(allowed);
    this.newlyBlocked = AddressSet.ofBoundaries(blocked);
  }

  *[Symbol.iterator](): IterableIterator<AccessDifferenceRange> {
    const walk = new BoundaryWalk(this.#before, this.#after);
    let goesOn = true;
    while (goesOn) {
      const direction = walk.direction;
      const { i, j } = walk;
      const first = direction === 0 ? 0n : walk.place();
      goesOn = walk.advance();
      if (direction === 0) continue;
      yield {
        first,
        last: goesOn ? walk.place() - 1n : lastOfAll,
        allowed: direction > 0,
        ownerBefore: this.#before.owners[i]!,
        ownerAfter: this.#after.owners[j]!,
      };
    }
  }
}

/** Where two maps differ in their verdict. Linear in their ranges; the maps may have different entries. */
export const diffAccess = (before: AccessMap, after: AccessMap): AccessDifference =>
  new AccessDifference(before.columns, after.columns);
