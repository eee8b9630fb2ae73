/** docs/commands.md, from the program itself: what is there, and what `--help` of one command does not say. */
import type { Command } from "commander";
import { exitCodeTable, variableTable } from "./settings.js";

const introduction = `<!-- Made from the program by test/docs/commands-page.ts; do not edit. Update: npm run docs -->
# Commands

\`dbt-ip-rules COMMAND --help\` lists a command's arguments and options, with examples. The manual page
([dbt-ip-rules.1](dbt-ip-rules.1), \`man dbt-ip-rules\` once installed) has all of them in one place.`;

const outro = `- Host and account come from the policy, from \`--host\` and \`--account\`, or from the environment. If two of them
  disagree, that is an error.
- \`-\` in the place of a policy, saved plan or receipt reads standard input.
- Results go to standard output or to \`--output\`, everything else to standard error.
- Spellings of Terraform, kubectl and gh work where they have one meaning here (\`-out=FILE\`, \`-auto-approve\`, \`--json\` for
  \`--format json\`, \`-y\` for \`--auto-approve\`, \`-v\`, \`lint\`, \`check\`, \`test\`, \`diff\`); others end in exit code 1 and
  name what to type.
- Every error code is explained in [errors.md](errors.md), every format in [formats.md](formats.md).

## Exit codes

${exitCodeTable()}

With several policies the worst one counts, in the order 4, 1, 3, 2, 0.

## Environment

${variableTable()}`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/</g, "&lt;");

const row = (command: Command, path: string): string => {
  const formats = command.options.find(({ long }) => long === "--format")?.argChoices ?? [];
  const shown = formats.map((format) => `\`${format}\``).join(" ");
  return `| \`${path}\` | ${cell(command.description())} | ${shown} |`;
};

const rows = (command: Command, path: string): string[] =>
  command.commands.length === 0
    ? [row(command, path)]
    : command.commands.flatMap((one) => rows(one, `${path} ${one.name()}`));

export const renderCommandsDocs = (program: Command): string => {
  const visible = program.createHelp().visibleCommands(program);
  const commands = visible.filter((command) => command.name() !== "help");
  const table = [
    "| command | does | formats (`--format`) |",
    "|---|---|---|",
    ...commands.flatMap((one) => rows(one, one.name())),
  ].join("\n");
  return `${[introduction, table, outro].join("\n\n")}\n`;
};
