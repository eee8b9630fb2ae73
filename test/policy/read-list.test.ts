/** The one reader of lists: text, JSON, NDJSON, CSV and ranges, from files that a policy names. */
import vm from "node:vm";
import { describe, expect, it, vi } from "vitest";
import { formatPrefix } from "../../src/address/prefix.js";
import { messageOf } from "../../src/model/diagnostic.js";
import { firstHint, firstMessage } from "../said.js";
import { codes, mustRead, places, readPolicy } from "./reading.js";

const policyOf = (network: string): string =>
  `version: 1\nnetworks:\n  l: {${network}}\nrules:\n  - {name: L, type: allow, cidrs: [network: l]}\n`;
const read = (list: string, how = "") =>
  readPolicy(policyOf(`file: l.txt${how}`), { files: { "l.txt": list } });
const prefixes = (list: string, how = ""): string[] =>
  mustRead(policyOf(`file: l.txt${how}`), { files: { "l.txt": list } }).rules[0]!.entries.map(({ prefix }) =>
    formatPrefix(prefix),
  );

describe("text", () => {
  it("has comments behind # and ;, also behind entries", () => {
    const list = "; Feed\n# of today\n192.0.2.0/24 ; SBL1\n2001:db8::/32# x\n198.51.100.7;y\n";
    expect(prefixes(list)).toEqual(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]);
  });

  it("has ranges, which become the fewest prefixes that are exactly them", () => {
    expect(prefixes("192.0.2.10-192.0.2.20\n2001:db8:: - 2001:db8::3 # x\n")).toEqual([
      "192.0.2.10/31",
      "192.0.2.12/30",
      "192.0.2.16/30",
      "192.0.2.20/32",
      "2001:db8::/126",
    ]);
  });

  it.each([
    ["192.0.2.20-192.0.2.10", "lower address first"],
    ["192.0.2.1-2001:db8::1", "not of both"],
  ])("refuses the range %s", (list, hint) => {
    const { policy, diagnostics } = read(`192.0.2.1\n${list}\n`);
    expect(policy).toBeUndefined();
    expect(codes(diagnostics)).toEqual(["bad-prefix"]);
    expect(firstHint(diagnostics)).toContain(hint);
  });

  it("shows what is wrong in its place", () => {
    const { diagnostics } = read("# ä\n 192.0.2.0/33 ; x\nvpn.example\n");
    expect(places(diagnostics)).toEqual(["bad-prefix 2:12", "bad-prefix 3:1"]);
  });

  it("counts the problems that it does not show", () => {
    const { diagnostics } = read("x\n".repeat(120));
    expect(diagnostics.length).toBe(51);
    expect(messageOf(diagnostics.at(-1)!)).toContain("70 more");
  });

  it("may be told that bits below the length mean the network", () => {
    const list = "192.0.2.7/24\n198.51.100.0/24\n";
    expect(codes(read(list).diagnostics)).toEqual(["host-bits"]);
    expect(prefixes(list, ", host_bits: allow")).toEqual(["192.0.2.0/24", "198.51.100.0/24"]);
    const lowered = `${policyOf("file: l.txt, host_bits: error")}lint: {host-bits: off}\n`;
    expect(readPolicy(lowered, { files: { "l.txt": list } }).policy).toBeUndefined();
  });

  it("never lets an IPv4 address with a length of IPv6 pass, whatever it is told", () => {
    expect(codes(read("::ffff:203.0.113.7/24\n", ", host_bits: allow").diagnostics)).toEqual([
      "mapped-length",
    ]);
  });
});

describe("JSON", () => {
  const list = JSON.stringify({ a: [{ cidr: "192.0.2.0/24" }, { cidr: "2001:db8::/32", x: 1 }], b: ["bad"] });

  it("gives what `select` finds", () => {
    expect(prefixes(list, ', select: "$.a[*].cidr"')).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
    expect(prefixes(list, ', select: "$.a[?@.x == 1].cidr"')).toEqual(["2001:db8::/32"]);
    expect(prefixes('["192.0.2.4-192.0.2.7"]', ', select: "$[*]"')).toEqual(["192.0.2.4/30"]);
  });

  it("applies `select` to each line of NDJSON", () => {
    const lines = '{"cidr":"192.0.2.0/24"}\n\n{"cidr":"198.51.100.0/24"}\r\n';
    expect(prefixes(lines, ", select: $.cidr")).toEqual(["192.0.2.0/24", "198.51.100.0/24"]);
    const { diagnostics } = read(`${lines}{"cidr":\n`, ", select: $.cidr");
    expect(places(diagnostics)).toEqual(["list-unreadable 4:1"]);
  });

  it("shows a text that is no prefix in its place", () => {
    const { diagnostics } = read(JSON.stringify(JSON.parse(list), null, 1), ', select: "$.b[*]"');
    expect(places(diagnostics)).toEqual(["bad-prefix 12:4"]);
  });

  it.each([
    ["prefixes", "is not a JSONPath"],
    ["$.a[*]", "finds something that is not text"],
    ["$.a[?", "is not a JSONPath"],
  ])("refuses the selection %s", (select, said) => {
    const { policy, diagnostics } = read(list, `, select: "${select}"`);
    expect(policy).toBeUndefined();
    expect(codes(diagnostics)).toEqual(["bad-select"]);
    expect(firstMessage(diagnostics)).toContain(said);
  });

  it("refuses a selection that would take for ever", () => {
    // The limit is five seconds; the time itself is nothing to wait for in a test.
    const run = vm.runInNewContext;
    const limited = vi
      .spyOn(vm, "runInNewContext")
      .mockImplementation((code, context) => run(code, context, { timeout: 50 }));
    const slow = JSON.stringify([`${"a".repeat(60)}!`]);
    const { diagnostics } = read(slow, `, select: "$[?match(@, '(a|a)*')]"`);
    expect(firstMessage(diagnostics)).toContain("takes too long");
    expect(limited.mock.calls.map(([, , options]) => options)).toEqual([{ timeout: 5_000 }]);
    limited.mockRestore();
  });

  it("does not guess where a line of NDJSON has nothing, unless a filter says so", () => {
    const lines = '{"cidr":"192.0.2.0/24"}\n{"ip":"198.51.100.0/24"}\n';
    const { diagnostics } = read(lines, ", select: $.cidr");
    expect(places(diagnostics)).toEqual(["bad-select 2:1"]);
    expect(firstMessage(diagnostics)).toContain("finds nothing in one of the lines: line 2");
    expect(prefixes(lines, `, select: "$[?match(@, '192.*')]"`)).toEqual(["192.0.2.0/24"]);
  });

  it.each([
    ['{"cidr":"192.0.2.0/24",\n "cidr":"198.51.100.0/24"}', "2:2"],
    [
      '{"cidr":"192.0.2.0/24"}\n{"cidr":"192.0.2.0/24","a\\"":1,"b":[{"b":0},{"b":0}],"c\\u0069dr":""}',
      "2:54",
    ],
  ])("refuses a key that an object has twice: %s", (text, place) => {
    const { diagnostics } = read(text, ", select: $.cidr");
    expect(places(diagnostics)).toEqual([`list-unreadable ${place}`]);
    expect(firstMessage(diagnostics)).toContain("the key `cidr` twice");
  });

  it("refuses what is nested deeper than anything can write", () => {
    const deep = `{"hooks":[${"[".repeat(200_000)}${"]".repeat(200_000)}]}`;
    const { diagnostics } = read(deep, ', select: "$.hooks[*]"');
    expect(firstMessage(diagnostics)).toContain("finds something that is not text: a list");
  });

  it("refuses a text that holds a comment or a line end", () => {
    for (const text of ["192.0.2.1 # x", "192.0.2.1\n192.0.2.2", "192.0.2.1;"])
      expect(codes(read(JSON.stringify([text]), ', select: "$[*]"').diagnostics)).toEqual(["bad-prefix"]);
  });

  it.each([
    ['{"a": [', "is not valid JSON"],
    ["<html></html>", "is an HTML page"],
  ])("refuses %s", (text, said) => {
    const { diagnostics } = read(text, ", select: $.a");
    expect(codes(diagnostics)).toEqual(["list-unreadable"]);
    expect(firstMessage(diagnostics)).toContain(said);
  });

  it("is empty where nothing is found", () => {
    expect(codes(read(list, ", select: $.c").diagnostics)).toEqual(["empty-network"]);
    expect(prefixes(`${list}\n`, ', select: "$.a[*].cidr"')).toHaveLength(2);
  });
});

describe("CSV", () => {
  const list = 'city,"cidr"\n"Berlin, Mitte", 192.0.2.0/24\n# closed\nParis,\nRome,2001:db8::/32\n';

  it("gives the column of a name, or of a number", () => {
    expect(prefixes(list, ", column: cidr")).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
    expect(prefixes(list, ", column: 2")).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
    expect(prefixes("192.0.2.0/24,DE\n198.51.100.0/24,FR\n", ", column: 1")).toEqual([
      "192.0.2.0/24",
      "198.51.100.0/24",
    ]);
  });

  it("does not guess where the column is not there", () => {
    expect(places(read(list, ", column: prefix").diagnostics)).toEqual(["no-column 1:1"]);
    expect(firstHint(read(list, ", column: prefix").diagnostics)).toContain("`city` and `cidr`");
    expect(places(read("a,192.0.2.1\nb\n", ", column: 2").diagnostics)).toEqual(["no-column 2:1"]);
    expect(places(read("x,1.2.3\n", ", column: 2").diagnostics)).toEqual(["bad-prefix 1:8"]);
    expect(places(read("a,192.0.2.1\nb,cidr\n", ", column: 2").diagnostics)).toEqual(["bad-prefix 2:3"]);
    expect(codes(read("a,a\n192.0.2.1,192.0.2.2\n", ", column: a").diagnostics)).toEqual(["no-column"]);
  });

  it("refuses quotes that do not close", () => {
    expect(codes(read('cidr\n"192.0.2.1\n', ", column: cidr").diagnostics)).toEqual(["list-unreadable"]);
  });
});

it("keys that say nothing about a network of its kind are errors", () => {
  const text = policyOf("cidrs: [192.0.2.0/24], select: $.a, max_age: 3d");
  expect(codes(readPolicy(text).diagnostics)).toEqual(["key-without-effect", "key-without-effect"]);
});

it("a list that is kept by hand asks for its review once the date has come", () => {
  const files = { "l.txt": "192.0.2.0/24\n" };
  const text = policyOf("file: l.txt, review_by: 2026-12-02");
  expect(codes(readPolicy(text, { files, now: "2026-12-01T23:00:00Z" }).diagnostics)).toEqual([]);
  const { policy, diagnostics } = readPolicy(text, { files, now: "2026-12-02T00:00:00Z" });
  expect(policy).toBeDefined();
  expect(places(diagnostics)).toEqual(["list-review-due 3:31"]);
});
