// The proxy variables, against a proxy of the test's own: it opens each tunnel to one scripted server.
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { ClientOptions } from "../../src/dbt/client.js";
import { firstHint } from "../said.js";
import { closedPort, scriptedServer } from "./scripted-server.js";
import { bench, closing, failureOf, listOf } from "./wire-samples.js";

interface Proxy {
  readonly url: string;
  /** The targets of its CONNECT requests, and what each gave as proxy-authorization. */
  readonly tunnels: (readonly [string, string | undefined])[];
}

const proxyTo = async (port: number, verdict = 200): Promise<Proxy> => {
  const tunnels: (readonly [string, string | undefined])[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("connect", (request, socket) => {
    tunnels.push([request.url ?? "", request.headers["proxy-authorization"]]);
    socket.on("error", () => undefined);
    if (verdict !== 200) {
      socket.end(`HTTP/1.1 ${verdict} No\r\n\r\n`);
      return;
    }
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    target.on("error", () => socket.destroy());
    sockets.add(target);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  // A TCP server's address is an object with a port.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
};

const baseUrl = "http://ab123.us1.dbt.com.invalid";
const throughProxy = async (env: (proxy: string) => ClientOptions["env"], verdict?: number) => {
  const server = closing(await scriptedServer([listOf([])]));
  const proxy = await proxyTo(server.port, verdict);
  const { client } = await bench([], { baseUrl, env: env(proxy.url) ?? {} });
  return { client, proxy, server };
};

describe("the proxy variables", () => {
  test.each(["HTTP_PROXY", "http_proxy"])("%s", async (name) => {
    const { client, proxy, server } = await throughProxy((url) => ({ [name]: url }));
    expect((await client.readSnapshot()).rules).toEqual([]);
    expect(proxy.tunnels).toEqual([["ab123.us1.dbt.com.invalid:80", undefined]]);
    expect(server.seen).toHaveLength(1);
  });

  test("HTTPS_PROXY is not for http", async () => {
    const { client, proxy } = await throughProxy((url) => ({ HTTPS_PROXY: url }));
    await failureOf(client.readSnapshot());
    expect(proxy.tunnels).toEqual([]);
  });

  test("NO_PROXY leaves a host out", async () => {
    const { client, proxy } = await throughProxy((url) => ({
      HTTP_PROXY: url,
      NO_PROXY: "example.com,.dbt.com.invalid",
    }));
    await failureOf(client.readSnapshot());
    expect(proxy.tunnels).toEqual([]);
  });

  test("loopback never goes through a proxy", async () => {
    const { client, seen } = await bench([listOf([])], {
      env: { HTTP_PROXY: `http://127.0.0.1:${await closedPort()}` },
    });
    await client.readSnapshot();
    expect(seen).toHaveLength(1);
  });

  test("credentials go to the proxy, and into no message", async () => {
    const { client, proxy } = await throughProxy(
      (url) => ({ HTTP_PROXY: url.replace("//", "//me:hunter22@") }),
      407,
    );
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe("proxy-failed");
    expect(failure.message).toContain(new URL(proxy.url).host);
    expect(proxy.tunnels[0]?.[1]).toBe(`Basic ${Buffer.from("me:hunter22").toString("base64")}`);
    expect(`${failure.stack} ${JSON.stringify(failure.diagnostics)} ${failure.cause}`).not.toContain(
      "hunter22",
    );
  });

  test("a write that the proxy kept was not sent", async () => {
    const { client, server } = await throughProxy((url) => ({ HTTP_PROXY: url }), 502);
    expect(await client.setEnforcement(true)).toMatchObject({ kind: "refused", status: 0 });
    expect(server.seen).toEqual([]);
  });

  test.each([
    "http://me:hunter22@:bad",
    "me:hunter22@proxy.example.com:3128",
    "proxy.example.com:3128",
    "//me:hunter22@proxy.example.com",
  ])("a proxy that is no URL of one is told at once, by the variable's name alone: %s", async (value) => {
    const { client, server } = await throughProxy(() => ({ HTTP_PROXY: value }));
    const failure = await failureOf(client.readSnapshot());
    expect(failure.diagnostics[0]?.code).toBe("proxy-failed");
    expect(failure.message).toBe("HTTP_PROXY is not the URL of a proxy");
    expect(`${failure.stack} ${failure.message}`).not.toContain("hunter22");
    expect(await client.setEnforcement(true)).toMatchObject({ kind: "refused", status: 0 });
    expect(server.seen).toEqual([]);
  });

  test("ALL_PROXY is for what HTTP_PROXY does not name", async () => {
    const all = await throughProxy((url) => ({ ALL_PROXY: url }));
    await all.client.readSnapshot();
    expect(all.proxy.tunnels).toHaveLength(1);
    const both = await throughProxy((url) => ({ HTTP_PROXY: url, ALL_PROXY: "socks5://127.0.0.1:1" }));
    await both.client.readSnapshot();
    expect(both.proxy.tunnels).toHaveLength(1);
  });

  test.each(["ALL_PROXY", "HTTP_PROXY"])("a SOCKS proxy in %s is said to be one", async (name) => {
    const { client, server } = await throughProxy(() => ({
      [name]: "socks5h://me:hunter22@proxy.example.com",
    }));
    const failure = await failureOf(client.readSnapshot());
    expect(failure.message).toBe(`${name} names a SOCKS proxy, which is not supported`);
    expect(firstHint(failure.diagnostics)).toContain(`unset ${name}`);
    expect(server.seen).toEqual([]);
  });

  test.each(["me:100%@", "100%me:hunter22@", "me:%zz@"])(
    "a lone %% in the credentials is said at once, and nothing of them: %s",
    async (credentials) => {
      const env = { HTTP_PROXY: `http://${credentials}proxy.example.com:3128` };
      const { client, sleeps } = await bench([], { baseUrl, env });
      const failure = await failureOf(client.readSnapshot());
      expect(failure.diagnostics[0]?.code).toBe("proxy-failed");
      expect(failure.message).toContain("HTTP_PROXY has a %");
      expect(firstHint(failure.diagnostics)).toContain("%25");
      expect(`${failure.stack} ${failure.message}`).not.toContain("hunter22");
      expect(sleeps).toEqual([]);
    },
  );

  test("a % that is written as %25 reaches the proxy as one", async () => {
    const { client, proxy } = await throughProxy((url) => ({
      HTTP_PROXY: url.replace("//", "//me:100%25@"),
    }));
    await client.readSnapshot();
    expect(proxy.tunnels[0]?.[1]).toBe(`Basic ${Buffer.from("me:100%").toString("base64")}`);
  });

  test("it is not tried again", async () => {
    const { client, sleeps } = await bench([], { baseUrl, env: { HTTP_PROXY: "me:hunter22@proxy:3128" } });
    await failureOf(client.readSnapshot());
    expect(sleeps).toEqual([]);
  });
});
