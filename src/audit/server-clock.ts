/** The server's time: this machine's clock, corrected by the `Date` header of each answer. */
import type { PageReader } from "./list-events.js";

export interface ServerClock {
  /** Reads through to the one given, and learns the time from each answer. */
  readonly reader: PageReader;
  /** How far the server is ahead of this machine, in milliseconds; 0 until an answer told. */
  readonly aheadMs: () => number;
  readonly now: () => Date;
}

/** Header and clock count seconds and milliseconds: a difference below this is none. */
const resolutionMs = 2000;

export const serverClock = (reader: PageReader, localNow: () => Date): ServerClock => {
  let ahead = 0;
  return {
    reader: {
      async listPage(query, offset) {
        const page = await reader.listPage(query, offset);
        const told = Date.parse(page.serverAt ?? "") - localNow().getTime();
        if (Number.isFinite(told)) ahead = Math.abs(told) < resolutionMs ? 0 : told;
        return page;
      },
    },
    aheadMs: () => ahead,
    now: () => new Date(localNow().getTime() + ahead),
  };
};
