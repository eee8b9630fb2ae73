/** Questions with one line as their answer; asked on standard error, since standard output belongs to the result. */
import { createInterface } from "node:readline";
import { failure } from "../model/failure.js";
import type { Io } from "./io.js";

/** Whether somebody is there to answer. */
export const canAsk = (io: Io): boolean =>
  io.stdin.isTTY === true && io.stderr.isTTY === true && !io.env["CI"];

export interface Questions {
  /** The answer without spaces around it; undefined where the input ended or was interrupted. */
  ask(question: string): Promise<string | undefined>;
  close(): void;
}

/** One for all questions of a command: what somebody types ahead answers the next one. */
export const openQuestions = (io: Io): Questions => {
  // No output of its own: the terminal itself echoes, line by line, and interrupts reach the process.
  const reader = createInterface({ input: io.stdin, terminal: false });
  const lines = reader[Symbol.asyncIterator]();
  const interrupted = new Promise<undefined>((settle) => {
    if (io.signal.aborted) settle(undefined);
    else io.signal.addEventListener("abort", () => settle(undefined), { once: true });
  });
  return {
    async ask(question) {
      io.stderr.write(question);
      const next = await Promise.race([lines.next(), interrupted]);
      if (next !== undefined && next.done !== true) return next.value.trim();
      // Nobody ended the question's line.
      io.stderr.write("\n");
      return undefined;
    },
    close: () => reader.close(),
  };
};

/** Throws at once where a confirmation could never come: without a terminal, waiting would hang a pipeline. */
export const requireApproval = (io: Io, autoApprove: boolean): void => {
  if (autoApprove || canAsk(io)) return;
  throw failure("approval-needed");
};

/** Whether the user typed `yes`. An interrupt or the end of input is a no. */
export const confirm = async (io: Io, question: string): Promise<boolean> => {
  const questions = openQuestions(io);
  try {
    const answer = await questions.ask(`${question} Type yes to continue: `);
    return answer?.toLowerCase() === "yes";
  } finally {
    questions.close();
  }
};

export const notApproved = () => failure("not-approved");
