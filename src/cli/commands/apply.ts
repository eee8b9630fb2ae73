/** `apply`: makes the account what the policy says. Shows the plan, asks, then goes step by step with a receipt. */
import { dirname, relative, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Command, Option } from "commander";
import { applyPlan, previewApply } from "../../apply/apply-plan.js";
import { receiptHeader } from "../../apply/receipt.js";
import type { ApplyOptions, ApplyResult } from "../../apply/result.js";
import type { DbtClient } from "../../dbt/client.js";
import { reasonOf } from "../../files/io-errors.js";
import { type LoadedPolicy, loadPolicyFile, requirePolicy } from "../../files/load-policy.js";
import { makeFolder } from "../../files/make-folder.js";
import { withSeverity } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import { overrideFlags } from "../../model/guards.js";
import { shellWord } from "../../model/shell.js";
import { standingRefusals } from "../../plan/guards.js";
import type { Plan } from "../../plan/plan.js";
import { hashPolicy } from "../../plan/state.js";
import { renderAuditText } from "../../report/audit-text.js";
import { renderPlanBrief, renderPlanText } from "../../report/plan-text.js";
import type { NextCommands, Report } from "../../report/report.js";
import { confirm, notApproved, requireApproval } from "../ask.js";
import { asTheLogShows, verifyAfterApply } from "../audit-after-apply.js";
import { type Program, runs } from "../command.js";
import { connectForWriting, connectionOf } from "../connect.js";
import { earlierByReceipt } from "../earlier-policy.js";
import { nameElsewhere, shownFile } from "../file-words.js";
import type { Io } from "../io.js";
import { learnClient } from "../learn-client.js";
import { acquireLock } from "../lock.js";
import {
  type ConnectionOptions,
  connectionOptions,
  duration,
  type GuardOptions,
  guardOptions,
  guardsOf,
  type OutputOptions,
  outputOptions,
  type PolicyOptions,
  policyOption,
} from "../options.js";
import { debugStack } from "../outcome.js";
import { fitted, lookOf, note, noteDiagnostics, withNewline } from "../output.js";
import { preparePlan, readPlan } from "../plans.js";
import { createProgress, type Progress } from "../progress.js";
import { type FileJournal, openFileJournal } from "../receipts.js";
import { version } from "../version.js";

const formats = ["text", "json", "markdown"] as const;

interface Options
  extends PolicyOptions,
    ConnectionOptions,
    GuardOptions,
    OutputOptions<(typeof formats)[number]> {
  readonly autoApprove?: boolean;
  readonly receipt?: string;
  readonly actor?: string;
  readonly audit?: boolean;
  /** Milliseconds. */
  readonly auditTimeout: number;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  outputOptions(guardOptions(connectionOptions(policyOption(command))), formats)
    .argument("[planfile]", "a plan saved with: plan --out FILE (default: plan the policy now)")
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
        .default(60_000, "60s"),
    );
  runs(command, io, program, apply, {
    positional: false,
    atOnce: 1,
    distinct: true,
    changesAccounts: true,
  });
};

type Guards = ReturnType<typeof guardsOf>;

const apply = async (io: Io, options: Options, [planFile]: readonly string[]): Promise<Report> => {
  const guards = guardsOf(options);
  const source =
    planFile === undefined ? await requirePolicy(io, options) : { plan: await readPlan(io, planFile) };
  // After the file was read, so that one that is missing is said first; before any call.
  requireApproval(io, options.autoApprove === true);
  const connection = connectionOf(
    io,
    options,
    "plan" in source ? { account: source.plan.account, from: "saved plan" } : source.policy,
  );
  const lock = await acquireLock({ host: connection.host, id: connection.accountId }, io.env, io.now());
  const progress = createProgress(io, options);
  const client = connectForWriting(io, options, connection, progress.onWait);
  try {
    const plan =
      "plan" in source
        ? source.plan
        : await preparePlan(client, {
            ...source,
            ...guards,
            earlier: (account) => earlierByReceipt(io, account),
          });
    if ("plan" in source) await warnOfChangedPolicy(io, plan, options);
    const learned = await learnedAddresses(io, client, plan, options, guards);
    const known = { ...guards, clientAddresses: [...guards.clientAddresses, ...learned] };
    // A saved plan was reviewed when it was made; without a question to answer, its last line is enough.
    showPlan(io, known.clientAddresses.length === 0 ? plan : callerGiven(plan), options, {
      briefly: "plan" in source && options.autoApprove === true,
    });
    if (options.autoApprove !== true) await askAboutPlan(io, plan, client, { options, guards: known });
    return await carryOut(io, plan, client, progress, { planFile, options, guards: known });
  } finally {
    progress.stop();
    await client.close();
    await lock.release();
  }
};

/** A saved plan is applied as it is; whoever has edited the policy since should know that the edit is not part of it. */
const warnOfChangedPolicy = async (io: Io, plan: Plan, { policy: file }: Options): Promise<void> => {
  // Without the file, or with one that is not valid, there is nothing to compare with.
  const { policy } = await loadPolicyFile(io, file, io.now()).catch((error: unknown): LoadedPolicy => {
    if (error instanceof Failure) return { diagnostics: [] };
    throw error;
  });
  if (policy === undefined || (policy.account.id ?? plan.account.id) !== plan.account.id) return;
  if (hashPolicy(policy) === plan.basis.policy) return;
  const name = shownFile(file);
  note(
    io,
    `Warning: ${name} has changed since this plan was made. The plan is applied as it was saved, without those changes; to plan them: dbt-ip-rules plan`,
  );
};

/** Read from the log only where the user has named no address. */
const learnedAddresses = async (io: Io, client: DbtClient, plan: Plan, options: Options, guards: Guards) =>
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
const showPlan = (io: Io, plan: Plan, options: Options, { briefly }: { readonly briefly: boolean }): void => {
  const stream = options.format === "text" && options.output === undefined ? io.stdout : io.stderr;
  const look = lookOf(io, stream, options);
  const text = briefly
    ? renderPlanBrief(plan, look)
    : renderPlanText(plan, { ...look, policyFile: options.policy });
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

/**
 * Throws where the user says no. What would be refused is not asked about: carrying it out stops before its first call,
 * and says why.
 */
const askAboutPlan = async (
  io: Io,
  plan: Plan,
  client: DbtClient,
  { options, guards }: { readonly options: Options; readonly guards: Guards },
): Promise<void> => {
  if (plan.steps.length === 0 || standingRefusals(plan, guards.overrides, guards.clientAddresses).length > 0)
    return;
  const ports = { reader: client, now: () => io.now(), sleep };
  const { done, goesAhead, doubts } = await previewApply(plan, ports, applyOptions(io, guards));
  if (!goesAhead) return;
  const warnings = doubts.map((one) => withSeverity(one, "warning"));
  noteDiagnostics(io, warnings, options);
  if (done < plan.steps.length && !(await confirm(io, question(plan, done)))) throw notApproved();
};

const applyOptions = (io: Io, { overrides, clientAddresses }: Guards): ApplyOptions => ({
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
  { planFile, options, guards }: { planFile: string | undefined; options: Options; guards: Guards },
): Promise<Report> => {
  const receipt = plan.steps.length === 0 ? undefined : await openReceipt(io, plan, options, guards);
  let result: ApplyResult;
  io.signal.addEventListener("abort", progress.onInterrupt, { once: true });
  try {
    result = await applyPlan(
      plan,
      { reader: client, writer: client, journal: receipt ?? noJournal, now: () => io.now(), sleep },
      { ...applyOptions(io, guards), onProgress: progress.onProgress },
    );
  } finally {
    io.signal.removeEventListener("abort", progress.onInterrupt);
    progress.stop();
    // Every line is on the disk already: that the file cannot be closed takes nothing away from the result.
    await receipt?.close().catch(() => undefined);
  }
  if (result.cause !== undefined && options.debug === true) note(io, debugStack(result.cause));
  if (receipt !== undefined) note(io, `Receipt: ${shownFile(relative(io.cwd, receipt.path))}`);
  const isAudited = result.outcome === "done" && options.audit === true && receipt !== undefined;
  const audit = isAudited
    ? await verifyAfterApply(io, client, relative(io.cwd, receipt.path), options.auditTimeout)
    : undefined;
  if (audit !== undefined && options.format !== "text")
    note(io, renderAuditText(audit, lookOf(io, io.stderr, options)));
  return {
    kind: "apply",
    account: plan.account,
    ...(audit === undefined ? { result } : asTheLogShows(result, audit)),
    ...(receipt === undefined
      ? {}
      : { receipt: { path: receipt.path, name: nameElsewhere(io, receipt.path) } }),
    commands: commandsFor(planFile, options.policy),
    // Where the plan went to the same place, it has said them (showPlan).
    shown: options.output === undefined ? plan.verdicts.flatMap((one) => one.diagnostics) : [],
  };
};

const commandsFor = (planFile: string | undefined, policyFile: string): NextCommands => {
  const policy = `--policy ${shellWord(policyFile)}`;
  return {
    applyAgain: `dbt-ip-rules apply ${planFile === undefined ? policy : shellWord(planFile)}`,
    applyPolicy: `dbt-ip-rules apply${planFile === undefined ? ` ${policy}` : ""}`,
    planAgain: `dbt-ip-rules plan${planFile === undefined ? ` ${policy}` : ""}`,
  };
};

const noJournal = { append: async () => undefined };

/** Resolves early, and never rejects, when the signal aborts: what apply's ports ask for. */
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

const openReceipt = async (io: Io, plan: Plan, options: Options, guards: Guards): Promise<FileJournal> => {
  const stamp = io.now().toISOString().replace(/[-:]/g, "").replace(".", "-");
  const file = options.receipt ?? `.dbt-ip-rules/receipts/${plan.account.id}-${stamp}.jsonl`;
  const path = resolve(io.cwd, file);
  await makeFolder(dirname(path)).catch((error: unknown) => {
    throw failure("receipt-unwritable", { what: "folder", file, reason: reasonOf(error) }, { cause: error });
  });
  const header = receiptHeader(plan, applyOptions(io, guards), io.now());
  const { journal, takenUp, movedTo } = await openFileJournal(path, header);
  if (takenUp) note(io, `Going on with the receipt of the run that was cut off: ${shownFile(file)}`);
  if (movedTo !== undefined)
    note(io, `The receipt of an earlier run was moved to ${shownFile(relative(io.cwd, movedTo))}`);
  return journal;
};
