/** Exactly which addresses get another verdict from one access map than from another, and who decided. */
import type { AccessMap } from "./access-map.js";
import type { AccessRangeColumns } from "./access-ranges.js";
import { AddressSet } from "./address-set.js";
import { Boundaries } from "./boundaries.js";
import { type Address, lastOfAll } from "./prefix.js";
import { compareWords, readWords, zeroWords } from "./words.js";

/** Addresses from `first` to `last`, both included, that change from blocked to allowed or back. */
export interface AccessDifferenceRange {
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
export class AccessDifference implements Iterable<AccessDifferenceRange> {
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
