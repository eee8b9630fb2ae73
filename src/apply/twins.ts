/**
 * A create that was given up on may land after the try that replaced it. Then two rules have one name and one
 * meaning, and one of them is this run's doing. The run takes its own copy back: since the two are equal, no
 * address notices. Anything less certain stays as it is, and stops the run:
 * - the name must be one that this run has created, and that the account did not have right before;
 * - there are exactly two such rules, of the same type, description and prefixes;
 * - nothing else is wrong with the account.
 */
import { samePrefix } from "../address/prefix.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import { checkSnapshot, sortedPrefixes } from "../plan/state.js";
import { type Reading, readAccount } from "./read-account.js";
import { diagnosticsOf, type Run } from "./run.js";

const mostRounds = 3;

/** Reads the account; where a late copy of this run's own create shows, removes it and reads again. */
export const readWithoutTwins = async (run: Run): Promise<Reading> => {
  let reading = await readAccount(run);
  for (let round = 1; reading.kind === "ambiguous" && round <= mostRounds; round += 1) {
    if (!(await removeTwin(run, reading.snapshot))) return reading;
    reading = await readAccount(run);
  }
  return reading;
};

/** Whether a copy was asked to be removed; the next reading tells what came of it. */
const removeTwin = async (run: Run, snapshot: Snapshot): Promise<boolean> => {
  const pair = twinsOf(run, snapshot);
  if (pair === undefined) return false;
  const { number, copy, kept } = pair;
  const message = `an earlier try landed late: the second copy, rule ${copy.id}, is taken back`;
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

interface Twins {
  /** The step that created them. */
  readonly number: number;
  readonly copy: SnapshotRule;
  readonly kept: SnapshotRule;
}

const twinsOf = (run: Run, snapshot: Snapshot): Twins | undefined => {
  for (const [name, { number, ruleId }] of run.created) {
    const [first, second, ...more] = snapshot.rules.filter((rule) => rule.name === name);
    if (first === undefined || second === undefined || more.length > 0) continue;
    if (!meanTheSame(first, second)) continue;
    const copy = [first, second].find(({ id }) => id === ruleId) ?? (first.id > second.id ? first : second);
    const rest = { ...snapshot, rules: snapshot.rules.filter(({ id }) => id !== copy.id) };
    if (checkSnapshot(rest).some(({ severity }) => severity === "error")) continue;
    return { number, copy, kept: copy === first ? second : first };
  }
  return undefined;
};

const meanTheSame = (a: SnapshotRule, b: SnapshotRule): boolean => {
  const [these, those] = [a, b].map(({ entries }) => sortedPrefixes(entries.map(({ prefix }) => prefix)));
  if (these === undefined || those === undefined || these.length !== those.length) return false;
  const equal = these.every((prefix, index) => {
    const other = those[index];
    return other !== undefined && samePrefix(prefix, other);
  });
  return equal && a.type === b.type && a.description === b.description;
};
