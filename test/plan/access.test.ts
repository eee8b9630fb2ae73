import { describe, expect, it } from "vitest";
import type { AccountState } from "../../src/model/rule.js";
import { accessChange, planAccessChange } from "../../src/plan/access-change.js";
import { changeAccess } from "../../src/plan/change-access.js";
import { diffStates } from "../../src/plan/diff-states.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import { verifySteps } from "../../src/plan/order/verify-steps.js";
import type { Step } from "../../src/plan/plan.js";
import { contradictions } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { applyStep } from "./apply-step.js";
import { allows, observed, Random, randomPair, refusal } from "./small-space.js";
import { prefixes, rule, state } from "./values.js";

const runs = share(150, 4_000);

describe("who gains and loses access", () => {
  const wide = state("enabled", rule("A", "allow", "192.0.2.0/24"));

  it.each([
    [
      "two halves for a whole",
      state("enabled", rule("A", "allow", "192.0.2.0/25", "192.0.2.128/25")),
      "none",
    ],
    ["another rule for the same", state("enabled", rule("B", "allow", "192.0.2.0/24")), "none"],
    ["a further prefix", state("enabled", rule("A", "allow", "192.0.2.0/24", "198.51.100.0/24")), "broadens"],
    ["a half", state("enabled", rule("A", "allow", "192.0.2.0/25")), "narrows"],
    ["another prefix", state("enabled", rule("A", "allow", "198.51.100.0/24")), "both"],
    ["the last allow entry gone", state("enabled"), "broadens"],
    ["the switch", state("disabled", ...wide.rules), "broadens"],
  ])("%s: %s", (_, after, direction) => {
    expect(accessChange(wide, after, { enforced: "as-is" }).direction).toBe(direction);
  });

  it("sees that removing a deny entry broadens, and who decided", () => {
    const before = state("enabled", ...wide.rules, rule("D", "deny", "192.0.2.8/29"));
    const change = accessChange(before, wide, { enforced: "as-is" });
    expect(change.direction).toBe("broadens");
    expect(change.newlyAllowed.prefixes()).toEqual(prefixes("192.0.2.8/29"));
    expect(change.parts).toEqual([
      {
        verdict: "allowed",
        prefixes: prefixes("192.0.2.8/29"),
        before: { kind: "entry", rule: "D", type: "deny", prefix: prefixes("192.0.2.8/29")[0] },
        after: { kind: "entry", rule: "A", type: "allow", prefix: prefixes("192.0.2.0/24")[0] },
      },
    ]);
  });

  it("tells what it would mean with the switch off", () => {
    const [before, after] = [
      state("disabled", ...wide.rules),
      state("disabled", rule("A", "allow", "192.0.2.0/25")),
    ];
    const plan = planAccessChange(before, after);
    expect(plan.change.direction).toBe("narrows");
    expect([plan.enforcedBefore, plan.enforcedAfter]).toEqual([false, false]);
    expect(accessChange(before, after, { enforced: "as-is" }).direction).toBe("none");
  });

  it("takes an unknown switch for on once there are rules", () => {
    const plan = planAccessChange(state("unknown"), state("unknown", ...wide.rules));
    expect(plan).toMatchObject({ enforcedBefore: false, enforcedAfter: true, enforcementUnknown: true });
    expect(plan.change.direction).toBe("narrows");
  });

  it("equals a look at every address", () => {
    for (let seed = 1; seed <= runs; seed += 1) {
      const { before, after } = randomPair(new Random(seed));
      const { newlyAllowed, newlyBlocked } = accessChange(before, after, { enforced: "as-is" });
      for (const at of observed) {
        const [old, now] = [allows(before, at), allows(after, at)];
        expect([newlyAllowed.contains(at), newlyBlocked.contains(at)]).toEqual([now && !old, old && !now]);
      }
    }
  });
});

const shuffled = (random: Random, steps: Step[]): Step[] => {
  const left = [...steps];
  return steps.map(() => left.splice(random.below(left.length), 1)[0]!);
};

const refusedOnTheWay = (before: AccountState, steps: readonly Step[]): boolean => {
  let now = before;
  for (const step of steps) {
    if (refusal(now, step) !== undefined) return true;
    now = applyStep(now, step);
  }
  return false;
};

describe("the proof of the steps", () => {
  it("finds for each step what the access maps of the whole states say, in any order that fits", () => {
    let disturbing = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = new Random(seed);
      const { before, after, renames } = randomPair(random);
      const ordered = orderSteps(before, after, renames);
      const steps = random.chance(50) ? ordered : shuffled(random, ordered);
      // Only orders that the API takes: what it does with a prefix on both types is not known.
      if (refusedOnTheWay(before, steps)) continue;
      let now = before;
      for (const planned of verifySteps(before, after, steps)) {
        const next = applyStep(now, planned.step);
        const whole = accessChange(now, next, { enforced: "as-is" });
        expect(planned.access.newlyAllowed.equals(whole.newlyAllowed)).toBe(true);
        expect(planned.access.newlyBlocked.equals(whole.newlyBlocked)).toBe(true);
        expect(planned.access.direction).toBe(whole.direction);
        now = next;
        for (const at of observed) {
          const [old, wanted, here] = [allows(before, at), allows(after, at), allows(now, at)];
          expect(planned.disturbs.blocked.contains(at)).toBe(old && wanted && !here);
          expect(planned.disturbs.allowed.contains(at)).toBe(!old && !wanted && here);
          if (old === wanted && here !== old) disturbing += 1;
        }
      }
    }
    expect(disturbing).toBeGreaterThan(runs / 4);
  });
});

describe("the access of one change", () => {
  it("is the change alone, made to the account as it was", () => {
    for (let seed = 1; seed <= runs; seed += 1) {
      const { before, after, renames } = randomPair(new Random(seed));
      const changes = diffStates(before, after, renames);
      const isOff = before.enforcement === "disabled" && after.enforcement === "disabled";
      changeAccess(before, after, changes).forEach((access, index) => {
        const change = changes[index]!;
        if (change.kind === "enforcement") {
          const whole = accessChange(before, { ...before, enforcement: change.after }, { enforced: "as-is" });
          expect(access.newlyBlocked.equals(whole.newlyBlocked)).toBe(true);
          expect(access.newlyAllowed.equals(whole.newlyAllowed)).toBe(true);
          return;
        }
        const old =
          change.kind === "create" ? undefined : change.kind === "update" ? change.before : change.rule;
        const now =
          change.kind === "delete" ? undefined : change.kind === "update" ? change.after : change.rule;
        const rules = before.rules.filter((one) => one !== old);
        const alone = { ...before, rules: now === undefined ? rules : [...rules, now] };
        const clash = now !== undefined && contradictions([...rules, now], "").length > 0;
        if (clash || (before.enforcement === "disabled" && !isOff)) return;
        const whole = accessChange(before, alone, { enforced: "assumed" });
        expect(access.newlyAllowed.equals(whole.newlyAllowed)).toBe(true);
        expect(access.newlyBlocked.equals(whole.newlyBlocked)).toBe(true);
      });
    }
  });
});
