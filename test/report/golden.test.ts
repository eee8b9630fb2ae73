import { describe, expect, it } from "vitest";
import { cellsOf } from "../../src/model/cells.js";
import { renderPlanMarkdown } from "../../src/report/markdown.js";
import { renderDriftText } from "../../src/report/text/drift.js";
import { renderPlanText } from "../../src/report/text/plan.js";
import { everyFormat, look } from "./formats.js";
import { expectGolden } from "./golden.js";
import { everythingElse, ordinary, planOf } from "./plans.js";
import { bothNames, driftCommands, noDrift } from "./samples.js";

const rendered = await Promise.all(
  bothNames.map(async ([kind, names]) => [kind, await everyFormat(names)] as const),
);

describe.each(rendered)("golden files with %s names", (kind, texts) => {
  it.each(Object.entries(texts))("%s", (name, text) => {
    expectGolden(`${kind}.${name}`, text);
  });
});

const off = planOf({
  ...ordinary,
  before: { enforcement: "disabled", rules: ordinary.before.rules },
  after: { enforcement: "disabled", rules: ordinary.after.rules },
  access: { ...ordinary.access, enforcedBefore: false, enforcedAfter: false },
});

describe("golden files of other plans", () => {
  it.each([
    ["nothing", planOf({})],
    ["refused", everythingElse],
    ["enforcement-off", off],
  ])("%s", (name, plan) => {
    expectGolden(`${name}.plan.txt`, renderPlanText(plan, { ...look, policyFile: "policy.yaml" }));
    expectGolden(`${name}.plan.md`, renderPlanMarkdown(plan, { policyFile: "policy.yaml" }));
  });

  it("no drift", () =>
    expectGolden("nothing.drift.txt", renderDriftText(noDrift, { ...look, commands: driftCommands })));
});

describe("eighty columns", () => {
  /** The closing line, an event and the first line of a diagnostic that names a place are one line, for `grep`. */
  const mayBeLong = /^(\d{4}-|Plan|\d+ differences?|Applied|Stopped|Missing|Confirmed)|^[^ ]+:\d+:\d+: /;

  it.each(Object.entries(rendered[0]![1]).filter(([name]) => /^[a-z]+\.txt$/.test(name)))(
    "%s fits",
    (_, text) => {
      const long = text.split("\n").filter((line) => cellsOf(line) > 80 && !mayBeLong.test(line));
      expect(long).toEqual([]);
    },
  );
});
