import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DrillOutcome, drill, drillTable, showTable } from "./drill/drill.js";
import { type Applier, builtApplier, killAtRandom, killCases } from "./drill/kill-cases.js";
import { scenarios } from "./drill/scenarios.js";

let folder = "";
let applier: Applier;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "applier-"));
  applier = await builtApplier(folder);
});
afterAll(() => rm(folder, { recursive: true }));

describe("fault drill: processes that are killed", () => {
  it("loses nothing at any step", async () => {
    const outcomes = (await Promise.all(scenarios.map((one) => drill(one, killCases(applier))))).flat();
    console.log(showTable(drillTable(outcomes)));
    expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
    // None got there by itself: every one was killed.
    expect(outcomes.filter(({ moreRuns }) => moreRuns === 0)).toEqual([]);
  }, 300_000);

  it("loses nothing at 200 random instants", async () => {
    const outcomes: DrillOutcome[] = [];
    const one = killAtRandom(applier);
    while (outcomes.length < 200) {
      outcomes.push(...(await Promise.all(scenarios.map((scenario) => drill(scenario, [one])))).flat());
    }
    console.log(showTable(drillTable(outcomes)));
    expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
  }, 300_000);
});
