/**
 * Fetches one published list. Promises: https only; no credentials are sent; redirects are followed within the host
 * alone; the answer's size and time are bounded; what is not certainly the whole list is refused.
 */
import type { Code } from "../model/codes/index.js";
import { type ArgsOf, type Diagnostic, diagnostic, hintOf, messageOf } from "../model/diagnostic.js";
import type { Failure } from "../model/failure.js";
import { present } from "../model/present.js";

/** One HTTP exchange: nothing is followed or repeated (dbt/transport.ts). */
export interface ListTransport {
  send(request: {
    readonly method: "GET";
    readonly url: URL;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  }): Promise<{
    readonly status: number;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: AsyncIterable<Uint8Array>;
  }>;
}

export interface FetchPorts {
  readonly transport: ListTransport;
  /** What the transport threw, explained; `timedOut` where it was too slow. */
  explain(thrown: unknown, url: URL, timedOut: boolean): Failure;
  /** Ends everything at once, by throwing its reason. */
  readonly signal: AbortSignal;
  readonly userAgent: string;
}

export type Fetched = { readonly bytes: Uint8Array } | { readonly problem: Diagnostic };

type AnswerProblem = ArgsOf<"list-answer">["problem"];

const mebibyte = 1_048_576;

/** Bytes of an answer; the largest lists of the catalogue have two million. */
export const largestList = 32 * mebibyte;
/** Milliseconds until an answer is complete, redirects included. */
const longestFetch = 60_000;
const mostRedirects = 5;

/** `name`: of the network, for messages. */
export const fetchList = async (
  { name, url }: { readonly name: string; readonly url: string },
  ports: FetchPorts,
): Promise<Fetched> => {
  const refused = (problem: AnswerProblem): Fetched => ({
    problem: diagnostic("list-answer", { list: name, url, problem }),
  });
  const timeout = AbortSignal.timeout(longestFetch);
  const signal = AbortSignal.any([timeout, ports.signal]);
  let target = new URL(url);
  try {
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const answer = await ports.transport.send({
        method: "GET",
        url: target,
        headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": ports.userAgent },
        signal,
      });
      const { status, headers } = answer;
      const { location } = headers;
      if (status >= 300 && status < 400 && location !== undefined && URL.canParse(location, target.href)) {
        await dropped(answer.body);
        const next = new URL(location, target);
        if (next.protocol !== "https:" || next.host !== target.host)
          return refused({ kind: "redirect", to: next.origin === "null" ? next.protocol : next.origin });
        target = next;
        continue;
      }
      const problem = problemOf(status, headers);
      if (problem !== undefined) {
        await dropped(answer.body);
        return refused(problem);
      }
      const bytes = await wholeBody(answer.body);
      if (bytes === undefined) return refused({ kind: "too-large", most: largestList });
      return looksLikeHtml(bytes) ? refused({ kind: "html" }) : { bytes };
    }
    return refused({ kind: "redirects" });
  } catch (error) {
    ports.signal.throwIfAborted();
    const [found] = ports.explain(error, target, timeout.aborted).diagnostics;
    if (found === undefined) throw error;
    return refused({ kind: "network", said: messageOf(found), ...present({ hint: hintFor(found) }) });
  }
};

/** Where no host is reached. */
const unreached: ReadonlySet<Code> = new Set([
  "host-not-found",
  "dns-unavailable",
  "connection-refused",
  "connection-timeout",
  "host-unreachable",
]);

/** The hints of others are about the account's host. */
const hintFor = (found: Diagnostic): string | undefined => {
  if (found.code === "tls-failed" || found.code === "proxy-failed") return hintOf(found);
  return unreached.has(found.code)
    ? "Check the URL and this machine's network; where only a proxy reaches the internet, set HTTPS_PROXY"
    : undefined;
};

const problemOf = (status: number, headers: Readonly<Record<string, string>>): AnswerProblem | undefined => {
  if (status !== 200) return { kind: "status", status };
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") return { kind: "encoding", encoding: encoding.slice(0, 40) };
  if (/^text\/html\b/i.test(headers["content-type"] ?? "")) return { kind: "html" };
  const length = headers["content-length"];
  if (length === undefined && headers["transfer-encoding"] === undefined) return { kind: "length" };
  return Number(length ?? 0) > largestList ? { kind: "too-large", most: largestList } : undefined;
};

/** Left by `break`, which closes the connection. */
const dropped = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const _ of body) break;
};

/** Undefined where it is too large. */
const wholeBody = async (body: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > largestList) return undefined;
    pieces.push(piece);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

const looksLikeHtml = (bytes: Uint8Array): boolean =>
  /^[\s\ufeff]*</.test(new TextDecoder().decode(bytes.subarray(0, 200)));
