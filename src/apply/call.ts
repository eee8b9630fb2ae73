/**
 * Makes the one API call of a step, and says what its answer is worth: when it serves in place of a listing, and when the
 * account has to be listed.
 *
 * A listing costs a call for each page of 100 rules, so one after each call would cost more the larger the account is.
 * An answer that shows everything that was sent, field by field and prefix by prefix, serves for a few calls: at most
 * `callsPerPage` for each page, so that what readings cost a call does not grow with the account. The exception is a
 * delete: it has nothing to show, and its answer is believed for as long. The account is listed in full
 * - before the first call that narrows after such that only add: all that the policy adds is seen to be there before
 *   anything is removed;
 * - before and after each change of enforcement, and each call on a temporary rule;
 * - before a call on a rule that was made since the last listing: another run may have made the same one;
 * - while enforcement is on, before a call on addresses that another one since the last listing was about: the order of the
 *   two matters, and the first is seen to be done. So even where an answer was a lie, each address has the verdict that it
 *   had at that listing, or the one that it has after these calls;
 * - after the last call.
 */

import { AddressSet } from "../address/address-set.js";
import { samePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { Failure } from "../model/failure.js";
import { isReservedName } from "../model/reserved-names.js";
import type { Rule } from "../model/rule.js";
import type { SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import type { PlannedStep, Step } from "../plan/plan.js";
import { byName, ruleOf, rulesByName, sameRules, withoutPrefixes } from "../plan/state.js";
import { namesOf, takeStep } from "../plan/step-effect.js";
import type { WriteOutcome } from "./ports.js";
import { type ApplySession, type GoodReading, listenTo } from "./session.js";

/** `abandoned`: the user asked to stop, and the call did not answer in time. Its outcome is unknown. */
export type CallOutcome = WriteOutcome | { readonly kind: "abandoned" };

export const isNeverSent = (outcome: CallOutcome): boolean =>
  outcome.kind === "unknown" && outcome.neverSent === true;

/**
 * Sends the step. Ids come from `reading`, which the caller has just found to be the state the step starts from.
 * A `Failure` of the writer does not say whether the request was sent, so it counts as unknown.
 */
export const callStep = async (
  run: ApplySession,
  planned: PlannedStep,
  reading: GoodReading,
): Promise<CallOutcome> => {
  const outcome = await orAbandon(
    run,
    send(run, planned.step, reading).catch((error: unknown): WriteOutcome => {
      if (error instanceof Failure) return { kind: "unknown", message: error.message };
      throw error;
    }),
  );
  rememberCreate(run, planned, outcome);
  return outcome;
};

/** Notes that a create of this run was sent, the id that its answer named, and what it says of enforcement. */
const rememberCreate = (run: ApplySession, { number, step }: PlannedStep, outcome: CallOutcome): void => {
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

const send = async (run: ApplySession, step: Step, reading: GoodReading): Promise<WriteOutcome> => {
  const { writer } = run.ports;
  const enabled = enabledNow(run);
  switch (step.kind) {
    case "create":
      return writer.createRule(step.rule, enabled);
    case "update": {
      const current = ruleNamed(reading, step.name);
      return writer.updateRule(
        current,
        step.becomes,
        step.add,
        entriesToRemove(current, step),
        enabled,
        step.disable,
      );
    }
    case "delete":
      return writer.deleteRule(ruleNamed(reading, step.name));
    case "enforcement":
      return writer.setEnforcement(step.enabled);
    default:
      return assertNever(step);
  }
};

/** A rule may hold one range twice, in two spellings, one of them perhaps disabled: all of them are removed. */
const entriesToRemove = (
  { entries, disabled = [] }: SnapshotRule,
  { add, remove, disable = [], release = [] }: Extract<Step, { kind: "update" }>,
): SnapshotEntry[] => {
  const going = withoutPrefixes([...remove, ...release], [...disable, ...add]);
  return [...entries, ...disabled].filter(({ prefix }) => going.some((other) => samePrefix(other, prefix)));
};

const enabledNow = (run: ApplySession): boolean | undefined =>
  run.knownEnforcement === "unknown" ? undefined : run.knownEnforcement === "enabled";

/** The rule of that name. The reading agrees with the plan, so a missing one is a bug. */
export const ruleNamed = (reading: GoodReading, name: string): SnapshotRule => {
  const rule = reading.snapshot.rules.find((candidate) => candidate.name === name);
  if (rule === undefined) throw new Error("a step names a rule that the state before it does not hold");
  return rule;
};

const orAbandon = async (run: ApplySession, call: Promise<WriteOutcome>): Promise<CallOutcome> => {
  const { signal } = run.options;
  if (signal === undefined) return call;
  const { aborted, forget } = listenTo(signal, undefined);
  // Of the wait alone, which begins when the user's signal is aborted: nobody waits once the answer is there.
  const answered = new AbortController();
  const tooLate = aborted
    .then(() => run.ports.sleep(run.timings.finishCall, answered.signal))
    .then((): CallOutcome => ({ kind: "abandoned" }));
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    forget();
    answered.abort();
    // An abandoned call may still fail; nobody listens any more, and that must not end the process.
    call.catch(() => undefined);
  }
};

/** Between two listings, for each page that one of them takes. */
const callsPerPage = 5;
const rulesPerPage = 100;

/** Nothing may come between its listing and its call, nor between its call and a listing. */
const isStrict = (step: Step): boolean => step.kind === "enforcement" || namesOf(step).some(isReservedName);

/** Takes something away: from an address, or from a rule. */
const isNarrowing = ({ step, access }: PlannedStep): boolean =>
  step.kind === "delete" ||
  step.kind === "enforcement" ||
  !access.newlyBlocked.isEmpty() ||
  (step.kind === "update" && step.remove.length > 0);

/** Whether the account is to be listed before `planned`, because too much rests on answers. */
export const needsListing = (run: ApplySession, planned: PlannedStep, reading: GoodReading): boolean => {
  const { answered } = run;
  if (answered.length === 0) return false;
  const pages = Math.max(1, Math.ceil(reading.snapshot.rules.length / rulesPerPage));
  if (isStrict(planned.step) || answered.length >= callsPerPage * pages) return true;
  if (isNarrowing(planned) && !answered.every((one) => isNarrowing(one.planned))) return true;
  const names = new Set(namesOf(planned.step));
  if (answered.some(({ planned: { step } }) => step.kind === "create" && names.has(step.rule.name)))
    return true;
  const touches = touchedBy(planned.step, reading);
  return (
    run.knownEnforcement !== "disabled" && answered.some((one) => !one.touches.intersect(touches).isEmpty())
  );
};

/** The addresses of the entries that a step adds or removes, on the account as it is before it. */
export const touchedBy = (step: Step, { state }: GoodReading): AddressSet => {
  switch (step.kind) {
    case "create":
      return AddressSet.ofPrefixes(step.rule.prefixes);
    case "update": {
      const rule = state.rules.find(({ name }) => name === step.name);
      const kept = rule === undefined || rule.type === step.becomes.type ? [] : rule.prefixes;
      return AddressSet.ofPrefixes([...kept, ...step.add, ...step.remove]);
    }
    case "delete":
      return AddressSet.ofPrefixes(state.rules.find(({ name }) => name === step.name)?.prefixes ?? []);
    case "enforcement":
      return AddressSet.empty;
  }
};

type Applied = Extract<WriteOutcome, { kind: "applied" }>;

/**
 * The account as it is after the step, by `reading` and the answer; undefined where the answer does not show all of it, or
 * a listing has to follow.
 */
export const readingByAnswer = (
  run: ApplySession,
  planned: PlannedStep,
  answer: Applied,
  { snapshot, state }: GoodReading,
): GoodReading | undefined => {
  const { step } = planned;
  if (isStrict(step)) return undefined;
  const rules = rulesByName(state.rules);
  const { before, after } = takeStep(rules, step);
  const old = snapshot.rules.find(({ name }) => name === before?.name);
  if (after !== undefined && !shows(run, answer, after, snapshot.rules, old)) return undefined;
  // Without rules nothing shows whether enforcement is on.
  if (rules.size === 0) return undefined;
  const kept = snapshot.rules.filter((rule) => rule !== old);
  return {
    kind: "read",
    snapshot: { ...snapshot, rules: answer.rule === undefined ? kept : [...kept, answer.rule] },
    state: { ...state, rules: [...rules.values()].sort(byName) },
  };
};

/** Whether the answer shows exactly this rule, under the right id, and enforcement as it was. */
const shows = (
  run: ApplySession,
  { rule, ruleSetEnabled }: Applied,
  after: Rule,
  known: readonly SnapshotRule[],
  old: SnapshotRule | undefined,
): boolean => {
  if (rule === undefined || ruleSetEnabled === undefined) return false;
  if (run.knownEnforcement !== (ruleSetEnabled ? "enabled" : "disabled")) return false;
  const rightId = old === undefined ? !known.some(({ id }) => id === rule.id) : rule.id === old.id;
  return rightId && sameRules(ruleOf(rule), after);
};
