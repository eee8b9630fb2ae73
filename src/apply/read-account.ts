/** Reading the account between the steps: whole, unambiguous, or not at all. */
import type { Diagnostic } from "../model/diagnostic.js";
import { hasErrors } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import { checkSnapshot, stateOf } from "../plan/state.js";
import { diagnosticsOf, type Run } from "./run.js";

export type Reading =
  | { readonly kind: "read"; readonly snapshot: Snapshot; readonly state: AccountState }
  /** The account was read, and no plan can be made of it: two rules of one name, for example. */
  | {
      readonly kind: "ambiguous";
      readonly snapshot: Snapshot;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** The reader gave up; it has done its own waiting and retrying. */
  | { readonly kind: "unreadable"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "interrupted" };

export type GoodReading = Extract<Reading, { kind: "read" }>;

/** Reads the account now. A reading that the user interrupts is dropped: it changes nothing. */
export const readAccount = async (run: Run): Promise<Reading> => {
  if (run.interrupted) return { kind: "interrupted" };
  run.emit({ kind: "reading" });
  const reading = readNow(run);
  const { signal } = run.options;
  return signal === undefined ? reading : Promise.race([reading, interruption(signal, reading)]);
};

const readNow = async (run: Run): Promise<Reading> => {
  let snapshot: Snapshot;
  try {
    snapshot = await run.ports.reader.readSnapshot();
  } catch (error) {
    return { kind: "unreadable", diagnostics: diagnosticsOf(error) };
  }
  const errors = checkSnapshot(snapshot).filter(({ severity }) => severity === "error");
  if (hasErrors(errors)) return { kind: "ambiguous", snapshot, diagnostics: errors };
  return { kind: "read", snapshot, state: stateOf(snapshot) };
};

/** Resolves when the signal is aborted; stops listening once `work` is over. */
const interruption = (signal: AbortSignal, work: Promise<unknown>): Promise<Reading> =>
  new Promise((resolve) => {
    const onAbort = (): void => resolve({ kind: "interrupted" });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const forget = (): void => signal.removeEventListener("abort", onAbort);
    work.then(forget, forget);
  });
