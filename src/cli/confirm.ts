/** Asks before the first write. Without a terminal nobody can answer, and waiting would hang a pipeline. */
import { exitCodes, failure } from "../model/failure.js";
import { canAsk, openQuestions } from "./ask.js";
import type { Io } from "./io.js";

/** Throws at once where a confirmation could never come. */
export const requireApproval = (io: Io, autoApprove: boolean): void => {
  if (autoApprove || canAsk(io)) return;
  throw failure(
    "approval-needed",
    "Nobody can confirm this: there is no terminal, or CI is set",
    "In a pipeline, review the plan first, then run with --auto-approve",
  );
};

/** Whether the user typed `yes`. An interrupt or the end of input is a no. */
export const confirm = async (io: Io, question: string): Promise<boolean> => {
  const questions = openQuestions(io);
  try {
    const answer = await questions.ask(`${question} Type yes to go on: `);
    return answer?.toLowerCase() === "yes";
  } finally {
    questions.close();
  }
};

export const notApproved = () =>
  failure(
    "not-approved",
    "Nothing was changed: the plan was not confirmed",
    "Only the whole word yes confirms; anything else, Ctrl-C and Ctrl-D do not",
    { exitCode: exitCodes.error },
  );
