/** An entry of one address is the address of whoever it decides about: no format shows it unless people are shown. */
import { expect, test } from "vitest";
import type { Format } from "../../src/report/reporters.js";
import { inFormat } from "./formats.js";
import { replayOf } from "./replay-sample.js";
import { ordinaryNames } from "./samples.js";

const [hidden, shown] = [replayOf(ordinaryNames, false), replayOf(ordinaryNames, true)];

/** Without the account's own state, which a page of HTML shows as a tree. */
const said = async (format: Format, report: typeof hidden): Promise<string> =>
  (await inFormat(format, report)).split("<script")[0] ?? "";

test.each([
  ["text", "text", hidden],
  ["JSON", "json", hidden],
  ["markdown", "markdown", hidden],
  ["markdown with people", "markdown", shown],
  ["HTML with people", "html", shown],
] as const)("%s names the rule alone", async (_, format, report) => {
  const text = await said(format, report);
  expect(text).not.toContain("198.51.100.8");
  expect(text).toContain("198.51.100.0/24");
});

test("with people, the entry is there", async () => {
  expect(await said("text", shown)).toMatch(/deny\s+198.51.100.8\/32\s+of\s+rule/);
  expect(await said("json", shown)).toContain('"cidr": "198.51.100.8/32"');
});
