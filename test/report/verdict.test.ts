/** One verdict (promise 12): exit code, text, JSON, markdown and annotations say the same of one plan. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guards } from "../../src/model/guards.js";
import type { Plan } from "../../src/plan/plan.js";
import { applyClosing } from "../../src/report/apply.js";
import { renderPlanMarkdown } from "../../src/report/markdown.js";
import { closingLine } from "../../src/report/plan-summary.js";
import { driftVerdict, exitCodeOf, planVerdict, type Report } from "../../src/report/report.js";
import { formatsOf } from "../../src/report/reporters.js";
import { renderDriftText } from "../../src/report/text/drift.js";
import { renderPlanText } from "../../src/report/text/plan.js";
import { renderSummary } from "../../src/report/text/text.js";
import { saying } from "../said.js";
import { inFormat, look } from "./formats.js";
import { changeOf, everythingElse, getsIn, getsOut, ordinary, planOf, rule } from "./plans.js";
import { replayOf } from "./replay-sample.js";
import {
  applyResultOf,
  driftCommands,
  driftOf,
  noDrift,
  ordinaryNames,
  snapshotOf,
  verificationOf,
} from "./samples.js";

const refusedWithoutChanges = planOf({ verdicts: everythingElse.verdicts });
const plans: readonly (readonly [string, Plan])[] = [
  ["no-changes", planOf({})],
  ["changes", ordinary],
  ["refused", everythingElse],
  ["refused", refusedWithoutChanges],
];

describe("a plan", () => {
  it.each(plans)("is %s in every format", async (verdict, plan) => {
    expect(planVerdict(plan)).toBe(verdict);
    const closing = closingLine(plan, "policy.yaml");
    const start = { "no-changes": "No changes.", changes: "Plan: ", refused: "Refused: " }[verdict];
    expect(closing.startsWith(start ?? "?")).toBe(true);
    const options = { policyFile: "policy.yaml" };
    expect(
      renderPlanText(plan, { ...look, ...options })
        .trimEnd()
        .split("\n")
        .at(-1),
    ).toBe(closing);
    expect(renderPlanMarkdown(plan, options).replaceAll("`", "")).toContain(`**${closing}**`);
    const annotations = await inFormat("github", { kind: "plan", plan, ...options });
    expect(annotations.trimEnd().split("\n").at(-1)).toContain(`::${closing}`);
    const json = JSON.parse(await inFormat("json", { kind: "plan", plan }));
    expect(json.summary.refused_by.length > 0).toBe(verdict === "refused");
    expect(json.changes).toHaveLength(plan.changes.length);
  });

  it("has an exit code for each verdict", () => {
    const codes = (detailed: boolean) =>
      plans.map(([, plan]) => exitCodeOf({ report: { kind: "plan", plan, detailed } }));
    expect(codes(false)).toEqual([0, 0, 3, 3]);
    expect(codes(true)).toEqual([0, 2, 3, 3]);
    const verification = verificationOf(ordinaryNames);
    const audited = (["confirmed", "missing", "could-not-check", "enforcement-flipped"] as const).map(
      (verdict) => exitCodeOf({ report: { kind: "audit", verification: { ...verification, verdict } } }),
    );
    expect(audited).toEqual([0, 3, 1, 4]);
  });

  it("counts for GitLab, the switch as an update", async () => {
    const counts = async (plan: Plan) => JSON.parse(await inFormat("gitlab", { kind: "plan", plan }));
    expect(await counts(ordinary)).toEqual({ create: 1, update: 1, delete: 0 });
    expect(await counts(everythingElse)).toEqual({ create: 0, update: 2, delete: 2 });
  });
});

describe("a format", () => {
  const reports: readonly Report[] = [
    { kind: "plan", plan: ordinary },
    { kind: "drift", drift: driftOf(ordinaryNames), commands: driftCommands },
    { kind: "audit", verification: verificationOf(ordinaryNames) },
    { kind: "account", snapshot: snapshotOf(ordinaryNames) },
    replayOf(ordinaryNames, false),
    {
      kind: "apply",
      account: { id: 66847, host: "ab123.us1.dbt.com" },
      result: applyResultOf(ordinaryNames),
      commands: {},
      shown: [],
    },
  ];

  it.each(reports.flatMap((report) => formatsOf(report.kind).map((format) => [format, report] as const)))(
    "%s says something of each kind that it is offered for",
    async (format, report) => {
      expect(await inFormat(format, report)).toMatch(/66847|"create":|Plan:|Corporate VPN/);
    },
  );
});

describe("drift", () => {
  it.each([
    ["no-drift", noDrift, 0],
    ["differences", driftOf(ordinaryNames), 2],
  ] as const)("is %s in every format", async (verdict, report, code) => {
    expect(driftVerdict(report)).toBe(verdict);
    const found = { kind: "drift", drift: report, commands: driftCommands } as const;
    expect(exitCodeOf({ report: found })).toBe(code);
    const json = JSON.parse(await inFormat("json", found));
    expect(json.verdict).toBe(verdict);
    expect(
      renderDriftText(report, { ...look, commands: driftCommands })
        .trimEnd()
        .split("\n")
        .at(-1),
    ).toBe(json.summary);
    expect((await inFormat("markdown", found)).replaceAll("`", "")).toContain(`**${json.summary}**`);
  });
});

describe("the size of markdown", () => {
  const bytes = (text: string): number => Buffer.byteLength(text, "utf8");
  const ranges = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `10.${index >> 7}.${(index & 127) * 2}.0/24`);

  const bigPlan = (broadening: number, narrowing: number, rules: number): Plan =>
    planOf({
      changes: Array.from({ length: rules }, (_, index) => ({
        kind: "create" as const,
        rule: rule(`Rule ${index} 日本`, "allow", ["192.0.2.1"], "d".repeat(50)),
      })),
      access: {
        change: changeOf(
          ...(broadening > 0 ? [getsIn("Wide", ...ranges(broadening))] : []),
          ...(narrowing > 0
            ? [getsOut("Narrow", ...ranges(narrowing).map((text) => text.replace("10.", "11.")))]
            : []),
        ),
        enforcedBefore: true,
        enforcedAfter: true,
      },
    });

  it("holds, and rows are left out by the count, never a range that gains access", () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.nat(300),
        fc.nat(200),
        fc.integer({ min: 3_000, max: 20_000 }),
        (broadening, narrowing, rules, maxBytes) => {
          const plan = bigPlan(broadening, narrowing, rules);
          const text = renderPlanMarkdown(plan, { maxBytes });
          expect(bytes(text)).toBeLessThanOrEqual(maxBytes);
          for (const range of ranges(broadening)) expect(text).toContain(range);
          const shown = text.match(/^\+ rule "Rule /gm)?.length ?? 0;
          const descriptions = text.match(/^\+ {3}description/gm)?.length ?? 0;
          const entries = text.match(/^\+ {3}192/gm)?.length ?? 0;
          const left = Number(/_([\d,]+) rows? left out/.exec(text)?.[1]?.replaceAll(",", "") ?? 0);
          expect(shown + descriptions + entries + left).toBe(rules * 3);
        },
      ),
      { numRuns: 40 },
    );
  });

  const prefixesLeft = (text: string): number =>
    Number(/_([\d,]+) prefix(es)? left out/.exec(text)?.[1]?.replaceAll(",", "") ?? 0);

  it("folds a long list, names the widest of it, and says how many are missing and where all of them are", () => {
    const plan = bigPlan(5_000, 10, 3);
    const text = renderPlanMarkdown(plan, { savedAs: "plan.json" });
    expect(bytes(text)).toBeLessThanOrEqual(60_000);
    expect(text).toContain("1,280,000 IPv4 addresses in");
    const [open = "", folded = ""] = text.split("<details><summary>Every prefix of the long lists above");
    expect(open).toContain(
      '+ rule "Wide": 1,280,000 IPv4 addresses gain access: 5,000 prefixes, the 10 widest: ',
    );
    expect(open.match(/10\.\d+\.\d+\.0\/24/g)).toHaveLength(10);
    const shown = folded.match(/^\+ {3}10\.\d+\.\d+\.0\/24$/gm)?.length ?? 0;
    expect(shown).toBeGreaterThan(1_000);
    expect(shown + prefixesLeft(folded)).toBe(5_000);
    expect(folded).toContain("left out here for length; all of them are in `plan.json`._");
    expect(renderPlanMarkdown(plan)).toContain("all of them: `dbt-ip-rules plan --format json`._");
  });

  /** The case of a new rule with thousands of networks, and an old one that is deleted. */
  const fleet = Array.from({ length: 4_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/27`);
  const old = rule("Old partner", "allow", ["192.0.2.0/24"]);
  const fleetPlan = (verdicts: Plan["verdicts"]): Plan =>
    planOf({
      verdicts,
      changes: [
        { kind: "create", rule: rule("Fleet", "allow", fleet) },
        { kind: "delete", rule: old, reason: "unmanaged" },
      ],
      access: {
        change: changeOf(getsIn("Fleet", "198.18.0.0/15", ...fleet), getsOut("Old partner", "192.0.2.0/24")),
        enforcedBefore: true,
        enforcedAfter: true,
      },
    });
  const positions = (text: string, ...parts: string[]): number[] => parts.map((part) => text.indexOf(part));

  it("shows deletions and who loses access before a long list of who gains it", () => {
    const text = renderPlanMarkdown(fleetPlan([])).replace(/\n[+-] {5}/g, " ");
    const at = positions(
      text,
      '- rule "Old partner" (allow, 1 entry: 192.0.2.0/24), not in the policy',
      '- rule "Old partner": 256 IPv4 addresses lose access: 192.0.2.0/24 (no longer allowed)',
      // The widest is first, though it comes last in the order of addresses.
      "4,001 prefixes, the 10 widest: 198.18.0.0/15, ",
      "<details>",
    );
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at).not.toContain(-1);
  });

  it.each([60_000, 3_000])("shows failed checks first, and whole, in %i bytes", (maxBytes) => {
    const failed = (guard: "must-allow" | "must-deny"): Plan["verdicts"][number] => ({
      guard,
      state: "failed",
      override: guards[guard].flag,
      diagnostics: [saying({ code: "policy-test-failed", severity: "error", message: `${guard} says no` })],
    });
    const text = renderPlanMarkdown(fleetPlan([failed("must-allow"), failed("must-deny")]), { maxBytes });
    expect(bytes(text)).toBeLessThanOrEqual(maxBytes);
    const at = positions(text, "must-allow says no", "must-deny says no", '- rule "Old partner"', "+ rule");
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at).not.toContain(-1);
    expect(text).not.toMatch(/checks? left out/);
  });
});

describe("the summary of several policies", () => {
  const result = applyResultOf(ordinaryNames);
  const stopped: Report = {
    kind: "apply",
    account: { id: 66847, host: "ab123.us1.dbt.com" },
    result,
    commands: { applyAgain: "dbt-ip-rules apply" },
    shown: [],
  };
  const reports = [
    { policy: "a.yaml", report: stopped },
    { policy: "b.yaml", report: { kind: "plan", plan: ordinary } as const },
    { policy: "c.yaml", report: { kind: "failure", diagnostics: [], exitCode: 1 } as const },
  ];

  it.each([40, 200])("gives each its closing line, whatever its text ends with, in %i cells", (width) => {
    expect(renderSummary(reports, { ...look, width }).split("\n")).toEqual([
      "== 3 policies ==",
      `stopped midway  a.yaml: ${applyClosing(result)}`,
      `done            b.yaml: ${closingLine(ordinary, "the policy")}`,
      "failed          c.yaml",
      "",
    ]);
  });
});
