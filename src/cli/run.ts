/** One run of the program: find the command, load only its module, run it, turn failures into words. */
import { Command, CommanderError } from "commander";
import { type ExitCode, exitCodes, Failure, failure, failureOf } from "../model/failure.js";
import { keepSecret, tokensIn } from "../model/secrets.js";
import { requestedOutput } from "./arguments/failed-line.js";
import { commandHelp, examplesText } from "./arguments/help.js";
import { checkFiles } from "./arguments/named-files.js";
import { ownCommand, ownOptions } from "./arguments/spelling.js";
import type { Program } from "./command.js";
import { type CommandEntry, commands } from "./commands/index.js";
import type { Io } from "./io.js";
import { deliver, reportFailure } from "./outcome.js";
import { version } from "./package.js";

const isCommand = (word: string | undefined): boolean =>
  commands.some(({ name, hidden }) => name === word && hidden !== true);

/** The command line that shows more help, with its subcommand. */
const helpOf = (argv: readonly string[], code: string): string => {
  const [first, second] = argv.filter((word) => !word.startsWith("-"));
  if (!isCommand(first)) return "dbt-ip-rules --help";
  const hasSubcommands = first === "audit" || first === "lists";
  const isInner = hasSubcommands && second !== undefined && code !== "commander.unknownCommand";
  return `dbt-ip-rules ${first}${isInner ? ` ${second}` : ""} --help`;
};

/** `help` with a name that is no command: the parser would show the first screen, as if all were well. */
const refuseUnknownHelp = (argv: readonly string[]): void => {
  const [help, topic] = argv;
  if (help !== "help" || topic === undefined || topic.startsWith("-") || isCommand(topic) || topic === "help")
    return;
  throw failure("bad-usage", { said: `Unknown command '${topic}'`, help: "dbt-ip-rules --help" });
};

/** A command line that the parser refused. Its words: `error: …`, and on a second line what may have been meant. */
const usageFailure = (error: CommanderError, argv: readonly string[]): Failure => {
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = /\(Did you mean (.+)\?\)/.exec(more.join(" "))?.[1];
  const said = `${first.charAt(0).toUpperCase()}${first.slice(1)}`.replace(/\.$/, "");
  return failure("bad-usage", { said, meant, help: helpOf(argv, error.code) }, { cause: error });
};

const examples = `
Examples:
  $ dbt-ip-rules demo      see the whole loop, without an account
  $ dbt-ip-rules init      start here: a policy, a workflow, editor settings
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
      // What is wrong is said as of every other failure (outcome.ts).
      outputError: () => undefined,
    })
    .exitOverride()
    .hook("preAction", (_, command) => checkFiles(io, command));

/** The command that argv names: its first word that is no option, also behind `help`. */
const namedIn = (argv: readonly string[]): string | undefined => {
  const words = argv.filter((word) => !word.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
};

/** The program, with the options of the commands that `isLoaded` names. */
const programWith = async (
  io: Io,
  isLoaded: (entry: CommandEntry) => boolean,
  finish: Program["finish"],
): Promise<Command> => {
  const program = newProgram(io);
  for (const entry of commands) {
    const command = program.command(entry.name, { hidden: entry.hidden ?? false }).description(entry.summary);
    command.copyInheritedSettings(program);
    if (!isLoaded(entry)) continue;
    (await entry.load()).configure(command, io, { run, withOptionsOf: programFor, finish });
    for (const one of [command, ...command.commands]) {
      if (one.commands.length === 0) one.configureHelp({ formatHelp: commandHelp });
      const name = one === command ? entry.name : `${entry.name} ${one.name()}`;
      one.addHelpText("after", () => examplesText(name));
    }
  }
  return program;
};

interface NamedCommand {
  readonly command: Command;
  /** `audit list`. */
  readonly path: readonly string[];
  /** Those behind it. */
  readonly words: readonly string[];
}

/** The command that the line begins with, or its subcommand. */
const commandIn = (program: Command, [name, ...words]: readonly string[]): NamedCommand | undefined => {
  const command = program.commands.find((one) => one.name() === name);
  if (name === undefined || command === undefined || name.startsWith("__")) return undefined;
  const inner = command.commands.find((one) => one.name() === words[0]);
  return inner === undefined
    ? { command, path: [name], words }
    : { command: inner, path: [name, inner.name()], words: words.slice(1) };
};

/** With the options of the command in this program's own spelling. */
const inOwnWords = (program: Command, argv: readonly string[]): readonly string[] => {
  const named = commandIn(program, argv);
  return named === undefined
    ? argv
    : [...named.path, ...ownOptions(named.words, named.command, named.path.join(" "))];
};

const neverRun = (): never => {
  throw new Error("this program is only looked at");
};

/** The whole program with every command loaded: for the manual and the documentation. */
export const wholeProgram = (io: Io): Promise<Command> => programWith(io, () => true, neverRun);

/** The program with the options of one command only: what completion needs at each TAB. */
const programFor = (io: Io, name: string | undefined): Promise<Command> =>
  programWith(io, (entry) => entry.name === name, neverRun);

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
export const run = async (typed: readonly string[], io: Io): Promise<ExitCode> => {
  const forget = keepSecret(tokensIn(io.env));
  let exitCode: ExitCode = exitCodes.done;
  let argv = typed;
  let program: Command | undefined;
  try {
    argv = ownCommand(typed, (word) => commands.some((one) => one.name === word));
    const name = namedIn(argv);
    refuseUnknownHelp(argv);
    program = await programWith(
      io,
      (entry) => entry.name === name,
      (code) => {
        exitCode = code;
      },
    );
    if (argv.length === 0) {
      program.outputHelp();
      return exitCodes.done;
    }
    argv = inOwnWords(program, argv);
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    // A command of subcommands alone, such as `audit`: its help is out, and says all.
    if (error instanceof CommanderError && error.code === "commander.help") return exitCodes.error;
    const failed = error instanceof CommanderError ? usageFailure(error, argv) : error;
    const isBug = !(failed instanceof Failure);
    const met = await failedBefore(failureOf(failed, "command"), { io, program, argv, isBug });
    return heavier(exitCode, met);
  } finally {
    forget();
  }
};

/**
 * A command line that was not understood or could not begin, or a bug. After a bug no file is written: the report that is
 * there may be that of a change.
 */
const failedBefore = async (
  error: Failure,
  {
    io,
    program,
    argv,
    isBug,
  }: { io: Io; program: Command | undefined; argv: readonly string[]; isBug: boolean },
): Promise<ExitCode> => {
  const named = program === undefined ? undefined : commandIn(program, argv);
  const requested = await requestedOutput(io, named?.words ?? argv, named?.command);
  const report = reportFailure(io, error, requested);
  const targets = requested.targets.filter(({ file }) => !isBug || file === undefined);
  await deliver(io, targets, [{ report }], requested);
  return error.exitCode;
};
