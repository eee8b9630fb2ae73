/** Undoing, on accounts of every shape: whatever an apply did, and wherever it stopped, what was before comes back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receiptHeader } from "../../src/apply/receipt.js";
import { attemptsAround, traceOf } from "../../src/apply/trace.js";
import { undoOn } from "../../src/apply/undo.js";
import { notBegun, type Receipt, type ReceiptRecord, type StepOutcome } from "../../src/model/receipt.js";
import type { AccountState } from "../../src/model/rule.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import type { Plan } from "../../src/plan/plan.js";
import { hashState } from "../../src/plan/state.js";
import { applyStep } from "../plan/apply-step.js";
import { account, planOf, rule } from "./hand-made.js";

const at = "2026-11-21T00:00:00.000Z";
const blocks = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"];

const rulesArb = (names: readonly string[]) =>
  fc
    .array(
      fc.record({
        name: fc.constantFrom(...names),
        type: fc.constantFrom("allow" as const, "deny" as const),
        description: fc.constantFrom("", "x"),
        cidrs: fc.subarray(blocks, { minLength: 1 }),
      }),
      { maxLength: names.length },
    )
    .map((found) => {
      const seen = new Set<string>();
      // One prefix is never allowed and denied: each rule has a block of its own.
      return found.flatMap(({ name, type, description, cidrs }) => {
        if (seen.has(name)) return [];
        seen.add(name);
        const own = cidrs.map((cidr) => cidr.replace("10.0", `10.${name.charCodeAt(0)}`));
        return [rule(name, type, own, description)];
      });
    });

const stateArb = fc
  .record({ rules: rulesArb(["A", "B", "C", "D"]), enabled: fc.boolean() })
  .map(({ rules, enabled }) =>
    account(enabled ? "enabled" : "disabled", rule("Z", "allow", ["192.0.2.0/24"]), ...rules),
  );

const receiptOf = (plan: Plan, outcomes: readonly StepOutcome[], ended: boolean): Receipt => ({
  header: receiptHeader(plan, { tool: "test" }, new Date(at)),
  records: new Map(
    outcomes.map((outcome, index): [number, ReceiptRecord] => [index + 1, { step: index + 1, outcome, at }]),
  ),
  ...(ended ? { end: { end: "done", at } } : {}),
});

const planBetween = (before: AccountState, after: AccountState): Plan =>
  planOf(before, orderSteps(before, after, new Map()));

const afterSteps = (plan: Plan, count: number): AccountState =>
  plan.steps.slice(0, count).reduce((state, { step }) => applyStep(state, step), plan.before);

const undone = (receipts: readonly Receipt[], now: AccountState) => undoOn(traceOf(receipts, now), now);

describe("undoing an apply", () => {
  it("gives back what was before, wherever it stopped, also where nobody knows whether the last call was done", () => {
    fc.assert(
      fc.property(stateArb, stateArb, fc.nat(), fc.boolean(), (before, after, stop, landed) => {
        const plan = planBetween(before, after);
        const done = stop % (plan.steps.length + 1);
        const outcomes = plan.steps.slice(0, done).map((): StepOutcome => "applied");
        const doubtful = done < plan.steps.length;
        const receipt = receiptOf(plan, doubtful ? [...outcomes, "started"] : outcomes, !doubtful);
        const now = afterSteps(plan, doubtful && landed ? done + 1 : done);
        const undo = undone([receipt], now);
        expect(undo.later).toEqual([]);
        expect(hashState(undo.after)).toBe(hashState(before));
      }),
      { numRuns: 300 },
    );
  });

  it("takes no step for done that the run stopped before", () => {
    fc.assert(
      fc.property(stateArb, stateArb, fc.nat(), fc.boolean(), (before, after, stop, landed) => {
        const plan = planBetween(before, after);
        fc.pre(plan.steps.length > 0);
        const done = stop % plan.steps.length;
        const outcomes = plan.steps.map(
          (_, index): StepOutcome => (index < done ? "applied" : index === done ? "unknown" : "skipped"),
        );
        const { header, records: written } = receiptOf(plan, outcomes, false);
        const records = new Map(
          [...written].map(([step, record]) => [
            step,
            record.outcome === "skipped" ? { ...record, message: notBegun } : record,
          ]),
        );
        const now = afterSteps(plan, landed ? done + 1 : done);
        const trace = traceOf([{ header, records, end: { end: "midway", at } }], now);
        const undo = undoOn(trace, now);
        expect(trace.done).toBe(done);
        expect(undo.later).toEqual([]);
        expect(hashState(undo.after)).toBe(hashState(before));
      }),
      { numRuns: 300 },
    );
  });

  it("gives back what was before both attempts at one plan", () => {
    fc.assert(
      fc.property(stateArb, stateArb, fc.nat(), (before, after, stop) => {
        const plan = planBetween(before, after);
        const done = stop % (plan.steps.length + 1);
        const middle = afterSteps(plan, done);
        const first = receiptOf(
          plan,
          [...plan.steps.slice(0, done).map((): StepOutcome => "applied"), "started"].slice(
            0,
            plan.steps.length,
          ) as StepOutcome[],
          false,
        );
        const rest = planBetween(middle, after);
        const second = receiptOf(
          rest,
          rest.steps.map((): StepOutcome => "applied"),
          true,
        );
        const all = [{ receipt: first }, { receipt: second }];
        expect(attemptsAround(all, all[1]!)).toEqual(all);
        expect(attemptsAround(all, all[0]!)).toEqual(all);
        expect(hashState(undone([first, second], after).after)).toBe(hashState(before));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves out a later attempt that was undone by itself", () => {
    const before = account("disabled", rule("Z", "allow", ["192.0.2.0/24"]));
    const after = account(
      "disabled",
      rule("Z", "allow", ["192.0.2.0/24"]),
      rule("A", "allow", ["10.0.0.0/24"]),
      rule("B", "allow", ["10.0.1.0/24"]),
    );
    const plan = planBetween(before, after);
    const middle = afterSteps(plan, 1);
    const rest = planBetween(middle, after);
    const first = receiptOf(plan, ["applied"], false);
    const second = receiptOf(rest, ["applied"], true);
    const begun = (receipt: Receipt, startedAt: string, more = {}) => ({
      receipt: { ...receipt, header: { ...receipt.header, startedAt, ...more } },
    });
    const back = receiptOf(planBetween(after, middle), ["applied"], true);
    const all = [
      begun(first, "1"),
      begun(second, "2"),
      begun(back, "3", { purpose: "rollback", undoes: ["2"] }),
    ];
    expect(attemptsAround(all.slice(0, 2), all[0]!)).toEqual(all.slice(0, 2));
    const attempts = attemptsAround(all, all[0]!);
    expect(attempts).toEqual([all[0]]);
    const undo = undone(
      attempts.map(({ receipt }) => receipt),
      middle,
    );
    expect([undo.later, hashState(undo.after)]).toEqual([[], hashState(before)]);
  });

  it("never changes what others have made of a rule since, nor a rule that it did not touch", () => {
    fc.assert(
      fc.property(stateArb, stateArb, stateArb, (before, after, foreign) => {
        const plan = planBetween(before, after);
        const receipt = receiptOf(
          plan,
          plan.steps.map((): StepOutcome => "applied"),
          true,
        );
        const undo = undone([receipt], foreign);
        const [left, was] = [
          new Map(after.rules.map((one) => [one.name, one])),
          new Map(before.rules.map((one) => [one.name, one])),
        ];
        for (const now of foreign.rules) {
          const own = left.get(now.name);
          const became = undo.after.rules.find(({ name }) => name === now.name);
          const others = now.prefixes.filter(
            (prefix) => own?.prefixes.some((one) => one.network === prefix.network) !== true,
          );
          // Entries that others added stay; with none, and none from before, a rule that the apply made goes.
          const kept = became?.prefixes ?? [];
          expect(others.every((prefix) => kept.some((one) => one.network === prefix.network))).toBe(true);
          if (own === undefined && was.get(now.name) === undefined) expect(became).toEqual(now);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("does not give back a name that somebody else's rule has by now", () => {
    const before = account("disabled", rule("A", "allow", ["10.0.0.0/24"]));
    const renamed = account("disabled", rule("B", "allow", ["10.0.0.0/24"]));
    const plan = planOf(before, orderSteps(before, renamed, new Map([["B", "A"]])));
    const receipt = receiptOf(plan, ["applied"], true);
    const now = account("disabled", ...renamed.rules, rule("A", "deny", ["10.9.0.0/24"]));
    const undo = undone([receipt], now);
    expect(undo.after).toEqual(now);
    expect(undo.later.length).toBeGreaterThan(0);
    expect(undone([receipt], renamed)).toMatchObject({
      after: before,
      renames: new Map([["A", "B"]]),
      later: [],
    });
  });
});
