/**
 * When the next call goes out: at a pace that leaves others their half of the limit, after a 429 as the server says, after
 * a failure with backoff; and how often one is sent again.
 */
import { type Failure, failure } from "../model/failure.js";
import type { Redact } from "../model/secrets.js";
import type { Answer } from "./answer.js";

/** The service's cooldown after too many requests, in seconds (docs/service.md, "Answers and limits"). */
export const cooldownSeconds = 300;

/** Longest wait; if the server asks for more, the call fails. */
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

/** Waits in slices of a second, calling `onWait` before each and once at the end, for a visible countdown. */
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

/** The user's Ctrl-C, or the end of a caller's timings. */
export const interrupted = (): Failure => failure("interrupted", { at: "call" });

/** What waiting takes of a client. */
export interface Timing {
  readonly now: () => Date;
  readonly sleep: Sleep;
  /** From 0 to 1, for the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((wait: Wait) => void) | undefined;
  readonly redact: Redact;
}

/** Half of the documented 5,000 requests a minute. */
export const mostCallsPerMinute = 2_500;
const minute = 60_000;

/** Resolves when the next call may go out, which it then counts; rejects as soon as the signal aborts. */
type Pace = (signal: AbortSignal | undefined) => Promise<void>;

/**
 * In any 60 seconds by `now`, at most `most` calls go out: half of what the service allows an account (docs/service.md,
 * "Answers and limits"), so that other clients of the account have the other half. Until then they go out at once.
 */
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

const mostTries = 4;
const mostRateWaits = 3;

/** How often one call may be sent again. Each method waits, or throws what it was given. */
export class RetryTimings {
  readonly #timing: Timing;
  #tries = 1;
  #rateWaits = 0;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** After a broken exchange or a 5xx: backoff, or as long as a 503 asks. */
  async afterTrouble(trouble: Failure, answer?: Pick<Answer, "headers">): Promise<void> {
    const { random, now } = this.#timing;
    if (this.#tries >= mostTries) throw trouble;
    const backoff = backoffMilliseconds(this.#tries, random());
    this.#tries += 1;
    const asked = answer === undefined ? undefined : askedSeconds(answer.headers, now().getTime());
    if (asked !== undefined && asked > longestWaitSeconds) throw trouble;
    await this.#wait(Math.max(backoff, (asked ?? 0) * 1000), "retrying", trouble);
  }

  /** After a 429: as long as the server says, five minutes if it says nothing. */
  async afterTooMany(answer: Pick<Answer, "headers">, said: Failure): Promise<void> {
    const seconds = askedSeconds(answer.headers, this.#timing.now().getTime()) ?? cooldownSeconds;
    if (this.#rateWaits >= mostRateWaits || seconds > longestWaitSeconds) throw said;
    this.#rateWaits += 1;
    await this.#wait(seconds * 1000, "rate-limited", said);
  }

  async #wait(milliseconds: number, reason: "rate-limited" | "retrying", trouble: Failure): Promise<void> {
    const { sleep, signal, onWait, redact } = this.#timing;
    try {
      await waitVisibly(milliseconds, { reason, message: redact(trouble.message) }, sleep, signal, onWait);
    } catch (thrown) {
      if (signal?.aborted === true) throw interrupted();
      throw thrown;
    }
  }
}
