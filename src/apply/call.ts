/** Makes the one API call of a step, and lets go of it honestly when the user does not want to wait. */

import { samePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { Failure } from "../model/failure.js";
import type { SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import type { Step } from "../plan/plan.js";
import { withoutPrefixes } from "../plan/state.js";
import type { WriteOutcome } from "./ports.js";
import type { ApplySession, GoodReading } from "./session.js";

/** `abandoned`: the user asked to stop, and the call did not answer in time. Its outcome is unknown. */
export type CallOutcome = WriteOutcome | { readonly kind: "abandoned" };

/**
 * Sends the step. Ids come from `reading`, which the caller has just found to be the state the step starts from.
 * A `Failure` of the writer does not say whether the request was sent, so it counts as unknown.
 */
export const callStep = (run: ApplySession, step: Step, reading: GoodReading): Promise<CallOutcome> =>
  orAbandon(
    run,
    send(run, step, reading).catch((error: unknown): WriteOutcome => {
      if (error instanceof Failure) return { kind: "unknown", message: error.message };
      throw error;
    }),
  );

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
  let forget = (): void => undefined;
  // Of the wait alone, which begins when the user's signal is aborted: nobody waits once the answer is there.
  const answered = new AbortController();
  const tooLate = new Promise<CallOutcome>((resolve) => {
    const onAbort = (): void => {
      const wait = run.ports.sleep(run.timings.finishCall, answered.signal);
      void wait.then(() => resolve({ kind: "abandoned" }));
    };
    forget = () => signal.removeEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    forget();
    answered.abort();
    // An abandoned call may still fail; nobody listens any more, and that must not end the process.
    call.catch(() => undefined);
  }
};
