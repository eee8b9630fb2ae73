/** `rollback`: makes the rules that an apply touched what they were before it, from its receipt alone. */

import { dirname } from "node:path";
import type { Command } from "commander";
import { formatPrefix, samePrefix } from "../../address/prefix.js";
import { attemptsAround, type Trace } from "../../apply/trace.js";
import { planUndo } from "../../apply/undo-plan.js";
import type { NamedReceipt } from "../../audit/verify.js";
import type { DbtClient } from "../../dbt/client.js";
import { isStandardInput } from "../../files/read-file.js";
import type { ExpiredEntry } from "../../model/codes/undo.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { failure } from "../../model/failure.js";
import type { AccountState } from "../../model/rule.js";
import { shellWord } from "../../model/shell.js";
import { desiredState } from "../../plan/desired.js";
import { type OverdueEntry, overdueEntries } from "../../plan/expiry.js";
import type { Change, Plan } from "../../plan/plan.js";
import type { ApplyReport, Report } from "../../report/report.js";
import { namedConnection, policyOfAccount } from "../accounts.js";
import { accountOptions } from "../arguments/options.js";
import { requireApproval } from "../ask.js";
import { carryOutTask, type Guards, type PlanToRefuse } from "../change/carry-out.js";
import { applyFlags, type ChangeOptions, changeOptions } from "../change/options.js";
import { type Program, runs } from "../command.js";
import { type Io, note } from "../io.js";
import { readReceipt, receiptFolder, receiptsIn, requireNewest } from "../receipts.js";

interface Options extends ChangeOptions {
  readonly keepLaterChanges?: boolean;
  readonly disableEnforcement?: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  const named = command.argument(
    "[receipt]",
    "the receipt of the apply to undo (default: the newest of this account)",
  );
  changeOptions(accountOptions(named))
    .option("--keep-later-changes", "undo what can be undone without touching what others changed since")
    .option("--disable-enforcement", "turn enforcement off too, if the apply turned it on");
  runs(command, io, program, rollback);
};

const revertToo = "Revert the commit too, or the next pipeline applies it again.";

const rollback = async (io: Io, options: Options, [file]: readonly string[]): Promise<Report> => {
  const attempts = await attemptsToUndo(io, options, file);
  requireApproval(io, options.autoApprove === true);
  const last = attempts.at(-1);
  if (last === undefined) throw failure("nothing-to-undo", { folder: receiptFolder });
  const { account } = last.receipt.header;
  const own = `${options.keepLaterChanges === true ? " --keep-later-changes" : ""}${options.disableEnforcement === true ? " --disable-enforcement" : ""}`;
  const again = `dbt-ip-rules rollback ${shellWord(last.file)}${own}${applyFlags(options)}`;
  let kept: readonly Change[] = [];
  const report = await carryOutTask(io, options, {
    account: { account, from: "receipt" },
    plan: async (client, guards) => {
      const { made, later } = await undoPlan(io, client, guards, { attempts, options });
      kept = later;
      return made;
    },
    approved: options.autoApprove === true,
    reviewed: false,
    commands: { applyAgain: again, applyPolicy: again, planAgain: again },
    applyOptions: {
      purpose: "rollback",
      undoes: attempts.map(({ receipt }) => receipt.header.startedAt),
    },
  });
  const { outcome } = report.result;
  if (outcome !== "refused" && outcome !== "failed") note(io, revertToo);
  return withKept(report, kept);
};

/** What a run with `--keep-later-changes` has not undone; a refusal lists it already. */
const withKept = (report: ApplyReport, kept: readonly Change[]): ApplyReport => {
  if (kept.length === 0 || report.result.unexpected !== undefined) return report;
  const { result } = report;
  const diagnostics = [...result.diagnostics, diagnostic("rollback-kept-changes")];
  return { ...report, result: { ...result, diagnostics, unexpected: kept } };
};

/** All attempts at the plan of one receipt, oldest first. Throws `Failure` where it cannot be undone. */
const attemptsToUndo = async (
  io: Io,
  options: Options,
  file: string | undefined,
): Promise<readonly NamedReceipt[]> => {
  const attempts = file === undefined ? await newestAttempts(io, options) : await attemptsOf(io, file);
  for (const { file: name, receipt } of attempts)
    if (receipt.header.before === undefined) throw failure("receipt-cannot-undo", { file: name });
  return attempts;
};

/** Of an apply that took out expired entries alone, the undo lets in again whose time is over: it must be named. */
const newestAttempts = async (io: Io, options: Options): Promise<readonly NamedReceipt[]> => {
  const { host, accountId: id } = namedConnection(io, options);
  const all = await receiptsIn(io, receiptFolder, { id, host });
  const applies = all.filter(({ receipt }) => receipt.header.purpose !== "rollback");
  const at = applies.findLastIndex((one) => !tookOutExpired(one));
  const newest = applies[at];
  const expired = applies.slice(at + 1);
  for (const { file } of expired)
    note(
      io,
      `Kept: ${visible(file)} took out expired entries alone. To let them in again, name it: dbt-ip-rules rollback ${shellWord(file)}`,
    );
  if (newest === undefined) throw failure("nothing-to-undo", { folder: receiptFolder });
  await requireNewest(io, expired.at(-1) ?? newest);
  note(io, `Undoes the newest apply: ${visible(newest.file)}, begun ${newest.receipt.header.startedAt}`);
  return attemptsAround(all, newest);
};

const tookOutExpired = ({ receipt: { header } }: NamedReceipt): boolean => header.purpose === "only-expired";

/** With the receipts next to it. */
const attemptsOf = async (io: Io, file: string): Promise<readonly NamedReceipt[]> => {
  const { named, diagnostics } = readReceipt(io, file);
  for (const { code } of diagnostics)
    if (code === "receipt-torn")
      note(io, `The last line of ${visible(file)} is torn: it serves as far as it goes`);
  if (isStandardInput(file)) return [named];
  const { header } = named.receipt;
  const others = await receiptsIn(io, dirname(file), header.account);
  const own = others.find(({ receipt }) => receipt.header.startedAt === header.startedAt);
  return own === undefined ? [named] : attemptsAround(others, own);
};

/** What is left to do where the receipt is of a run that stopped. */
const sayProgress = (io: Io, attempts: readonly NamedReceipt[], { done, steps }: Trace): void => {
  if (done === steps) return;
  const runs = attempts.length === 1 ? "The run" : `The ${attempts.length} attempts`;
  note(io, `${runs} did ${done} of ${steps} steps, as far as the receipt says: these are undone`);
};

/** Allow entries that the plan adds and whose time is over by the policy; a receipt itself holds no ends. */
const expiredAgain = async (io: Io, file: string, plan: Plan): Promise<readonly ExpiredEntry[]> => {
  const policy = await policyOfAccount(io, file, plan.account.id);
  if (policy === undefined) return [];
  const overdueIn = (state: AccountState): readonly OverdueEntry[] =>
    overdueEntries(policy, state, desiredState(policy, state).desired?.renames ?? new Map());
  const now = overdueIn(plan.before);
  return overdueIn(plan.after).flatMap(({ rule, prefix, expires, accountRule }) => {
    const isAllowed = plan.after.rules.some(({ name, type }) => name === accountRule && type === "allow");
    const isThere = now.some((one) => one.rule === rule && samePrefix(one.prefix, prefix));
    return isAllowed && !isThere ? [{ rule: accountRule, prefix: formatPrefix(prefix), expires }] : [];
  });
};

const undoPlan = async (
  io: Io,
  client: DbtClient,
  guards: Guards,
  { attempts, options }: { readonly attempts: readonly NamedReceipt[]; readonly options: Options },
): Promise<{ readonly made: Plan | PlanToRefuse; readonly later: readonly Change[] }> => {
  const snapshot = await client.readSnapshot();
  const { plan, undo, trace } = planUndo({
    receipts: attempts.map(({ receipt }) => receipt),
    snapshot,
    ...guards,
  });
  if (snapshot.enforcement !== "enabled" && plan.after.enforcement === "enabled")
    note(io, "This turns enforcement on: the run that is undone had turned it off.");
  sayProgress(io, attempts, trace);
  const refused: Diagnostic[] = [];
  if (undo.later.length > 0 && options.keepLaterChanges !== true)
    refused.push(diagnostic("rollback-later-changes", { others: plan.steps.length }));
  if (undo.disablesEnforcement && options.disableEnforcement !== true)
    refused.push(diagnostic("rollback-disables-enforcement"));
  if (undo.unexplained.length > 0 && options.keepLaterChanges !== true)
    refused.push(diagnostic("rollback-receipt-breaks-off", { rules: undo.unexplained }));
  const entries = await expiredAgain(io, options.policy, plan);
  const reopens = entries.length > 0 || (attempts.some(tookOutExpired) && plan.steps.length > 0);
  const said = reopens
    ? { ...plan, diagnostics: [...plan.diagnostics, diagnostic("rollback-lets-expired-in", { entries })] }
    : plan;
  const made = refused.length === 0 ? said : { plan: said, refused, unexpected: undo.later };
  return { made, later: undo.later };
};
