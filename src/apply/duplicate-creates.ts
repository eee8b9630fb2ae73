/**
 * Two or more rules of one name, which no plan starts from: they came while the run was under way. A create that
 * this run sent again after an unknown outcome may have landed late; or other applies, on other machines, made the same
 * rule at the same time. What the account shows cannot tell these apart: the copies are equal, often by the same token.
 *
 * So only an answer counts as proof: a copy is this run's own where an answer to a create of this run named its id. And
 * the ids give all runs the same order, without a word between them. Where all copies are equal:
 *
 * - This run deletes its own copy if a copy with a lower id is there, and goes on as if that one were its own. Nobody
 *   ever deletes the lowest this way, so one always stays, however many runs do this and whenever their calls land.
 * - Else it waits for the owners of the others to do the same, and goes on once a single copy is left.
 *
 * If the copies stay, or differ, it changes nothing and stops, with all ids.
 *
 * A temporary rule can come too late: its create takes effect when another run of the plan is past the step that deletes
 * it. Where the account is on the plan's way without it, the run that made it deletes it at once, and the others wait.
 */
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { isCatchAll, isReservedName } from "../model/reserved-names.js";
import type { Rule } from "../model/rule.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import type { PlannedStep } from "../plan/plan.js";
import { checkSnapshot, ruleOf, sameEntries, stateOf } from "../plan/state.js";
import { isProbeStep } from "../plan/step-effect.js";
import { type ApplySession, diagnosticsOf, type GoodReading, type Reading, readAccount } from "./session.js";

/**
 * Reads the account for `planned`; where it shows what is too much there, removes what is this run's own, else waits
 * (`timings.settle`) for the others to do so, and reads again. A reading that stays ambiguous says which copy is known
 * to be this run's.
 */
export const readWithoutSurplus = async (run: ApplySession, planned: PlannedStep): Promise<Reading> => {
  const waits = [...run.timings.settle];
  const tries = new Map<number, number>();
  for (;;) {
    const reading = await readAccount(run);
    const surplus = surplusIn(run, planned, reading);
    for (const { kept, copy } of surplus) if (kept === undefined) noteLate(run, copy);
    const own = surplus.find(
      ({ copy: { id, name } }) => isOwn(run, name, id) && (tries.get(id) ?? 0) < run.timings.attempts,
    );
    if (own !== undefined) {
      tries.set(own.copy.id, (tries.get(own.copy.id) ?? 0) + 1);
      if (await withdraw(run, own)) continue;
    } else if (surplus[0] !== undefined && waits[0] !== undefined) {
      const ms = waits.shift() ?? 0;
      run.emit({ kind: "step-waiting", planned, ms, message: waitsFor(surplus[0]) });
      await run.sleep(ms);
      continue;
    }
    if (reading.kind === "read") noteLateAllowAll(run, planned, reading.snapshot);
    if (reading.kind !== "ambiguous") return reading;
    return { ...reading, diagnostics: [...reading.diagnostics, ...originsOf(run, reading.snapshot)] };
  }
};

interface Surplus {
  readonly copy: SnapshotRule;
  /** Of all equal copies the one with the lowest id; absent for a temporary rule that no run needs any more. */
  readonly kept?: SnapshotRule;
}

const surplusIn = (run: ApplySession, planned: PlannedStep, reading: Reading): readonly Surplus[] => {
  if (reading.kind === "ambiguous") return equalCopies(reading.snapshot);
  return reading.kind === "read" ? lateTemporaries(run, planned, reading) : [];
};

const waitsFor = ({ kept, copy }: Surplus): string =>
  kept === undefined
    ? `another apply has created rule ${copy.id} late, and is expected to delete it`
    : `another apply has created the same rule: rule ${kept.id} stays, and the other one is expected to delete rule ${copy.id}`;

/** Temporary rules of the plan, without which the account is on the plan's way, as far as `planned` or further. */
const lateTemporaries = (
  { plan, timeline: expected }: ApplySession,
  { number, step }: PlannedStep,
  { snapshot, state }: GoodReading,
): readonly Surplus[] => {
  // What an unexpected account means right after the probe, and whether that goes, confirm-empty.ts decides.
  if (isProbeStep(step)) return [];
  const timeline = expected.over(state);
  if (timeline.isAtOrAfter(number - 1, timeline.fingerprintOf(state))) return [];
  const made = plan.steps.flatMap(({ step }) =>
    step.kind === "create" && isReservedName(step.rule.name) ? [step.rule] : [],
  );
  const late = snapshot.rules.filter((copy) =>
    made.some(({ name, ...rule }) => name === copy.name && areEqual(meaningOf(copy), rule)),
  );
  const rest = stateOf({ ...snapshot, rules: snapshot.rules.filter((rule) => !late.includes(rule)) });
  return timeline.isAtOrAfter(number - 1, timeline.fingerprintOf(rest)) ? late.map((copy) => ({ copy })) : [];
};

/** An answer to a create of this run has named that rule. */
const isOwn = (run: ApplySession, name: string, id: number): boolean =>
  run.created.get(name)?.ids.includes(id) === true;

/** All but the lowest copy of each rule; none where copies differ, or anything else is wrong. */
const equalCopies = (snapshot: Snapshot): readonly Surplus[] => {
  const names = new Set(snapshot.rules.map(({ name }) => name));
  const surplus = [...names].flatMap((name) => {
    const [kept, ...copies] = copiesOf(snapshot, name);
    return kept === undefined ? [] : copies.map((copy) => ({ kept, copy }));
  });
  if (!surplus.every(({ kept, copy }) => areEqual(meaningOf(kept), meaningOf(copy)))) return [];
  const spare = new Set(surplus.map(({ copy }) => copy.id));
  const rest = { ...snapshot, rules: snapshot.rules.filter(({ id }) => !spare.has(id)) };
  return checkSnapshot(rest).some(({ severity }) => severity === "error") ? [] : surplus;
};

/** Asks for this run's own copy to be deleted; the next reading shows what came of it. False: the receipt failed. */
const withdraw = async (run: ApplySession, { kept, copy }: Surplus): Promise<boolean> => {
  if (kept === undefined) {
    const message = `another run was done with it already: this run's own copy, rule ${copy.id}, is taken back`;
    return takeBack(run, copy, copy.id, message);
  }
  const bothOwn = isOwn(run, kept.name, kept.id);
  const message = bothOwn
    ? `both tries landed: the second copy, rule ${copy.id}, is taken back`
    : `another apply has created the same rule: its copy, rule ${kept.id}, stays, and this run's own, rule ${copy.id}, is taken back`;
  // The audit log names the rule that the create of this run has made.
  return takeBack(run, copy, bothOwn ? kept.id : copy.id, message);
};

/** This run's own allow-all is younger than a rule that the plan creates after it, so another run had passed it. */
const noteLateAllowAll = (run: ApplySession, { number, step }: PlannedStep, { rules }: Snapshot): void => {
  if (step.kind !== "create") return;
  const copy = rules.find(({ id, name }) => name === step.rule.name && isOwn(run, name, id));
  const later = new Set(
    run.plan.steps.flatMap((one) =>
      one.number > number && one.step.kind === "create" ? [one.step.rule.name] : [],
    ),
  );
  if (copy !== undefined && rules.some(({ id, name }) => later.has(name) && id < copy.id))
    noteLate(run, copy);
};

const noteLate = (run: ApplySession, copy: SnapshotRule): void => {
  const { id, name } = copy;
  if (!isCatchAll({ name, ...meaningOf(copy) }) || run.remarks.some(({ code }) => code === "late-allow-all"))
    return;
  run.remarks.push(diagnostic("late-allow-all", { id }));
};

/** Deletes this run's own `copy`; `ruleId` is what the receipt names. False: the receipt failed, and nothing was sent. */
const takeBack = async (
  run: ApplySession,
  copy: SnapshotRule,
  ruleId: number,
  message: string,
): Promise<boolean> => {
  const number = run.created.get(copy.name)?.number ?? 0;
  const at = run.ports.now().toISOString();
  // The step itself is done whatever becomes of the copy, so the record says applied, ahead of the call.
  const problems = await run.write({ step: number, outcome: "applied", at, ruleId, message });
  if (problems.length > 0) return false;
  const report = run.reports.get(number);
  if (report !== undefined) run.reports.set(number, { ...report, ruleId, message });
  const planned = run.plan.steps[number - 1];
  if (planned !== undefined) run.emit({ kind: "step-waiting", planned, ms: 0, message });
  try {
    const outcome = await run.ports.writer.deleteRule(copy);
    if (outcome.kind === "applied") forget(run, copy);
  } catch (error) {
    // Whatever it was, the next reading shows what became of the copy.
    diagnosticsOf(error);
  }
  return true;
};

/** It is gone; if a reading still shows it, that is for the next one to correct. */
const forget = (run: ApplySession, { id, name }: SnapshotRule): void => {
  const created = run.created.get(name);
  if (created !== undefined)
    run.created.set(name, { ...created, ids: created.ids.filter((one) => one !== id) });
};

/** By id. */
const copiesOf = ({ rules }: Snapshot, name: string): SnapshotRule[] =>
  rules.filter((rule) => rule.name === name).sort((a, b) => a.id - b.id);

type Meaning = Omit<Rule, "name">;

const meaningOf = (copy: SnapshotRule): Meaning => {
  const { name: _, ...meaning } = ruleOf(copy);
  return meaning;
};

/** Equal in all that decides about an address and in what the plan compares, so nobody notices when one of them goes. */
const areEqual = (a: Meaning, b: Meaning): boolean =>
  a.type === b.type && a.description === b.description && sameEntries(a, b);

/** Where a repeated name is one that this run created: whose each copy is, as far as that is known. */
const originsOf = (run: ApplySession, snapshot: Snapshot): Diagnostic[] =>
  [...run.created].flatMap(([name, { ids }]) => {
    const copies = copiesOf(snapshot, name);
    return copies.length < 2 ? [] : [duplicateCreate(copies, ids)];
  });

const duplicateCreate = (copies: readonly SnapshotRule[], ids: readonly number[]): Diagnostic => {
  const own = copies.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
  const others = copies.filter(({ id }) => !ids.includes(id)).map(({ id }) => id);
  const [first, ...rest] = copies;
  const equal = first !== undefined && rest.every((copy) => areEqual(meaningOf(first), meaningOf(copy)));
  return diagnostic("duplicate-create", { own, others, equal });
};
