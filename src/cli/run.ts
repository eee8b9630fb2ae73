/** One run of the program: find the command, load only its module, run it, turn failures into words. */
import { Command, CommanderError } from "commander";
import { type ExitCode, exitCodes, Failure } from "../model/failure.js";
import { keepSecret, tokensIn } from "../model/secrets.js";
import { type CommandEntry, commands } from "./commands/index.js";
import { examplesText } from "./examples.js";
import { checkFiles } from "./file-roles.js";
import type { Io } from "./io.js";
import { reportCrash, reportFailure } from "./report.js";
import { refuseUnknownHelp, usageFailure } from "./usage-failure.js";
import { version } from "./version.js";

const examples = `
Examples:
  $ dbt-ip-rules demo      see the whole loop, without an account
  $ dbt-ip-rules init      begin: a policy, a workflow, the editor's setting
  $ dbt-ip-rules import --host ab123.us1.dbt.com --account 66847
  $ dbt-ip-rules plan      what would change, and who gains or loses access
  $ dbt-ip-rules apply     show the plan, ask, then do it
  $ dbt-ip-rules drift     has somebody changed the account?

The token is read from DBT_CLOUD_TOKEN. The options of a command: add --help.
Exit codes: 0 done, 1 error, 2 differences, 3 refused, 4 stopped midway.`;

const newProgram = (io: Io): Command =>
  new Command("dbt-ip-rules")
    .description("IP restrictions of the dbt platform as code.")
    .version(version, "-V, --version")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", examples)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 80, 100),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 80, 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // What is wrong is told by report.ts, as every other failure is.
      outputError: () => undefined,
    })
    .exitOverride()
    .hook("preAction", (_, command) => checkFiles(io, command));

/** The command that argv names: its first word that is no option, also behind `help`. */
const namedIn = (argv: readonly string[]): string | undefined => {
  const words = argv.filter((word) => !word.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
};

const add = async (program: Command, entry: CommandEntry, io: Io, load: boolean): Promise<void> => {
  const command = program.command(entry.name, { hidden: entry.hidden ?? false }).description(entry.summary);
  command.copyInheritedSettings(program);
  if (!load) return;
  (await entry.load()).configure(command, io, { run, withOptionsOf: programFor });
  for (const one of [command, ...command.commands]) {
    const name = one === command ? entry.name : `${entry.name} ${one.name()}`;
    one.addHelpText("after", () => examplesText(name));
  }
};

/** The whole program with every command loaded: for completion, the manual and the documentation. */
export const wholeProgram = async (io: Io): Promise<Command> => {
  const program = newProgram(io);
  for (const entry of commands) await add(program, entry, io, true);
  return program;
};

/** The program with the options of one command only: what completion needs at each TAB. */
export const programFor = async (io: Io, name: string | undefined): Promise<Command> => {
  const program = newProgram(io);
  for (const entry of commands) await add(program, entry, io, entry.name === name);
  return program;
};

/** The help of the program itself, as `--help` prints it for this width. */
export const helpText = async (io: Io, columns: number): Promise<string> => {
  const parts: string[] = [];
  const stdout = {
    columns,
    write: (text: string) => {
      parts.push(text);
      return true;
    },
  };
  await run(["--help"], { ...io, stdout });
  return parts.join("");
};

/** That the account was changed, and not as planned, outweighs whatever the report of it meets. */
const heavier = (said: ExitCode, met: ExitCode): ExitCode => (said === exitCodes.midway ? said : met);

/** Runs one command line (without node and script) and answers with the exit code. Never throws. */
export const run = async (argv: readonly string[], io: Io): Promise<ExitCode> => {
  const forget = keepSecret(tokensIn(io.env));
  try {
    refuseUnknownHelp(argv);
    const program = await programFor(io, namedIn(argv));
    if (argv.length === 0) {
      program.outputHelp();
      return exitCodes.done;
    }
    await program.parseAsync([...argv], { from: "user" });
    return io.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    // A command of subcommands alone, such as `audit`: its help is out, and says all.
    if (error instanceof CommanderError && error.code === "commander.help") return exitCodes.error;
    if (error instanceof CommanderError) return await reportFailure(usageFailure(error, argv), argv, io);
    const met = await (error instanceof Failure
      ? reportFailure(error, argv, io)
      : reportCrash(error, argv, io));
    return heavier(io.exitCode, met);
  } finally {
    forget();
  }
};
