/** The service's cooldown after too many requests (docs/service.md, "Answers and limits"), waited for visibly. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { PlannedStep } from "../plan/plan.js";
import type { WriteOutcome } from "./ports.js";
import type { Run } from "./run.js";

const second = 1_000;

/**
 * Waits as long as the answer says, or until the user wants to stop. The receipt first says that the call failed,
 * so that it is right even where the program dies while it waits; a diagnostic where it could not.
 */
export const sitOut = async (
  run: Run,
  planned: PlannedStep,
  { seconds: total, message, serverAt }: Extract<WriteOutcome, { kind: "throttled" }>,
): Promise<readonly Diagnostic[]> => {
  const problems = await run.write({
    step: planned.number,
    outcome: "failed",
    at: run.ports.now().toISOString(),
    ...(serverAt === undefined ? {} : { serverAt }),
    message: `${message}; it is tried again in ${total} s, unless the account then shows it done`,
  });
  if (problems.length > 0) return problems;
  for (let left = total; left > 0 && !run.interrupted; left -= 1) {
    run.emit({ kind: "throttled", planned, seconds: left, total, message });
    await run.sleep(second);
  }
  run.emit({ kind: "throttled", planned, seconds: 0, total, message });
  return [];
};
