/** What a client is made from, and what it tells while it works. */
import type { Method } from "./exchange.js";
import type { Sleep, Wait } from "./waiting.js";

export interface Timeouts {
  /** Milliseconds until a connection stands. */
  readonly connectMs: number;
  /** Milliseconds until an answer is complete. */
  readonly answerMs: number;
  /** Milliseconds until a download begins, and of silence within it: large files are made while one waits. */
  readonly downloadMs: number;
}

/** One line of `--debug`: no headers, no bodies, and of a foreign URL no query. */
export interface Trace {
  readonly method: Method;
  readonly url: string;
  /** Absent where no answer came. */
  readonly status?: number;
  readonly ms: number;
}

/** Everything a client needs; see `createDbtClient`. */
export interface ClientOptions {
  /** `https://HOST`, without `/api` and without a slash at the end. */
  readonly baseUrl: string;
  readonly accountId: number;
  readonly token: string;
  readonly userAgent?: string;
  /** For the proxy variables. Absent: no proxy. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: () => Date;
  readonly sleep?: Sleep;
  /** From 0 to 1, for the jitter. */
  readonly random?: () => number;
  /** Ends reads and waits at once; a write under way is let finish, so that its outcome is known. */
  readonly signal?: AbortSignal;
  readonly onWait?: (wait: Wait) => void;
  readonly onTrace?: (trace: Trace) => void;
  readonly timeouts?: Partial<Timeouts>;
  /** Largest answer that is read into memory, in bytes. */
  readonly maxAnswerBytes?: number;
}
