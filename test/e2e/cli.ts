/** Runs the built program as its user does: a child process, its streams, its exit code. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

export const program = resolve("dist/cli/main.js");

export interface Ran {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

interface StartOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
  /** Whether more input may follow, so that the program waits for it. */
  readonly inputStays?: boolean;
}

/** A clean environment: nothing of the machine's own settings reaches the program. */
export const start = (args: readonly string[], options: StartOptions = {}): Running => {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd ?? process.cwd(),
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TMPDIR: process.env["TMPDIR"],
      ...options.env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.write(options.input ?? "");
  if (options.inputStays !== true) child.stdin.end();
  const ended = new Promise<Ran>((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => settle({ code, signal, stdout, stderr }));
  });
  return { child, ended };
};

export const dbtIpRules = (args: readonly string[], options?: StartOptions): Promise<Ran> =>
  start(args, options).ended;
