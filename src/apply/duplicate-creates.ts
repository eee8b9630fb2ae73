/**
 * Two rules of one name, where this run has created a rule of that name. Who made the other one? A create that this run
 * sent again after an unknown outcome may have landed late; or another apply, on another machine, made the same rule at
 * the same time. What the account shows cannot tell the two apart: both copies are equal, often by the same token, and
 * a late call may land at any time. Whoever guessed wrong would delete the other run's rule while that one deletes
 * this run's.
 *
 * So only an answer counts as proof. A copy is this run's own where an answer to a create of this run named its id.
 * Where that holds for both, the run has sent the create twice, nobody else knows of either, and it takes back the
 * later one. A run that sent a create once is named one id, so it never takes anything back; and of two runs that
 * both sent theirs twice, each takes back one of its own and keeps the other. In any other case the run changes nothing
 * and stops, with both ids.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import type { PlannedStep } from "../plan/plan.js";
import { checkSnapshot, samePrefixes, sortedPrefixes } from "../plan/state.js";
import type { CallOutcome } from "./call.js";
import { type Reading, readAccount } from "./read-account.js";
import { diagnosticsOf, type Run } from "./run.js";

const mostRounds = 3;

/** Notes that a create of this run was sent, the id that its answer named, and what it says of enforcement. */
export const rememberCreate = (run: Run, { number, step }: PlannedStep, outcome: CallOutcome): void => {
  if (step.kind !== "create") return;
  const ids = run.created.get(step.rule.name)?.ids ?? [];
  const id = idNamedBy(outcome);
  run.created.set(step.rule.name, { number, ids: id === undefined ? ids : [...ids, id] });
  if (outcome.kind === "applied" && outcome.ruleSetEnabled !== undefined)
    run.answeredEnforcement = outcome.ruleSetEnabled ? "enabled" : "disabled";
};

const idNamedBy = (outcome: CallOutcome): number | undefined => {
  switch (outcome.kind) {
    case "applied":
    case "partial":
      return outcome.rule?.id;
    case "unknown":
      return outcome.ruleId;
    default:
      return undefined;
  }
};

/**
 * Reads the account; where it shows two copies that are both this run's own, removes one and reads again. A reading
 * that stays ambiguous says which copy is known to be this run's.
 */
export const readWithoutDuplicates = async (run: Run): Promise<Reading> => {
  let reading = await readAccount(run);
  for (let round = 1; reading.kind === "ambiguous" && round <= mostRounds; round += 1) {
    if (!(await takeBackDuplicate(run, reading.snapshot))) break;
    reading = await readAccount(run);
  }
  if (reading.kind !== "ambiguous") return reading;
  return { ...reading, diagnostics: [...reading.diagnostics, ...originsOf(run, reading.snapshot)] };
};

/** Whether a copy was asked to be removed; the next reading tells what came of it. */
const takeBackDuplicate = async (run: Run, snapshot: Snapshot): Promise<boolean> => {
  const pair = ownPair(run, snapshot);
  if (pair === undefined) return false;
  const { number, copy, kept } = pair;
  const message = `both tries landed: the second copy, rule ${copy.id}, is taken back`;
  const at = run.ports.now().toISOString();
  // The step itself is done whatever becomes of the copy, so the record says applied, ahead of the call.
  const problems = await run.write({ step: number, outcome: "applied", at, ruleId: kept.id, message });
  if (problems.length > 0) return false;
  const report = run.reports.get(number);
  if (report !== undefined) run.reports.set(number, { ...report, ruleId: kept.id, message });
  const planned = run.plan.steps[number - 1];
  if (planned !== undefined) run.emit({ kind: "step-waiting", planned, ms: 0, message });
  try {
    await run.ports.writer.deleteRule(copy);
  } catch (error) {
    // Whatever it was, the next reading tells what became of the copy.
    diagnosticsOf(error);
  }
  return true;
};

interface Pair {
  /** The step that created them. */
  readonly number: number;
  readonly copy: SnapshotRule;
  readonly kept: SnapshotRule;
}

/** Exactly two equal rules, both named by answers to this run, on an account where nothing else is wrong. */
const ownPair = (run: Run, snapshot: Snapshot): Pair | undefined => {
  for (const [name, { number, ids }] of run.created) {
    const [kept, copy, ...more] = copiesOf(snapshot, name);
    if (kept === undefined || copy === undefined || more.length > 0) continue;
    if (!ids.includes(kept.id) || !ids.includes(copy.id) || !areEqual(kept, copy)) continue;
    const rest = { ...snapshot, rules: snapshot.rules.filter(({ id }) => id !== copy.id) };
    if (checkSnapshot(rest).some(({ severity }) => severity === "error")) continue;
    return { number, copy, kept };
  }
  return undefined;
};

/** By id. */
const copiesOf = ({ rules }: Snapshot, name: string): SnapshotRule[] =>
  rules.filter((rule) => rule.name === name).sort((a, b) => a.id - b.id);

/** Equal in all that decides about an address and in what the plan compares, so nobody notices when one of them goes. */
const areEqual = (a: SnapshotRule, b: SnapshotRule): boolean =>
  a.type === b.type && a.description === b.description && samePrefixes(prefixesOf(a), prefixesOf(b));

const prefixesOf = ({ entries }: SnapshotRule) => sortedPrefixes(entries.map(({ prefix }) => prefix));

/** Where a repeated name is one that this run created: whose each copy is, as far as that is known. */
const originsOf = (run: Run, snapshot: Snapshot): Diagnostic[] =>
  [...run.created].flatMap(([name, { ids }]) => {
    const copies = copiesOf(snapshot, name);
    return copies.length < 2 ? [] : [duplicateCreate(copies, ids)];
  });

const duplicateCreate = (copies: readonly SnapshotRule[], ids: readonly number[]): Diagnostic => {
  const own = copies.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
  const others = copies.filter(({ id }) => !ids.includes(id)).map(({ id }) => id);
  const [first, second] = copies;
  const equal = first !== undefined && second !== undefined && areEqual(first, second);
  return {
    code: "duplicate-create",
    severity: "note",
    message: [
      ...(own.length === 0 ? [] : [`Rule ${own.join(" and rule ")} was created by this run`]),
      ...(others.length === 0
        ? []
        : [
            `rule ${others.join(" and rule ")} by another apply, or by a call of this run whose answer never came: nothing tells which, so none was deleted`,
          ]),
    ].join("; "),
    hint: equal
      ? "The rules are equal, so either can go; make sure first that no other apply is still running"
      : "The rules differ: compare them before you delete one, when no other apply is running",
  };
};
