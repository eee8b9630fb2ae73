/**
 * Holds a run to what plan/order/probe.ts promises: on an account that showed no rules, nothing follows the probe unless
 * its answer and the listing after it agree that the account has no other rules and that enforcement is off.
 * Otherwise the run takes its own probe off again, which is the next step of the plan, and stops.
 */
import { diagnostic, messageOf } from "../model/diagnostic.js";
import { isProbe } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import type { SnapshotRule } from "../model/snapshot.js";
import type { PlannedStep } from "../plan/plan.js";
import { isProbeStep } from "../plan/step-effect.js";
import type { WriteOutcome } from "./ports.js";
import {
  type ApplySession,
  diagnosticsOf,
  type Reading,
  readAccount,
  type StepEnd,
  type Stop,
  stopped,
} from "./session.js";
import { differences } from "./stops.js";

/** What came of the probe; a stop where the account is not shown to be empty with enforcement off. */
export const confirmEmpty = async (
  run: ApplySession,
  planned: PlannedStep,
  end: StepEnd,
): Promise<StepEnd> => {
  const actual = end.kind === "done" ? end.reading.state : end.stop.actual;
  const reason = actual && contradiction(actual, run.answeredEnforcement);
  if (actual !== undefined && reason !== undefined)
    return stopped(await takeBack(run, planned, stopNotEmpty(run, actual, reason)));
  if (end.kind === "done") return end;
  // Without a reading nothing is known of the account, and nothing follows.
  return actual === undefined ? end : stopped(await takeBack(run, planned, end.stop));
};

/** When a run takes up a plan right after its probe: the listing alone has to say that enforcement is off. */
export const notConfirmed = (run: ApplySession, actual: AccountState): Stop | undefined => {
  const last = run.plan.steps[run.done - 1];
  if (last === undefined || !isProbeStep(last.step)) return undefined;
  const reason = contradiction(actual, "unknown");
  return reason === undefined ? undefined : stopNotEmpty(run, actual, reason);
};

/** The same where the account is on no state of the plan, but holds the probe that an earlier run has made. */
export const notEmptyOnResume = (run: ApplySession, actual: AccountState): Stop | undefined => {
  const first = run.plan.steps[0];
  if (first === undefined || !isProbeStep(first.step) || !actual.rules.some(isProbe)) return undefined;
  const reason = contradiction(actual, "unknown");
  return reason === undefined ? undefined : stopNotEmpty(run, actual, reason);
};

type Reason = "other-rules" | "enforced" | "not-shown";

/** Why the account is not what the empty listing said; undefined where nothing speaks against it. */
const contradiction = (actual: AccountState, answered: AccountState["enforcement"]): Reason | undefined => {
  if (actual.rules.some((rule) => !isProbe(rule))) return "other-rules";
  if (answered === "enabled" || actual.enforcement === "enabled") return "enforced";
  return actual.rules.length > 0 && actual.enforcement === "unknown" ? "not-shown" : undefined;
};

const stopNotEmpty = (run: ApplySession, actual: AccountState, reason: Reason): Stop => ({
  reason: "refused",
  diagnostics: [diagnostic("account-not-confirmed", { found: reason })],
  actual,
  unexpected: differences(run.expectedState(1), actual),
  next: "plan-again",
});

/** Takes the probe off, where it is certain that this run has made it, and says what came of that. */
const takeBack = async (run: ApplySession, planned: PlannedStep, stop: Stop): Promise<Stop> => {
  const probe = ownProbe(run, planned);
  const removal = run.plan.steps[planned.number];
  if (run.interrupted || probe === undefined || removal?.step.kind !== "delete") return stop;
  const at = run.ports.now().toISOString();
  const started = await run.write({ step: removal.number, outcome: "started", at });
  if (started.length > 0) return { ...stop, diagnostics: [...stop.diagnostics, ...started] };
  run.emit({ kind: "step-started", planned: removal, total: run.total, attempt: 1 });
  const outcome = await remove(run, probe);
  const reading = await readAccount(run);
  const isGone = outcome.kind === "applied" && showsNot(reading, probe.id);
  // A listing may not show what the answer has named; with the rule gone, its create is no unknown either.
  const created = isGone ? await run.finishStep(planned, "applied", { attempts: 1, ruleId: probe.id }) : [];
  const removed = await run.finishStep(removal, isGone ? "applied" : "unknown", {
    attempts: 1,
    message: isGone ? "the account is not as the plan was made for" : saidOf(outcome),
  });
  const problems = [...created, ...removed];
  return {
    ...stop,
    ...(reading.kind === "read" ? { actual: reading.state } : {}),
    // That the probe is gone is this run's own doing, though an empty listing had not shown it.
    ...(reading.kind === "read" && isGone && stop.unexpected !== undefined
      ? { unexpected: differences(run.expectedState(planned.number - 1), reading.state) }
      : {}),
    diagnostics: [...stop.diagnostics, ...problems],
    // An earlier try of the create may still land.
    ...(isGone && problems.length === 0 && !run.inDoubt ? { undone: true } : {}),
  };
};

const showsNot = (reading: Reading, id: number): boolean =>
  (reading.kind === "read" || reading.kind === "ambiguous") &&
  !reading.snapshot.rules.some((rule) => rule.id === id);

const saidOf = (outcome: WriteOutcome): string =>
  outcome.kind === "applied" ? "the answer said done, but the account does not show it" : outcome.message;

/** The rule as the answer to this run's own create has named it: no listing proves who made a rule. */
const ownProbe = (run: ApplySession, { step }: PlannedStep): SnapshotRule | undefined => {
  if (step.kind !== "create") return undefined;
  const { name, type, description } = step.rule;
  const [id, ...more] = run.created.get(name)?.ids ?? [];
  return id === undefined || more.length > 0 ? undefined : { id, name, type, description, entries: [] };
};

const remove = async (run: ApplySession, probe: SnapshotRule): Promise<WriteOutcome> => {
  try {
    return await run.ports.writer.deleteRule(probe);
  } catch (error) {
    const messages = diagnosticsOf(error).map(messageOf);
    return { kind: "unknown", message: messages.join("; ") };
  }
};
