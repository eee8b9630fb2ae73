/**
 * The calls of one account, one try each: builds the request, bounds its time and its answer's size, and turns every end
 * into a value. The token goes into one header here, and out of every text that an answer brings back. What to do after a
 * try is decided by `read-call.ts` and `write-call.ts`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { redactor, tokensIn } from "../model/secrets.js";
import { type Answer, looksLikeHtml, serverTime } from "./answer.js";
import { type TransportError, transportError } from "./failures.js";
import {
  createHttpTransport,
  hostInWords,
  ignoredCertificateVariable,
  type Method,
  type RawAnswer,
} from "./transport.js";
import { createPace, interrupted, type Sleep, type Timing, type Wait, waitVisibly } from "./waiting.js";

// What a client is made from, and what it reports while it works.

interface Timeouts {
  /** Milliseconds until a connection is open. */
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
  readonly random?: () => number;
  /** Ends reads and waits at once; a write under way is let finish, so that its outcome is known. */
  readonly signal?: AbortSignal;
  readonly onWait?: (wait: Wait) => void;
  readonly onTrace?: (trace: Trace) => void;
  readonly timeouts?: Partial<Timeouts>;
  /** Largest answer that is read into memory, in bytes. */
  readonly maxAnswerBytes?: number;
}

export interface Call {
  readonly method: Method;
  readonly url: URL;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  /** False for another host's URL: the token stays here. */
  readonly withToken?: boolean;
}

export interface Opened {
  readonly kind: "opened";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** `METHOD /path`, for messages; never the query, which may hold another host's signature. */
export const requestLine = ({ method, url }: Pick<Call, "method" | "url">): string =>
  `${method} ${url.pathname}`;

const defaultMaxAnswerBytes = 64 * 1024 * 1024;
/** Of an answer that says no: its status is what counts, and the rest of a longer body is not read. */
const mostBytesOfNo = 1024 * 1024;

const defaultTimeouts: Timeouts = { connectMs: 10_000, answerMs: 30_000, downloadMs: 120_000 };

export interface ApiClient extends Timing {
  readonly host: string;
  readonly accountId: number;
  /** A URL under `/api/v3/accounts/ID/`; `path` as docs/service.md spells it, its slash at the end included. */
  accountUrl(path: string, query?: Readonly<Record<string, string>>): URL;
  /** One try, its answer read to the end. `signal` aborts it midway. */
  exchange(call: Call, signal: AbortSignal | undefined): Promise<Answer | TransportError>;
  /** One try whose body, where the status is 200, is handed on unread. */
  open(call: Call, signal: AbortSignal | undefined): Promise<Opened | Answer | TransportError>;
  close(): Promise<void>;
}

export const createApiClient = (options: ClientOptions): ApiClient => {
  const { env = {}, now = () => new Date(), random = Math.random, signal, onWait } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const redact = redactor(options.token, ...tokensIn(env));
  const transport = createHttpTransport({
    env,
    connectMs: timeouts.connectMs,
    bodySilenceMs: timeouts.downloadMs,
  });
  const sleep: Sleep =
    options.sleep ?? (async (ms, aborted) => await delay(ms, undefined, aborted ? { signal: aborted } : {}));
  const pace = createPace(now, (ms, aborted) =>
    waitVisibly(ms, { reason: "pacing", message: "" }, sleep, aborted, onWait),
  );

  const send = async (call: Call, aborted: AbortSignal): Promise<RawAnswer> => {
    const { method, url, body, withToken = true } = call;
    const began = performance.now();
    const trace = (status?: number) =>
      options.onTrace?.({
        method,
        url: redact(withToken ? url.href : url.origin + url.pathname),
        ...present({ status }),
        ms: Math.round(performance.now() - began),
      });
    try {
      const answer = await transport.send({
        method,
        url,
        signal: aborted,
        headers: {
          accept: call.accept ?? "application/json",
          "user-agent": options.userAgent ?? "dbt-ip-rules",
          ...(withToken ? { authorization: `Token ${options.token}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      trace(answer.status);
      return answer;
    } catch (thrown) {
      trace();
      throw thrown;
    }
  };

  /** `aborted`: the caller's signal; `timedOut`: whether our own clock ended the try. */
  const explain = (
    thrown: unknown,
    { url }: Call,
    aborted: AbortSignal | undefined,
    timedOut: boolean,
  ): TransportError => {
    if (aborted?.aborted === true) return brokenOff(true);
    const target = { host: hostInWords(url, env), ignored: ignoredCertificateVariable(env) };
    return transportError(thrown, target, redact, timedOut);
  };

  const readWhole = async (
    call: Call,
    { status, headers, body }: RawAnswer,
  ): Promise<Answer | TransportError> => {
    const limit = options.maxAnswerBytes ?? defaultMaxAnswerBytes;
    const saysNo = status >= 300;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (saysNo && size > mostBytesOfNo) break;
      if (size > limit) return tooLarge(call, limit);
      chunks.push(chunk);
    }
    const answer: Answer = {
      kind: "answer",
      request: requestLine(call),
      host: call.url.host,
      status,
      headers,
      bytes: Buffer.concat(chunks),
      ...serverTime(headers),
    };
    return saysNo || looksLikeHtml(answer) ? redacted(answer) : answer;
  };

  /** For answers that messages quote: done before any shortening, which could cut the token in two. */
  const redacted = (answer: Answer): Answer => {
    const { location } = answer.headers;
    return {
      ...answer,
      bytes: Buffer.from(redact(Buffer.from(answer.bytes).toString("utf8"))),
      headers: location === undefined ? answer.headers : { ...answer.headers, location: redact(location) },
    };
  };

  async function* explained(call: Call, body: AsyncIterable<Uint8Array>, aborted: AbortSignal | undefined) {
    try {
      yield* body;
    } catch (thrown) {
      throw explain(thrown, call, aborted, false).failure;
    }
  }

  /** One try, `read` within `ms`. A call whose turn the user does not wait for is never sent. */
  const attempt = async <T>(
    call: Call,
    ms: number,
    aborted: AbortSignal | undefined,
    read: (raw: RawAnswer) => Promise<T>,
  ): Promise<T | TransportError> => {
    try {
      await pace(signal);
    } catch {
      return brokenOff(false);
    }
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), ms);
    try {
      return await read(await send(call, anySignal(clock.signal, aborted)));
    } catch (thrown) {
      return explain(thrown, call, aborted, clock.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    host: new URL(options.baseUrl).host,
    accountId: options.accountId,
    redact,
    now,
    sleep,
    random,
    signal,
    onWait,
    accountUrl: (path, query = {}) => {
      const url = new URL(`${options.baseUrl}/api/v3/accounts/${options.accountId}/${path}`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url;
    },
    exchange: (call, aborted) => attempt(call, timeouts.answerMs, aborted, (raw) => readWhole(call, raw)),
    open: (call, aborted) =>
      attempt<Opened | Answer | TransportError>(call, timeouts.downloadMs, aborted, async (raw) =>
        raw.status === 200
          ? { kind: "opened", headers: raw.headers, body: explained(call, raw.body, aborted) }
          : readWhole(call, raw),
      ),
    close: () => transport.close(),
  };
};

const anySignal = (clock: AbortSignal, signal: AbortSignal | undefined): AbortSignal =>
  signal === undefined ? clock : AbortSignal.any([clock, signal]);

const brokenOff = (sent: boolean): TransportError => ({
  kind: "broken",
  sent,
  passing: false,
  failure: interrupted(),
});

const tooLarge = (call: Call, limit: number): TransportError => ({
  kind: "broken",
  sent: true,
  passing: false,
  failure: failure("answer-too-large", {
    host: call.url.host,
    request: requestLine(call),
    mebibytes: Math.round(limit / 1_048_576),
  }),
});
