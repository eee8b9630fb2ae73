/** The command as a process of its own, for tests that kill it. Bundled by the test; not a test itself. */
import process from "node:process";
import { run } from "../../src/cli/run.js";

const interruption = new AbortController();
process.once("SIGTERM", () => interruption.abort());
process.once("SIGINT", () => interruption.abort());

process.exitCode = await run(["emulator", ...process.argv.slice(2)], {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  now: () => new Date(),
  signal: interruption.signal,
  isInterrupted: () => interruption.signal.aborted,
});
