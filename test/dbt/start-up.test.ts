// A start of the program pays for no HTTP library, and a call only for the parts of it that it needs.
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { accountId, bench, listOf, token } from "./wire-samples.js";

const loaded = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache)
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.includes("/node_modules/undici/"));

test("undici is loaded by the first call, without its fetch, cache and WebSocket", async () => {
  const { createDbtClient } = await import("../../src/dbt/client.js");
  createDbtClient({ baseUrl: "http://127.0.0.1:1", accountId, token });
  expect(loaded()).toEqual([]);

  const { client } = await bench([listOf([])]);
  await client.readSnapshot();
  expect(loaded()).not.toEqual([]);
  expect(
    loaded().filter((file) => /undici\/index\.js|lib\/(web\/fetch|web\/websocket|cache|mock)\//.test(file)),
  ).toEqual([]);
});
