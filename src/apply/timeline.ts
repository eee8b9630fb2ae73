/**
 * The states that a plan leads the account through, and which of them an account is in.
 * Kept as one hash a step, computed step by step, so that a plan of thousands of steps stays small;
 * a state is made again from the start where somebody has to see it.
 */
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { isReservedName } from "../model/reserved-names.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import type { Plan, PlannedStep } from "../plan/plan.js";
import { byName, rulesByName, StateHash } from "../plan/state.js";
import { enforcementAfter, fits, namesOf, stateAfter, takeStep } from "../plan/step-effect.js";

/**
 * What two readings of one state have in common: the hash of the rules that the policy decides about, of those that it
 * keeps, and enforcement.
 */
export interface Fingerprint {
  readonly rules: string;
  readonly kept: string;
  readonly enforcement: Enforcement;
}

const hashOf = (rules: Iterable<Rule>): string => new StateHash(rules).digest("unknown");

/**
 * Whether the account is as expected. An account without rules does not show enforcement (model/rule.ts),
 * so an unknown one, on either side, agrees with any.
 */
export const agrees = (expected: Fingerprint, actual: Fingerprint): boolean =>
  expected.rules === actual.rules &&
  expected.kept === actual.kept &&
  (expected.enforcement === actual.enforcement ||
    expected.enforcement === "unknown" ||
    actual.enforcement === "unknown");

/**
 * The names that a plan decides about. Where the policy keeps unmanaged rules, all others are kept, whoever makes or
 * changes them; no step names one, so they are the same from the first state to the last.
 */
const decidesAbout = ({ mustHold, steps }: Plan): ((name: string) => boolean) => {
  if (mustHold === undefined) return () => true;
  const names = new Set([...mustHold.names, ...steps.flatMap(({ step }) => namesOf(step))]);
  return (name) => names.has(name) || isReservedName(name);
};

export class Timeline {
  readonly #plan: Plan;
  /** `#marks[k]` is the account after step k, kept rules left out; `#marks[0]` is the one that the plan was made from. */
  readonly #marks: readonly Omit<Fingerprint, "kept">[];
  readonly #isKept: (name: string) => boolean;
  /** As the account is expected to show them. */
  readonly kept: readonly Rule[];
  readonly #keptHash: string;

  constructor(
    plan: Plan,
    marks: readonly Omit<Fingerprint, "kept">[],
    isKept: (name: string) => boolean,
    kept: readonly Rule[],
  ) {
    this.#plan = plan;
    this.#marks = marks;
    this.#isKept = isKept;
    this.kept = kept;
    this.#keptHash = hashOf(kept);
  }

  fingerprintOf(state: AccountState): Fingerprint {
    const own = state.rules.filter(({ name }) => !this.#isKept(name));
    return { rules: hashOf(own), kept: hashOf(this.keptIn(state)), enforcement: state.enforcement };
  }

  keptIn({ rules }: AccountState): readonly Rule[] {
    return rules.filter(({ name }) => this.#isKept(name));
  }

  /** The same plan over an account whose kept rules are those of `state`. */
  over(state: AccountState): Timeline {
    return new Timeline(this.#plan, this.#marks, this.#isKept, this.keptIn(state));
  }

  /** The fingerprint after step `done`. */
  at(done: number): Fingerprint {
    const mark = this.#marks[done];
    if (mark === undefined) throw new Error(`no state after step ${done}`);
    return { ...mark, kept: this.#keptHash };
  }

  /** The whole state after step `done`, for showing. */
  stateAt(done: number): AccountState {
    const { before, steps } = this.#plan;
    const own = { ...before, rules: before.rules.filter(({ name }) => !this.#isKept(name)) };
    const { rules } = stateAfter(
      own,
      steps.slice(0, done).map(({ step }) => step),
    );
    return { enforcement: this.at(done).enforcement, rules: [...rules, ...this.kept].sort(byName) };
  }

  /** The plan's end on an account whose kept rules are those of `state`. */
  endOver(state: AccountState): AccountState {
    const own = this.#plan.after.rules.filter(({ name }) => !this.#isKept(name));
    const { enforcement } = this.#plan.after;
    return { enforcement, rules: [...own, ...this.keptIn(state)].sort(byName) };
  }

  /**
   * How many steps are done, judged by the account alone: 0 for the account the plan was made from, else the
   * furthest state it agrees with; `undefined` when it is on none of them. Enforcement that the account does not show
   * counts as not yet set: setting it twice does no harm, leaving it out would.
   */
  stepsDone(actual: AccountState): number | undefined {
    const mark = this.fingerprintOf(actual);
    const isAt = (done: number): boolean => agrees(this.at(done), mark);
    if (isAt(0)) return 0;
    let done = this.#marks.length - 1;
    while (done > 0 && !isAt(done)) done -= 1;
    if (done === 0) return undefined;
    if (actual.enforcement !== "unknown") return done;
    while (this.#plan.steps[done - 1]?.step.kind === "enforcement" && isAt(done - 1)) done -= 1;
    return done;
  }

  /**
   * The same, where others may have changed what the policy keeps. Before the first step such a change counts: the plan
   * that was reviewed is for another account.
   */
  stepsDoneByNow(actual: AccountState): number | undefined {
    const done = this.stepsDone(actual);
    if (done !== undefined) return done;
    const begun = this.over(actual).stepsDone(actual);
    return begun === 0 ? undefined : begun;
  }

  isAtOrAfter(done: number, seen: Fingerprint): boolean {
    return agrees(this.at(done), seen) || this.laterThan(done, seen) !== undefined;
  }

  /** The first state after step `done` that `seen` agrees with, as a number of steps; undefined where there is none. */
  laterThan(done: number, seen: Fingerprint): number | undefined {
    const later = this.#marks.findIndex((_, index) => index > done && agrees(this.at(index), seen));
    return later === -1 ? undefined : later;
  }
}

/**
 * The timeline of a plan. A plan whose steps do not lead from its `before` to its `after`, over the states
 * that its hashes name, is not one that anybody reviewed: it is refused as a whole.
 */
export const timelineOf = (plan: Plan): { timeline?: Timeline; diagnostics: readonly Diagnostic[] } => {
  const decides = decidesAbout(plan);
  const isKept = (name: string): boolean => !decides(name);
  const kept = plan.before.rules.filter(({ name }) => isKept(name));
  const rules = rulesByName(plan.before.rules);
  const whole = new StateHash(plan.before.rules);
  // Where nothing is kept, one hash serves for both.
  const own =
    kept.length === 0 ? whole : new StateHash(plan.before.rules.filter(({ name }) => !isKept(name)));
  const hashes = new Set([whole, own]);
  let { enforcement } = plan.before;
  const marks = [{ rules: own.digest("unknown"), enforcement }];
  for (const { number, step, stateHash } of plan.steps) {
    if (!fits(rules, step)) return inconsistent(`step ${number} does not fit the state before it`);
    const replaced = takeStep(rules, step);
    for (const hash of hashes) hash.take(replaced);
    enforcement = enforcementAfter(enforcement, step);
    if (whole.digest(enforcement) !== stateHash) {
      return inconsistent(`step ${number} does not lead to the state that it names`);
    }
    marks.push({ rules: own.digest("unknown"), enforcement });
  }
  const timeline = new Timeline(plan, marks, isKept, kept);
  if (!agrees(timeline.fingerprintOf(plan.after), timeline.at(plan.steps.length)))
    return inconsistent("its steps do not lead to its end");
  return { timeline, diagnostics: [] };
};

const inconsistent = (what: string): { diagnostics: readonly Diagnostic[] } => ({
  diagnostics: [diagnostic("plan-inconsistent", { problem: what })],
});

/** For messages: "step 3 (create)". Rule names stay out of messages; they are data of the report. */
export const describeStep = (planned: PlannedStep): string => `step ${planned.number} (${planned.step.kind})`;
