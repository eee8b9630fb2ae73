/**
 * The cursor of `audit watch` as a file. Storing it whole costs more than printing an event, so while events come it
 * is stored once a second at most; then when nothing more is there, and at the end.
 */
import { readCursor, type WatchCursor, type WatchPosition } from "../audit/watch.js";
import { largest, readNamedText } from "../files/read-file.js";
import { failure } from "../model/failure.js";
import type { Io } from "./io.js";
import { reasonOf } from "./io-errors.js";
import { writeFileWhole } from "./output.js";
import { type Account, accountText, isSameAccount } from "./read-receipts.js";

const leastMs = 1000;

export class CursorFile {
  readonly #io: Io;
  readonly #file: string | undefined;
  #stored = "";
  #storedAt = Number.NEGATIVE_INFINITY;

  /** Without a file nothing is kept. */
  constructor(io: Io, file: string | undefined) {
    this.#io = io;
    this.#file = file;
  }

  /** Undefined where there is none yet. Throws `Failure` where it is no cursor of this account. */
  async read(account: Account): Promise<WatchCursor | undefined> {
    if (this.#file === undefined) return undefined;
    const text = this.#text(this.#file);
    if (text === undefined) return undefined;
    const cursor = readCursor(text);
    const theirs = cursor === undefined ? undefined : { id: cursor.accountId, host: cursor.host };
    if (theirs !== undefined && isSameAccount(theirs, account)) return cursor;
    throw failure(
      "cursor-unusable",
      theirs === undefined
        ? `${this.#file} is no cursor of this version of dbt-ip-rules`
        : `The cursor ${this.#file} is of account ${accountText(theirs)}, not of ${accountText(account)}`,
      "Name another file with --cursor; starting anew, add --since to go back",
    );
  }

  #text(file: string): string | undefined {
    try {
      return readNamedText(this.#io.cwd, file, { most: largest.note });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw failure("cursor-unreadable", `Cannot read the cursor ${file}: ${reasonOf(error)}`, undefined, {
        cause: error,
      });
    }
  }

  async storeSometimes(position: WatchPosition): Promise<void> {
    // Not by the clock of the day, which may be set back.
    if (performance.now() - this.#storedAt >= leastMs) await this.store(position);
  }

  async store(position: WatchPosition): Promise<void> {
    if (this.#file === undefined) return;
    const text = `${JSON.stringify(position.cursor())}\n`;
    if (text !== this.#stored) await writeFileWhole(this.#io, this.#file, text);
    this.#stored = text;
    this.#storedAt = performance.now();
  }
}
