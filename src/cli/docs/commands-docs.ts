/** docs/commands.md, from the program itself: every command with its arguments, options and examples. */
import type { Argument, Command, Option } from "commander";
import { helpExamples } from "../examples.js";
import { exitCodeTable, variableTable } from "./settings.js";

const introduction = `<!-- Made from the program by src/cli/docs/commands-docs.ts; do not edit. Update: npm run docs -->
# Commands

Results go to standard output or \`--output\`, everything else to standard error. Host and account come from the
policy, \`--host\` and \`--account\`, or the environment; a contradiction between them is an error.

${exitCodeTable()}

${variableTable()}

Of several policies the worst counts, in the order 4, 1, 3, 2, 0 ([several-accounts.md](several-accounts.md)).
Every error code is explained in [errors.md](errors.md), every format in [formats.md](formats.md).`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/</g, "&lt;");

/** As the help shows it, without what the help adds. */
const optionRow = (option: Option): string => {
  const notes = [
    option.description,
    ...(option.argChoices === undefined
      ? []
      : [`one of ${option.argChoices.map((choice) => `\`${choice}\``).join(" ")}`]),
    ...defaultNote(option),
    ...(option.mandatory ? ["required"] : []),
  ];
  return `| \`${option.flags.replaceAll("|", "\\|")}\` | ${notes.map((note, at) => (at === 0 ? cell(note) : note)).join("; ")} |`;
};

const defaultNote = ({ defaultValue, defaultValueDescription, negate }: Option): string[] => {
  if (negate || defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0))
    return [];
  const text = defaultValueDescription ?? String(defaultValue);
  return [`default \`${text}\``];
};

const argumentRow = (argument: Argument): string => {
  const shown = `${argument.name()}${argument.variadic ? "..." : ""}`;
  const choices =
    argument.argChoices === undefined
      ? ""
      : `; one of ${argument.argChoices.map((one) => `\`${one}\``).join(" ")}`;
  return `| \`${argument.required ? `<${shown}>` : `[${shown}]`}\` | ${cell(argument.description)}${choices} |`;
};

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const section = (command: Command, path: string, level: string): string => {
  const options = command.options.filter(({ hidden }) => !hidden);
  const rows = [...command.registeredArguments.map(argumentRow), ...options.map(optionRow)];
  const examples = (helpExamples[path] ?? []).map(
    ([line, meaning]) => `dbt-ip-rules ${line}${meaning === "" ? "" : `   # ${meaning}`}`,
  );
  const parts = [
    `${level} ${path}`,
    `${capital(command.description())}.`,
    ...(rows.length === 0 ? [] : [["| | |", "|---|---|", ...rows].join("\n")]),
    ...(examples.length === 0 ? [] : [["```sh", ...examples, "```"].join("\n")]),
    ...command.commands.map((one) => section(one, `${path} ${one.name()}`, `${level}#`)),
  ];
  return parts.join("\n\n");
};

const isShown = (program: Command, command: Command): boolean =>
  command.name() !== "help" && program.createHelp().visibleCommands(program).includes(command);

export const renderCommandsDocs = (program: Command): string => {
  const commands = program.commands.filter((command) => isShown(program, command));
  const table = [
    "| command | |",
    "|---|---|",
    ...commands.map((one) => `| [${one.name()}](#${one.name()}) | ${cell(one.description())} |`),
  ].join("\n");
  return `${[introduction, table, ...commands.map((one) => section(one, one.name(), "##"))].join("\n\n")}\n`;
};
