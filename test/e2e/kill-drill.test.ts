/** The built program is killed, at each moment of each step's call and at random instants. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { randomBy } from "../apply/concurrent/random.js";
import { share } from "../drills.js";
import { drill, drillTable, showTable } from "./drill/drill.js";
import { type Applier, builtApplier, killAtRandom, killCases } from "./drill/kill-cases.js";
import { scenarios } from "./drill/scenarios.js";

let folder = "";
let applier: Applier;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "applier-"));
  applier = await builtApplier(folder);
});
afterAll(() => rm(folder, { recursive: true }));

it("a kill before, during or after a call loses nothing", async () => {
  const outcomes = await drill(scenarios, killCases(applier), share(2, Number.POSITIVE_INFINITY));
  console.log(showTable(drillTable(outcomes)));
  expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
  // None got there by itself: every one was killed.
  expect(outcomes.filter(({ moreRuns }) => moreRuns === 0)).toEqual([]);
});

it("a kill at a random instant loses nothing", async () => {
  const kills = Array.from({ length: share(4, 200) }, (_, seed) => killAtRandom(applier, randomBy(seed)));
  const outcomes = await drill(scenarios, kills, 1);
  console.log(showTable(drillTable(outcomes)));
  expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
});
