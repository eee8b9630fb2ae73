/** docs/dbt-ip-rules.1, from the program itself, in the man macros that every `man` knows. */
import type { Argument, Command, Option } from "commander";
import { helpExamples } from "../../src/cli/arguments/help.js";
import { exitCodeRows, variables } from "./settings.js";

/** Text that troff prints as it stands: no request at a line's start, no escape, a plain hyphen and quote. */
const text = (raw: string): string =>
  raw
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replace(/^(?=[.])/gm, "\\&")
    .replaceAll("…", "...");

const bold = (raw: string): string => `\\fB${text(raw)}\\fR`;

const tagged = (tag: string, body: string): string[] => [".TP", tag, text(body)];

const optionLines = ({
  flags,
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
  negate,
}: Option): string[] => {
  const hasDefault =
    !negate && defaultValue !== undefined && !(Array.isArray(defaultValue) && defaultValue.length === 0);
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(", ")}`]),
    ...(hasDefault ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
  ];
  return tagged(bold(flags), `${description}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`);
};

const argumentText = (argument: Argument): string => {
  const shown = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${shown}>` : `[${shown}]`;
};

const commandLines = (command: Command, path: string): string[] => {
  const usage = [path, ...command.registeredArguments.map(argumentText)].join(" ");
  return [
    `.SS "${text(usage)}"`,
    `${text(command.description().charAt(0).toUpperCase() + command.description().slice(1))}.`,
    ...command.options.filter(({ hidden }) => !hidden).flatMap(optionLines),
    ...exampleLines(path),
    ...command.commands.flatMap((one) => commandLines(one, `${path} ${one.name()}`)),
  ];
};

const exampleLines = (path: string): string[] => {
  const examples = helpExamples[path] ?? [];
  if (examples.length === 0) return [];
  const lines = examples.map(([line]) => text(`dbt-ip-rules ${line}`));
  return [".PP", "Examples:", ".PP", ".nf", ".RS 4", ...lines, ".RE", ".fi"];
};

const sentence = (markdown: string): string => {
  const plain = markdown.replaceAll("`", "");
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}.`;
};

const exitCodes = exitCodeRows.map(({ name, meaning }) => [name, sentence(meaning)] as const);

const environment = variables.map(({ names, meaning }) => [names.join(", "), sentence(meaning)] as const);

const files: readonly (readonly [string, string])[] = [
  ["policy.yaml", "The policy, unless --policy names another."],
  [".dbt-ip-rules/receipts/", "What each apply did, step by step."],
];

export const renderManPage = (program: Command): string => {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((one) => one.name() !== "help");
  const list = (rows: readonly (readonly [string, string])[]) =>
    rows.flatMap(([tag, body]) => tagged(bold(tag), body));
  return `${[
    `.\\" Made from the program by test/docs/man-page.ts; do not edit.`,
    `.TH DBT\\-IP\\-RULES 1 "" "dbt\\-ip\\-rules" "User Commands"`,
    ".SH NAME",
    "dbt\\-ip\\-rules \\- IP restrictions of the dbt platform as code",
    ".SH SYNOPSIS",
    ".B dbt\\-ip\\-rules",
    "\\fIcommand\\fR [\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    text(
      "A policy file says who may reach a dbt account. plan shows exactly which addresses gain and lose access,",
    ),
    text(
      "apply makes the account what the policy says, step by step and without locking anybody out on the way,",
    ),
    text("drift finds later changes, and audit proves each of them from the account's log."),
    ".SH COMMANDS",
    ...commands.flatMap((one) => commandLines(one, one.name())),
    ".SH EXIT STATUS",
    ...list(exitCodes),
    ".SH ENVIRONMENT",
    ...list(environment),
    ".SH FILES",
    ...list(files),
  ].join("\n")}\n`;
};
