/**
 * Keeps the caller from shutting itself out (docs/service.md, "The rule set"): the addresses it is known to come from
 * are looked up in every state to come, and the service itself is asked where it can answer.
 * A "no" stops the run; only `allowLockout` lets it pass.
 */
import { type Address, formatAddress } from "../address/prefix.js";
import { type Diagnostic, diagnostic, messageOf } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { SnapshotRule } from "../model/snapshot.js";
import type { PlannedStep, Step } from "../plan/plan.js";
import { ruleNamed } from "./call.js";
import { type ApplySession, diagnosticsOf, type GoodReading, type Stop, stopFailed } from "./session.js";
import { describeStep } from "./timeline.js";

/**
 * Before the first write: no step to come may shut out a known address of the caller. One that is blocked already
 * is nobody's loss. Unknown enforcement counts as on.
 */
export const checkClients = (run: ApplySession, pending: readonly PlannedStep[]): Stop | undefined => {
  const problems = [...new Set(run.options.clientAddresses)].flatMap((address) => {
    const planned = pending.find(({ access }) => access.newlyBlocked.contains(address));
    return planned === undefined ? [] : [clientBlocked(planned, address)];
  });
  return problems.length === 0 ? undefined : refuseUnlessAllowed(run, problems);
};

/**
 * Asks the service about a step, on the account as it is right before it: would the caller get in under the
 * rules that are about to be enforced, or without the rule that is about to go, or to lose entries?
 * Other steps have no question that the service could answer.
 */
export const askServer = async (
  run: ApplySession,
  planned: PlannedStep,
  reading: GoodReading,
): Promise<Stop | undefined> => {
  const { ruleSetId } = reading.snapshot;
  // Without a rule there is no set to ask about, and nothing that could block.
  if (ruleSetId === undefined) return undefined;
  const ask = (withoutRule?: number) => run.ports.reader.validateCaller(ruleSetId, withoutRule);
  const { step } = planned;
  try {
    if (isRisky(run, step)) {
      run.emit({ kind: "asking-server", planned });
      const getsIn = await ask(step.kind === "delete" ? ruleNamed(reading, step.name).id : undefined);
      return getsIn ? undefined : refuseUnlessAllowed(run, [serverSaysNo(planned)], planned);
    }
    if (step.kind !== "update" || !mayShutOutUnseen(run, planned)) return undefined;
    run.emit({ kind: "asking-server", planned });
    const dependsOnRule = await dependsOn(ruleNamed(reading, step.name), reading, ask);
    return dependsOnRule ? refuseUnlessAllowed(run, [mayBeShutOut(planned)], planned) : undefined;
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (error instanceof Failure && error.status === 404 && step.kind !== "enforcement")
      return { ...stopFailed(diagnostics), gone: true };
    if (run.options.allowLockout !== true) return stopFailed(diagnostics);
    run.emit({
      kind: "lockout-allowed",
      planned,
      message: diagnostics.map(messageOf).join("; "),
    });
    return undefined;
  }
};

/**
 * A call that takes allow entries off, while nobody can tell whose they are: no address of the caller is known, and
 * the policy names none that must stay in. With some entries of a rule gone, an address has the verdict that it has
 * with all of them or with none, so what the service says of the account without the rule settles it.
 */
const mayShutOutUnseen = (run: ApplySession, { access }: PlannedStep): boolean =>
  run.options.onlyExpired !== true &&
  run.knownEnforcement !== "disabled" &&
  !access.newlyBlocked.isEmpty() &&
  (run.options.clientAddresses ?? []).length === 0 &&
  !run.plan.verdicts.some(({ guard }) => guard === "must-allow");

/** Whether the caller gets in, and would not without this rule, as far as the service can tell. */
const dependsOn = async (
  rule: SnapshotRule,
  { snapshot }: GoodReading,
  ask: (withoutRule?: number) => Promise<boolean>,
): Promise<boolean> => {
  // Without its only rule that allows, the account would let everybody in: that answer would say nothing.
  const others = snapshot.rules.some(
    ({ id, type, entries }) => id !== rule.id && type === "allow" && entries.length > 0,
  );
  if (others && (await ask(rule.id))) return false;
  return ask();
};

/**
 * Asks before the first write about a step whose answer cannot change until its turn: one that only renames and
 * new descriptions come before. It is asked again in its turn.
 */
export const askServerAhead = async (run: ApplySession, reading: GoodReading): Promise<Stop | undefined> => {
  const pending = run.steps.slice(run.done);
  const index = pending.findIndex((planned) => !isWording(run, planned));
  const planned = pending[index];
  // The first pending step is asked about in its turn, which is before the first write too.
  if (planned === undefined || index === 0) return undefined;
  const named = planned.step.kind !== "delete" || hasRule(reading, planned.step.name);
  return named ? askServer(run, planned, reading) : undefined;
};

/**
 * The same about a later update, as the account is now: calls before it may still change the answer, so this is no
 * reason to refuse, but one to know before saying yes.
 */
export const askServerEarly = async (
  run: ApplySession,
  reading: GoodReading,
): Promise<readonly Diagnostic[]> => {
  const later = run.steps
    .slice(run.done + 1)
    .find(
      (planned) =>
        planned.step.kind === "update" &&
        hasRule(reading, planned.step.name) &&
        mayShutOutUnseen(run, planned),
    );
  const stop = later === undefined ? undefined : await askServer(run, later, reading);
  return stop?.reason === "refused" ? stop.diagnostics : [];
};

const hasRule = (reading: GoodReading, name: string): boolean =>
  reading.snapshot.rules.some((rule) => rule.name === name);

/** Changes a rule's name or description and nothing that decides about an address. */
const isWording = (run: ApplySession, { number, step }: PlannedStep): boolean => {
  if (step.kind !== "update" || step.add.length > 0 || step.remove.length > 0) return false;
  const before = run.timeline.stateAt(number - 1).rules.find(({ name }) => name === step.name);
  return before?.type === step.becomes.type;
};

const isRisky = (run: ApplySession, step: Step): boolean => {
  if (step.kind === "enforcement") return step.enabled;
  return step.kind === "delete" && run.knownEnforcement !== "disabled";
};

const refuseUnlessAllowed = (
  run: ApplySession,
  diagnostics: readonly Diagnostic[],
  planned?: PlannedStep,
): Stop | undefined => {
  if (run.options.allowLockout !== true) return { reason: "refused", diagnostics, next: "mend-first" };
  const message = diagnostics.map(messageOf).join("; ");
  run.emit({ kind: "lockout-allowed", message, ...present({ planned }) });
  return undefined;
};

const clientBlocked = (planned: PlannedStep, address: Address): Diagnostic =>
  diagnostic("lockout-client", { step: describeStep(planned), address: formatAddress(address) });

const mayBeShutOut = (planned: PlannedStep): Diagnostic =>
  diagnostic("lockout-unsure", { step: describeStep(planned) });

const serverSaysNo = (planned: PlannedStep): Diagnostic =>
  diagnostic("lockout-server", { step: describeStep(planned) });
