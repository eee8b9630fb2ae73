// Answers made to break their reader: each ends as any other answer of its status does, and nothing is thrown.
import { describe, expect, test } from "vitest";
import { parsePrefix } from "../../src/address/prefix.js";
import { jsonBounds, mostDepth } from "../../src/dbt/answer.js";
import type { Rule } from "../../src/model/rule.js";
import type { Reply } from "./scripted-server.js";
import { bench, codeOf, listOf, ok, wireEntry, wireRule } from "./wire-samples.js";

const parsed = parsePrefix("192.0.2.0/24");
if (!parsed.ok) throw new Error("not a prefix");
const rule: Rule = { name: "Office", type: "allow", description: "x", prefixes: [parsed.prefix] };

const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const deepObject = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const megabytes = (count: number, text = "a"): string => text.repeat((count * 1_048_576) / text.length);

const bodies: readonly (readonly [string, string])[] = [
  ["lists nested 5,000 deep", deep(5_000)],
  ["lists nested 5,000 deep in data", `{"status":{"code":400},"data":${deep(5_000)}}`],
  ["objects nested 50,000 deep", deepObject(50_000)],
  ["5,000 deep in the list of failed ranges", `{"data":null,"extra":{"failed_cidrs":[${deep(5_000)}]}}`],
  ["a text of 10 MB that is cut short", `{"detail":"${megabytes(10)}`],
  ["escapes of 10 MB that are cut short", `{"detail":"${megabytes(10, '\\"')}`],
  ["nothing but 10 MB of quotes", megabytes(10, '"')],
  ["a text of 10 MB", `{"detail":"${megabytes(10)}"}`],
  ["a page that is all beginnings of titles", `<!doctype html>${megabytes(1, "<title ")}`],
  ["4,000,001 values", `[${"1,".repeat(4_000_000)}1]`],
];

const wait = { timeouts: { connectMs: 600_000, answerMs: 600_000 } };

describe.each(bodies)("%s", (_, body) => {
  test.each<[number, string]>([
    [400, "refused"],
    [403, "refused"],
    [404, "refused"],
    [409, "refused"],
    [422, "refused"],
    [429, "throttled"],
    [500, "unknown"],
    [200, "unknown"],
  ])("as the answer to a write, with status %i, is %s", async (status, kind) => {
    const { client } = await bench([{ status, body }], wait);
    const outcome = await client.createRule(rule, false);
    expect(outcome.kind).toBe(kind);
    expect("message" in outcome ? outcome.message.length : 0).toBeLessThan(1_000);
  });

  test("as the answer to a reading is a failure with a code", async () => {
    const { client } = await bench([{ status: 200, body }], wait);
    expect(await codeOf(client.readSnapshot())).toMatch(/^answer-/);
  });
});

test("an answer that says no is one, however much follows, and the rest is not read", async () => {
  const endless: Reply = (response) => {
    response.writeHead(409, { "content-type": "application/json" });
    const more = (): void => {
      while (!response.destroyed && response.write(megabytes(1))) {
        // As fast as it is taken.
      }
    };
    response.on("drain", more);
    more();
  };
  const { client } = await bench([endless], wait);
  expect(await client.createRule(rule, false)).toMatchObject({ kind: "refused", status: 409 });
});

describe("texts far longer than any name", () => {
  const long = megabytes(10, "1");
  test.each<[string, object]>([
    ["a name", { name: long }],
    ["a description", { description: long }],
    ["a range", { cidrs: [wireEntry(1, long)] }],
  ])("%s", async (_, more) => {
    const read = await bench([listOf([wireRule(more)])], wait);
    expect(await codeOf(read.client.readSnapshot())).toBe("answer-unexpected");
    const write = await bench([ok(wireRule(more))], wait);
    expect((await write.client.createRule(rule, false)).kind).toBe("unknown");
  });

  test("a timestamp is left out", async () => {
    const time = `2025-08-12 02:23:09.${megabytes(1, "1").slice(0, 99_000)}x`;
    const { client } = await bench([listOf([wireRule({ created_at: time })])], wait);
    expect((await client.readSnapshot()).rules[0]).not.toHaveProperty("createdAt");
  });

  test("a range that was not saved", async () => {
    const extra = { failed_cidrs: [long, { cidr: long }, { other: long }], cidrs_already_exists: long };
    const { client } = await bench([ok(wireRule(), extra)], wait);
    const outcome = await client.createRule(rule, false);
    expect(outcome.kind).toBe("partial");
    expect("message" in outcome ? outcome.message.length : 0).toBeLessThan(1_000);
  });
});

describe("what a text of JSON holds, before it is parsed", () => {
  const boundsOf = (text: string) => jsonBounds(Buffer.from(text));
  test.each<[string, number, boolean]>([
    ["", 0, false],
    ["1", 0, false],
    ['"[[["', 0, false],
    ['"\\"[["', 0, false],
    ['{"a":[{"b":"]}\\\\"}]}', 3, false],
    [' \n[{"a":1}', 2, true],
    ['{"a":"[', 1, true],
    ["]]]", 0, false],
    ["x[", 1, false],
  ])("%j", (text, depth, unfinished) => {
    expect(boundsOf(text)).toMatchObject({ depth, unfinished });
  });

  test("the deepest that is taken is read, and one more is not", async () => {
    const junk = (levels: number) => `{"data":${deep(levels)}}`;
    const taken = await bench([{ body: junk(mostDepth - 1) }], wait);
    expect(await codeOf(taken.client.readSnapshot())).toBe("answer-unexpected");
    const refused = await bench([{ body: junk(mostDepth) }], wait);
    expect(await codeOf(refused.client.readSnapshot())).toBe("answer-too-complex");
  });
});
