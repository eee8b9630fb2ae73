/** Exactly which addresses get another verdict from one access map than from another, and who decided. */
import type { AccessMap } from "./access-map.js";
import { AddressSet } from "./address-set.js";
import { Boundaries } from "./boundaries.js";
import { type Address, lastOfAll } from "./prefix.js";

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
class Walk {
  i = 0;
  j = 0;
  readonly before: AccessMap;
  readonly after: AccessMap;

  constructor(before: AccessMap, after: AccessMap) {
    this.before = before;
    this.after = after;
  }

  /** Goes on to the nearer of the next boundaries; false at the end of the space. */
  advance(): boolean {
    const { before, after, i, j } = this;
    const atEndBefore = i + 1 === before.rangeCount;
    const atEndAfter = j + 1 === after.rangeCount;
    if (atEndBefore && atEndAfter) return false;
    const order = atEndBefore ? 1 : atEndAfter ? -1 : before.compareStarts(i + 1, after, j + 1);
    if (order <= 0) this.i += 1;
    if (order >= 0) this.j += 1;
    return true;
  }

  /** Positive where addresses get in from here on, negative where they no longer do, else zero. */
  direction(): number {
    return Number(this.after.isAllowed(this.j)) - Number(this.before.isAllowed(this.i));
  }

  /** The place of the walk is the later of the two boundaries that it has passed. */
  #isBoundaryOfBefore(): boolean {
    return this.before.compareStarts(this.i, this.after, this.j) >= 0;
  }

  pushPlace(to: Boundaries): void {
    if (this.#isBoundaryOfBefore()) this.before.pushStart(this.i, to);
    else this.after.pushStart(this.j, to);
  }

  place(): Address {
    return this.#isBoundaryOfBefore() ? this.before.startOf(this.i) : this.after.startOf(this.j);
  }
}

/** Iterates over its ranges in order; neighbours differ in an owner, so an address set may span several. */
export class AccessDifference implements Iterable<AccessDifferenceRange> {
  readonly newlyAllowed: AddressSet;
  readonly newlyBlocked: AddressSet;
  readonly #before: AccessMap;
  readonly #after: AccessMap;

  constructor(before: AccessMap, after: AccessMap) {
    this.#before = before;
    this.#after = after;
    const allowed = new Boundaries(0);
    const blocked = new Boundaries(0);
    const walk = new Walk(before, after);
    do {
      const direction = walk.direction();
      // A list of odd length is inside its set; where that is no longer so, here is a boundary of it.
      if (direction > 0 !== ((allowed.count & 1) === 1)) walk.pushPlace(allowed);
      if (direction < 0 !== ((blocked.count & 1) === 1)) walk.pushPlace(blocked);
    } while (walk.advance());
    this.newlyAllowed = AddressSet.ofBoundaries(allowed);
    this.newlyBlocked = AddressSet.ofBoundaries(blocked);
  }

  *[Symbol.iterator](): IterableIterator<AccessDifferenceRange> {
    const walk = new Walk(this.#before, this.#after);
    let goesOn = true;
    while (goesOn) {
      const direction = walk.direction();
      const { i, j } = walk;
      const first = direction === 0 ? 0n : walk.place();
      goesOn = walk.advance();
      if (direction === 0) continue;
      yield {
        first,
        last: goesOn ? walk.place() - 1n : lastOfAll,
        allowed: direction > 0,
        ownerBefore: this.#before.ownerOf(i),
        ownerAfter: this.#after.ownerOf(j),
      };
    }
  }
}

/** Where two maps differ in their verdict. Linear in their ranges; the maps may have different entries. */
export const diffAccess = (before: AccessMap, after: AccessMap): AccessDifference =>
  new AccessDifference(before, after);
