/** The command as a process of its own, for tests that kill it. Bundled by the test; not a test itself. */
import process from "node:process";
import { Command } from "commander";
import { configure } from "../../src/cli/commands/emulator.js";
import { Failure } from "../../src/model/failure.js";

const interruption = new AbortController();
process.once("SIGTERM", () => interruption.abort());
process.once("SIGINT", () => interruption.abort());

const command = new Command("emulator");
configure(command, {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  now: () => new Date(),
  signal: interruption.signal,
  exitCode: 0,
});
try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(JSON.stringify(error.diagnostics));
  process.exitCode = error.exitCode;
}
