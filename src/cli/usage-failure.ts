/** A command line that the parser refused, as the diagnostic that every other failure is. */
import type { CommanderError } from "commander";
import { type Failure, failure } from "../model/failure.js";
import { commands } from "./commands/index.js";

const isCommand = (word: string | undefined): boolean =>
  commands.some(({ name, hidden }) => name === word && hidden !== true);

/** The command whose help tells more, with its subcommand. */
const helpOf = (argv: readonly string[], code: string): string => {
  const [first, second] = argv.filter((word) => !word.startsWith("-"));
  if (!isCommand(first)) return "dbt-ip-rules --help";
  const inAudit = first === "audit" && second !== undefined && code !== "commander.unknownCommand";
  return `dbt-ip-rules ${first}${inAudit ? ` ${second}` : ""} --help`;
};

/** `help` with a name that is no command: the parser would show the first screen, as if all were well. */
export const refuseUnknownHelp = (argv: readonly string[]): void => {
  const [help, topic] = argv;
  if (help !== "help" || topic === undefined || topic.startsWith("-") || isCommand(topic) || topic === "help")
    return;
  throw failure("bad-usage", `Unknown command '${topic}'`, "See: dbt-ip-rules --help");
};

/** The parser's words: `error: …`, and on a second line what may have been meant. */
export const usageFailure = (error: CommanderError, argv: readonly string[]): Failure => {
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = /\(Did you mean (.+)\?\)/.exec(more.join(" "))?.[1];
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1)}`.replace(/\.$/, "");
  const suggestion = meant === undefined ? "" : `Did you mean ${meant}? `;
  return failure("bad-usage", message, `${suggestion}See: ${helpOf(argv, error.code)}`, { cause: error });
};
