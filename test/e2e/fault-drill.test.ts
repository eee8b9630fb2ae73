import { describe, expect, it } from "vitest";
import { faultCases } from "./drill/cases.js";
import { type DrillOutcome, drill, drillTable, showTable } from "./drill/drill.js";
import { scenarios } from "./drill/scenarios.js";

describe("fault drill: every case against every step, through HTTP", () => {
  it("loses nothing", async () => {
    const outcomes: DrillOutcome[] = (
      await Promise.all(scenarios.map((one) => drill(one, faultCases)))
    ).flat();
    console.log(showTable(drillTable(outcomes)));
    expect(outcomes.filter(({ problems }) => problems.length > 0)).toEqual([]);
    // Every kind of step was struck.
    const kinds = new Set(outcomes.map(({ step }) => step.split(" ")[1]));
    expect([...kinds].sort()).toEqual(["create", "delete", "enforcement", "update"]);
  }, 300_000);
});
