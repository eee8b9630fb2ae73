/**
 * What can go wrong with a call, against the steps of plans with every kind of step, through HTTP. A normal run plays
 * each case against a few steps; DRILL=full plays each against each.
 */
import { expect, it } from "vitest";
import { share } from "../drills.js";
import { faultCases } from "./drill/cases.js";
import { drill, drillTable, showTable } from "./drill/drill.js";
import { scenarios } from "./drill/scenarios.js";

it("a call that goes wrong loses nothing", async () => {
  const outcomes = await drill(scenarios, faultCases, share(3, Number.POSITIVE_INFINITY));
  console.log(showTable(drillTable(outcomes)));
  expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
  // Every kind of step was struck, and every case struck.
  const kinds = new Set(outcomes.map(({ step }) => step.split(" ")[1]));
  expect([...kinds].sort()).toEqual(["create", "delete", "enforcement", "update"]);
  expect(new Set(outcomes.map(({ name }) => name)).size).toBe(faultCases.length);
});
