import { createHash } from "node:crypto";
import jsonPatch, { type Operation } from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { validatePlan } from "../../src/generated/validators.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Plan } from "../../src/plan/plan.js";
import { planDocument } from "../../src/plan/plan-document.js";
import { readPlanFile, writePlanFile } from "../../src/plan/plan-file.js";
import { saying } from "../said.js";
import { Random, randomPair } from "./small-space.js";
import {
  asRecorded,
  entry,
  noGuards,
  policy,
  policyRule,
  rule,
  snapshotOf,
  source,
  state,
} from "./values.js";

const rulesOf = (seed: number) => {
  const { before, after } = randomPair(new Random(seed));
  const rules = after.rules.map(({ name, type, prefixes, description }) =>
    policyRule(name, type, [], {
      description,
      entries: prefixes.map((one) => ({ prefix: one, text: "", source })),
    }),
  );
  return { before, rules };
};

const planOf = (seed: number): Plan => {
  const { before, rules } = rulesOf(seed);
  const { plan, diagnostics } = makePlan({
    policy: policy(rules, { unmanagedRules: "delete" }),
    snapshot: { ...snapshotOf(before), enabledForServiceTokens: true },
    diagnostics: [saying({ code: "host-bits", severity: "warning", message: "W", hint: "H", source })],
  });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
};

const account = state(
  "enabled",
  rule("Old", "allow", "203.0.113.0/24"),
  rule("Other", "deny", "192.0.2.0/24"),
);
const example = makePlan({
  policy: policy(
    [
      policyRule("New", "allow", ["203.0.113.0/25", "198.51.100.0/24"], {
        previousNames: ["Old"],
        expired: [entry("203.0.113.0/24", "2026-01-01")],
      }),
    ],
    { guards: { ...noGuards, maxNewlyAllowed: { ipv4: 1n } } },
  ),
  snapshot: snapshotOf(account),
}).plan!;
const text = writePlanFile(example);

const codesOf = (changed: string): string[] =>
  readPlanFile(changed, "plan.json").diagnostics.map(({ code }) => code);

/** Changes a saved plan and mends its checksum, as somebody might who wants to slip something in. */
const forged = (operation: Operation): string => {
  const { integrity: _, ...document } = JSON.parse(text);
  const changed = jsonPatch.applyPatch(document, [operation], true).newDocument;
  const integrity = `sha256:${createHash("sha256").update(JSON.stringify(changed)).digest("hex")}`;
  return JSON.stringify({ ...changed, integrity });
};

const replaced = (path: string, value: unknown): string => forged({ op: "replace", path, value });

describe("a saved plan", () => {
  it("tells the access change exactly", () => {
    expect(planDocument(example).access_change).toEqual({
      direction: "both",
      newly_allowed: { cidrs: ["198.51.100.0/24"], ipv4_addresses: "256", ipv6_addresses: "0" },
      newly_blocked: { cidrs: ["203.0.113.128/25"], ipv4_addresses: "128", ipv6_addresses: "0" },
      effective_now: true,
      effective_after: true,
    });
  });

  it("tells changes with their patch and reasons, unmanaged rules, guards", () => {
    const document = planDocument(example);
    expect(document.changes).toMatchObject([
      {
        action: "update",
        rule: "New",
        renamed_from: "Old",
        cidrs_added: ["198.51.100.0/24", "203.0.113.0/25"],
        cidrs_removed: ["203.0.113.0/24"],
        expired: [{ cidr: "203.0.113.0/24", expires: "2026-01-01" }],
        access_change: { direction: "both" },
      },
    ]);
    expect(document.changes[0]!.patch).toContainEqual({ op: "remove", path: "/cidrs/203.0.113.0~124" });
    expect(document.unmanaged_rules).toMatchObject([{ rule: { name: "Other" }, fate: "kept" }]);
    expect(document.summary).toMatchObject({
      update: 1,
      unmanaged_kept: 1,
      refused_by: ["max-newly-allowed"],
    });
  });

  it("fits the published schema", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      expect(validatePlan(JSON.parse(JSON.stringify(planDocument(planOf(seed)))))).toBe(true);
    }
  });
});

describe("a saved plan", () => {
  it("is read back as it was", () => {
    expect(readPlanFile(text, "plan.json")).toEqual({ plan: asRecorded(example), diagnostics: [] });
    for (let seed = 1; seed <= 60; seed += 1) {
      const plan = planOf(seed);
      const read = readPlanFile(writePlanFile(plan), "plan.json");
      expect(read.diagnostics).toEqual([]);
      expect(planDocument(read.plan!)).toEqual(planDocument(plan));
    }
  });

  it("does not mind a byte order mark", () => {
    expect(codesOf(`\ufeff${text}`)).toEqual([]);
  });

  it("does not mind another layout", () => {
    expect(codesOf(JSON.stringify(JSON.parse(text)))).toEqual([]);
  });

  it.each([
    ["empty", "", "plan-file-damaged"],
    ["cut off", text.slice(0, -40), "plan-file-damaged"],
    ["not an object", "null", "plan-file-not-a-plan"],
    ["another document", '{"format":"dbt-ip-rules/receipt","version":1}', "plan-file-not-a-plan"],
    ["a receipt", '{"format":"dbt-ip-rules/receipt","version":1}\n{"step":1}\n', "plan-file-not-a-plan"],
    ["another version", text.replace('"version": 1', '"version": 2'), "plan-file-version"],
    [
      "without a checksum",
      JSON.stringify({ ...JSON.parse(text), integrity: undefined }),
      "plan-file-not-a-plan",
    ],
    ["changed", text.replace("198.51.100.0/24", "198.51.100.0/23"), "plan-file-damaged"],
    ["with a further key", JSON.stringify({ ...JSON.parse(text), further: 1 }), "plan-file-damaged"],
    [
      "forged: a prefix of another spelling",
      replaced("/before/rules/0/cidrs/0", "203.0.113.1/24"),
      "plan-file-damaged",
    ],
    [
      "forged: a rule twice",
      forged({ op: "copy", from: "/before/rules/1", path: "/before/rules/-" }),
      "plan-file-damaged",
    ],
    ["forged: a contradiction", replaced("/before/rules/1/cidrs", ["203.0.113.0/24"]), "plan-file-damaged"],
    ["forged: a rename from nowhere", replaced("/changes/0/renamed_from", "Nobody"), "plan-file-damaged"],
    ["forged: a step less", replaced("/steps", []), "plan-file-disagrees"],
    ["forged: another step", replaced("/steps/0/cidrs_added", []), "plan-file-disagrees"],
    ["forged: another start", replaced("/before/rules/0/description", "x"), "plan-file-disagrees"],
    ["of a guard that is not known", replaced("/guards/0/guard", "must-rhyme"), "plan-file-disagrees"],
    ["of a flag that is not known", replaced("/guards/0/override", "--allow-all"), "plan-file-disagrees"],
    [
      "of a code that is not known",
      replaced("/diagnostics", [{ code: "no-such-code", severity: "note", message: "M" }]),
      "plan-file-disagrees",
    ],
    ["forged: less access", replaced("/access_change/direction", "none"), "plan-file-disagrees"],
    ["forged: a guard that never refused", replaced("/summary/refused_by", []), "plan-file-disagrees"],
  ])("is refused when %s", (_, changed, code) => {
    expect(codesOf(changed)).toEqual([code]);
    expect(readPlanFile(changed, "plan.json").plan).toBeUndefined();
  });
});
