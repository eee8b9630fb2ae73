/** `apply --audit`: the receipt just written, held against the audit log. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseReceipt } from "../apply/receipt.js";
import { awaitAudit } from "../audit/await-audit.js";
import type { AuditReader } from "../audit/ports.js";
import { type ExitCode, exitCodes, Failure } from "../model/failure.js";
import { renderAuditText } from "../render/audit-text.js";
import type { Io } from "./io.js";
import type { OutputOptions } from "./options.js";
import { lookOf, withNewline } from "./output.js";

/** The exit code: 0 confirmed, 3 a record is missing, 1 the log could not be read (never "confirmed"). */
export const auditExitCodes = {
  confirmed: exitCodes.done,
  missing: exitCodes.refused,
  "could-not-check": exitCodes.error,
} as const;

export const verifyAfterApply = async (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  file: string,
  options: OutputOptions & { readonly auditTimeout: number },
): Promise<ExitCode> => {
  const { receipt, diagnostics } = parseReceipt(await readFile(resolve(io.cwd, file), "utf8"), file);
  if (receipt === undefined) throw new Failure(diagnostics);
  const verification = await awaitAudit(
    [{ file, receipt }],
    { reader, now: () => io.now(), sleep: (ms) => wait(ms, undefined, { signal: io.signal }) },
    { timeoutMs: options.auditTimeout },
  );
  const stream = options.format === "text" && options.output === undefined ? io.stdout : io.stderr;
  stream.write(withNewline(renderAuditText(verification, lookOf(io, stream, options))));
  return auditExitCodes[verification.verdict];
};
