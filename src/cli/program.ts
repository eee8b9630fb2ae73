/** The program: hands argv, streams, clock and signals to `run`. `main.ts` loads it and sets the exit code. */
import { closeSync } from "node:fs";
import process from "node:process";
import { isatty } from "node:tty";
import type { ExitCode } from "../model/failure.js";
import type { Io } from "./io.js";
import { run } from "./run.js";

/**
 * A reader that closes the pipe early (`| head`) is no error of ours. Anything else, such as a full disk behind
 * `> FILE`, is said in one line, and the run does not end with 0: what was to be read is lost. It does go on, since
 * an apply must not break off midway for what is printed of it.
 */
const allowClosedPipe = (stream: NodeJS.WriteStream): void => {
  let isSaid = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || isSaid) return;
    isSaid = true;
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
    if (stream === process.stdout)
      process.stderr.write(
        `error[cannot-write]: Cannot write to standard output: ${error.code ?? "unknown error"}\n` +
          "      hint: Make room, or write to a file with --output FILE\n",
      );
  });
};

/** For the build, which gives `main.ts` the texts that it prints without the program. */
export { helpText } from "./run.js";

/** One Ctrl-C may come twice: from the terminal, and passed on by `npm` or `timeout`. */
const sameSignalMs = 300;

const handleSignals = (): AbortSignal => {
  const interruption = new AbortController();
  let first = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (!interruption.signal.aborted) {
      first = now;
      interruption.abort(signal);
    } else if (now - first > sameSignalMs) {
      // A second signal ends the process at once, whatever it is doing.
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return interruption.signal;
};

/**
 * Node gives the terminal its settings back when it ends, and aborts (SIGABRT) where that fails, as it does for a terminal
 * that is gone; it leaves alone what is closed (`ResetStdio` in node.cc).
 */
const ignoreHangup = (): void => {
  process.on("SIGHUP", () => undefined);
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.once("exit", () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
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
    ignoreHangup,
    // Until a command asks for it, that is until it connects, a signal ends the process at once: no handler would run
    // while a policy is read, however long that takes.
    get signal() {
      signal ??= handleSignals();
      return signal;
    },
    isInterrupted: () => signal?.aborted === true,
  };
};

export const runProcess = async (argv: readonly string[]): Promise<ExitCode> => {
  allowClosedPipe(process.stdout);
  allowClosedPipe(process.stderr);
  return run(argv, processIo());
};
