/** The emulator's clock: the machine's, moved by an offset, and never telling the same microsecond twice. */
import type { Micros } from "./timestamps.js";
import { microsOf } from "./timestamps.js";

export interface Clock {
  /** Strictly increasing, so that the order of stamps is the order of things. */
  tick(): Micros;
  /** Without moving on. */
  now(): Micros;
  offsetMs: number;
}

export const createClock = (read: () => Date): Clock => {
  let last = 0;
  const clock: Clock = {
    offsetMs: 0,
    now: () => microsOf(read()) + clock.offsetMs * 1000,
    tick: () => {
      last = Math.max(clock.now(), last + 13);
      return last;
    },
  };
  return clock;
};
