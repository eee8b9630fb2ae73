/**
 * One HTTP exchange on undici: the only file that uses it. Connections are kept open between calls.
 * Promises: no redirect is followed, nothing is repeated, and no header but the caller's own is added.
 */
import type { Dispatcher } from "undici";
import { legacyFailure } from "../model/failure.js";
import { isLoopback } from "./connection.js";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

interface RawRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; a repeated header's values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end, or left by `break`, which closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Exchange {
  send(request: RawRequest): Promise<RawAnswer>;
  /** Closes idle connections; a process may also simply end. */
  close(): Promise<void>;
}

interface ExchangeOptions {
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not; lower case wins, as in curl. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly connectMs: number;
  /** Longest silence within an answer's body. */
  readonly bodySilenceMs: number;
}

/** Opens nothing yet: undici is loaded by the first `send`. */
export const createExchange = (options: ExchangeOptions): Exchange => {
  const dispatchers = new Map<string, Promise<Dispatcher>>();

  const dispatcherFor = async (url: URL): Promise<Dispatcher> => {
    const proxy = proxyFor(url, options.env);
    const known = dispatchers.get(proxy);
    if (known !== undefined) return await known;
    const made = open(proxy, options);
    dispatchers.set(proxy, made);
    return await made;
  };

  return {
    async send(request) {
      const dispatcher = await dispatcherFor(request.url);
      const { statusCode, headers, body } = await dispatcher.request({
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: { ...request.headers },
        body: request.body ?? null,
        signal: request.signal,
        // The caller's signal bounds the wait for an answer; this one would only name it differently.
        headersTimeout: 0,
        bodyTimeout: options.bodySilenceMs,
      });
      return { status: statusCode, headers: flatten(headers), body };
    },
    async close() {
      // One that could not be opened has nothing to close; its error was told to the caller of `send`.
      const opened = await Promise.allSettled(dispatchers.values());
      dispatchers.clear();
      await Promise.all(
        opened.map((each) => (each.status === "fulfilled" ? each.value.destroy() : undefined)),
      );
    },
  };
};

const open = async (proxy: string, { env, connectMs }: ExchangeOptions): Promise<Dispatcher> => {
  const { Agent, EnvHttpProxyAgent } = await import("./undici.js");
  const timeout = { timeout: connectMs };
  if (proxy === "") return new Agent({ connect: timeout });
  return new EnvHttpProxyAgent({
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: setting(env, "no_proxy")?.value ?? "",
    connect: timeout,
    proxyTls: timeout,
    requestTls: timeout,
  });
};

/** A variable of the environment, and what it says. */
interface Setting {
  readonly name: string;
  readonly value: string;
}

const setting = (env: ExchangeOptions["env"], lower: string): Setting | undefined => {
  const name = [lower, lower.toUpperCase()].find((one) => (env[one] ?? "") !== "");
  return name === undefined ? undefined : { name, value: env[name] ?? "" };
};

/** Loopback never goes through a proxy: a proxy could not reach it. */
const proxySetting = (url: URL, env: ExchangeOptions["env"]): Setting | undefined =>
  isLoopback(url.hostname)
    ? undefined
    : setting(env, url.protocol === "https:" ? "https_proxy" : "http_proxy");

/** Undefined for what is no proxy's URL; `user:secret@proxy:3128` parses, as one of the scheme `user`. */
const proxyUrl = ({ value }: Setting): URL | undefined => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
};

/** The proxy's URL, or "" for none. Throws `Failure` where a variable holds something else; it may be a password. */
const proxyFor = (url: URL, env: ExchangeOptions["env"]): string => {
  const set = proxySetting(url, env);
  if (set === undefined || proxyUrl(set) !== undefined) return set?.value ?? "";
  throw legacyFailure(
    "proxy-failed",
    `${set.name} does not hold the URL of a proxy`,
    "Write it with its scheme, as in http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128",
  );
};

/** `ab123.us1.dbt.com`, for messages; with a proxy set, its host too, for it may be the one that fails. */
export const hostInWords = (url: URL, env: ExchangeOptions["env"]): string => {
  const set = proxySetting(url, env);
  const proxy = set === undefined ? undefined : proxyUrl(set);
  return proxy === undefined ? url.host : `${url.host} (with the proxy ${proxy.host} set)`;
};

const flatten = (headers: Record<string, string | string[] | undefined>): Record<string, string> => {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
};
