/** 5,000 requests a minute an account, then a five-minute cooldown (docs/service.md, "Answers and limits"). */
import { type Micros, microsPerSecond } from "./timestamps.js";

export interface RateLimitOptions {
  readonly requestsPerMinute: number;
  readonly cooldownSeconds: number;
}

export interface RateLimit {
  /** Counts a request; the seconds to wait where it is one too many. */
  check(now: Micros): number | undefined;
  reset(): void;
}

export const createRateLimit = ({ requestsPerMinute, cooldownSeconds }: RateLimitOptions): RateLimit => {
  let windowStart = Number.NEGATIVE_INFINITY;
  let count = 0;
  let closedUntil = Number.NEGATIVE_INFINITY;
  const reset = (): void => {
    windowStart = Number.NEGATIVE_INFINITY;
    count = 0;
    closedUntil = Number.NEGATIVE_INFINITY;
  };
  return {
    reset,
    check: (now) => {
      if (now < closedUntil) return Math.ceil((closedUntil - now) / microsPerSecond);
      if (now - windowStart >= 60 * microsPerSecond || now < windowStart) {
        windowStart = now;
        count = 0;
      }
      count += 1;
      if (count <= requestsPerMinute) return undefined;
      closedUntil = now + cooldownSeconds * microsPerSecond;
      windowStart = Number.NEGATIVE_INFINITY;
      return Math.max(1, cooldownSeconds);
    },
  };
};
