/**
 * The drill: cases against the steps of scenarios' plans. After the first run, in which the case
 * strikes, the receipt must explain the account; then apply is run again until it says that all is done.
 */

import { AccessMap } from "../../../src/address/access-map.js";
import { parseAddress } from "../../../src/address/prefix.js";
import { parseReceipt } from "../../../src/apply/read-receipt.js";
import { type ApplyResult, doneByAnother } from "../../../src/apply/result.js";
import { messageOf } from "../../../src/model/diagnostic.js";
import type { Receipt } from "../../../src/model/receipt.js";
import type { AccountState } from "../../../src/model/rule.js";
import type { Plan, PlannedStep } from "../../../src/plan/plan.js";
import { hashState } from "../../../src/plan/state.js";
import { applyStep } from "../../plan/apply-step.js";
import { attempt, planFrom } from "./attempt.js";
import { type Bench, startBench } from "./bench.js";
import type { DrillCase } from "./cases.js";
import type { Scenario } from "./scenarios.js";

/** How one case against one step ended; `problems` is empty unless something was lost. */
export interface DrillOutcome {
  readonly scenario: string;
  readonly name: string;
  readonly step: string;
  /** Applies after the first one until it was done; 0: the first one got there by itself. */
  readonly moreRuns: number;
  readonly problems: readonly string[];
}

const mostRuns = 4;

/**
 * Each case against `count` steps of the scenarios' plans, the next ones for the next case, so that cases of each kind
 * meet steps of each kind; against every step where `count` is as many or more.
 */
export const drill = async (
  scenarios: readonly Scenario[],
  cases: readonly DrillCase[],
  count: number,
): Promise<readonly DrillOutcome[]> => {
  const benches: Bench[] = [];
  try {
    const steps: { readonly bench: Bench; readonly number: number }[] = [];
    for (const scenario of scenarios) {
      const bench = await startBench(scenario);
      benches.push(bench);
      for (const { number } of (await planFrom(bench, scenario)).steps) steps.push({ bench, number });
    }
    const outcomes: DrillOutcome[] = [];
    let next = 0;
    for (const one of cases) {
      for (let struck = 0; struck < Math.min(count, steps.length); struck += 1) {
        const { bench, number } = steps[next % steps.length]!;
        outcomes.push(await drillStep(bench, one, number));
        next += count < steps.length ? stride : 1;
      }
    }
    return outcomes;
  } finally {
    await Promise.all(benches.map((bench) => bench.close()));
  }
};

/** So far apart that the next step is one of another plan. */
const stride = 5;

/** One case against one step of the plan of the bench's scenario. */
const drillStep = async (bench: Bench, one: DrillCase, number: number): Promise<DrillOutcome> => {
  bench.reset();
  const plan = await planFrom(bench, bench.scenario);
  const step = plan.steps[number - 1];
  if (step === undefined) throw new Error("the plan changed between two readings of one account");
  return strike(bench, bench.scenario, one, plan, step);
};

const strike = async (
  bench: Bench,
  scenario: Scenario,
  one: DrillCase,
  plan: Plan,
  step: PlannedStep,
): Promise<DrillOutcome> => {
  const first = await one.run(bench, plan, step);
  bench.intercept = undefined;
  const deceived = first.result?.outcome === "done" && one.deceives?.(plan, step) === true;
  const problems = deceived ? [] : explained(plan, first.receipt, bench.state());
  if (first.result !== undefined) problems.push(...untrue(plan, first.result, first.receipt, bench.state()));
  let done = first.result?.outcome === "done" && !deceived;
  if (done && hashState(bench.state()) !== hashState(scenario.after)) problems.push("said done, and was not");
  let moreRuns = 0;
  let next = plan;
  while (!done && moreRuns < mostRuns) {
    moreRuns += 1;
    if (one.goOn !== undefined) {
      done = await one.goOn(bench);
      continue;
    }
    const { result } = await attempt(bench, next);
    done = result?.outcome === "done" || result?.outcome === "nothing";
    // What the program says to do: the same plan again, or a new one.
    if (!done && result?.next !== "apply-again") next = await planFrom(bench, scenario);
  }
  if (!done) problems.push("did not converge");
  if (hashState(bench.state()) !== hashState(scenario.after)) problems.push("ended on another account");
  problems.push(...protection(bench.states, scenario), ...duplicates(bench.states));
  return {
    scenario: scenario.name,
    name: one.name,
    step: `${step.number} ${step.step.kind}`,
    moreRuns,
    problems,
  };
};

/** What a run that was not killed says of itself, against the account and its own receipt. */
const untrue = (plan: Plan, result: ApplyResult, receipt: string, actual: AccountState): string[] => {
  const { outcome, exitCode, cause } = result;
  const changed = hashState(actual) !== hashState(plan.before);
  const end = parseReceipt(receipt, "receipt").receipt?.end?.end;
  return [
    ...(cause === undefined ? [] : [`a bug: ${String(cause)}`]),
    ...(end === outcome ? [] : [`the receipt ends with ${end ?? "nothing"}, the run with ${outcome}`]),
    ...((outcome === "failed" || outcome === "refused") && changed
      ? [`exit code ${exitCode}, and the account was changed`]
      : []),
  ];
};

/**
 * Whether the receipt explains the account: all steps that it calls applied, or done by another run (a removal that the
 * service answers with 404, and the account shows), are in effect; the one it calls started or unknown may be; one it
 * calls failed is not, or in part; nothing else is.
 */
const explained = (plan: Plan, text: string, actual: AccountState): string[] => {
  // Killed before it could make its receipt, and so before its first call.
  if (text === "" && hashState(actual) === hashState(plan.before)) return [];
  const { receipt, diagnostics } = parseReceipt(text, "receipt");
  if (receipt === undefined) return diagnostics.map(messageOf);
  const sound = reachable(plan, receipt).some((state) => hashState(state) === hashState(actual));
  return sound || failedInPart(plan, receipt, actual) ? [] : ["the receipt does not explain the account"];
};

const reachable = (plan: Plan, receipt: Receipt): readonly AccountState[] => {
  let states = [plan.before];
  for (const { number, step } of plan.steps) {
    const { outcome, message } = receipt.records.get(number) ?? { outcome: "skipped" };
    const after = (): AccountState[] => states.map((state) => applyStep(state, step));
    if (outcome === "applied" || (outcome === "skipped" && message === doneByAnother)) states = after();
    else if (outcome === "started" || outcome === "unknown") states = [...states, ...after()];
  }
  return states;
};

/** A step that failed in part left only a part of itself: its own rule, with some of its prefixes. */
const failedInPart = (plan: Plan, receipt: Receipt, actual: AccountState): boolean => {
  const failed = plan.steps.find(({ number }) => receipt.records.get(number)?.outcome === "failed");
  if (failed === undefined || failed.step.kind === "delete" || failed.step.kind === "enforcement")
    return false;
  const name = failed.step.kind === "create" ? failed.step.rule.name : failed.step.becomes.name;
  const others = (state: AccountState): string =>
    hashState({ ...state, rules: state.rules.filter((rule) => rule.name !== name) });
  const [before] = reachable(plan, receipt);
  if (before === undefined) return false;
  const whole = applyStep(before, failed.step);
  return others(whole) === others(actual);
};

const protection = (states: readonly AccountState[], { protectedAddresses }: Scenario): string[] =>
  protectedAddresses
    .filter((text) => states.some((state) => blocks(state, text)))
    .map((text) => `${text} was blocked`);

const blocks = ({ enforcement, rules }: AccountState, text: string): boolean => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`not an address: ${text}`);
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((prefix) => ({ prefix, type })));
  return !AccessMap.of(entries, { enforced: enforcement === "enabled" }).lookup(parsed.address).allowed;
};

const duplicates = (states: readonly AccountState[]): string[] =>
  states.some(({ rules }) => new Set(rules.map(({ name }) => name)).size < rules.length)
    ? ["two rules had one name"]
    : [];

export interface DrillRow {
  readonly name: string;
  readonly tried: number;
  /** The first run got there by itself. */
  readonly atOnce: number;
  readonly converged: number;
  readonly lost: number;
}

/** One row a case, and the total last. */
export const drillTable = (outcomes: readonly DrillOutcome[]): readonly DrillRow[] => {
  const names = [...new Set(outcomes.map(({ name }) => name))];
  const row = (name: string, of: readonly DrillOutcome[]): DrillRow => ({
    name,
    tried: of.length,
    atOnce: of.filter(({ moreRuns, problems }) => moreRuns === 0 && problems.length === 0).length,
    converged: of.filter(({ problems }) => problems.length === 0).length,
    lost: of.filter(({ problems }) => problems.length > 0).length,
  });
  return [
    ...names.map((name) =>
      row(
        name,
        outcomes.filter((one) => one.name === name),
      ),
    ),
    row("all", outcomes),
  ];
};

export const showTable = (rows: readonly DrillRow[]): string => {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(11)).join("")}`;
  return [
    line("case", ["tried", "at once", "converged", "lost"]),
    ...rows.map(({ name, tried, atOnce, converged, lost }) => line(name, [tried, atOnce, converged, lost])),
  ].join("\n");
};
