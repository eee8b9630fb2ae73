/**
 * One try of a call: builds the request, bounds its time and its answer's size, and turns every end into a value.
 * The token goes into one header here, and out of every text that an answer brings back.
 */

import { type Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { Redact } from "../model/secrets.js";
import { type Answer, looksLikeHtml, serverTime } from "./answer.js";
import { interrupted, type TransportError, transportError } from "./failures.js";
import {
  type HttpTransport,
  hostInWords,
  ignoredCertificateVariable,
  type Method,
  type RawAnswer,
} from "./transport.js";
import type { Sleep, Wait } from "./waiting.js";

// What a client is made from, and what it tells while it works.

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

/** One try of a call, in two forms: the answer read, or its body handed on. */
export class Tries {
  readonly #transport: HttpTransport;
  readonly #options: ClientOptions;
  readonly #timeouts: Timeouts;
  readonly #redact: Redact;

  constructor(transport: HttpTransport, options: ClientOptions, timeouts: Timeouts, redact: Redact) {
    this.#transport = transport;
    this.#options = options;
    this.#timeouts = timeouts;
    this.#redact = redact;
  }

  async exchange(call: Call, signal: AbortSignal | undefined): Promise<Answer | TransportError> {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), this.#timeouts.answerMs);
    try {
      const raw = await this.#send(call, anySignal(clock.signal, signal));
      return await this.#readWhole(call, raw);
    } catch (thrown) {
      return this.#explain(thrown, call, clock.signal, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async open(call: Call, signal: AbortSignal | undefined): Promise<Opened | Answer | TransportError> {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), this.#timeouts.downloadMs);
    try {
      const raw = await this.#send(call, anySignal(clock.signal, signal));
      if (raw.status !== 200) return await this.#readWhole(call, raw);
      return { kind: "opened", headers: raw.headers, body: this.#explained(call, raw.body, signal) };
    } catch (thrown) {
      return this.#explain(thrown, call, clock.signal, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<RawAnswer> {
    const { method, url, body, withToken = true } = call;
    const began = performance.now();
    const trace = (status?: number) =>
      this.#options.onTrace?.({
        method,
        url: this.#redact(withToken ? url.href : url.origin + url.pathname),
        ...present({ status }),
        ms: Math.round(performance.now() - began),
      });
    try {
      const answer = await this.#transport.send({
        method,
        url,
        signal,
        headers: {
          accept: call.accept ?? "application/json",
          "user-agent": this.#options.userAgent ?? "dbt-ip-rules",
          ...(withToken ? { authorization: `Token ${this.#options.token}` } : {}),
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
  }

  async #readWhole(call: Call, { status, headers, body }: RawAnswer): Promise<Answer | TransportError> {
    const limit = this.#options.maxAnswerBytes ?? defaultMaxAnswerBytes;
    const saysNo = status >= 300;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (saysNo && size > mostBytesOfNo) break;
      if (size > limit) return { kind: "broken", sent: true, passing: false, failure: tooLarge(call, limit) };
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
    return saysNo || looksLikeHtml(answer) ? this.#redacted(answer) : answer;
  }

  /** For answers that messages quote: done before any shortening, which could cut the token in two. */
  #redacted(answer: Answer): Answer {
    const text = Buffer.from(answer.bytes).toString("utf8");
    const { location } = answer.headers;
    return {
      ...answer,
      bytes: Buffer.from(this.#redact(text)),
      headers:
        location === undefined ? answer.headers : { ...answer.headers, location: this.#redact(location) },
    };
  }

  async *#explained(call: Call, body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    try {
      yield* body;
    } catch (thrown) {
      throw this.#explain(thrown, call, undefined, signal).failure;
    }
  }

  #explain(
    thrown: unknown,
    call: Call,
    clock: AbortSignal | undefined,
    signal: AbortSignal | undefined,
  ): TransportError {
    if (signal?.aborted === true) {
      return { kind: "broken", sent: true, passing: false, failure: interrupted() };
    }
    const { env = {} } = this.#options;
    const target = { host: hostInWords(call.url, env), ignored: ignoredCertificateVariable(env) };
    return transportError(thrown, target, this.#redact, clock?.aborted === true);
  }
}

const anySignal = (clock: AbortSignal, signal: AbortSignal | undefined): AbortSignal =>
  signal === undefined ? clock : AbortSignal.any([clock, signal]);

const tooLarge = (call: Call, limit: number): Failure =>
  failure("answer-too-large", {
    host: call.url.host,
    request: requestLine(call),
    mebibytes: Math.round(limit / 1_048_576),
  });
