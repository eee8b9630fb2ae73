/**
 * Keeps a client at half of what the service allows an account (docs/service.md, "Answers and limits"), so that other
 * clients of the account have the other half. Calls go out at once until that many have gone in a minute.
 */
import type { Sleep } from "./waiting.js";

/** Half of the documented 5,000 requests a minute. */
export const mostCallsPerMinute = 2_500;
const minute = 60_000;

/** Resolves when the next call may go out, which it then counts; rejects as soon as the signal aborts. */
type Pace = (signal: AbortSignal | undefined) => Promise<void>;

/** In any 60 seconds by `now`, at most `most` calls go out. */
export const createPace = (now: () => Date, sleep: Sleep, most = mostCallsPerMinute): Pace => {
  /** When the last `most` calls went out, in milliseconds, as a ring; the oldest is at `next`. */
  const times: number[] = [];
  let next = 0;
  return async (signal) => {
    const at = now().getTime();
    const oldest = times[next];
    const left = oldest === undefined ? 0 : oldest + minute - at;
    times[next] = at + Math.max(0, left);
    next = (next + 1) % most;
    if (left > 0) await sleep(left, signal);
  };
};
