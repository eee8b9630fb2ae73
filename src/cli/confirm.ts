/** Asks before the first write. Without a terminal nobody can answer, and waiting would hang a pipeline. */
import { createInterface } from "node:readline/promises";
import { exitCodes, failure } from "../model/failure.js";
import type { Io } from "./io.js";

/** Throws at once where a confirmation could never come. */
export const requireApproval = (io: Io, autoApprove: boolean): void => {
  if (autoApprove) return;
  if (io.stdin.isTTY === true && io.stderr.isTTY === true && !io.env["CI"]) return;
  throw failure(
    "approval-needed",
    "Nobody can confirm this: there is no terminal",
    "In a pipeline, review the plan first, then run with --auto-approve",
  );
};

/** Whether the user typed `yes`. An interrupt or the end of input is a no. */
export const confirm = async (io: Io, question: string): Promise<boolean> => {
  // The prompt goes to standard error: standard output belongs to the result.
  const lines = createInterface({
    input: io.stdin,
    output: process.stderr,
  });
  try {
    const answer = await lines.question(`${question} Type yes to go on: `, { signal: io.signal });
    return answer.trim().toLowerCase() === "yes";
  } catch {
    return false;
  } finally {
    lines.close();
  }
};

export const notApproved = () =>
  failure("not-approved", "Nothing was changed: the plan was not confirmed", undefined, {
    exitCode: exitCodes.error,
  });
