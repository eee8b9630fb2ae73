/**
 * `drift`: does the account still say what the policy says, and if not, who changed it? Reads only: the client it
 * gets has no writing method. Exit code 2 where anything differs.
 */
import type { Command } from "commander";
import { ownEventsOf } from "../../audit/attribution.js";
import { ipRestrictionTypes } from "../../audit/catalogue.js";
import { type DriftLog, findDrift } from "../../audit/drift.js";
import { type DriftBase, eventsAfter } from "../../audit/drift-cause.js";
import type { AuditEvent } from "../../audit/event.js";
import { listEvents } from "../../audit/list-events.js";
import { type NamedReceipt, neededStretches, verifyReceipts } from "../../audit/verify.js";
import type { ReadOnlyClient } from "../../dbt/client.js";
import { requirePolicy } from "../../files/load-policy.js";
import { type Diagnostic, diagnostic, hasErrors, withSeverity } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import { policyFlag, shellWord } from "../../model/shell.js";
import { type PlanReplay, planReplay } from "../../plan/cut-off.js";
import { desiredState } from "../../plan/desired.js";
import { makePlan } from "../../plan/make-plan.js";
import type { Plan } from "../../plan/plan.js";
import type { Policy } from "../../policy/policy.js";
import type { Report } from "../../report/report.js";
import { connectionOf } from "../accounts.js";
import { type ComparingOptions, comparingOptions } from "../arguments/options.js";
import { unconfirmedChanges } from "../change/confirmation.js";
import { type Program, runs } from "../command.js";
import { withClient } from "../connect.js";
import type { Io } from "../io.js";
import { earlierByFile, rulesOfReceipt } from "../plans.js";
import { type Account, accountText, isSameAccount, newestReceipt, readReceipt } from "../receipts.js";
import { evidenceFor } from "../traffic.js";

interface Options extends ComparingOptions {
  readonly base?: string;
  readonly receipt?: string;
  /** False with `--no-audit`. */
  readonly audit: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  comparingOptions(command, "drift")
    .option(
      "--base <policy>",
      "the policy as last applied, to tell drift from changes that are not applied yet",
    )
    .option(
      "--receipt <file>",
      "the receipt of the last apply, for the same purpose (default: the newest in .dbt-ip-rules/receipts)",
    )
    .option("--no-audit", "do not ask the audit log who made the changes");
  runs(command, io, program, drift, { positional: true, atOnce: 4, distinct: true, readFirst: true });
};

const drift = async (io: Io, options: Options): Promise<Report> => {
  if (options.base !== undefined && options.receipt !== undefined)
    throw failure("bad-option", { kind: "base-and-receipt" });
  const { policy, diagnostics } = await requirePolicy(io, options);
  return withClient(io, options, connectionOf(io, options, policy), async (client): Promise<Report> => {
    const snapshot = await client.readSnapshot();
    const receipt = await receiptFor(io, options, { id: snapshot.accountId, host: snapshot.host });
    const before = earlierPolicy(io, options, receipt);
    const made = makePlan({
      policy,
      snapshot,
      diagnostics: [...diagnostics, ...before.diagnostics],
      earlier: before.earlier,
    });
    if (made.plan === undefined || hasErrors(made.diagnostics)) throw new Failure(made.diagnostics);
    const { plan } = made;
    const log = await readLog(io, client, options, plan, receipt);
    const report = findDrift({
      plan,
      policyFile: options.policy,
      snapshot,
      policy,
      base:
        options.base === undefined
          ? receiptBase(plan, receipt, log)
          : await policyBase(io, options, options.base, plan),
      log: log.log,
      diagnostics: [
        ...made.diagnostics,
        ...(plan.changes.length === 0 ? [] : afterUndo(receipt)),
        ...(await unconfirmedChanges(io, plan.account)),
        ...log.diagnostics,
      ],
    });
    const replay = await replayOf(io, client, options, policy, plan);
    const commands = {
      plan: `dbt-ip-rules plan${policyFlag(options.policy)}`,
      merge: `dbt-ip-rules import --merge ${shellWord(options.policy)}`,
    };
    return { kind: "drift", drift: { ...report, ...replay }, commands };
  });
};

/** A run that took back what the policy says explains what differs. */
const afterUndo = (receipt: NamedReceipt | undefined): readonly Diagnostic[] => {
  if (receipt === undefined) return [];
  const { purpose, startedAt: at } = receipt.receipt.header;
  const { file } = receipt;
  if (purpose === "rollback") return [diagnostic("drift-after-undo", { what: "rollback", at, file })];
  if (purpose !== "disable-enforcement") return [];
  return [diagnostic("drift-after-undo", { what: "apply --disable-enforcement", at, file })];
};

const earlierPolicy = (
  io: Io,
  { base }: Options,
  receipt: NamedReceipt | undefined,
): ReturnType<typeof earlierByFile> => {
  if (base !== undefined) return earlierByFile(io, base);
  return {
    ...(receipt && { earlier: { rules: rulesOfReceipt(receipt.receipt), by: "receipt" } }),
    diagnostics: [],
  };
};

const receiptFor = async (io: Io, options: Options, account: Account): Promise<NamedReceipt | undefined> => {
  if (options.base !== undefined) return undefined;
  if (options.receipt === undefined) return newestReceipt(io, account);
  const { named } = readReceipt(io, options.receipt);
  const { account: theirs } = named.receipt.header;
  if (!isSameAccount(theirs, account))
    throw failure("receipt-of-other-account", {
      kind: "of-the-account",
      file: named.file,
      theirs: accountText(theirs),
      account: accountText(account),
    });
  return named;
};

interface LogRead {
  readonly log: DriftLog;
  /** Whether every step of the receipt was found in what was read. */
  readonly proven: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

const notRead = (log: DriftLog, diagnostics: readonly Diagnostic[] = []): LogRead => ({
  log,
  proven: false,
  diagnostics,
});

/** Back to the last apply, or as far as the log lists. Not needed where nothing differs and nothing could. */
const readLog = async (
  io: Io,
  client: Pick<ReadOnlyClient, "listPage">,
  options: Options,
  plan: Plan,
  receipt: NamedReceipt | undefined,
): Promise<LogRead> => {
  const nothing = plan.changes.length === 0 && plan.unmanaged.length === 0;
  if (!options.audit || nothing) return notRead({ kind: "not-asked" });
  const query = { ...sinceApply(receipt), types: Object.values(ipRestrictionTypes) };
  const events: AuditEvent[] = [];
  try {
    for await (const event of listEvents(client, query, { now: io.now().toISOString() })) events.push(event);
  } catch (error) {
    if (!(error instanceof Failure) || io.signal.aborted) throw error;
    return notRead({ kind: "unreadable" }, logUnreadable(error));
  }
  const checked = receipt === undefined ? undefined : verifyReceipts([receipt], events);
  const own = checked === undefined ? [] : ownEventsOf(checked);
  return {
    log: { kind: "read", events, own },
    proven: checked?.verdict === "confirmed" && own.length > 0,
    diagnostics: [],
  };
};

/** From the receipt's first step on, by either clock. */
const sinceApply = (receipt: NamedReceipt | undefined): { readonly since?: string } => {
  if (receipt === undefined) return {};
  const begun = Date.parse(receipt.receipt.header.startedAt);
  const [first] = neededStretches([receipt]);
  return { since: new Date(Math.min(begun, first?.from ?? begun)).toISOString() };
};

/** Whom a plan of the policy would cut off, where the policy asks; that nobody can tell is said as well. */
const replayOf = async (
  io: Io,
  client: Pick<ReadOnlyClient, "listPage">,
  { audit }: Options,
  { guards }: Policy,
  { before, after, steps, enabledForServiceTokens }: Plan,
): Promise<{ readonly replay?: PlanReplay; readonly replayUnknown?: string }> => {
  const evidence = audit ? await evidenceFor(io, client, { guards }, steps.length) : undefined;
  if (evidence === undefined) return {};
  return evidence.kind === "read"
    ? {
        replay: planReplay(evidence.traffic, {
          before,
          after,
          serviceTokensSubject: enabledForServiceTokens,
        }),
      }
    : { replayUnknown: evidence.reason };
};

/** The comparison holds without the log: why it could not be read is a warning here. */
const logUnreadable = ({ diagnostics }: Failure): readonly Diagnostic[] =>
  [diagnostic("audit-log-unreadable", { command: "drift" }), ...diagnostics].map((one) =>
    withSeverity(one, "warning"),
  );

const receiptBase = (plan: Plan, receipt: NamedReceipt | undefined, { log, proven }: LogRead): DriftBase => {
  if (receipt === undefined) return { kind: "none" };
  const since =
    proven && log.kind === "read"
      ? {
          eventsSince: eventsAfter(
            log.events,
            receipt.receipt,
            new Set(log.own.map(({ event }) => event.id)),
          ),
        }
      : {};
  return { kind: "receipt", receipt: receipt.receipt, policyHash: plan.basis.policy, ...since };
};

const policyBase = async (io: Io, options: Options, file: string, plan: Plan): Promise<DriftBase> => {
  const { policy } = await requirePolicy(io, { ...options, policy: file });
  const { desired, diagnostics } = desiredState(policy, plan.before);
  if (desired === undefined) throw new Failure(diagnostics);
  return { kind: "policy", state: desired.state };
};
