/** An entry of one address is the address of whoever it decides about: no format shows it unless people are shown. */
import { expect, test } from "vitest";
import { replayBoxes } from "../../src/report/html/boxes.js";
import { renderHtml } from "../../src/report/html/markup.js";
import { plainStyle } from "../../src/report/layout.js";
import { replayDocument } from "../../src/report/replay.js";
import { renderReplayMarkdown, renderReplayText } from "../../src/report/replay-text.js";
import { replayOf } from "./replay-sample.js";
import { ordinaryNames } from "./samples.js";

const look = { style: plainStyle, width: 1_000 };
const [hidden, shown] = [replayOf(ordinaryNames, false), replayOf(ordinaryNames, true)];
const html = (report: typeof hidden): string => replayBoxes(report).map(renderHtml).join("");

test.each([
  ["text", renderReplayText(hidden, look)],
  ["JSON", JSON.stringify(replayDocument(hidden))],
  ["markdown", renderReplayMarkdown(hidden)],
  ["markdown with people", renderReplayMarkdown(shown)],
  ["HTML with people", html(shown)],
])("%s names the rule alone", (_, text) => {
  expect(text).not.toContain("198.51.100.8");
  expect(text).toContain("198.51.100.0/24");
});

test("with people, the entry is there", () => {
  expect(renderReplayText(shown, look)).toContain("deny 198.51.100.8/32 of rule");
  expect(JSON.stringify(replayDocument(shown))).toContain('"cidr":"198.51.100.8/32"');
});
