/** The guard `max-cut-off` of a plan, and what a saved plan keeps of it. */
import { expect, test } from "vitest";
import type { TrafficEvidence } from "../../src/plan/cut-off.js";
import { makePlan } from "../../src/plan/make-plan.js";
import { readPlanFile, writePlanFile } from "../../src/plan/plan-file.js";
import { planReplayRows, planReplayTitle } from "../../src/report/plan-replay.js";
import { prefix } from "./small-space.js";
import { noGuards, policy, policyRule, rule, snapshotOf, state } from "./values.js";

const seen = (text: string) => ({
  address: prefix(text).network,
  events: 3,
  failedLogins: 0,
  firstSeen: Date.parse("2026-02-01T00:00:00Z"),
  lastSeen: Date.parse("2026-02-02T00:00:00Z"),
});

const evidence: Extract<TrafficEvidence, { kind: "read" }> = {
  kind: "read",
  traffic: {
    window: { since: "2026-01-01T00:00:00.000Z", until: "2026-03-01T00:00:00.000Z" },
    events: {
      read: 6,
      withoutAddress: 0,
      unreadableAddress: 0,
      duplicates: 0,
      withoutTime: 0,
      outsideWindow: 0,
      inFuture: 0,
    },
    unreadable: [],
    actors: [
      { kind: "user", id: "9001", name: "Analyst", addresses: [seen("198.51.100.1")] },
      { kind: "user", id: "9002", name: "Engineer", addresses: [seen("203.0.113.1")] },
    ],
  },
};

const office = policyRule("Office", "allow", ["203.0.113.0/24"]);
const before = state("enabled", rule("Office", "allow", "203.0.113.0/24", "198.51.100.0/24"));

const planned = (
  {
    limit,
    traffic,
    enforcement = "enabled" as const,
    overrides = [] as readonly "--allow-cut-off"[],
  }: {
    limit?: number;
    traffic?: TrafficEvidence;
    enforcement?: "enabled" | "disabled";
    overrides?: readonly "--allow-cut-off"[];
  },
  start = before,
) => {
  const guards = limit === undefined ? noGuards : { ...noGuards, maxCutOff: limit, cutOffWindow: "90d" };
  const { plan } = makePlan({
    policy: policy([office], { guards, enforcement }),
    snapshot: snapshotOf(start),
    overrides: new Set(overrides),
    traffic,
  });
  if (plan === undefined) throw new Error("no plan");
  const found = plan.verdicts.find(({ guard }) => guard === "max-cut-off");
  return { plan, verdict: found?.state, codes: found?.diagnostics.map(({ code }) => code) };
};

test("without a limit the log is not asked, and nothing is said", () => {
  const { plan, verdict } = planned({});
  expect([verdict, plan.replay]).toEqual([undefined, undefined]);
});

test("more than the limit is refused, and waived by its own flag", () => {
  expect(planned({ limit: 0, traffic: evidence })).toMatchObject({
    verdict: "failed",
    codes: ["max-cut-off"],
  });
  expect(planned({ limit: 1, traffic: evidence })).toMatchObject({ verdict: "passed", codes: [] });
  expect(planned({ traffic: evidence })).toMatchObject({ verdict: "failed" });
  expect(planned({ limit: 0, traffic: evidence, overrides: ["--allow-cut-off"] }).verdict).toBe("waived");
});

test("a log that was not read, or could not be, refuses; where nothing changes, nobody is cut off", () => {
  expect(planned({ limit: 9 })).toMatchObject({ verdict: "failed", codes: ["cut-off-unknown"] });
  const unreadable: TrafficEvidence = { kind: "unreadable", reason: "no" };
  expect(planned({ limit: 9, traffic: unreadable })).toMatchObject({ verdict: "failed" });
  const same = state("enabled", rule("Office", "allow", "203.0.113.0/24"));
  expect(planned({ limit: 0 }, same)).toMatchObject({ verdict: "passed", plan: { steps: [] } });
  expect(planned({ traffic: unreadable }, same)).toMatchObject({ verdict: "failed" });
});

test("while enforcement stays off, what it would mean is a warning", () => {
  const off = state("disabled", rule("Office", "allow", "198.51.100.0/24"));
  expect(planned({ limit: 0, traffic: evidence, enforcement: "disabled" }, off)).toMatchObject({
    verdict: "passed",
    codes: ["max-cut-off-once-enabled"],
    plan: { replay: { effective: false, counts: { cut_off: 1, keeps: 1 } } },
  });
});

test("a saved plan keeps numbers and counts, and no name, id or address", () => {
  const { plan } = planned({ limit: 0, traffic: evidence });
  const text = writePlanFile(plan);
  for (const word of ["Analyst", "Engineer", "9001", "9002", "198.51.100.1/32", '"198.51.100.1"'])
    expect(text).not.toContain(word);
  expect(readPlanFile(text, "plan.json").plan?.replay).toEqual(plan.replay);
  expect(plan.replay?.losers).toEqual([
    {
      label: "person 1",
      kind: "user",
      outcome: "cut_off",
      addresses: 1,
      lost: 1,
      events: 3,
      lastSeen: "2026-02-02",
    },
  ]);
});

test("an address that could not be read may be one that is lost: refused beyond the limit, by a number", () => {
  const lastSeen = Date.parse("2026-02-02T00:00:00Z");
  const unreadable = [{ kind: "user" as const, id: "9003", name: "Auditor", events: 2, lastSeen }];
  const keeps = evidence.traffic.actors.slice(1);
  const traffic = { kind: "read" as const, traffic: { ...evidence.traffic, actors: keeps, unreadable } };
  const { plan, verdict, codes } = planned({ limit: 0, traffic });
  expect([verdict, codes]).toEqual(["failed", ["cut-off-unknown"]]);
  expect(plan.replay?.unreadable).toEqual([
    { label: "person 2", kind: "user", events: 2, lastSeen: "2026-02-02" },
  ]);
  if (plan.replay === undefined) throw new Error("no replay");
  expect(planReplayTitle(plan.replay)).toContain(
    "cannot tell: 1 person without an address on record that can be read",
  );
  expect(planReplayRows(plan.replay).map(({ text }) => text)).toEqual([
    "person 2: cannot tell, no address on record can be read: 2 events, the last on 2026-02-02",
  ]);
  const text = writePlanFile(plan);
  for (const word of ["Auditor", "9003"]) expect(text).not.toContain(word);
  expect(readPlanFile(text, "plan.json").plan?.replay).toEqual(plan.replay);
  expect(planned({ limit: 1, traffic })).toMatchObject({ verdict: "passed", codes: [] });
  const off = state("disabled", rule("Office", "allow", "198.51.100.0/24"));
  expect(planned({ limit: 0, traffic, enforcement: "disabled" }, off)).toMatchObject({
    verdict: "passed",
    codes: ["cut-off-unknown"],
  });
  // Where no address loses access, nobody does.
  const wider = state("enabled", rule("Other", "allow", "203.0.113.0/25"));
  expect(planned({ limit: 0, traffic }, wider)).toMatchObject({
    verdict: "passed",
    plan: { replay: { unreadable: [] } },
  });
});
