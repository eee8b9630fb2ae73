/**
 * The calls of one account, one try each, with what their repetition needs: clock, sleep, chance and signal. What
 * to do after a try is decided by `read-call.ts` and `write-call.ts`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Redact, redactor, tokensIn } from "../model/secrets.js";
import type { Answer } from "./answer.js";
import { interrupted, type TransportError } from "./failures.js";
import { createPace } from "./pace.js";
import { createHttpTransport } from "./transport.js";
import { type Call, type ClientOptions, type Opened, type Timeouts, Tries } from "./try-call.js";
import { type Sleep, type Wait, waitVisibly } from "./waiting.js";

export interface ApiClient {
  readonly host: string;
  readonly accountId: number;
  readonly redact: Redact;
  readonly now: () => Date;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((wait: Wait) => void) | undefined;
  /** A URL under `/api/v3/accounts/ID/`; `path` as docs/service.md spells it, its slash at the end included. */
  accountUrl(path: string, query?: Readonly<Record<string, string>>): URL;
  /** One try, its answer read to the end. `signal` aborts it midway. */
  exchange(call: Call, signal: AbortSignal | undefined): Promise<Answer | TransportError>;
  /** One try whose body, where the status is 200, is handed on unread. */
  open(call: Call, signal: AbortSignal | undefined): Promise<Opened | Answer | TransportError>;
  close(): Promise<void>;
}

const defaultTimeouts: Timeouts = { connectMs: 10_000, answerMs: 30_000, downloadMs: 120_000 };

export const createApiClient = (options: ClientOptions): ApiClient => {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const transport = createHttpTransport({
    env: options.env ?? {},
    connectMs: timeouts.connectMs,
    bodySilenceMs: timeouts.downloadMs,
  });
  const redact = redactor(options.token, ...tokensIn(options.env ?? {}));
  const tries = new Tries(transport, options, timeouts, redact);
  const now = options.now ?? (() => new Date());
  const sleep: Sleep =
    options.sleep ?? (async (ms, signal) => await delay(ms, undefined, signal ? { signal } : {}));
  const pace = createPace(now, (ms, signal) =>
    waitVisibly(ms, { reason: "pacing", message: "" }, sleep, signal, options.onWait),
  );
  /** A call whose turn the user does not wait for is never sent. */
  const inTurn = async <T>(send: () => Promise<T>): Promise<T | TransportError> => {
    try {
      await pace(options.signal);
    } catch {
      return { kind: "broken", sent: false, passing: false, failure: interrupted() };
    }
    return send();
  };
  return {
    host: new URL(options.baseUrl).host,
    accountId: options.accountId,
    redact,
    now,
    sleep,
    random: options.random ?? Math.random,
    signal: options.signal,
    onWait: options.onWait,
    accountUrl: (path, query = {}) => {
      const url = new URL(`${options.baseUrl}/api/v3/accounts/${options.accountId}/${path}`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url;
    },
    exchange: (call, signal) => inTurn(() => tries.exchange(call, signal)),
    open: (call, signal) => inTurn(() => tries.open(call, signal)),
    close: () => transport.close(),
  };
};
