/**
 * Disabled entries on the way from one state to another, held against brute force: both readings of whether a disabled
 * allow entry counts for the default, every address of a small space, every state between two calls.
 */
import { describe, expect, it } from "vitest";
import { isCatchAll, isReservedName } from "../../src/model/reserved-names.js";
import type { AccountState } from "../../src/model/rule.js";
import { otherReading } from "../../src/plan/order/other-reading.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import { verifySteps } from "../../src/plan/order/verify-steps.js";
import type { PlannedStep, Step } from "../../src/plan/plan.js";
import { hashState } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { applyStep } from "./apply-step.js";
import { allows, observed, type Pair, Random, randomPair, refusal } from "./small-space.js";

// More by hand: TRANSITION_RUNS=60000 npx vitest run test/plan/disabled-entries.test.ts --testTimeout 600000
const { TRANSITION_RUNS = share(150, 60_000), TRANSITION_SEED = "1" } = process.env;
const runs = Number(TRANSITION_RUNS);
const firstSeed = Number(TRANSITION_SEED);

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString(16) : part), 1);

const counting = (state: AccountState): AccountState => ({ ...state, disabledAllowCounts: true });
const readings = [(state: AccountState) => state, counting];

/** The states that a plan passes, in a model that refuses what the service refuses. */
const walk = ({ before }: Pair, steps: readonly Step[]): AccountState[] => {
  const states = [before];
  for (const step of steps) {
    const state = states.at(-1)!;
    const refused = refusal(state, step);
    if (refused !== undefined) throw new Error(`${refused}: ${show(step)}`);
    states.push(applyStep(state, step));
  }
  return states;
};

/** What a call leaves of which the service takes only some: none of the additions, or none but one. */
const inPart = (state: AccountState, step: Step): AccountState[] =>
  step.kind !== "update" || step.add.length === 0
    ? []
    : [[], step.add.slice(1), step.add.slice(0, -1)].map((add) => applyStep(state, { ...step, add }));

/** The verified steps say of every address what looking at every entry says. */
const checkVerified = (
  states: readonly AccountState[],
  after: AccountState,
  verified: readonly PlannedStep[],
): void => {
  for (const at of observed) {
    const [first, end] = [allows(states[0]!, at), allows(after, at)];
    verified.forEach(({ access, disturbs }, index) => {
      const [was, is] = [allows(states[index]!, at), allows(states[index + 1]!, at)];
      expect(access.newlyAllowed.contains(at)).toBe(!was && is);
      expect(access.newlyBlocked.contains(at)).toBe(was && !is);
      expect(disturbs.blocked.contains(at)).toBe(first && end && !is);
      expect(disturbs.allowed.contains(at)).toBe(!first && !end && is);
    });
  }
};

const openRenames = (state: AccountState, renames: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...renames].filter(([, old]) => state.rules.some(({ name }) => name === old)));

const hasAllowInForce = ({ rules }: AccountState): boolean =>
  rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);
const hasDisabledAllow = ({ rules }: AccountState): boolean =>
  rules.some(({ type, disabled }) => type === "allow" && disabled !== undefined);

/** Plans whose ends mean the same by both readings; a plan to any other end is refused. */
const isClear = (state: AccountState): boolean =>
  state.enforcement === "disabled" || hasAllowInForce(state) || !hasDisabledAllow(state);

const each = (check: (pair: Pair, seed: number) => void): void => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    const pair = randomPair(new Random(seed * 2654435761), 35);
    try {
      check(pair, seed);
    } catch (error) {
      throw new Error(
        `seed ${seed}: ${error}\n${show(pair)}\n${show(orderSteps(pair.before, pair.after, pair.renames))}`,
      );
    }
  }
};

describe("a plan with disabled entries", () => {
  it("reaches the result by calls that the service takes, from every state on the way", () => {
    let toggled = 0;
    each((pair) => {
      const steps = orderSteps(pair.before, pair.after, pair.renames);
      toggled += steps.filter((step) => step.kind === "update" && step.disable !== undefined).length;
      const states = walk(pair, steps);
      expect(hashState(states.at(-1)!)).toBe(hashState(pair.after));
      for (const passed of states.slice(1, -1)) {
        const state: AccountState =
          passed.rules.length === 0 ? { ...passed, enforcement: "unknown" } : passed;
        const renames = openRenames(state, pair.renames);
        const again = walk({ ...pair, before: state }, orderSteps(state, pair.after, renames)).at(-1)!;
        expect(hashState(again)).toBe(hashState(pair.after));
        expect(again.rules.some(({ name }) => isReservedName(name))).toBe(false);
      }
    });
    expect(toggled).toBeGreaterThan(runs / 10);
  });

  it("disturbs nobody by either reading, also where a call is taken in part, if both ends are clear", () => {
    let checked = 0;
    each(({ before, after, renames }) => {
      if (!isClear(before) || !isClear(after)) return;
      checked += 1;
      const steps = orderSteps(before, after, renames);
      const states = walk({ before, after, renames }, steps);
      const partial = steps.flatMap((step, index) =>
        hasAllowInForce(states[index]!) && hasAllowInForce(states[index + 1]!)
          ? inPart(states[index]!, step)
          : [],
      );
      for (const reading of readings)
        for (const at of observed) {
          const verdict = allows(reading(before), at);
          if (verdict !== allows(reading(after), at)) continue;
          const odd = states.findIndex((state) => allows(reading(state), at) !== verdict);
          if (odd !== -1) throw new Error(`step ${odd} disturbs ${at.toString(16)}`);
          if (partial.some((state) => allows(reading(state), at) !== verdict))
            throw new Error(`a call taken in part disturbs ${at.toString(16)}`);
        }
      expect(otherReading(before, after, steps)).toBeUndefined();
    });
    expect(checked).toBeGreaterThan(runs / 2);
  });

  it("is verified as brute force has it, by both readings", () => {
    let unclear = 0;
    each(({ before, after, renames }) => {
      const steps = orderSteps(before, after, renames);
      const states = walk({ before, after, renames }, steps);
      checkVerified(states, after, verifySteps(before, after, steps));
      const other = otherReading(before, after, steps);
      const agree = states.every((state) =>
        observed.every((at) => allows(state, at) === allows(counting(state), at)),
      );
      if (other === undefined) expect(agree).toBe(true);
      else {
        unclear += 1;
        checkVerified(states.map(counting), counting(after), other.steps);
      }
    });
    expect(unclear).toBeGreaterThan(runs / 50);
  });

  it("makes no temporary allow-all where disabled entries may keep the account closed", () => {
    each(({ before, after, renames }) => {
      if (isClear(before) || after.enforcement === "disabled") return;
      for (const step of orderSteps(before, after, renames))
        expect(step.kind === "create" && isCatchAll(step.rule)).toBe(false);
    });
  });
});
