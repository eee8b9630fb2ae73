/** Receipts checked against the audit log, with the wait for what comes late: `audit verify`, and `apply --audit`. */
import { setTimeout as wait } from "node:timers/promises";
import type { ApplyResult } from "../apply/result.js";
import { awaitAudit } from "../audit/await-audit.js";
import { type AuditReader, unreadableDiagnostics } from "../audit/list-events.js";
import type { AuditVerification } from "../audit/verification.js";
import { type NamedReceipt, verifyReceipts } from "../audit/verify.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { exitCodes, Failure, failure } from "../model/failure.js";
import { counted } from "../model/words.js";
import { type Io, isLive, note } from "./io.js";
import { readReceipt } from "./receipts.js";

/** Waits for events that come late. Throws `Failure` where the log cannot be read. */
export const verifyInLog = (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  receipts: readonly NamedReceipt[],
  bounds: Omit<Parameters<typeof awaitAudit>[2], "onWait">,
): Promise<AuditVerification> =>
  awaitAudit(
    receipts,
    { reader, now: () => io.now(), sleep: interruptibleSleep(io) },
    { ...bounds, onWait: waitingNote(io) },
  );

/**
 * Never fails for what the log says or does not say: an interrupt too ends in a verification, `could-not-check`, since
 * the account was changed and that must be reported. Throws `Failure` only where the receipt cannot be read back.
 */
export const verifyAfterApply = async (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  file: string,
  timeoutMs: number,
): Promise<AuditVerification> => {
  const receipts = [readReceipt(io, file).named];
  try {
    return await verifyInLog(io, reader, receipts, { timeoutMs });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return verifyReceipts(receipts, [], { unreadable: true, diagnostics: unreadableDiagnostics(error) });
  }
};

/**
 * The result as the log shows it: where a call of the run turned enforcement, the account was changed in a way that
 * nobody had planned, and that is said before anything else.
 */
export const asTheLogShows = (
  result: ApplyResult,
  audit: AuditVerification,
): { readonly result: ApplyResult; readonly audit: AuditVerification } => {
  if (audit.verdict !== "enforcement-flipped") return { result, audit };
  const isFlip = ({ code }: Diagnostic): boolean => code === "enforcement-flipped";
  return {
    result: {
      ...result,
      outcome: "midway",
      exitCode: exitCodes.midway,
      diagnostics: [...audit.diagnostics.filter(isFlip), ...result.diagnostics],
      next: "mend-first",
    },
    audit: { ...audit, diagnostics: audit.diagnostics.filter((one) => !isFlip(one)) },
  };
};

/** A wait that an interrupt ends, with a failure that says so. */
export const interruptibleSleep =
  (io: Io) =>
  async (milliseconds: number): Promise<void> => {
    try {
      await wait(milliseconds, undefined, { signal: io.signal });
    } catch (error) {
      if (!io.signal.aborted) throw error;
      throw failure("interrupted", { at: "wait" }, { cause: error });
    }
  };

/** On a terminal each wait, in a log only the first. */
const waitingNote = (io: Io) => {
  let isFirst = true;
  return ({ missing }: { readonly missing: number }): void => {
    if (!isFirst && !isLive(io)) return;
    isFirst = false;
    note(
      io,
      missing === 0
        ? "Waiting for the audit log"
        : `Waiting for the audit log: ${counted(missing, "event")} to come`,
    );
  };
};
