/**
 * The way back of a change that nobody has confirmed: a rollback of its receipt, tried several times, by a run of its own
 * that the interruption of the first does not end. What others have changed since is kept, and said.
 */
import { relative } from "node:path";
import { applyPlan } from "../../apply/apply-plan.js";
import { receiptHeader } from "../../apply/receipt.js";
import type { ApplyOptions, ApplyResult, StepReport } from "../../apply/result.js";
import { planUndo } from "../../apply/undo-plan.js";
import type { DbtClient } from "../../dbt/client.js";
import { type Diagnostic, diagnostic, persists } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure } from "../../model/failure.js";
import { overrideFlags } from "../../model/guards.js";
import { present } from "../../model/present.js";
import type { Receipt } from "../../model/receipt.js";
import type { Change } from "../../plan/plan.js";
import { hashState } from "../../plan/state.js";
import { applyPorts, sleep } from "../connect.js";
import { type Io, note } from "../io.js";
import { readReceipt } from "../receipts.js";
import { clearRecord, rollbackCommand } from "./confirmation.js";
import { type FileJournal, openReceipt } from "./journal.js";

/** Between tries, in milliseconds: the service may be busy, and access is worth several. */
const pauses = [1_000, 5_000, 30_000];

interface Unconfirmed {
  /** The receipt of the change, relative to the working folder. */
  readonly receipt: string;
  /** The file that says that it is unconfirmed. */
  readonly record: string;
  /** Why it is undone, in words. */
  readonly why: string;
  /** A client for each try, with the signal of this io; it sees the account as that of the change did. */
  readonly connect: (io: Io) => DbtClient;
  /** Of the change. */
  readonly applyOptions: ApplyOptions;
}

/** `undone` where all is as it was before. */
export const undoUnconfirmed = async (io: Io, change: Unconfirmed): Promise<ApplyResult> => {
  const own: Io = Object.create(io, { signal: { value: new AbortController().signal } });
  const tries: UndoTry[] = [];
  let goal: Goal | undefined;
  for (const pause of [0, ...pauses]) {
    await (io.pause?.(pause) ?? sleep(pause));
    const tried = await tryUndo(own, change, goal);
    tries.push(tried);
    goal ??= tried.goal;
    if (tried.done) {
      await clearRecord(own, change.record);
      return undone(change.why, tried.goal?.later ?? []);
    }
    // What needs somebody to see to it first, such as a blocked address, does not go away by waiting.
    if (tried.problems.some(persists)) break;
  }
  return notUndone(tries, rollbackCommand(change.receipt));
};

/** No word for a single step fits what was done and undone, and the receipts hold both. */
const undone = (why: string, later: readonly Change[]): ApplyResult =>
  later.length === 0
    ? {
        outcome: "undone",
        exitCode: exitCodes.refused,
        steps: [],
        diagnostics: [diagnostic("change-undone", { why })],
        next: "nothing",
      }
    : {
        outcome: "midway",
        wayBack: "in-part",
        exitCode: exitCodes.midway,
        steps: [],
        diagnostics: [diagnostic("change-undone-in-part", { why })],
        unexpected: later,
        next: "nothing",
      };

/** What each try did, and what the last one that could read the account has left to do. */
const notUndone = (tries: readonly UndoTry[], undo: string): ApplyResult => {
  const results = tries.flatMap(({ result }) => result ?? []);
  const last = results.at(-1);
  const isDone = ({ status }: StepReport): boolean => status === "applied" || status === "already-done";
  const done = results.slice(0, -1).flatMap(({ steps }) => steps.filter(isDone));
  const steps = [...done, ...(last?.steps ?? [])].map((report, at) => ({
    ...report,
    planned: { ...report.planned, number: at + 1 },
  }));
  return {
    outcome: "midway",
    wayBack: "failed",
    exitCode: exitCodes.midway,
    steps,
    diagnostics: [diagnostic("change-not-undone", { undo }), ...(tries.at(-1)?.problems ?? [])],
    ...present({
      remaining: last?.remaining,
      unexpected: last?.unexpected,
      temporaryAllowAll: last?.temporaryAllowAll,
    }),
    next: "rollback",
  };
};

/** The state that the way back leads to. */
interface Goal {
  /** Its hash. */
  readonly state: string;
  /** What others have changed since the apply. */
  readonly later: readonly Change[];
}

interface UndoTry {
  readonly done: boolean;
  /** Absent where no way back could be planned. */
  readonly goal?: Goal;
  readonly problems: readonly Diagnostic[];
  /** Absent where no step could be begun. */
  readonly result?: ApplyResult;
}

/** `first`: the goal of the first try. A later try that leads there finds, as changed since, what that one has left. */
const tryUndo = async (io: Io, change: Unconfirmed, first: Goal | undefined): Promise<UndoTry> => {
  const client = change.connect(io);
  const { receipt } = readReceipt(io, change.receipt).named;
  let journal: FileJournal | undefined;
  try {
    const overrides = new Set(Object.values(overrideFlags));
    const { plan, undo } = planUndo({
      receipts: [receipt],
      snapshot: await client.readSnapshot(),
      overrides,
    });
    const state = hashState(plan.after);
    const goal = state === first?.state ? first : { state, later: undo.later };
    if (plan.steps.length === 0) return { done: true, goal, problems: [] };
    const options = undoOptions(io, change, receipt);
    journal = await openReceipt(io, receiptHeader(plan, options, io.now()), undefined);
    const result = await applyPlan(plan, { ...applyPorts(io, client), journal }, options);
    note(io, `Receipt of the way back: ${visible(relative(io.cwd, journal.path))}`);
    return { done: result.outcome === "done", goal, problems: result.diagnostics, result };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { done: false, problems: error.diagnostics };
  } finally {
    await journal?.close().catch(() => undefined);
    await client.close();
  }
};

const undoOptions = (
  io: Io,
  { applyOptions: { tool, clientAddresses = [] } }: Unconfirmed,
  { header }: Receipt,
): ApplyOptions => ({
  tool,
  overrides: Object.values(overrideFlags),
  allowLockout: true,
  clientAddresses,
  signal: io.signal,
  purpose: "rollback",
  undoes: [header.startedAt],
});
