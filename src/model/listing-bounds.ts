/**
 * How much the reading of one list may cost. A server that is broken, or lies, sends fresh records for ever, one a
 * page, slowly, or megabytes at a time: each of these ends with a failure that says which bound was met.
 */
import { type Failure, legacyFailure } from "./failure.js";
import { grouped } from "./words.js";

/** What one page cost: its size as received, and how long it took, waits and repetitions included. */
export interface PageCost {
  readonly bytes: number;
  readonly milliseconds: number;
}

export interface ListingBounds extends PageCost {
  readonly pages: number;
}

const mebibyte = 1_048_576;
const minuteMs = 60_000;

/** Adds up the pages of one listing. `list`: its name at the start of a message, such as `The audit log of HOST`. */
export class ListingMeter {
  readonly #list: string;
  readonly #bounds: ListingBounds;
  readonly #hint: string;
  #pages = 0;
  #bytes = 0;
  #milliseconds = 0;

  constructor(list: string, bounds: ListingBounds, hint: string) {
    this.#list = list;
    this.#bounds = bounds;
    this.#hint = hint;
  }

  /** Throws `Failure` `listing-too-large` where this page is one too many. */
  count({ bytes, milliseconds }: PageCost): void {
    this.#pages += 1;
    this.#bytes += bytes;
    this.#milliseconds += milliseconds;
    if (this.#pages > this.#bounds.pages)
      throw this.#tooLarge(`has more than ${grouped(this.#bounds.pages)} pages`);
    if (this.#bytes > this.#bounds.bytes)
      throw this.#tooLarge(`is larger than ${grouped(Math.round(this.#bounds.bytes / mebibyte))} MiB`);
    if (this.#milliseconds > this.#bounds.milliseconds)
      throw this.#tooLarge(
        `takes longer than ${Math.round(this.#bounds.milliseconds / minuteMs)} minutes to read`,
      );
  }

  #tooLarge(what: string): Failure {
    return legacyFailure("listing-too-large", `${this.#list} ${what}, so the reading was ended`, this.#hint);
  }
}
