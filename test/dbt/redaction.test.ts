// Whatever the server or the network does, and wherever it repeats the token: nothing that comes out holds it.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { DbtClient } from "../../src/dbt/client.js";
import { safeCause } from "../../src/dbt/failures.js";
import { redactor } from "../../src/model/secrets.js";
import type { SnapshotRule } from "../../src/model/snapshot.js";
import { closedPort, type Reply } from "./scripted-server.js";
import { bench, listOf, no, ok, token, wireRule } from "./wire-samples.js";

const encoded = encodeURIComponent(token);
const base64 = Buffer.from(token).toString("base64");

const current: SnapshotRule = { id: 1, name: "Office", type: "allow", description: "", entries: [] };
const calls: [string, (client: DbtClient) => Promise<unknown>][] = [
  ["readSnapshot", (client) => client.readSnapshot()],
  ["validateCaller", (client) => client.validateCaller(1)],
  [
    "createRule",
    (client) => client.createRule({ name: "Office", type: "allow", description: "", prefixes: [] }, false),
  ],
  ["updateRule", (client) => client.updateRule(current, { ...current, name: "Offices" }, [], [], false)],
  ["deleteRule", (client) => client.deleteRule(current)],
  ["setEnforcement", (client) => client.setEnforcement(true)],
  ["listPage", (client) => client.listPage({ types: ["ip_restrictions.toggled"] }, 0)],
  ["downloadCsv", (client) => client.downloadCsv({})],
  ["startExport", (client) => client.startExport()],
  ["exportUrl", (client) => client.exportUrl("1")],
];

const page = (text: string): Reply => ({
  headers: { "content-type": "text/html" },
  body: `<html><head><title>${text}</title></head></html>`,
});

const replies: [string, Reply][] = [
  ["an error that repeats it", no(400, `bad token ${token}`)],
  ["an error that repeats it encoded", no(401, `bad header ${encoded} ${base64}`)],
  ["an error that repeats it past a cut", no(403, `${"x".repeat(290)}${token}`)],
  ["a 500", no(500, `Token ${token}`)],
  ["a page with it in the title", page(`Hello ${token}`)],
  ["a redirect to it", { status: 302, headers: { location: `https://other.example.com/${encoded}` } }],
  [
    "a redirect to a host of its name",
    { status: 302, headers: { location: `/login?token=${encoded}&x=/${token}` } },
  ],
  [
    "an echo where a number is due",
    ok({ id: token, enabled: token, is_valid_for_admin: token, job_id: 1, download_url: 1 }),
  ],
  [
    "a rule named so",
    ok(wireRule({ name: token, cidrs: [{ id: 1, cidr: token }] }), { failed_cidrs: [token] }),
  ],
  ["a list of it", listOf([wireRule({ name: token, cidrs: [{ id: 1, cidr: token }] })])],
  [
    "a failure in the envelope",
    { body: { status: { code: 500, is_success: false, user_message: token }, data: null } },
  ],
  [
    "the same past a cut",
    { body: { status: { is_success: false, user_message: `${"x".repeat(290)}${token}` }, data: 1 } },
  ],
  ["not JSON", { body: token }],
  ["a reset", (response) => void response.socket?.resetAndDestroy()],
  ["a content type", { headers: { "content-type": `text/html; ${token}` }, body: "" }],
];

/** Everything that a caller, a log or a crash report could see of a value. */
const everything = (value: unknown): string => {
  const seen: string[] = [inspect(value, { depth: 20, showHidden: true })];
  for (let error = value; error instanceof Error; error = error.cause) {
    seen.push(error.message, error.stack ?? "", JSON.stringify(error), String(error));
  }
  return seen.join("\n");
};

const expectClean = (text: string): void => {
  for (const spelling of [token, encoded, base64, token.slice(0, 12), base64.slice(0, 16)]) {
    expect(text).not.toContain(spelling);
  }
};

describe.each(calls)("%s", (_, call) => {
  test.each(replies)("after %s", async (_name, reply) => {
    const { client, traces, waits } = await bench([reply]);
    const end = await call(client).then(
      (result) => withoutData(result),
      (thrown: unknown) => thrown,
    );
    expect(everything(end)).not.toBe("");
    expectClean(everything(end));
    expectClean(JSON.stringify([traces, waits]));
  });

  test("without a connection", async () => {
    const { client, traces, waits } = await bench([], { baseUrl: `http://127.0.0.1:${await closedPort()}` });
    expectClean(everything(await call(client).catch((thrown: unknown) => thrown)));
    expectClean(JSON.stringify([traces, waits]));
  });
});

/** Data of the account is given as it is: a rule named like the token is a rule's name. */
const withoutData = (result: unknown): unknown =>
  typeof result === "object" && result !== null && "kind" in result
    ? { ...result, rule: undefined }
    : undefined;

test("the client itself, inspected, does not show it", async () => {
  const { client } = await bench([listOf([])]);
  await client.readSnapshot();
  expectClean(`${inspect(client, { depth: 20, showHidden: true })} ${JSON.stringify(client)}`);
});

test("a thrown value's other properties are left behind", () => {
  const thrown = Object.assign(new Error(`failed with ${token}`), {
    code: "X",
    headers: { authorization: token },
  });
  const cause = safeCause(thrown, redactor(token));
  expectClean(everything(cause));
  expect(cause).toMatchObject({ message: "failed with [token]", code: "X" });
  expectClean(everything(safeCause({ token }, redactor(token))));
});

test("a token too short to be one is left in peace", () => {
  expect(redactor("T")("Token T")).toBe("Token T");
});
