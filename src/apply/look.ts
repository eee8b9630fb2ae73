/**
 * Finds out from the account whether a step has landed: waits, reads, compares with the state before the step
 * and the states after it, and says which of them it saw, or that it saw none.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { PlannedStep } from "../plan/plan.js";
import { readWithoutSurplus } from "./duplicate-creates.js";
import type { GoodReading } from "./read-account.js";
import type { Run } from "./run.js";
import { agrees, fingerprintOf } from "./timeline.js";

export type Sight =
  /** `done`: that many steps are; more than up to this one where another run of the plan has gone ahead. */
  | { readonly kind: "landed"; readonly reading: GoodReading; readonly done: number }
  | { readonly kind: "not-landed"; readonly reading: GoodReading }
  /** Only for a switch that no rule tells: before and after look the same. */
  | { readonly kind: "invisible"; readonly reading: GoodReading }
  /** Neither before nor after: somebody else is at work. */
  | { readonly kind: "elsewhere"; readonly state: AccountState }
  | { readonly kind: "unclear"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "interrupted" };

/**
 * Looks after each of the `waits` (milliseconds; 0 is at once) until the step is seen to have landed. Gives up
 * early where waiting cannot help. `message` says in the progress why there is a wait.
 */
export const lookForStep = async (
  run: Run,
  planned: PlannedStep,
  waits: readonly number[],
  message: string,
): Promise<Sight> => {
  let sight: Sight = { kind: "unclear", diagnostics: [] };
  for (const ms of waits) {
    if (ms > 0) {
      run.emit({ kind: "step-waiting", planned, ms, message });
      await run.sleep(ms);
    }
    const reading = await readWithoutSurplus(run, planned);
    // The reader has given up for now; the account may be there again after the next wait.
    if (reading.kind === "unreadable") sight = { kind: "unclear", diagnostics: reading.diagnostics };
    else if (reading.kind === "ambiguous") return { kind: "unclear", diagnostics: reading.diagnostics };
    else if (reading.kind === "interrupted") return { kind: "interrupted" };
    else sight = compare(run, planned, reading);
    if (sight.kind !== "not-landed" && sight.kind !== "unclear") return sight;
  }
  return sight;
};

const compare = (run: Run, planned: PlannedStep, reading: GoodReading): Sight => {
  const seen = fingerprintOf(reading.state);
  const isBefore = agrees(run.expected(planned.number - 1), seen);
  const isAfter = agrees(run.expected(planned.number), seen);
  if (isBefore && isAfter) return { kind: "invisible", reading };
  if (isAfter) return { kind: "landed", reading, done: planned.number };
  if (isBefore) return { kind: "not-landed", reading };
  // A state that the plan leads through later is one that it was proven for, and so is every state from there on.
  const done = run.timeline.laterThan(planned.number, seen);
  if (done !== undefined) return { kind: "landed", reading, done };
  return { kind: "elsewhere", state: reading.state };
};
