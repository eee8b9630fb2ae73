/** The emulator, listening. */
import { isUtf8 } from "node:buffer";
import { existsSync, realpathSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { failure } from "../model/failure.js";
import { createEmulator, type Emulator } from "./emulator.js";
import { type EmulatorReply, type EmulatorRequest, reply } from "./http.js";
import type { EmulatorOptions } from "./settings.js";
import { claimState, type StateClaim } from "./state-file.js";

// The emulator on real HTTP: two listeners on loopback, one for the API and one for export downloads.

const loopback = "127.0.0.1";
const closeTimeoutMs = 300;
const largestBody = 16 * 1024 * 1024;

/** Undefined where it is larger than anything that belongs here. */
const readBytes = async (message: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end all the same: an answer to half a request would not arrive.
    if (size <= largestBody) chunks.push(chunk);
  }
  return size <= largestBody ? Buffer.concat(chunks) : undefined;
};

const headersOf = (message: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );

/** The start of a request line as a client writes it to its proxy: `GET http://HOST/PATH` (RFC 9112, 3.2.2). */
const absoluteForm = /^https?:\/\/([^/?]*)/i;

const targetOf = (url: string): string => {
  const target = url.replace(absoluteForm, "");
  return target.startsWith("/") ? target : `/${target}`;
};

type Scheme = "http" | "https";

const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * The answer to a request that a web page may have sent, in the browser of somebody who runs this: a page of another
 * origin names it in `Origin`; one whose name was pointed at 127.0.0.1 names itself in `Host` (DNS rebinding). A host
 * on the request line replaces `Host` (RFC 9112, 3.2.2). The port may be another one, as through a tunnel.
 */
const refusalOf = ({ url = "/", headers }: IncomingMessage, scheme: Scheme): EmulatorReply | undefined => {
  const host = absoluteForm.exec(url)?.[1] ?? headers.host ?? "";
  const text = { "content-type": "text/plain; charset=utf-8" };
  if (!loopbackHost.test(host))
    return reply(421, text, `The emulator answers to ${loopback} and localhost, not to another host\n`);
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`)
    return reply(403, text, "The emulator answers no page of another origin\n");
  return undefined;
};

const requestOf = (
  message: IncomingMessage,
  body: Buffer,
  origin: EmulatorRequest["origin"],
): EmulatorRequest => ({
  method: message.method ?? "GET",
  target: targetOf(message.url ?? "/"),
  headers: headersOf(message),
  body: body.toString("utf8"),
  isDamaged: !isUtf8(body),
  address: message.socket.remoteAddress ?? loopback,
  origin,
});

const isSentWithLength = ({ status, headers }: EmulatorReply): boolean =>
  status !== 204 && status !== 304 && headers["content-length"] === undefined;

const sendWhole = (response: ServerResponse, made: EmulatorReply, body: string): void => {
  response.writeHead(
    made.status,
    isSentWithLength(made)
      ? { ...made.headers, "content-length": String(Buffer.byteLength(body)) }
      : made.headers,
  );
  response.end(body);
};

/** At the reader's pace, so that a long answer is never in memory as a whole. */
const sendChunks = (
  response: ServerResponse,
  made: EmulatorReply,
  chunks: Iterable<string>,
): Promise<void> => {
  response.writeHead(made.status, { ...made.headers });
  return pipeline(Readable.from(chunks), response);
};

/** Announces the whole length, sends a part, and cuts the connection. */
const sendPart = (response: ServerResponse, made: EmulatorReply, bytes: number | undefined): void => {
  const whole = Buffer.from(typeof made.body === "string" ? made.body : [...made.body].join(""));
  const part = whole.subarray(0, Math.min(bytes ?? Math.floor(whole.length / 2), whole.length - 1));
  response.writeHead(made.status, { ...made.headers, "content-length": String(whole.length) });
  response.write(part, () => response.destroy());
};

const deliver = async (response: ServerResponse, made: EmulatorReply): Promise<void> => {
  const { delivery } = made;
  if (delivery.kind === "reset") response.socket?.resetAndDestroy();
  else if (delivery.kind === "hang") {
    if (delivery.ms !== undefined) setTimeout(() => response.destroy(), delivery.ms).unref();
  } else if (delivery.kind === "truncate") sendPart(response, made, delivery.bytes);
  else if (typeof made.body === "string") sendWhole(response, made, made.body);
  else await sendChunks(response, made, made.body);
};

const answer = async (
  emulator: Emulator,
  origin: EmulatorRequest["origin"],
  scheme: Scheme,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const body = await readBytes(message);
  if (body === undefined) {
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  const made = refusalOf(message, scheme) ?? emulator.handle(requestOf(message, body, origin));
  if (made.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, made.delayMs).unref());
  await deliver(response, made);
};

const listen = (server: AnyServer, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        failure(
          "emulator-port",
          { port, problem: cause.code === "EADDRINUSE" ? "taken" : { error: cause.code ?? cause.message } },
          { cause },
        ),
      ),
    );
    server.listen(port, loopback, () => resolve((server.address() as AddressInfo).port)); // Not a pipe: a port was given.
  });

/** What took effect is answered, where that is quick; then every connection is cut. */
const stop = (server: AnyServer): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) return resolve();
    const cut = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

type AnyServer = Server | TlsServer;

/** A certificate and its key, both PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

// An idle connection is kept longer than a client keeps it, so that none is cut just as it is used again.
const kept = { keepAliveTimeout: 75_000 };

/** Throws `Failure` where certificate and key cannot be used. */
const serverWith = (tls: TlsFiles | undefined, handler: RequestListener): AnyServer => {
  if (tls === undefined) return createServer(kept, handler);
  try {
    return createTlsServer({ ...kept, ...tls }, handler);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failure("emulator-tls", { kind: "unusable", reason }, { cause });
  }
};

/** `port` 0 takes a free one. Throws `Failure` where the port is taken, or certificate and key cannot be used. */
export const listenWith = async (emulator: Emulator, port: number, tls?: TlsFiles): Promise<Listener> => {
  const scheme: Scheme = tls === undefined ? "http" : "https";
  const serve = (origin: EmulatorRequest["origin"]): AnyServer =>
    serverWith(tls, (message, response) => {
      // What goes wrong here is the connection's: a client that left while its request was read.
      answer(emulator, origin, scheme, message, response).catch(() => response.destroy());
    });
  const api = serve("api");
  const downloads = serve("downloads");
  const close = async (): Promise<void> => {
    await Promise.all([stop(api), stop(downloads)]);
  };
  try {
    const taken = await listen(api, port);
    emulator.downloadsUrl = `${scheme}://${loopback}:${await listen(downloads, 0)}`;
    return { port: taken, close };
  } catch (error) {
    await close();
    throw error;
  }
};

export interface StartOptions extends EmulatorOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Serves https; absent: plain http. */
  readonly tls?: TlsFiles;
}

export interface RunningEmulator extends Emulator {
  /** `http://127.0.0.1:PORT`, or with `https`, without a slash behind. */
  readonly url: string;
  readonly port: number;
  /** Ends all connections; the state is saved. */
  close(): Promise<void>;
}

/**
 * Throws `Failure` where the port is taken, the state file belongs to another running emulator, or the state
 * file or the seed cannot be used.
 */
export const startEmulator = async (options: StartOptions): Promise<RunningEmulator> => {
  const { stateFile, ...others } = options;
  if (stateFile === undefined) return startClaimed(others, undefined);
  // By any name it is one file: a link is followed, and stays a link when the file is replaced.
  const file = existsSync(stateFile) ? realpathSync(stateFile) : stateFile;
  const claim = await claimState(file);
  try {
    return await startClaimed({ ...others, stateFile: file }, claim);
  } catch (error) {
    await claim.release();
    throw error;
  }
};

const startClaimed = async (
  { port = 0, tls, ...options }: StartOptions,
  claim: StateClaim | undefined,
): Promise<RunningEmulator> => {
  const emulator = createEmulator(options);
  const listener = await listenWith(emulator, port, tls);
  const close = async (): Promise<void> => {
    await listener.close();
    try {
      emulator.commit(emulator.state());
    } finally {
      await claim?.release();
    }
  };
  return Object.assign(emulator, {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listener.port}`,
    port: listener.port,
    close,
  });
};
