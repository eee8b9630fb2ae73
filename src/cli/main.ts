#!/usr/bin/env node
/** The process: hands argv, streams, clock and signals to `run`, and sets the exit code. */
import process from "node:process";
import type { Io } from "./io.js";
import { run } from "./run.js";

const interruption = new AbortController();
const interrupt = (signal: NodeJS.Signals) => {
  // A second signal ends the process at once, whatever it is doing.
  if (interruption.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
  interruption.abort(signal);
};
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
// A reader that closes the pipe early (`| head`) is no error of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });

const io: Io = {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  now: () => new Date(),
  signal: interruption.signal,
  exitCode: 0,
};

process.exitCode = await run(process.argv.slice(2), io);
