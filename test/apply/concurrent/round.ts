/** One round: two to four applies at once, and what there is to say against its outcome. */
import { applyPlan } from "../../../src/apply/apply-plan.js";
import type { ApplyPorts } from "../../../src/apply/ports.js";
import type { ApplyResult, RetryTimings } from "../../../src/apply/result.js";
import { Failure } from "../../../src/model/failure.js";
import { isCatchAll } from "../../../src/model/reserved-names.js";
import type { AccountState } from "../../../src/model/rule.js";
import { orderSteps } from "../../../src/plan/order/transition.js";
import { hashState, stateOf } from "../../../src/plan/state.js";
import { planOf } from "../hand-made.js";
import { type Look, observerOf } from "./observer.js";
import type { Random } from "./random.js";
import { type Scenario, scenarios } from "./scenarios.js";

export const callKinds = ["read", "create", "update", "delete", "enforcement", "validate"] as const;
export type CallKind = (typeof callKinds)[number];

/** A write that took effect. */
export interface Landing {
  readonly run: number;
  readonly kind: CallKind;
  /**
   * Another run's write had landed since the last reading of the one that sent this; or this was given up as lost, and a
   * write of its own run had landed in the meantime.
   */
  readonly stale: boolean;
  /** It was given up as lost. */
  readonly late: boolean;
  readonly problems: readonly string[];
}

/** One account, and the runs that work on it. */
export interface World {
  readonly host: string;
  readonly timings?: Partial<RetryTimings>;
  readonly landings: readonly Landing[];
  /** The account before the first landing and after each. */
  readonly history: readonly AccountState[];
  /** Two rules of one name were on the account at some time. */
  readonly sawPair: boolean;
  /** An answer was lost. */
  readonly hadFaults: boolean;
  /** How many landings the last reading of this run showed. */
  shownTo(run: number): number;
  state(): AccountState;
  /** Starts the runs by their numbers, and returns when all have ended and no call is on its way any more. */
  play<T>(runs: ReadonlyMap<number, (ports: ApplyPorts) => Promise<T>>): Promise<T[]>;
  /** From now on every answer comes, and nobody waits for anybody. */
  calm(): void;
  /** What the user is told to do: of rules with one name, one stays. */
  removeCopies(): void;
}

export type MakeWorld = (scenario: Scenario, look: Look) => Promise<World>;

export interface Round {
  readonly scenario: string;
  /** What no round may show; empty where all is well. */
  readonly problems: readonly string[];
  /** How many runs said that all is done. */
  readonly completed: number;
  readonly runs: number;
  readonly sawPair: boolean;
  /** Calls that fell into the window of docs/decisions/two-applies.md and changed what they should not. */
  readonly inWindow: number;
}

/** How one run ended. */
interface End {
  readonly run: number;
  readonly target: AccountState;
  readonly exitCode: number;
  readonly codes: readonly string[];
  /** Writes of anybody that had landed when the account was read for its plan, when it began and when it ended. */
  readonly planned: number;
  readonly from: number;
  readonly to: number;
  /** Writes that its last reading showed. */
  readonly shown: number;
}

export const playRound = async (random: Random, makeWorld: MakeWorld): Promise<Round> => {
  const scenario = random.pick(scenarios);
  const targets = Array.from({ length: 2 + random.below(3) }, () => random.pick(scenario.targets));
  const world = await makeWorld(scenario, observerOf(scenario, targets));
  const ends = await world.play(new Map(targets.map((target, run) => [run, applyOnce(world, run, target)])));
  const told = [
    ...ends.flatMap((end) => [...untrue(world, end), ...needlessStop(world, end)]),
    ...nobodyDone(world, targets, ends),
  ];
  const again = await converge(world, targets);
  const [excused, broken] = split(scenario, world, targets, ends);
  return {
    scenario: scenario.name,
    problems: [
      ...broken.flatMap(({ run, kind, problems }) => problems.map((text) => `${kind} of ${run}: ${text}`)),
      ...excused.flatMap((landing) => unnoticed(world, landing, ends)),
      ...told,
      ...again,
    ],
    completed: ends.filter(({ exitCode }) => exitCode === 0).length,
    runs: ends.length,
    sawPair: world.sawPair,
    inWindow: excused.length,
  };
};

/** Plans from the account as it is, and applies the plan, as one command does. */
const applyOnce =
  (world: World, run: number, target: AccountState) =>
  async (ports: ApplyPorts): Promise<End> => {
    const from = world.landings.length;
    const reading = await readForPlan(ports);
    const planned = world.shownTo(run);
    const result =
      reading instanceof Failure ? noPlan(reading) : await planAndApply(world, ports, target, reading);
    return {
      run,
      target,
      exitCode: result.exitCode,
      codes: result.diagnostics.map(({ code }) => code),
      planned,
      from,
      to: world.landings.length,
      shown: world.shownTo(run),
    };
  };

/** No plan can be made of an account with two rules of one name. */
const readForPlan = async ({ reader }: ApplyPorts): Promise<AccountState | Failure> => {
  try {
    return stateOf(await reader.readSnapshot());
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
};

const noPlan = ({ diagnostics }: Failure): Pick<ApplyResult, "exitCode" | "diagnostics"> => ({
  exitCode: 1,
  diagnostics,
});

const planAndApply = (
  { host, timings = {} }: World,
  ports: ApplyPorts,
  target: AccountState,
  before: AccountState,
): Promise<ApplyResult> => {
  const account = { id: 66847, host };
  const plan = planOf(before, orderSteps(before, target), { account, after: target });
  return applyPlan(plan, ports, { tool: "drill", timings });
};

/**
 * Each run once more, alone, until it is done: the account is as its policy wants it. Where policies differ or an answer
 * was lost, two rules of one name are for the user to resolve, as the message says: all but one are deleted. Else
 * nobody helps. Where the runs have left no rule and enforcement on,
 * nothing tells the account from one that hides its rules, so it is left as it is (confirm-empty.test.ts).
 */
const converge = async (world: World, targets: readonly AccountState[]): Promise<string[]> => {
  world.calm();
  const helped = !areSame(targets) || world.hadFaults;
  const problems: string[] = [];
  for (const [index, target] of targets.entries()) {
    if (helped) world.removeCopies();
    const run = targets.length + index;
    const { enforcement, rules } = world.state();
    const wanted = enforcement === "enabled" && rules.length === 0 ? 3 : 0;
    const [end] = await world.play(new Map([[run, applyOnce(world, run, target)]]));
    if (end?.exitCode !== wanted)
      problems.push(`run again, ${index} ends with ${end?.exitCode}: ${end?.codes}`);
    else if (wanted === 0 && hashState(world.state()) !== hashState(target))
      problems.push(`run again, ${index} says done, and is not`);
  }
  return problems;
};

/** The landings that did what they must not: those that the window excuses, and the others. */
const split = (
  { window }: Scenario,
  { landings, history }: World,
  targets: readonly AccountState[],
  ends: readonly End[],
): [Landing[], Landing[]] => {
  const bad = landings.filter(({ problems }) => problems.length > 0);
  const differ = !areSame(targets);
  // Of one policy only this: the temporary rule that allows everything, by a call that came late, as long as it is there.
  const late = bad.every(
    (landing) => history[landings.indexOf(landing) + 1]?.rules.some(isCatchAll) === true,
  );
  const underWay = ends.some(({ planned }) => planned > 0);
  // What one call broke, the states after it show too.
  const excused = bad[0]?.stale === true && (differ ? window === true || underWay : late);
  return excused ? [bad, []] : [[], bad];
};

/**
 * A call in the window must be noticed by the run that sent it, or, where it is a late allow-all, by the run that made
 * that one; unless its answer was lost, and it took effect after the run's last reading.
 */
const unnoticed = ({ landings }: World, landing: Landing, ends: readonly End[]): string[] => {
  const { run, stale, late } = landing;
  const end = ends.find((one) => one.run === run);
  if (end !== undefined && late && landings.indexOf(landing) >= end.shown) return [];
  const told = end?.exitCode !== 0 || ends.some(({ codes }) => codes.includes("late-allow-all"));
  return stale && !told ? [`${run} broke something in the window and exits 0`] : [];
};

/** What an exit code claims, against what the account shows. */
const untrue = (world: World, { run, target, exitCode, codes, from, to }: End): string[] => {
  const says = `${run} exits ${exitCode} (${codes})`;
  if (exitCode === 0) {
    const wanted = hashState(target);
    const held = world.history.slice(from, to + 1).some((state) => hashState(state) === wanted);
    return held ? [] : [`${says}, and the account was never as planned`];
  }
  if (exitCode === 4) return to > from || world.hadFaults ? [] : [`${says}, and nobody changed anything`];
  return leftChanged(world, run, from, to) ? [`${says}, and has changed the account`] : [];
};

/** Whether the run's own writes have left a trace: what it has taken back counts as nothing, and so do other runs' writes. */
const leftChanged = ({ landings, history }: World, run: number, from: number, to: number): boolean => {
  const balance = new Map<string, number>();
  const count = (text: string, by: number): void => void balance.set(text, (balance.get(text) ?? 0) + by);
  landings.slice(from, to).forEach((landing, index) => {
    if (landing.run !== run) return;
    for (const text of textsOf(history[from + index]!)) count(text, -1);
    for (const text of textsOf(history[from + index + 1]!)) count(text, 1);
  });
  return [...balance.values()].some((sum) => sum !== 0);
};

const textsOf = ({ enforcement, rules }: AccountState): string[] => [
  enforcement,
  ...rules.map((one) => hashState({ enforcement: "unknown", rules: [one] })),
];

/** Where nobody else's write came between, and no answer was lost, a run completes. */
const needlessStop = (world: World, { run, exitCode, codes, from, to }: End): string[] => {
  const landings = world.landings.slice(from, to);
  const alone = landings.length > 0 && landings.every((landing) => landing.run === run);
  return alone && exitCode !== 0 && !world.hadFaults
    ? [`${run} was alone and exits ${exitCode}: ${codes}`]
    : [];
};

const areSame = (targets: readonly AccountState[]): boolean =>
  targets.every((target) => target === targets[0]);

/** Where all have the same policy and no answer was lost, at least one run completes. */
const nobodyDone = (world: World, targets: readonly AccountState[], ends: readonly End[]): string[] =>
  areSame(targets) && !world.hadFaults && ends.every(({ exitCode }) => exitCode !== 0)
    ? [`nobody completed: ${ends.map(({ exitCode, codes }) => `${exitCode} (${codes})`).join(", ")}`]
    : [];
