/**
 * What every command that writes does with a plan: lock the account, show the plan, ask, carry it out with a receipt, wait
 * for its confirmation, and check the receipt against the audit log. The commands differ in how they come by the plan.
 */
import { relative } from "node:path";
import { applyPlan, previewApply } from "../../apply/apply-plan.js";
import { receiptHeader } from "../../apply/receipt.js";
import { type ApplyOptions, type ApplyResult, notBegunSteps } from "../../apply/result.js";
import { wayBackProblems } from "../../apply/undo-plan.js";
import type { DbtClient } from "../../dbt/client.js";
import type { Connection } from "../../dbt/connection.js";
import { type Diagnostic, withSeverity } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes } from "../../model/failure.js";
import { overrideFlags } from "../../model/guards.js";
import { present } from "../../model/present.js";
import type { Snapshot } from "../../model/snapshot.js";
import { remainingRefusals } from "../../plan/guards.js";
import type { Change, Plan } from "../../plan/plan.js";
import type { ApplyReport, NextCommands } from "../../report/report.js";
import { renderAuditText } from "../../report/text/audit.js";
import { connectionOf, type NamedAccount } from "../accounts.js";
import { nameElsewhere } from "../arguments/named-files.js";
import { guardsOf } from "../arguments/options.js";
import { confirm, notApproved } from "../ask.js";
import { asTheLogShows, verifyAfterApply } from "../audit-check.js";
import { applyPorts, connectForWriting } from "../connect.js";
import { type Io, lookOf, note, noteDiagnostics } from "../io.js";
import { debugStack } from "../outcome.js";
import { version } from "../package.js";
import {
  awaitConfirmation,
  type ConfirmBy,
  clearRecord,
  clearRecords,
  notConfirmedWords,
  recordUnconfirmed,
  rollbackCommand,
  withUnconfirmed,
} from "./confirmation.js";
import { type FileJournal, openReceipt } from "./journal.js";
import { acquireLock } from "./lock.js";
import type { ChangeOptions } from "./options.js";
import { learnClient } from "./own-address.js";
import { createProgress, type Progress } from "./progress.js";
import { callerGiven, question, showPlan } from "./show-plan.js";
import { undoUnconfirmed } from "./undo-unconfirmed.js";

export type Guards = ReturnType<typeof guardsOf>;

/** How a command comes by its plan, and what it asks of its user. */
export interface Task {
  readonly account: NamedAccount;
  /** How the account is seen, in each of its readings; as it is unless given. */
  readonly seenAs?: (snapshot: Snapshot) => Snapshot;
  /** Throws `Failure` where there is no plan; `refused`: why it is shown and not carried out. */
  readonly plan: (client: DbtClient, guards: Guards) => Promise<Plan | PlanToRefuse>;
  /** Nobody is asked: the command itself is the approval. */
  readonly approved: boolean;
  /** The plan was reviewed before; its last line is enough where nobody is asked. */
  readonly reviewed: boolean;
  readonly commands: NextCommands;
  /**
   * Before the first call, once the plan is approved; not where a guard refuses it. What it returns takes it back, where
   * nothing was changed after all.
   */
  readonly begin?: () => Promise<() => Promise<void>>;
  /** The change is undone unless it is confirmed in time. */
  readonly confirmBy?: ConfirmBy | undefined;
  /** See `ApplyOptions`. */
  readonly applyOptions?: Pick<ApplyOptions, "onlyExpired" | "purpose" | "undoes">;
}

/** A plan that is shown and not carried out. */
export interface PlanToRefuse {
  readonly plan: Plan;
  readonly refused: readonly Diagnostic[];
  /** What others have changed, which is why. */
  readonly unexpected: readonly Change[];
}

/** One run on one account. */
interface Run {
  readonly io: Io;
  readonly options: ChangeOptions;
  readonly task: Task;
  /** With the addresses that were learned. */
  readonly guards: Guards;
  readonly connection: Connection;
  readonly client: DbtClient;
  readonly progress: Progress;
}

/** Throws `Failure` where the run ends before anything could be written to the account. */
export const carryOutTask = async (io: Io, options: ChangeOptions, task: Task): Promise<ApplyReport> => {
  const given = guardsOf(options);
  const connection = connectionOf(io, options, task.account);
  const lock = await acquireLock({ host: connection.host, id: connection.accountId }, io.env, io.now());
  const progress = createProgress(io, options);
  const client = clientOf(task, connectForWriting(io, options, connection, progress.onWait));
  const purpose = task.applyOptions?.purpose;
  try {
    const made = await task.plan(client, given);
    if ("refused" in made) {
      showPlan(io, made.plan, options, { purpose });
      return refusedReport(made.plan, task, made.refused, made.unexpected);
    }
    const plan = await withUnconfirmed(io, made);
    const guards = await withLearnedAddress(io, client, plan, options, given);
    const run = { io, options, task, guards, connection, client, progress };
    // A saved plan was reviewed when it was made; without a question to answer, its last line is enough.
    const briefly = task.reviewed && task.approved;
    showPlan(io, guards.clientAddresses.length === 0 ? plan : callerGiven(plan), options, {
      briefly,
      purpose,
    });
    const closed = task.confirmBy === undefined ? [] : wayBackProblems(plan, guards.clientAddresses);
    if (closed.length > 0) return refusedReport(plan, task, closed);
    if (!task.approved) await askAboutPlan(run, plan);
    return await carryOut(run, plan);
  } finally {
    progress.stop();
    await client.close();
    await lock.release();
  }
};

const clientOf = ({ seenAs }: Task, client: DbtClient): DbtClient =>
  seenAs === undefined
    ? client
    : { ...client, readSnapshot: async () => seenAs(await client.readSnapshot()) };

const refusedReport = (
  plan: Plan,
  { commands }: Task,
  diagnostics: readonly Diagnostic[],
  unexpected?: readonly Change[],
): ApplyReport => ({
  kind: "apply",
  account: plan.account,
  result: {
    outcome: "refused",
    exitCode: exitCodes.refused,
    steps: notBegunSteps(plan),
    diagnostics,
    ...present({ unexpected }),
    next: "mend-first",
  },
  commands,
  shown: [],
});

/** An address is read from the log only where the user has named none. */
const withLearnedAddress = async (
  io: Io,
  client: DbtClient,
  plan: Plan,
  { actor }: ChangeOptions,
  guards: Guards,
): Promise<Guards> =>
  guards.clientAddresses.length > 0 || guards.overrides.has(overrideFlags.lockout)
    ? guards
    : { ...guards, clientAddresses: await learnClient(io, client, plan, actor) };

const isRefused = (plan: Plan, { overrides, clientAddresses }: Guards): boolean =>
  remainingRefusals(plan, overrides, clientAddresses).length > 0;

/**
 * Throws where the user says no. What would be refused is not asked about: carrying it out stops before its first call,
 * and says why.
 */
const askAboutPlan = async (run: Run, plan: Plan): Promise<void> => {
  const { io, client, options } = run;
  if (plan.steps.length === 0 || isRefused(plan, run.guards)) return;
  const { done, goesAhead, doubts } = await previewApply(plan, applyPorts(io, client), applyOptions(run));
  if (!goesAhead) return;
  const warnings = doubts.map((one) => withSeverity(one, "warning"));
  noteDiagnostics(io, warnings, options);
  if (done < plan.steps.length && !(await confirm(io, question(plan, done)))) throw notApproved();
};

const applyOptions = ({ io, task, guards: { overrides, clientAddresses } }: Run): ApplyOptions => ({
  ...task.applyOptions,
  tool: `dbt-ip-rules ${version}`,
  overrides: [...overrides],
  allowLockout: overrides.has(overrideFlags.lockout),
  clientAddresses,
  signal: io.signal,
});

const carryOut = async (run: Run, plan: Plan): Promise<ApplyReport> => {
  const { io, task, options, guards } = run;
  const takeBack = isRefused(plan, guards) ? undefined : await task.begin?.();
  const receipt = plan.steps.length === 0 ? undefined : await receiptFor(run, plan, takeBack);
  const written = receipt && (await writtenFor(run, plan, receipt));
  const result = await runSteps(run, plan, receipt);
  const isUnchanged = hasChangedNothing(result);
  if ((result.outcome === "refused" || result.outcome === "failed") && isUnchanged) await takeBack?.();
  if (result.cause !== undefined && options.debug === true) note(io, debugStack(result.cause));
  if (written !== undefined) note(io, `Receipt: ${visible(written.receipt)}`);
  const report: ApplyReport = {
    kind: "apply",
    account: plan.account,
    result: { ...result, ...present({ purpose: task.applyOptions?.purpose }) },
    ...(receipt && { receipt: { path: receipt.path, name: nameElsewhere(io, receipt.path) } }),
    commands: task.commands,
    // Where the plan went to the same place, it has said them (showPlan).
    shown: options.output === undefined ? plan.verdicts.flatMap((one) => one.diagnostics) : [],
  };
  if (written?.confirm !== undefined) {
    const commands = { ...task.commands, rollback: rollbackCommand(written.receipt) };
    if (result.outcome !== "done" && !isUnchanged) return { ...report, commands };
    const undone = result.outcome === "done" ? await undoUnlessConfirmed(run, written.confirm) : undefined;
    if (undone !== undefined) return { ...report, result: undone, commands, shown: [] };
    await clearRecord(io, written.confirm.record);
  }
  if (settlesUnconfirmed(result, task)) await clearRecords(io, plan.account);
  if (result.outcome !== "done" || options.audit !== true || written === undefined) return report;
  return { ...report, ...(await auditOf(run, result, written.receipt)) };
};

/** A change that is undone unless it is confirmed. */
interface ToConfirm {
  readonly by: ConfirmBy;
  /** The receipt, relative to the working folder. */
  readonly receipt: string;
  /** The file that says that it is unconfirmed. */
  readonly record: string;
}

/** What is on the disk before the first call. */
const writtenFor = async (
  { io, task: { confirmBy: by } }: Run,
  { account }: Plan,
  { path }: FileJournal,
): Promise<{ readonly receipt: string; readonly confirm?: ToConfirm }> => {
  const receipt = relative(io.cwd, path);
  if (by === undefined) return { receipt };
  const begun = io.now().toISOString();
  return {
    receipt,
    confirm: { by, receipt, record: await recordUnconfirmed(io, { account, receipt, begun }) },
  };
};

const receiptFor = async (
  run: Run,
  plan: Plan,
  takeBack: (() => Promise<void>) | undefined,
): Promise<FileJournal> => {
  try {
    return await openReceipt(
      run.io,
      receiptHeader(plan, applyOptions(run), run.io.now()),
      run.options.receipt,
    );
  } catch (error) {
    await takeBack?.();
    throw error;
  }
};

const noJournal = { append: async () => undefined };

const runSteps = async (run: Run, plan: Plan, receipt: FileJournal | undefined): Promise<ApplyResult> => {
  const { io, client, progress } = run;
  io.signal.addEventListener("abort", progress.onInterrupt, { once: true });
  try {
    return await applyPlan(
      plan,
      { ...applyPorts(io, client), journal: receipt ?? noJournal },
      { ...applyOptions(run), onProgress: progress.onProgress },
    );
  } finally {
    io.signal.removeEventListener("abort", progress.onInterrupt);
    progress.stop();
    // Every line is on the disk already: that the file cannot be closed takes nothing away from the result.
    await receipt?.close().catch(() => undefined);
  }
};

/** How the way back ended; undefined where the change was confirmed. */
const undoUnlessConfirmed = async (
  run: Run,
  { by, receipt, record }: ToConfirm,
): Promise<ApplyResult | undefined> => {
  const { io, options, task, connection } = run;
  const ended = await awaitConfirmation(io, by);
  if (ended === "confirmed") {
    note(io, "Confirmed: the change stays.");
    return undefined;
  }
  const why = notConfirmedWords[ended];
  note(io, `Not confirmed (${why}): undoing the change`);
  const connect = (own: Io): DbtClient => clientOf(task, connectForWriting(own, options, connection));
  return undoUnconfirmed(io, { receipt, record, why, connect, applyOptions: applyOptions(run) });
};

const auditOf = async (
  { io, client, options }: Run,
  result: ApplyResult,
  receipt: string,
): Promise<ReturnType<typeof asTheLogShows>> => {
  const audit = await verifyAfterApply(io, client, receipt, options.auditTimeout);
  if (options.format !== "text") note(io, renderAuditText(audit, lookOf(io, io.stderr, options)));
  return asTheLogShows(result, audit);
};

/** Then there is nothing of this run to confirm. */
const hasChangedNothing = ({ steps }: ApplyResult): boolean =>
  steps.every(
    ({ status, unchanged }) => status === "not-begun" || status === "already-done" || unchanged === true,
  );

/**
 * Whoever applies the whole policy, or undoes, has decided about what was unconfirmed. Not a run that was to be confirmed
 * itself and found nothing left to do: an earlier one was ended while it waited, and nobody has confirmed it since.
 */
const settlesUnconfirmed = (
  { outcome }: ApplyResult,
  { applyOptions: { purpose } = {}, confirmBy }: Task,
): boolean => {
  if (purpose === "only-expired" || purpose === "disable-enforcement") return false;
  return outcome === "done" || (outcome === "nothing" && confirmBy === undefined);
};
