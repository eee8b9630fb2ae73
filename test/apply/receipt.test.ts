import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import { receiptHeader, receiptLine } from "../../src/apply/receipt.js";
import type { ApplyOptions } from "../../src/apply/result.js";
import type { GuardName, OverrideFlag } from "../../src/model/guards.js";
import type { StepOutcome } from "../../src/model/receipt.js";
import type { Plan, Verdict, VerdictState } from "../../src/plan/plan.js";
import { account, planOf, prefix, rule } from "./hand-made.js";

const plan = planOf(account("disabled", rule("old", "deny", ["198.51.100.7/32"])), [
  { kind: "create", rule: rule("vpn \u001b[31m", "allow", ["192.0.2.0/25"]) },
  {
    kind: "update",
    name: "old",
    becomes: { name: "new", type: "deny", description: "" },
    add: [prefix("203.0.113.0/24")],
    remove: [],
  },
  { kind: "enforcement", enabled: true },
]);
const at = "2026-11-21T00:00:00.000Z";
const header = receiptLine(receiptHeader(plan, { tool: "dbt-ip-rules 0.1.0" }, new Date(at)));
const record = (step: number, outcome: StepOutcome): string => receiptLine({ step, outcome, at, ruleId: 7 });
const end = receiptLine({ end: "done", at });
const file = (...lines: string[]): string => lines.map((line) => `${line}\n`).join("");
const codes = (text: string): string[] => parseReceipt(text, "r.jsonl").diagnostics.map(({ code }) => code);

describe("reading a receipt back", () => {
  it("gives the header as planned, and the last record of each step", () => {
    const text = file(header, record(1, "started"), record(1, "applied"), record(2, "started"), end);
    const { receipt, diagnostics } = parseReceipt(text, "r.jsonl");
    expect(diagnostics).toEqual([]);
    expect(receipt?.header.steps).toMatchObject([
      { number: 1, action: "create", rule: "vpn \u001b[31m" },
      { number: 2, action: "update", rule: "new", renamedFrom: "old" },
      { number: 3, action: "enable" },
    ]);
    expect([...(receipt?.records ?? [])].map(([step, { outcome }]) => [step, outcome])).toEqual([
      [1, "applied"],
      [2, "started"],
    ]);
    expect(receipt?.end?.end).toBe("done");
  });

  it("names the flags by which failed guards were let pass, whenever they were given", () => {
    const verdict = (guard: GuardName, state: VerdictState, override: OverrideFlag): Verdict => ({
      guard,
      state,
      override,
      diagnostics: [],
    });
    const verdicts = [
      verdict("must-allow", "waived", "--allow-lockout"),
      verdict("caller", "waived", "--allow-lockout"),
      verdict("max-removed-rules", "failed", "--allow-removed-rules"),
      verdict("unmanaged-rules", "failed", "--allow-unmanaged-rules"),
      verdict("max-newly-allowed", "passed", "--allow-newly-allowed"),
    ];
    const waivedOf = (given: Plan, options: Partial<ApplyOptions>) => {
      const line = receiptLine(receiptHeader(given, { tool: "t", ...options }, new Date(at)));
      return parseReceipt(file(line), "r.jsonl").receipt?.header.waived;
    };
    const overrides = ["--allow-removed-rules", "--allow-newly-allowed"] as const;
    expect(waivedOf({ ...plan, verdicts }, { overrides })).toEqual([
      "--allow-lockout",
      "--allow-removed-rules",
    ]);
    expect(waivedOf(plan, { overrides })).toEqual([]);
    expect(waivedOf(plan, { allowLockout: true })).toEqual(["--allow-lockout"]);
  });

  it("spells every field in snake_case, as all files of the tool do", () => {
    const told = receiptLine({ step: 1, outcome: "applied", at, serverAt: at, ruleId: 7, message: "m" });
    const keys: string[] = [];
    for (const line of [header, told, end])
      JSON.parse(line, (key, value: unknown) => {
        keys.push(key);
        return value;
      });
    expect(keys).toEqual(expect.arrayContaining(["started_at", "renamed_from", "server_at", "rule_id"]));
    expect(keys.filter((key) => !/^[a-z0-9_]*$/.test(key))).toEqual([]);
    expect(parseReceipt(file(header, told), "r.jsonl").receipt?.records.get(1)).toEqual({
      step: 1,
      outcome: "applied",
      at,
      serverAt: at,
      ruleId: 7,
      message: "m",
    });
  });

  it("drops a torn last line, wherever the crash cut it, and keeps all lines before it", () => {
    const whole = file(header, record(1, "started"), record(1, "applied"));
    const first = file(header).length;
    fc.assert(
      fc.property(fc.integer({ min: first, max: whole.length - 1 }), fc.boolean(), (length, zeros) => {
        const text = whole.slice(0, length) + (zeros ? "\0\0\0" : "");
        const { receipt, diagnostics } = parseReceipt(text, "r.jsonl");
        expect(
          diagnostics.every(({ code, severity }) => code === "receipt-torn" && severity === "note"),
        ).toBe(true);
        const before = whole.slice(0, length).split("\n").length - 2;
        expect(receipt?.records.size ?? -1).toBe(
          Math.min(before + (diagnostics.length === 0 && !whole.slice(0, length).endsWith("\n") ? 1 : 0), 1),
        );
      }),
    );
  });

  it.each([
    ["nothing", "", ["receipt-empty"]],
    ["a torn header alone", header.slice(0, 40), ["receipt-torn", "receipt-empty"]],
    [
      "a damaged line in the middle",
      file(header, record(1, "started").slice(0, 9), end),
      ["receipt-damaged"],
    ],
    ["an empty line in the middle", file(header, "", end), ["receipt-damaged"]],
    [
      "an unknown outcome",
      file(header, record(1, "started").replace("started", "begun")),
      ["receipt-damaged"],
    ],
    [
      "an unknown key",
      file(header, '{"step":1,"outcome":"applied","at":"2026-11-21T00:00:00Z","x":1}'),
      ["receipt-damaged"],
    ],
    ["a step that is not in the header", file(header, record(4, "applied")), ["receipt-damaged"]],
    ["two headers", file(header, header), ["receipt-damaged"]],
    ["a record before the header", file(record(1, "applied"), header), ["receipt-damaged"]],
    ["a record after the end", file(header, end, record(1, "applied")), ["receipt-damaged"]],
    ["a later version", file(header.replace('"version":2', '"version":3')), ["receipt-version"]],
    ["another kind of file", file('{"format":"dbt-ip-rules/plan","version":1}'), ["receipt-format"]],
    ["a list", file("[]"), ["receipt-damaged"]],
  ])("says what is wrong with %s", (_, text, expected) => {
    expect(codes(text)).toEqual(expected);
    expect(parseReceipt(text, "r.jsonl").receipt).toBeUndefined();
  });

  it("names the line of the damage", () => {
    const { diagnostics } = parseReceipt(file(header, "{oops", end), "r.jsonl");
    expect(diagnostics[0]?.source).toMatchObject({ file: "r.jsonl", line: 2, lineText: "{oops" });
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string(), fc.constantFrom(header, end))), (lines) => {
        parseReceipt(lines.join("\n"), "r.jsonl");
      }),
    );
  });
});
