/** How long to wait before a call is sent again: after a 429 as the server says, after a failure with backoff. */

/** The service's cooldown after too many requests, in seconds (docs/service.md, "Answers and limits"). */
export const cooldownSeconds = 300;

/** Longest wait that is sat out; a server that asks for more gets a clear end instead. */
export const longestWaitSeconds = 900;

/**
 * Seconds that a 429 or 503 asks to wait: `Retry-After` in seconds or as an HTTP date (RFC 9110 section 10.2.3),
 * or `x-rate-limit-retry-after-seconds`; the longer where both are there, undefined where neither says anything.
 * `now` in milliseconds; a date is read against the server's own `Date` header where there is one.
 */
export const askedSeconds = (headers: Readonly<Record<string, string>>, now: number): number | undefined => {
  const serverNow = headers.date === undefined ? Number.NaN : Date.parse(headers.date);
  const asked = [
    secondsOf(headers["retry-after"], Number.isNaN(serverNow) ? now : serverNow),
    secondsOf(headers["x-rate-limit-retry-after-seconds"], now),
  ].filter((seconds) => seconds !== undefined);
  return asked.length === 0 ? undefined : Math.max(1, ...asked);
};

const secondsOf = (text: string | undefined, now: number): number | undefined => {
  const value = text?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  // `Date.parse` takes much more than an HTTP date: without the weekday it could be anything.
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.ceil((at - now) / 1000);
};

/** Milliseconds before try `attempt + 1` (from 1): 0.5 s doubling to 8 s, of which the later half is random. */
export const backoffMilliseconds = (attempt: number, random: number): number => {
  const full = Math.min(8_000, 500 * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random);
};

export interface Wait {
  /** Seconds still to go, rounded up; 0 when the wait is over. */
  readonly seconds: number;
  /** Seconds of the whole wait. */
  readonly total: number;
  /** `pacing`: this program's own doing, to leave others a half of the limit. */
  readonly reason: "rate-limited" | "retrying" | "pacing";
  /** What made it necessary, in one sentence. */
  readonly message: string;
}

/** Resolves after `milliseconds`; rejects as soon as `signal` aborts. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** Waits in slices of a second, telling `onWait` before each and once at the end, for a visible countdown. */
export const waitVisibly = async (
  milliseconds: number,
  { reason, message }: Pick<Wait, "reason" | "message">,
  sleep: Sleep,
  signal: AbortSignal | undefined,
  onWait: ((wait: Wait) => void) | undefined,
): Promise<void> => {
  const total = Math.ceil(milliseconds / 1000);
  for (let left = milliseconds; left > 0; left -= 1000) {
    signal?.throwIfAborted();
    onWait?.({ seconds: Math.ceil(left / 1000), total, reason, message });
    await sleep(Math.min(1000, left), signal);
  }
  signal?.throwIfAborted();
  onWait?.({ seconds: 0, total, reason, message });
};
