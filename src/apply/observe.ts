/** Reads the account after a call, and says where on the plan's way it is. */
import { assertNever } from "../model/assert.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { PlannedStep } from "../plan/plan.js";
import { rulesByName, sameRules } from "../plan/state.js";
import { isProbeStep, namesOf } from "../plan/step-effect.js";
import { readWithoutSurplus } from "./duplicate-creates.js";
import { acceptOthers, doneOverOthers } from "./others.js";
import {
  type AnsweredStep,
  type ApplySession,
  diagnosticsOf,
  type GoodReading,
  type Stop,
  stopFailed,
  stopInterrupted,
} from "./session.js";
import { noteUnseen, stopDoubtful, stopForeignChange, unseen } from "./stops.js";
import { agrees } from "./timeline.js";

/** Where the account is, compared with the state before a step and the states after it. */
export type Observation =
  /** `done`: that many steps are; more than up to this one where another run of the plan has gone ahead. */
  | { readonly kind: "landed"; readonly reading: GoodReading; readonly done: number }
  | { readonly kind: "not-landed"; readonly reading: GoodReading }
  /** Only where no rule shows whether enforcement is on: before and after look the same. */
  | { readonly kind: "invisible"; readonly reading: GoodReading }
  /** Neither before nor after: somebody else is at work. */
  | { readonly kind: "elsewhere"; readonly state: AccountState }
  | { readonly kind: "unclear"; readonly diagnostics: readonly Diagnostic[] }
  /** The listing contradicts what is known, and stayed so to the end of the wait. */
  | { readonly kind: "stopped"; readonly stop: Stop }
  | { readonly kind: "interrupted" };

/** What one reading says. The further ones may pass: the next reading may show what this one did not. */
type Comparison =
  | Observation
  /** It lacks what answers have named, and nothing else is wrong. */
  | { readonly kind: "behind"; readonly reading: GoodReading; readonly missing: readonly PlannedStep[] }
  /** It shows fewer rules than were there, or none; `step` has not removed them. */
  | { readonly kind: "lacking"; readonly reading: GoodReading };

const mayPass = (found: Comparison): boolean =>
  found.kind === "not-landed" ||
  found.kind === "unclear" ||
  found.kind === "behind" ||
  found.kind === "lacking";

/**
 * Looks after each of the `waits` (milliseconds; 0 is at once) until the step is seen to have landed. Gives up
 * early where waiting cannot help. `message` says in the progress why there is a wait.
 */
export const observeStep = async (
  run: ApplySession,
  planned: PlannedStep,
  waits: readonly number[],
  message: string,
): Promise<Observation> => {
  let found: Comparison = { kind: "unclear", diagnostics: [] };
  for (const ms of waits) {
    if (ms > 0) {
      run.emit({ kind: "step-waiting", planned, ms, message });
      await run.sleep(ms);
    }
    found = await compareNow(run, planned);
    // A single listing is not believed that another run has gone ahead: a step that nobody did would be left out.
    if (found.kind === "landed" && found.done > planned.number) found = await compareNow(run, planned);
    if (!mayPass(found)) break;
  }
  return settled(run, planned, found);
};

const compareNow = async (run: ApplySession, planned: PlannedStep): Promise<Comparison> => {
  const reading = await readWithoutSurplus(run, planned);
  switch (reading.kind) {
    // The reader has given up for now; the account may be there again after the next wait.
    case "unreadable":
      return { kind: "unclear", diagnostics: reading.diagnostics };
    case "ambiguous":
      return { kind: "stopped", stop: stopFailed(reading.diagnostics) };
    case "interrupted":
      return { kind: "interrupted" };
    case "read":
      return compare(run, planned, reading);
  }
};

/** What the last reading means, now that no other one follows. */
const settled = async (run: ApplySession, planned: PlannedStep, found: Comparison): Promise<Observation> => {
  if (found.kind === "behind") {
    await noteUnseen(run, found.missing);
    const actual = found.reading.state;
    return { kind: "stopped", stop: { ...stopFailed(found.missing.map(unseen)), actual } };
  }
  if (found.kind === "lacking") {
    const { state } = found.reading;
    const isEmpty = state.rules.length === 0;
    if (!isEmpty && !(await knowsMissing(run, planned, found.reading))) return { kind: "elsewhere", state };
    return { kind: "stopped", stop: stopDoubtful(isEmpty ? "emptied" : "shortened") };
  }
  if ("reading" in found) run.listed = found.reading.snapshot;
  // The account has shown everything that answers had said.
  if (found.kind === "landed" || found.kind === "invisible") run.answered.length = 0;
  if (found.kind === "not-landed")
    run.answered.splice(0, Number.POSITIVE_INFINITY, ...answeredOf(run, planned));
  return found;
};

/** Whether the service still knows a rule that the listing leaves out: then the listing is wrong, and nobody has deleted it. */
const knowsMissing = async (
  run: ApplySession,
  { number }: PlannedStep,
  { snapshot }: GoodReading,
): Promise<boolean> => {
  const expected = new Set(run.expectedState(number).rules.map(({ name }) => name));
  const missing = run.listed?.rules.find(
    ({ id, name }) => expected.has(name) && !snapshot.rules.some((rule) => rule.id === id),
  );
  const ruleSet = run.listed?.ruleSetId;
  if (missing === undefined || ruleSet === undefined) return false;
  try {
    await run.ports.reader.validateCaller(ruleSet, missing.id);
    return true;
  } catch (error) {
    // A 404 says that it is gone; any other failure says nothing.
    diagnosticsOf(error);
    return false;
  }
};

/** Those that the listing has not shown yet. */
const answeredOf = (run: ApplySession, { number }: PlannedStep): readonly AnsweredStep[] =>
  run.answered.filter(({ planned }) => planned.number === number);

const compare = (run: ApplySession, planned: PlannedStep, reading: GoodReading): Comparison => {
  const seen = run.timeline.fingerprintOf(reading.state);
  const isBefore = agrees(run.expected(planned.number - 1), seen);
  const isAfter = agrees(run.expected(planned.number), seen);
  if (isBefore && isAfter) return { kind: "invisible", reading };
  if (isAfter) return { kind: "landed", reading, done: planned.number };
  if (isBefore) return { kind: "not-landed", reading };
  // A state that the plan leads through later is one that it was proven for, and so is every state from there on.
  const done = run.timeline.laterThan(planned.number, seen);
  if (done !== undefined) return { kind: "landed", reading, done };
  // What an empty listing means, and any rule next to the probe, is no matter of who keeps what.
  const byOthers =
    reading.state.rules.length === 0 || isProbeStep(planned.step)
      ? undefined
      : doneOverOthers(run, planned.number - 1, reading.state);
  if (byOthers !== undefined) {
    const stop = acceptOthers(run, byOthers, reading.state);
    return stop === undefined ? compare(run, planned, reading) : { kind: "stopped", stop };
  }
  return compareRules(run, planned, reading);
};

/** Of an account that is on no state of the plan: whether it only lacks rules, and whose they are. */
const compareRules = (run: ApplySession, { number }: PlannedStep, reading: GoodReading): Comparison => {
  const { state } = reading;
  const elsewhere = { kind: "elsewhere", state } as const;
  const expected = run.expectedState(number);
  const listed = run.expectedState((run.answered[0]?.planned.number ?? number) - 1);
  const [wanted, before, actual] = [
    rulesByName(expected.rules),
    rulesByName(listed.rules),
    rulesByName(state.rules),
  ];
  const differing = [...new Set([...wanted.keys(), ...before.keys(), ...actual.keys()])].filter(
    (name) => !sameRules(wanted.get(name), actual.get(name)),
  );
  const touching = run.answered
    .map(({ planned }) => planned)
    .filter(({ step }) => namesOf(step).some((name) => differing.includes(name)));
  const explained = new Set(touching.flatMap(({ step }) => namesOf(step)));
  const isBehind = differing.every(
    (name) => explained.has(name) && sameRules(before.get(name), actual.get(name)),
  );
  const sameEnforcement =
    state.enforcement === "unknown" || state.enforcement === run.expected(number).enforcement;
  if (state.rules.length > 0 && isBehind && sameEnforcement)
    return { kind: "behind", reading, missing: touching };
  const lacks = differing.every((name) => !actual.has(name));
  return lacks && sameEnforcement ? { kind: "lacking", reading } : elsewhere;
};

/** What decides nothing about a step: neither that it has landed nor that it has not. */
export type Inconclusive = Extract<
  Observation,
  { kind: "elsewhere" | "unclear" | "stopped" | "interrupted" }
>;

export const isInconclusive = (found: Observation): found is Inconclusive =>
  found.kind !== "landed" && found.kind !== "not-landed" && found.kind !== "invisible";

export const stopByObservation = (run: ApplySession, planned: PlannedStep, found: Inconclusive): Stop => {
  switch (found.kind) {
    case "elsewhere":
      return stopForeignChange(run, planned.number, found.state);
    case "unclear":
      return stopFailed(found.diagnostics);
    case "stopped":
      return found.stop;
    case "interrupted":
      return stopInterrupted();
    default:
      return assertNever(found);
  }
};
