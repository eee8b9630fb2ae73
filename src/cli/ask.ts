/** One question, one line as its answer; asked on standard error, since standard output belongs to the result. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import type { Io } from "./io.js";

/** Whether somebody is there to answer. */
export const canAsk = (io: Io): boolean =>
  io.stdin.isTTY === true && io.stderr.isTTY === true && !io.env["CI"];

/** The answer without blanks around it; undefined where the user ended or interrupted the input. */
export const ask = async (io: Io, question: string): Promise<string | undefined> => {
  const lines = createInterface({ input: io.stdin, output: process.stderr });
  // The end of input closes the interface and leaves the question without an answer.
  const ended = new Promise<undefined>((settle) => lines.once("close", () => settle(undefined)));
  try {
    const answer = await Promise.race([lines.question(question, { signal: io.signal }), ended]);
    return answer?.trim();
  } catch {
    return undefined;
  } finally {
    lines.close();
  }
};
