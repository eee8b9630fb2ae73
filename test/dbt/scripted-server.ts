// An HTTP server of the test's own: it answers request after request from a script, and keeps what it was sent.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export type Reply =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as it is where it is a text, else as JSON. */
      readonly body?: unknown;
    }
  /** Writes the answer by hand: truncated, slow, torn. */
  | ((response: ServerResponse, request: IncomingMessage) => void);

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** `script`: the replies in turn, the last one for ever; or a function of what was asked. */
export const scriptedServer = async (
  script: readonly Reply[] | ((seen: Seen) => Reply),
): Promise<ScriptedServer> => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const now = describe(request, Buffer.concat(chunks).toString("utf8"));
      seen.push(now);
      const reply =
        typeof script === "function" ? script(now) : (script[seen.length - 1] ?? script.at(-1) ?? {});
      send(reply, response, request);
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};

const describe = (request: IncomingMessage, body: string): Seen => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: body === "" ? undefined : JSON.parse(body),
  };
};

const send = (reply: Reply, response: ServerResponse, request: IncomingMessage): void => {
  if (typeof reply === "function") {
    reply(response, request);
    return;
  }
  const { status = 200, headers = {}, body } = reply;
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      // A TCP server's address is an object with a port.
      resolve((server.address() as AddressInfo).port);
    });
  });

/** A port that nobody listens on. */
export const closedPort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};
