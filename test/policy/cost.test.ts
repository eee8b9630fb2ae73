/** What a hostile policy costs: as much as its length, counted in looks at keys, not in seconds. */

import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/model/diagnostic.js";
import { parsePolicy } from "../../src/policy/parse-policy.js";
import { excerpt } from "../../src/report/diagnostics.js";
import { plainStyle } from "../../src/report/layout.js";
import { firstMessage } from "../said.js";
import { readPolicy } from "./reading.js";

it("finds unknown keys without a search for each", () => {
  const text = `version: 1\nrules: []\n${Array.from({ length: 20_000 }, (_, at) => `k${at}: 1\n`).join("")}`;
  let searches = 0;
  const { find, findLast } = Array.prototype;
  // Counted, since a test may not depend on how fast a machine is.
  Array.prototype.find = function (...values: Parameters<typeof find>) {
    if (this.length > 10_000) searches += 1;
    return find.apply(this, values);
  };
  Array.prototype.findLast = function (...values: Parameters<typeof findLast>) {
    if (this.length > 10_000) searches += 1;
    return findLast.apply(this, values);
  };
  try {
    const { diagnostics } = parsePolicy(Buffer.from(text), "policy.yaml");
    expect(diagnostics.some(({ code, source }) => code === "unknown-key" && source?.line === 3)).toBe(true);
  } finally {
    Object.assign(Array.prototype, { find, findLast });
  }
  // Some for each key that the program knows, none for each that the file has.
  expect(searches).toBeLessThan(30);
});

describe("of many problems of one kind, fifty are worked out and shown, and the rest counted", () => {
  const lines = (count: number, line: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => line(at)).join("");
  const many = 2_000;
  // All within one edit of a name that is known, so that each would get a hint.
  const table: readonly (readonly [code: string, suggestions: number, text: string])[] = [
    // Once more for each: a key that is missing is not also said to be unknown.
    ["unknown-key", many + 50, `version: 1\nrules: []\n${lines(many, (at) => `rulez${at}: 1\n`)}`],
    [
      "undefined-network",
      50,
      `version: 1\nnetworks: {office: [192.0.2.1]}\nrules:\n  - name: A\n    type: allow\n    cidrs:\n      - network: office\n${lines(many, (at) => `      - network: offic${at}\n`)}`,
    ],
    [
      "bad-prefix",
      0,
      `version: 1\nrules:\n  - name: A\n    type: allow\n    cidrs:\n${lines(many, (at) => `      - 10.${at}/8\n`)}`,
    ],
  ];
  it.each(table)("%s", (code, suggestions, text) => {
    let searches = 0;
    const { replaceAll } = String.prototype;
    // Each search for the word that was meant begins with the unknown one in the spelling of all.
    String.prototype.replaceAll = function (this: string, ...values: [never, never]) {
      if (values[0] === "-" && /^(rulez|offic)\d+$/.test(this)) searches += 1;
      return replaceAll.apply(this, values);
    };
    let diagnostics: readonly Diagnostic[];
    try {
      ({ diagnostics } = readPolicy(text));
    } finally {
      Object.assign(String.prototype, { replaceAll });
    }
    const found = diagnostics.filter((diagnostic) => diagnostic.code === code);
    expect(found).toHaveLength(51);
    expect(firstMessage([found.at(-1)])).toContain(String(many - 50));
    expect(searches).toBe(suggestions);
  });
});

describe("aliases that multiply", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const uses = (count: number): string => `  - *a\n`.repeat(count);
  // Each would take minutes if the aliases were followed.
  it.each([
    ["fifty thousand of a deep list", `x: &a ${nested(500)}\ny:\n${uses(50_000)}`, 1_005],
    ["a few of a large list", `x: &a\n${"  - []\n".repeat(20_000)}y:\n${uses(90)}`, 20_054],
    ["many of nothing", `x: &a []\ny:\n${uses(20_000)}`, 1_005],
    ["one of itself", `x: &a\n  - 1\n${uses(1)}`, 5],
  ])("%s", (_, text, line) => {
    const { diagnostics, parsed } = parsePolicy(Buffer.from(`version: 1\nrules: []\n${text}`), "policy.yaml");
    expect(diagnostics.map(({ code, source }) => [code, source?.line])).toEqual([["yaml-alias-bomb", line]]);
    expect(parsed).toBeUndefined();
  });

  it("are followed to the last anchor before them", () => {
    const text =
      "version: 1\nrules:\n  - {name: &n A, type: allow, cidrs: &c [192.0.2.1]}\n  - {name: &n B, type: allow, cidrs: [192.0.2.2]}\n  - {name: C, type: allow, description: *n, cidrs: *c}\n";
    expect(readPolicy(text).policy?.rules[2]).toMatchObject({
      description: "B",
      entries: [{ text: "192.0.2.1" }],
    });
  });
});

it("shows a place in a line of sixty million characters", () => {
  const lineText = "y".repeat(60_000_000);
  const source = { file: "f", line: 1, column: 30_000_001, endLine: 1, endColumn: 30_000_002, lineText };
  const shown = excerpt(source, (text) => text, { style: plainStyle, width: 80 });
  expect(shown.join("\n").length).toBeLessThan(200);
  expect(shown[1]).toContain("^");
});
