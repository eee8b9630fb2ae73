/**
 * What every command that writes does with a plan: lock the account, show the plan, ask, carry it out with a receipt, and
 * hold the receipt against the audit log. The commands differ in how they come by the plan.
 */
import { dirname, relative, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Command, Option } from "commander";
import { applyPlan, previewApply } from "../../apply/apply-plan.js";
import { receiptHeader } from "../../apply/receipt.js";
import { type ApplyOptions, type ApplyResult, notBegunSteps, type StepReport } from "../../apply/result.js";
import { planUndo } from "../../apply/undo-plan.js";
import { wayBackProblems } from "../../apply/way-back.js";
import type { DbtClient } from "../../dbt/client.js";
import type { Connection } from "../../dbt/connection.js";
import { reasonOf } from "../../files/io-errors.js";
import { makeFolder } from "../../files/make-folder.js";
import { rowOf } from "../../model/codes/index.js";
import { type Diagnostic, diagnostic, withSeverity } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure, failure } from "../../model/failure.js";
import { overrideFlags } from "../../model/guards.js";
import { present } from "../../model/present.js";
import type { ReceiptPurpose } from "../../model/receipt.js";
import { shellWord } from "../../model/shell.js";
import { standingRefusals } from "../../plan/guards.js";
import type { Change, Plan } from "../../plan/plan.js";
import { hashState } from "../../plan/state.js";
import type { NextCommands, Report } from "../../report/report.js";
import { renderAuditText } from "../../report/text/audit.js";
import { renderPlanBrief, renderPlanText } from "../../report/text/plan.js";
import { connectionOf, type NamedAccount } from "../accounts.js";
import { nameElsewhere } from "../arguments/named-files.js";
import {
  type ConnectionOptions,
  duration,
  type GuardOptions,
  guardsOf,
  type OutputOptions,
  type PolicyOptions,
} from "../arguments/options.js";
import { confirm, notApproved } from "../ask.js";
import { asTheLogShows, verifyAfterApply } from "../audit-check.js";
import { connectForWriting } from "../connect.js";
import { fitted, type Io, lookOf, note, noteDiagnostics, withNewline } from "../io.js";
import { debugStack } from "../outcome.js";
import { version } from "../package.js";
import { type FileJournal, openFileJournal, readReceipt, receiptFolder, timeInName } from "../receipts.js";
import {
  awaitConfirmation,
  type Confirmation,
  clearMark,
  clearMarks,
  type Probation,
  setMark,
  unconfirmedChanges,
} from "./confirmation.js";
import { defaultAuditTimeout, timeFlag } from "./flags.js";
import { acquireLock } from "./lock.js";
import { learnClient } from "./own-address.js";
import { createProgress, type Progress } from "./progress.js";

export const applyFormats = ["text", "json", "markdown"] as const;

export interface CarryOutOptions
  extends PolicyOptions,
    ConnectionOptions,
    GuardOptions,
    OutputOptions<(typeof applyFormats)[number]> {
  readonly autoApprove?: boolean;
  readonly receipt?: string | undefined;
  readonly actor?: string;
  readonly audit?: boolean;
  /** Milliseconds. */
  readonly auditTimeout: number;
}

/** The options of every command that carries out a plan. */
export const carryOutOptions = (command: Command): Command =>
  command
    .option("--auto-approve", "do not ask; needed where there is no terminal")
    .option("--receipt <file>", "where the receipt goes (default: .dbt-ip-rules/receipts/)")
    .option(
      "--actor <who>",
      "this token's name or id in the audit log, to learn your address from (default: from receipts)",
    )
    .option("--audit", "then confirm every change in the audit log")
    .addOption(
      new Option("--audit-timeout <time>", "how long to wait for late audit events")
        .argParser(duration)
        .default(defaultAuditTimeout, timeFlag(defaultAuditTimeout)),
    );

export type Guards = ReturnType<typeof guardsOf>;

interface Running extends Work {
  readonly connection: Connection;
}

interface Work {
  readonly task: Task;
  readonly options: CarryOutOptions;
  readonly guards: Guards;
}

/** How a command comes by its plan, and what it asks of its user. */
export interface Task {
  readonly account: NamedAccount;
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
  readonly probation?: Probation | undefined;
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

/** Throws `Failure` where the run ends before anything could be written to the account. */
export const carryOutTask = async (io: Io, options: CarryOutOptions, task: Task): Promise<Report> => {
  const guards = guardsOf(options);
  const connection = connectionOf(io, options, task.account);
  const lock = await acquireLock({ host: connection.host, id: connection.accountId }, io.env, io.now());
  const progress = createProgress(io, options);
  const client = connectForWriting(io, options, connection, progress.onWait);
  try {
    const made = await task.plan(client, guards);
    if ("refused" in made) return refusedReport(io, made, options, task);
    const waiting = await unconfirmedChanges(io, made.account);
    const plan = waiting.length === 0 ? made : { ...made, diagnostics: [...made.diagnostics, ...waiting] };
    const learned = await learnedAddresses(io, client, plan, options, guards);
    const known = { ...guards, clientAddresses: [...guards.clientAddresses, ...learned] };
    // A saved plan was reviewed when it was made; without a question to answer, its last line is enough.
    showPlan(io, known.clientAddresses.length === 0 ? plan : callerGiven(plan), options, {
      briefly: task.reviewed && task.approved,
      purpose: task.applyOptions?.purpose,
    });
    const closed = task.probation === undefined ? [] : wayBackProblems(plan, known.clientAddresses);
    if (closed.length > 0) return refusedResult(plan, closed, task);
    if (!task.approved) await askAboutPlan(io, plan, client, { task, options, guards: known });
    return await carryOut(io, plan, client, progress, { task, options, guards: known, connection });
  } finally {
    progress.stop();
    await client.close();
    await lock.release();
  }
};

const refusedReport = (
  io: Io,
  { plan, refused, unexpected }: PlanToRefuse,
  options: CarryOutOptions,
  task: Task,
): Report => {
  showPlan(io, plan, options, { briefly: false, purpose: task.applyOptions?.purpose });
  return refusedResult(plan, refused, task, unexpected);
};

const refusedResult = (
  plan: Plan,
  diagnostics: readonly Diagnostic[],
  task: Task,
  unexpected?: readonly Change[],
): Report => ({
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
  commands: task.commands,
  shown: [],
});

/** Read from the log only where the user has named no address. */
const learnedAddresses = async (
  io: Io,
  client: DbtClient,
  plan: Plan,
  options: CarryOutOptions,
  guards: Guards,
) =>
  guards.clientAddresses.length > 0 || guards.overrides.has(overrideFlags.lockout)
    ? []
    : learnClient(io, client, plan, options.actor);

/** When the plan was made nobody knew the caller's address; the one that is given now is checked at each step. */
const callerGiven = (plan: Plan): Plan => ({
  ...plan,
  verdicts: plan.verdicts.filter(
    ({ guard, state }) =>
      !(guard === "caller" && state === "not-checked") &&
      !(guard === "first-enforcement" && state === "failed"),
  ),
});

/** On standard output where that is for people, so that a log holds the plan with its end. */
export const showPlan = (
  io: Io,
  plan: Plan,
  options: CarryOutOptions,
  { briefly, purpose }: { readonly briefly: boolean; readonly purpose?: ReceiptPurpose | undefined },
): void => {
  const stream = options.format === "text" && options.output === undefined ? io.stdout : io.stderr;
  const look = lookOf(io, stream, options);
  const text = briefly
    ? renderPlanBrief(plan, { ...look, purpose })
    : renderPlanText(plan, { ...look, policyFile: options.policy, purpose });
  stream.write(fitted(io, stream, withNewline(text)));
};

/** Of a plan that an earlier run has begun, only what is left is asked about. */
const question = ({ steps, account }: Plan, done: number): string => {
  const left = steps.length - done;
  const calls =
    done === 0 ? (left === 1 ? "this 1 call" : `these ${left} calls`) : callsLeft(left, steps.length);
  return `Make ${calls} to account ${account.id} at ${account.host}?`;
};

const callsLeft = (left: number, total: number): string =>
  `the last ${left === 1 ? "call" : `${left} calls`} of ${total} (the others are done already)`;

const isRefused = (plan: Plan, { overrides, clientAddresses }: Guards): boolean =>
  standingRefusals(plan, overrides, clientAddresses).length > 0;

/**
 * Throws where the user says no. What would be refused is not asked about: carrying it out stops before its first call,
 * and says why.
 */
const askAboutPlan = async (
  io: Io,
  plan: Plan,
  client: DbtClient,
  { task, options, guards }: Work,
): Promise<void> => {
  if (plan.steps.length === 0 || isRefused(plan, guards)) return;
  const ports = { reader: client, now: () => io.now(), sleep };
  const { done, goesAhead, doubts } = await previewApply(plan, ports, applyOptions(io, guards, task));
  if (!goesAhead) return;
  const warnings = doubts.map((one) => withSeverity(one, "warning"));
  noteDiagnostics(io, warnings, options);
  if (done < plan.steps.length && !(await confirm(io, question(plan, done)))) throw notApproved();
};

const applyOptions = (
  io: Io,
  { overrides, clientAddresses }: Guards,
  { applyOptions: own }: Task,
): ApplyOptions => ({
  ...own,
  tool: `dbt-ip-rules ${version}`,
  overrides: [...overrides],
  allowLockout: overrides.has(overrideFlags.lockout),
  clientAddresses,
  signal: io.signal,
});

const carryOut = async (
  io: Io,
  plan: Plan,
  client: DbtClient,
  progress: Progress,
  { task, options, guards, connection }: Running,
): Promise<Report> => {
  const takeBack = isRefused(plan, guards) ? undefined : await task.begin?.();
  const opened = plan.steps.length === 0 ? undefined : openReceipt(io, plan, { task, options, guards });
  const receipt = await opened?.catch(async (error: unknown) => {
    await takeBack?.();
    throw error;
  });
  const probation = receipt === undefined ? undefined : task.probation;
  const mark =
    probation === undefined || receipt === undefined
      ? undefined
      : await setMark(io, {
          account: plan.account,
          receipt: relative(io.cwd, receipt.path),
          begun: io.now().toISOString(),
        });
  let result: ApplyResult;
  io.signal.addEventListener("abort", progress.onInterrupt, { once: true });
  try {
    result = await applyPlan(
      plan,
      { reader: client, writer: client, journal: receipt ?? noJournal, now: () => io.now(), sleep },
      { ...applyOptions(io, guards, task), onProgress: progress.onProgress },
    );
  } finally {
    io.signal.removeEventListener("abort", progress.onInterrupt);
    progress.stop();
    // Every line is on the disk already: that the file cannot be closed takes nothing away from the result.
    await receipt?.close().catch(() => undefined);
  }
  const { outcome } = result;
  if ((outcome === "refused" || outcome === "failed") && hasChangedNothing(result)) await takeBack?.();
  if (result.cause !== undefined && options.debug === true) note(io, debugStack(result.cause));
  if (receipt !== undefined) note(io, `Receipt: ${visible(relative(io.cwd, receipt.path))}`);
  if (probation !== undefined && receipt !== undefined && mark !== undefined && result.outcome === "done") {
    const ended = await awaitConfirmation(io, probation);
    if (ended !== "confirmed") {
      note(io, `Not confirmed (${unconfirmedWords[ended]}): undoing the change`);
      const file = relative(io.cwd, receipt.path);
      const work = { task, options, guards, connection, plan, ended, mark };
      const rollback = rollbackCommand(file);
      const undone = await undoUnconfirmed(io, { file, undo: rollback }, work);
      return {
        kind: "apply",
        account: plan.account,
        result: undone,
        receipt: { path: receipt.path, name: nameElsewhere(io, receipt.path) },
        commands: { ...task.commands, rollback },
        shown: [],
      };
    }
    note(io, "Confirmed: the change stays.");
  }
  if (mark !== undefined && hasChangedNothing(result)) await clearMark(io, mark);
  if (settlesMarks(result, task)) await clearMarks(io, plan.account);
  const isAudited = result.outcome === "done" && options.audit === true && receipt !== undefined;
  const audit = isAudited
    ? await verifyAfterApply(io, client, relative(io.cwd, receipt.path), options.auditTimeout)
    : undefined;
  if (audit !== undefined && options.format !== "text")
    note(io, renderAuditText(audit, lookOf(io, io.stderr, options)));
  return {
    kind: "apply",
    account: plan.account,
    ...(audit === undefined
      ? { result: { ...result, ...present({ purpose: task.applyOptions?.purpose }) } }
      : asTheLogShows(result, audit)),
    ...(receipt === undefined
      ? {}
      : { receipt: { path: receipt.path, name: nameElsewhere(io, receipt.path) } }),
    commands:
      mark === undefined || receipt === undefined || outcome === "done" || hasChangedNothing(result)
        ? task.commands
        : { ...task.commands, rollback: rollbackCommand(relative(io.cwd, receipt.path)) },
    // Where the plan went to the same place, it has said them (showPlan).
    shown: options.output === undefined ? plan.verdicts.flatMap((one) => one.diagnostics) : [],
  };
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
const settlesMarks = ({ outcome }: ApplyResult, { applyOptions: own, probation }: Task): boolean => {
  if (own?.purpose === "only-expired" || own?.purpose === "disable-enforcement") return false;
  return outcome === "done" || (outcome === "nothing" && probation === undefined);
};

const unconfirmedWords: Readonly<Record<Exclude<Confirmation, "confirmed">, string>> = {
  refused: "the answer was no",
  "too-late": "time is up",
  nobody: "nobody can answer: the input has ended",
  interrupted: "interrupted",
};

/** Between tries of the way back, in milliseconds: the service may be busy, and access is worth several. */
const wayBackPauses = [1_000, 5_000, 30_000];

interface Unconfirmed extends Running {
  readonly plan: Plan;
  readonly ended: Exclude<Confirmation, "confirmed">;
  /** The file that stands for it. */
  readonly mark: string;
}

const rollbackCommand = (receipt: string): string => `dbt-ip-rules rollback ${shellWord(receipt)}`;

/**
 * The way back: a rollback of the receipt, by a run of its own that the interruption of the first does not end. What
 * others have changed since is kept, and said. `undone` where all is as it was before.
 */
const undoUnconfirmed = async (
  io: Io,
  { file, undo }: { readonly file: string; readonly undo: string },
  work: Unconfirmed,
): Promise<ApplyResult> => {
  const own: Io = Object.create(io, { signal: { value: new AbortController().signal } });
  const why = unconfirmedWords[work.ended];
  const tries: WayBackTry[] = [];
  let aim: Aim | undefined;
  for (const pause of [0, ...wayBackPauses]) {
    await (io.pause?.(pause) ?? sleep(pause));
    const tried = await tryWayBack(own, file, work, aim);
    tries.push(tried);
    aim ??= tried.aim;
    // What needs somebody to see to it first, such as a blocked address, does not go away by waiting.
    if (!tried.done && tried.problems.some(({ code }) => "persists" in rowOf(code))) break;
    if (!tried.done) continue;
    await clearMark(own, work.mark);
    const later = tried.aim?.later ?? [];
    // Done, and undone: no word for a single step fits, and the receipts hold both.
    const ended = { steps: [], next: "nothing" } as const;
    return later.length === 0
      ? {
          ...ended,
          outcome: "undone",
          exitCode: exitCodes.refused,
          diagnostics: [diagnostic("change-undone", { why })],
        }
      : {
          ...ended,
          outcome: "midway",
          wayBack: "in-part",
          exitCode: exitCodes.midway,
          diagnostics: [diagnostic("change-undone-in-part", { why })],
          unexpected: later,
        };
  }
  return notUndone(tries, undo);
};

/** What each try did, and what the last one that could read the account has left to do. */
const notUndone = (tries: readonly WayBackTry[], undo: string): ApplyResult => {
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

/** Where the way back leads to. */
interface Aim {
  /** Hash of that state. */
  readonly state: string;
  /** What others have changed since the apply. */
  readonly later: readonly Change[];
}

interface WayBackTry {
  readonly done: boolean;
  /** Absent where no way back could be planned. */
  readonly aim?: Aim;
  readonly problems: readonly Diagnostic[];
  /** Absent where no step could be begun. */
  readonly result?: ApplyResult;
}

/** `first`: the aim of the first try. Whoever still leads there finds, as changed since, what that try has left. */
const tryWayBack = async (
  io: Io,
  file: string,
  work: Unconfirmed,
  first: Aim | undefined,
): Promise<WayBackTry> => {
  const { task, options, guards, connection } = work;
  const client = connectForWriting(io, options, connection);
  const overrides = new Set(Object.values(overrideFlags));
  const { receipt } = readReceipt(io, file).named;
  const back: Task = {
    ...task,
    applyOptions: { purpose: "rollback", undoes: [receipt.header.startedAt] },
  };
  const open = { ...guards, overrides };
  let journal: FileJournal | undefined;
  try {
    const { plan, undo } = planUndo({
      receipts: [receipt],
      snapshot: await client.readSnapshot(),
      overrides,
    });
    const state = hashState(plan.after);
    const aim = state === first?.state ? first : { state, later: undo.later };
    if (plan.steps.length === 0) return { done: true, aim, problems: [] };
    journal = await openReceipt(io, plan, {
      task: back,
      options: { ...options, receipt: undefined },
      guards: open,
    });
    const ports = { reader: client, writer: client, journal, now: () => io.now(), sleep };
    const result = await applyPlan(plan, ports, applyOptions(io, open, back));
    note(io, `Receipt of the way back: ${visible(relative(io.cwd, journal.path))}`);
    return { done: result.outcome === "done", aim, problems: result.diagnostics, result };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { done: false, problems: error.diagnostics };
  } finally {
    await journal?.close().catch(() => undefined);
    await client.close();
  }
};

const noJournal = { append: async () => undefined };

/** Resolves early, and never rejects, when the signal aborts: what apply's ports ask for. */
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

/** None where the plan has no step. */
const openReceipt = async (io: Io, plan: Plan, { task, options, guards }: Work): Promise<FileJournal> => {
  const name = `${plan.account.id}-${timeInName(io.now().toISOString())}.jsonl`;
  const file = options.receipt ?? `${receiptFolder}/${name}`;
  const path = resolve(io.cwd, file);
  await makeFolder(dirname(path)).catch((error: unknown) => {
    throw failure("receipt-unwritable", { what: "folder", file, reason: reasonOf(error) }, { cause: error });
  });
  const header = receiptHeader(plan, applyOptions(io, guards, task), io.now());
  const { journal, takenUp, movedTo } = await openFileJournal(path, header);
  if (takenUp) note(io, `Going on with the receipt of the run that was cut off: ${visible(file)}`);
  if (movedTo !== undefined)
    note(io, `The receipt of an earlier run was moved to ${visible(relative(io.cwd, movedTo))}`);
  return journal;
};
