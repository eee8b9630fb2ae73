/**
 * Keeps the caller from shutting itself out (API.md, "The rule set"): the addresses it is known to come from
 * are looked up in every state to come, and the service itself is asked where it can answer.
 * A "no" stops the run; only `allowLockout` lets it pass.
 */
import { type AccessEntry, AccessMap } from "../address/access-map.js";
import { type Address, containsAddress, formatAddress } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { Rule } from "../model/rule.js";
import type { PlannedStep, Step } from "../plan/plan.js";
import { ruleNamed } from "./call.js";
import type { GoodReading } from "./read-account.js";
import { diagnosticsOf, type Run, type Stop, stopFailed } from "./run.js";
import { describeStep } from "./timeline.js";

/**
 * Before the first write: no known address of the caller may be blocked in any state that is to come, unless
 * it is blocked already. An unknown switch counts as on.
 */
export const checkClients = (run: Run): Stop | undefined => {
  const watched = new Set(run.options.clientAddresses ?? []);
  const problems: Diagnostic[] = [];
  for (const { number, rules } of run.timeline.statesFrom(run.done)) {
    if (watched.size === 0) break;
    if (run.expected(number).enforcement === "disabled") continue;
    for (const address of watched) {
      if (!blocks(rules.values(), address)) continue;
      watched.delete(address);
      const planned = run.plan.steps[number - 1];
      if (number > run.done && planned !== undefined) problems.push(clientBlocked(planned, address));
    }
  }
  return problems.length === 0 ? undefined : refuseUnlessAllowed(run, problems);
};

/** Only the entries around the address matter, and whether there is any allow entry at all. */
const blocks = (rules: Iterable<Rule>, address: Address): boolean => {
  const near: AccessEntry[] = [];
  let anyAllow: AccessEntry | undefined;
  for (const { type, prefixes } of rules) {
    for (const prefix of prefixes) {
      if (type === "allow") anyAllow = { prefix, type };
      if (containsAddress(prefix, address)) near.push({ prefix, type });
    }
  }
  const entries = anyAllow === undefined ? near : [...near, anyAllow];
  return !AccessMap.of(entries, { enforced: true }).lookup(address).allowed;
};

/**
 * Asks the service about a step, on the account as it is right before it: would the caller get in under the
 * rules that are about to be switched on, or without the rule that is about to go?
 * Other steps have no question that the service could answer.
 */
export const askServer = async (
  run: Run,
  planned: PlannedStep,
  reading: GoodReading,
): Promise<Stop | undefined> => {
  const { ruleSetId } = reading.snapshot;
  // Without a rule there is no set to ask about, and nothing that could block.
  if (ruleSetId === undefined || !isRisky(run, planned.step)) return undefined;
  run.emit({ kind: "asking-server", planned });
  const withoutRule = planned.step.kind === "delete" ? ruleNamed(reading, planned.step.name).id : undefined;
  try {
    const getsIn = await run.ports.reader.validateCaller(ruleSetId, withoutRule);
    return getsIn ? undefined : refuseUnlessAllowed(run, [serverSaysNo(planned)], planned);
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (run.options.allowLockout !== true) return stopFailed(diagnostics);
    run.emit({
      kind: "lockout-allowed",
      planned,
      message: diagnostics.map(({ message }) => message).join("; "),
    });
    return undefined;
  }
};

/**
 * Asks before the first write about a step whose answer cannot change until its turn: one that only renames and
 * new descriptions come before. It is asked again in its turn.
 */
export const askServerAhead = async (run: Run, reading: GoodReading): Promise<Stop | undefined> => {
  const pending = run.plan.steps.slice(run.done);
  const index = pending.findIndex((planned) => !isWording(run, planned));
  const planned = pending[index];
  // The first pending step is asked about in its turn, which is before the first write too.
  if (planned === undefined || index === 0) return undefined;
  const named = planned.step.kind !== "delete" || hasRule(reading, planned.step.name);
  return named ? askServer(run, planned, reading) : undefined;
};

const hasRule = (reading: GoodReading, name: string): boolean =>
  reading.snapshot.rules.some((rule) => rule.name === name);

/** Changes a rule's name or description and nothing that decides about an address. */
const isWording = (run: Run, { number, step }: PlannedStep): boolean => {
  if (step.kind !== "update" || step.add.length > 0 || step.remove.length > 0) return false;
  const before = run.timeline.stateAt(number - 1).rules.find(({ name }) => name === step.name);
  return before?.type === step.becomes.type;
};

const isRisky = (run: Run, step: Step): boolean => {
  if (step.kind === "enforcement") return step.enabled;
  return step.kind === "delete" && run.knownSwitch !== "disabled";
};

const refuseUnlessAllowed = (
  run: Run,
  diagnostics: readonly Diagnostic[],
  planned?: PlannedStep,
): Stop | undefined => {
  if (run.options.allowLockout !== true) return { reason: "refused", diagnostics, next: "mend-first" };
  const message = diagnostics.map((diagnostic) => diagnostic.message).join("; ");
  run.emit({ kind: "lockout-allowed", message, ...(planned === undefined ? {} : { planned }) });
  return undefined;
};

const overrideHint =
  "Mend the policy so that your own address stays allowed; --allow-lockout goes on regardless";

const clientBlocked = (planned: PlannedStep, address: Address): Diagnostic => ({
  code: "lockout-client",
  severity: "error",
  message: `After ${describeStep(planned)} your own address ${formatAddress(address)} would be blocked`,
  hint: overrideHint,
});

const serverSaysNo = (planned: PlannedStep): Diagnostic => ({
  code: "lockout-server",
  severity: "error",
  message: `The service says that ${describeStep(planned)} would shut out the address this run comes from`,
  hint: overrideHint,
});
