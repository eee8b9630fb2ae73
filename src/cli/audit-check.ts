/** `apply --audit`: the receipt just written, held against the audit log. */
import { parseReceipt } from "../apply/receipt.js";
import type { ApplyResult } from "../apply/result.js";
import { awaitAudit } from "../audit/await-audit.js";
import { type AuditReader, unreadableDiagnostics } from "../audit/list-events.js";
import type { AuditVerification } from "../audit/verification.js";
import { type NamedReceipt, verifyReceipts } from "../audit/verify.js";
import { largest, readNamedText } from "../files/read-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { exitCodes, Failure } from "../model/failure.js";
import { interruptibleSleep, waitingNote } from "./audit-options.js";
import type { Io } from "./io.js";

/**
 * Never fails for what the log says or does not say: an interrupt too ends in a verification, `could-not-check`, since
 * the account was changed and that is to be told. Throws `Failure` only where the receipt cannot be read back.
 */
export const verifyAfterApply = async (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  file: string,
  timeoutMs: number,
): Promise<AuditVerification> => {
  const { receipt, diagnostics } = parseReceipt(
    readNamedText(io.cwd, file, { most: largest.document }),
    file,
  );
  if (receipt === undefined) throw new Failure(diagnostics);
  const receipts: readonly NamedReceipt[] = [{ file, receipt }];
  try {
    const ports = { reader, now: () => io.now(), sleep: interruptibleSleep(io) };
    return await awaitAudit(receipts, ports, { timeoutMs, onWait: waitingNote(io) });
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
