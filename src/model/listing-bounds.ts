/**
 * How much the reading of one list may cost. A server that is broken, or lies, sends fresh records for ever, one a
 * page, slowly, or megabytes at a time: each of these ends with a failure that says which bound was met.
 */
import type { ReadListing } from "./codes/service.js";
import { failure } from "./failure.js";
import { minuteMs } from "./time.js";

/** What one page cost: its size as received, and how long it took, waits and repetitions included. */
export interface PageCost {
  readonly bytes: number;
  readonly milliseconds: number;
}

export interface ListingBounds extends PageCost {
  readonly pages: number;
}

const mebibyte = 1_048_576;

/** Adds up the pages of one listing. */
export class ListingMeter {
  readonly #list: ReadListing;
  readonly #bounds: ListingBounds;
  #pages = 0;
  #bytes = 0;
  #milliseconds = 0;

  constructor(list: ReadListing, bounds: ListingBounds) {
    this.#list = list;
    this.#bounds = bounds;
  }

  /** Throws `Failure` `listing-too-large` where this page is one too many. */
  count({ bytes, milliseconds }: PageCost): void {
    this.#pages += 1;
    this.#bytes += bytes;
    this.#milliseconds += milliseconds;
    if (this.#pages > this.#bounds.pages)
      throw failure("listing-too-large", {
        list: this.#list,
        bound: { kind: "pages", most: this.#bounds.pages },
      });
    if (this.#bytes > this.#bounds.bytes)
      throw failure("listing-too-large", {
        list: this.#list,
        bound: { kind: "mebibytes", most: Math.round(this.#bounds.bytes / mebibyte) },
      });
    if (this.#milliseconds > this.#bounds.milliseconds)
      throw failure("listing-too-large", {
        list: this.#list,
        bound: { kind: "minutes", most: Math.round(this.#bounds.milliseconds / minuteMs) },
      });
  }
}
