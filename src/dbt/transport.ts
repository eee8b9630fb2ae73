/**
 * One HTTP exchange on undici: the only file that uses it. Connections are kept open between calls.
 * Promises: no redirect is followed, nothing is repeated, and no header but the caller's own is added.
 */
import type { Dispatcher } from "undici";
import type { IgnoredCertificateVariable } from "../model/codes/service.js";
import { failure } from "../model/failure.js";
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

interface HttpTransport {
  send(request: RawRequest): Promise<RawAnswer>;
  /** Closes idle connections; a process may also simply end. */
  close(): Promise<void>;
}

interface TransportOptions {
  /**
   * For HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in capitals or not; as in curl, lower case wins, and ALL_PROXY
   * is for what the first two do not name.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly connectMs: number;
  /** Longest silence within an answer's body. */
  readonly bodySilenceMs: number;
}

/** Opens nothing yet: undici is loaded by the first `send`. */
export const createHttpTransport = (options: TransportOptions): HttpTransport => {
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
      // One that could not be opened has nothing to close; its error was thrown to the caller of `send`.
      const opened = await Promise.allSettled(dispatchers.values());
      dispatchers.clear();
      await Promise.all(
        opened.map((each) => (each.status === "fulfilled" ? each.value.destroy() : undefined)),
      );
    },
  };
};

const open = async (proxy: string, { env, connectMs }: TransportOptions): Promise<Dispatcher> => {
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

const setting = (env: TransportOptions["env"], lower: string): Setting | undefined => {
  const name = [lower, lower.toUpperCase()].find((one) => (env[one] ?? "") !== "");
  return name === undefined ? undefined : { name, value: env[name] ?? "" };
};

/** Loopback never goes through a proxy: a proxy could not reach it. */
const proxySetting = (url: URL, env: TransportOptions["env"]): Setting | undefined =>
  isLoopback(url.hostname)
    ? undefined
    : (setting(env, url.protocol === "https:" ? "https_proxy" : "http_proxy") ?? setting(env, "all_proxy"));

const parsedUrl = ({ value }: Setting): URL | undefined => (URL.canParse(value) ? new URL(value) : undefined);

/** Undefined for what is no proxy's URL; `user:secret@proxy:3128` parses, as one of the scheme `user`. */
const proxyUrl = (set: Setting): URL | undefined => {
  const url = parsedUrl(set);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
};

/** The proxy's URL, or "" for none. Throws `Failure` where a variable holds something else; it may be a password. */
const proxyFor = (url: URL, env: TransportOptions["env"]): string => {
  const set = proxySetting(url, env);
  if (set === undefined) return "";
  const kind = problemOf(set);
  if (kind !== undefined) throw failure("proxy-failed", { kind, variable: set.name });
  return set.value;
};

const problemOf = (set: Setting): "socks" | "not-a-url" | "percent" | undefined => {
  if (parsedUrl(set)?.protocol.startsWith("socks") === true) return "socks";
  const url = proxyUrl(set);
  if (url === undefined) return "not-a-url";
  // The credentials are decoded for their header; a lone % cannot be.
  return isDecodable(url.username) && isDecodable(url.password) ? undefined : "percent";
};

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * SSL_CERT_FILE or SSL_CERT_DIR, where one is set and Node.js was not told to read it (nodejs.org/api/cli.html,
 * "--use-openssl-ca" and "--use-system-ca").
 */
export const ignoredCertificateVariable = (
  env: TransportOptions["env"],
): IgnoredCertificateVariable | undefined => {
  const isRead =
    /--use-(?:openssl|system)-ca\b/.test(env["NODE_OPTIONS"] ?? "") || env["NODE_USE_SYSTEM_CA"] === "1";
  if (isRead) return undefined;
  return (["SSL_CERT_FILE", "SSL_CERT_DIR"] as const).find((name) => (env[name] ?? "") !== "");
};

/** Host and port of the proxy that a call would take; undefined for none, or where its variable cannot be used. */
export const proxyHost = (url: URL, env: TransportOptions["env"]): string | undefined => {
  const set = proxySetting(url, env);
  return set === undefined ? undefined : proxyUrl(set)?.host;
};

/** `ab123.us1.dbt.com`, for messages; with a proxy set, its host too, for it may be the one that fails. */
export const hostInWords = (url: URL, env: TransportOptions["env"]): string => {
  const proxy = proxyHost(url, env);
  return proxy === undefined ? url.host : `${url.host} (with the proxy ${proxy} set)`;
};

const flatten = (headers: Record<string, string | string[] | undefined>): Record<string, string> => {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
};
