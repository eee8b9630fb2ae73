/**
 * The help of one command, on the first screen of a terminal: what is its own comes first, what all commands share last,
 * and the flags that let a check fail are named together, since each refusal names its own. The manual page has the whole
 * text of every option.
 */
import type { Command, Help, Option } from "commander";
import { overrideFlags } from "../model/guards.js";

/** Shared by commands, in this order behind their own. */
const shared = [
  "--policy",
  "--client-ip",
  "--format",
  "--output",
  "--write",
  "--max-bytes",
  "--now",
  "--host",
  "--account",
];

/** One line for the three that every command has. */
const general = ["--no-color", "--debug", "--help"];
const generalLine = "--no-color, --debug, -h, --help   no colour; trace HTTP calls; this page";

const overrides = new Set<string>(Object.values(overrideFlags));

const longOf = ({ long, flags }: Option): string => long ?? flags;

const described = (option: Option, helper: Help): string => {
  const { argChoices, description, defaultValue } = option;
  if (Array.isArray(defaultValue) && defaultValue.length === 0) return description;
  if (argChoices === undefined) return helper.optionDescription(option);
  const choices = argChoices.map((one) => (one === defaultValue ? `${one} (default)` : one)).join(", ");
  return longOf(option) === "--format" ? choices : `${description}: ${choices}`;
};

/** Words after each other, in lines of the width. */
const wrapped = (words: readonly string[], width: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines;
};

const overrideLines = (flags: readonly string[], width: number): readonly string[] =>
  flags.length === 0
    ? []
    : ["", "To go on where a check fails (the refusal names its flag):", ...wrapped(flags, width)];

/** For `configureHelp`; commands of subcommands alone, and the program itself, keep the parser's own. */
export const commandHelp = (command: Command, helper: Help): string => {
  const width = helper.helpWidth ?? 80;
  const options = helper.visibleOptions(command);
  const ownLong = new Set([...shared, ...general, ...overrides]);
  const own = options.filter((option) => !ownLong.has(longOf(option)));
  const byName = shared.flatMap((name) => options.filter((option) => longOf(option) === name));
  const rows = [
    ...helper
      .visibleArguments(command)
      .map((one) => [helper.argumentTerm(one), helper.argumentDescription(one)] as const),
    ...[...own, ...byName].map((one) => [helper.optionTerm(one), described(one, helper)] as const),
  ];
  const termWidth = Math.max(...rows.map(([term]) => term.length), 0);
  const hasGeneral = general.every((name) => options.some((option) => longOf(option) === name));
  const rest = hasGeneral ? [`  ${generalLine}`] : ["  -h, --help   this page"];
  return [
    `Usage: ${helper.commandUsage(command)}`,
    "",
    helper.commandDescription(command),
    "",
    ...rows.map(([term, text]) => helper.formatItem(term, termWidth, text, helper)),
    ...rest,
    ...overrideLines(
      options.map(longOf).filter((name) => overrides.has(name)),
      width,
    ),
    "",
  ].join("\n");
};
