/** What a hostile policy costs: as much as its length, counted in looks at keys, not in seconds. */
import { expect, it } from "vitest";
import { parsePolicy } from "../../src/policy/parse-policy.js";
import { excerpt } from "../../src/report/diagnostics-text.js";
import { plainStyle } from "../../src/report/layout.js";

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
  expect(searches).toBeLessThan(10);
});

it("shows a place in a line of sixty million characters", () => {
  const lineText = "y".repeat(60_000_000);
  const source = { file: "f", line: 1, column: 30_000_001, endLine: 1, endColumn: 30_000_002, lineText };
  const shown = excerpt(source, (text) => text, { style: plainStyle, width: 80 });
  expect(shown.join("\n").length).toBeLessThan(200);
  expect(shown[1]).toContain("^");
});
