/** Questions with one line as their answer; asked on standard error, since standard output belongs to the result. */
import { createInterface } from "node:readline";
import type { Io } from "./io.js";

/** Whether somebody is there to answer. */
export const canAsk = (io: Io): boolean =>
  io.stdin.isTTY === true && io.stderr.isTTY === true && !io.env["CI"];

export interface Questions {
  /** The answer without blanks around it; undefined where the input ended or was interrupted. */
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
      // Nobody ended the line that the question stands in.
      io.stderr.write("\n");
      return undefined;
    },
    close: () => reader.close(),
  };
};
