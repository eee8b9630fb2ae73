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
 * makes entries of them, `AccessMap.ofColumns` the map, `diffAccess` (access-difference.ts) compares two.
 */
import { type AccessRangeColumns, sweepEntries, unenforcedRanges } from "./access-ranges.js";
import { AddressSet } from "./address-set.js";
import { Boundaries, BoundaryIndex } from "./boundaries.js";
import { type Address, lastAddress, lastOfAll, type Prefix } from "./prefix.js";
import { columnsOf, type EntryColumns } from "./prefix-columns.js";
import { readWords, writeWords } from "./words.js";

export { AccessDifference, type AccessDifferenceRange, diffAccess } from "./access-difference.js";
export { type AccessRangeColumns, defaultOwner, unenforcedOwner } from "./access-ranges.js";

export interface AccessEntry {
  readonly prefix: Prefix;
  readonly type: "allow" | "deny";
}

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
    if (!options.enforced) return new AccessMap(unenforcedRanges(), true, 0);
    const defaultAllowed = !entries.allows.includes(1);
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
