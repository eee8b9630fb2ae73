/** The program: hands argv, streams, clock and signals to `run`. `main.ts` loads it and sets the exit code. */
import process from "node:process";
import type { ExitCode } from "../model/failure.js";
import { allowClosedPipe } from "./closed-pipe.js";
import type { Io } from "./io.js";
import { run } from "./run.js";

/** For the build, which gives `main.ts` the texts that it prints without the program. */
export { helpText } from "./run.js";

const handleSignals = (): AbortSignal => {
  const interruption = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    // A second signal ends the process at once, whatever it is doing.
    if (interruption.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
    interruption.abort(signal);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return interruption.signal;
};

/** The process's own streams, clock and signals. */
const processIo = (): Io => {
  let signal: AbortSignal | undefined;
  return {
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    // Opened by the few commands that read it: a start need not pay for it.
    get stdin() {
      return process.stdin;
    },
    now: () => new Date(),
    // Until a command asks for it, that is until it connects, a signal ends the process at once: no handler would run
    // while a policy is read, however long that takes.
    get signal() {
      signal ??= handleSignals();
      return signal;
    },
  };
};

export const runProcess = async (argv: readonly string[]): Promise<ExitCode> => {
  allowClosedPipe(process.stdout);
  allowClosedPipe(process.stderr);
  return run(argv, processIo());
};
