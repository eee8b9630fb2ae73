/** `apply`: makes the account what the policy says. Shows the plan, asks, then goes step by step with a receipt. */

import { type Command, Option } from "commander";
import { planDisabling, withOwnNames } from "../../apply/undo-plan.js";
import { requirePolicy } from "../../files/load-policy.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { Failure, failure } from "../../model/failure.js";
import { policyFlag, shellWord } from "../../model/shell.js";
import { counted } from "../../model/words.js";
import type { Plan } from "../../plan/plan.js";
import { hashPolicy } from "../../plan/state.js";
import type { NextCommands, Report } from "../../report/report.js";
import { accountNamedBy, policyOfAccount } from "../accounts.js";
import { connectionOptions, lengthOption, policyOption } from "../arguments/options.js";
import { confirm, notApproved, requireApproval } from "../ask.js";
import { carryOutTask, type Task } from "../change/carry-out.js";
import { type ConfirmBy, requireConfirmer } from "../change/confirmation.js";
import { applyFlags, type ChangeOptions, changeOptions, planFlags } from "../change/options.js";
import { showPlan } from "../change/show-plan.js";
import { type Program, runs } from "../command.js";
import { type Io, note } from "../io.js";
import { earlierByReceipt, preparePlan, readPlan } from "../plans.js";
import { accountText, isSameAccount } from "../receipts.js";
import { evidenceFor } from "../traffic.js";

interface Options extends ChangeOptions {
  readonly onlyExpired?: boolean;
  readonly disableEnforcement?: boolean;
  /** Milliseconds. */
  readonly confirm?: number;
  readonly confirmCommand?: string;
  /** Approved by an answer, for several plans at once. */
  readonly answered?: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  const named = command.argument(
    "[planfiles...]",
    "plans saved with: plan --out (default: plan the policy now)",
  );
  changeOptions(connectionOptions(policyOption(named)))
    .option("--only-expired", "take out allow entries that have expired, and nothing else, without asking")
    .option("--disable-enforcement", "turn enforcement off, and change nothing else: everybody gets in")
    .addOption(
      new Option("--confirm <time>", "undo the change unless it is confirmed in this time: 10m").argParser(
        lengthOption({ least: 1_000 }),
      ),
    )
    .option("--confirm-command <command>", "confirm the change once this exits 0; needed without a terminal");
  runs(command, io, program, apply, {
    positional: false,
    atOnce: 1,
    distinct: true,
    readFirst: true,
    changesAccounts: true,
    // The options are this command's own, with the default of `--policy` instead of several.
    plans: (ownIo, options, files) =>
      approvePlans(ownIo, { ...(options as Options), policy: "policy.yaml" }, files),
  });
};

/**
 * Several saved plans: all are read and shown, then one question is asked for all of them. Each is checked again, against
 * its account, when it is carried out.
 */
const approvePlans = async (
  io: Io,
  options: Options,
  files: readonly string[],
): Promise<Pick<Options, "autoApprove" | "answered" | "policy">> => {
  if (options.onlyExpired === true) throw failure("bad-option", { kind: "only-expired-and-plan" });
  const read = await readPlans(io, files);
  requireApproval(io, options.autoApprove === true);
  const approved = { autoApprove: true, policy: options.policy };
  const open = read.filter(({ plan }) => plan.steps.length > 0);
  if (options.autoApprove === true || open.length === 0) return approved;
  for (const { file, plan } of read) {
    note(io, `== ${visible(file)} ==`);
    showPlan(io, plan, options);
  }
  const calls = open.reduce((sum, { plan }) => sum + plan.steps.length, 0);
  const accounts = open.map(({ plan }) => `${plan.account.id} at ${plan.account.host}`).join(", ");
  const question = `Make these ${counted(calls, "call")} to ${counted(open.length, "account")} (${accounts})?`;
  if (!(await confirm(io, question))) throw notApproved();
  return { ...approved, answered: true };
};

/** All problems at once. Throws `Failure` also where two plans are of one account: the second would be stale. */
const readPlans = async (io: Io, files: readonly string[]) => {
  const read: { readonly file: string; readonly plan: Plan }[] = [];
  const problems: Diagnostic[] = [];
  for (const file of files) {
    try {
      read.push({ file, plan: await readPlan(io, file) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(...error.diagnostics);
    }
  }
  if (problems.length > 0) throw new Failure(problems);
  for (const [at, { file, plan }] of read.entries()) {
    const other = read.slice(0, at).find((one) => isSameAccount(one.plan.account, plan.account));
    if (other !== undefined)
      throw failure("plans-of-one-account", {
        first: other.file,
        second: file,
        account: accountText(plan.account),
      });
  }
  return read;
};

/** Throws `Failure` where nobody and nothing could confirm. */
const confirmByOf = (
  io: Io,
  { confirm: within, confirmCommand: command, onlyExpired }: Options,
): ConfirmBy | undefined => {
  if (within === undefined) {
    if (command !== undefined) throw failure("bad-option", { kind: "confirm-command-alone" });
    return undefined;
  }
  if (onlyExpired === true) throw failure("bad-option", { kind: "confirm-and-only-expired" });
  requireConfirmer(io, command);
  return { within, command };
};

const apply = async (io: Io, options: Options, [planFile]: readonly string[]): Promise<Report> => {
  if (options.onlyExpired === true && planFile !== undefined)
    throw failure("bad-option", { kind: "only-expired-and-plan" });
  if (options.disableEnforcement === true && (planFile !== undefined || options.onlyExpired === true))
    throw failure("bad-option", { kind: "disable-enforcement-alone" });
  const confirmBy = confirmByOf(io, options);
  if (confirmBy !== undefined) io.ignoreHangup?.();
  const task = await taskOf(io, options, planFile);
  // After the file was read, so that one that is missing is said first; before any call.
  requireApproval(io, task.approved);
  return carryOutTask(io, options, { ...task, confirmBy });
};

const taskOf = async (io: Io, options: Options, planFile: string | undefined): Promise<Task> => {
  if (options.disableEnforcement === true) return taskOfDisabling(io, options);
  return planFile === undefined ? taskOfPolicy(io, options) : taskOfPlan(io, options, planFile);
};

/** For an emergency: it needs no policy that is valid, only an account to connect to. */
const taskOfDisabling = (io: Io, options: Options): Task => ({
  account: accountNamedBy(io, options) ?? { account: {} },
  // No rule is touched: two of one name, which any other plan refuses, must not stand in the way.
  seenAs: withOwnNames,
  plan: async (client, guards) => {
    note(
      io,
      "This lets everybody in. A blocked address cannot do this; if no other is left, only dbt support can. The next pipeline run turns enforcement on again, unless the policy says `enforcement: disabled`.",
    );
    return planDisabling(await client.readSnapshot(), guards);
  },
  approved: options.autoApprove === true,
  reviewed: false,
  commands: {
    applyAgain: `dbt-ip-rules apply --disable-enforcement${policyFlag(options.policy)}${applyFlags(options)}`,
  },
  applyOptions: { purpose: "disable-enforcement" },
});

const taskOfPolicy = async (io: Io, options: Options): Promise<Task> => {
  const wanted = await requirePolicy(io, options);
  const scope = options.onlyExpired === true ? "only-expired" : "all";
  return {
    account: wanted.policy,
    plan: (client, guards) =>
      preparePlan(client, {
        ...wanted,
        ...guards,
        scope,
        earlier: (account) => earlierByReceipt(io, account),
        traffic: ({ steps }) => evidenceFor(io, client, wanted.policy, steps.length),
      }),
    approved: options.autoApprove === true || options.onlyExpired === true,
    reviewed: false,
    commands: commandsFor(undefined, options),
    ...(options.onlyExpired === true ? { applyOptions: { onlyExpired: true, purpose: "only-expired" } } : {}),
  };
};

const taskOfPlan = async (io: Io, options: Options, file: string): Promise<Task> => {
  const plan = await readPlan(io, file);
  return {
    account: { account: plan.account, from: "saved plan" },
    plan: async () => {
      await warnOfChangedPolicy(io, plan, options);
      return plan;
    },
    approved: options.autoApprove === true,
    reviewed: true,
    commands: commandsFor(file, options),
  };
};

/** A saved plan is applied as it is; whoever has edited the policy since should know that the edit is not part of it. */
const warnOfChangedPolicy = async (io: Io, plan: Plan, { policy: file }: ChangeOptions): Promise<void> => {
  // Without the file, or with one that is not valid, there is nothing to compare with.
  const policy = await policyOfAccount(io, file, plan.account.id);
  if (policy === undefined) return;
  if (hashPolicy(policy) === plan.basis.policy) return;
  const name = visible(file);
  note(
    io,
    `Warning: ${name} has changed since this plan was made. The plan is applied as it was saved, without those changes; to plan them: dbt-ip-rules plan`,
  );
};

const commandsFor = (planFile: string | undefined, options: Options): NextCommands => {
  const policy = policyFlag(options.policy);
  const ofPolicy = planFile === undefined ? policyFlag(options.policy) : "";
  const only = options.onlyExpired === true ? " --only-expired" : "";
  const flags = applyFlags(options, options.answered);
  return {
    applyAgain: `dbt-ip-rules apply${planFile === undefined ? policy : ` ${shellWord(planFile)}`}${only}${flags}`,
    applyPolicy: `dbt-ip-rules apply${ofPolicy}${flags}`,
    planAgain: `dbt-ip-rules plan${ofPolicy}${planFlags(options)}`,
  };
};
