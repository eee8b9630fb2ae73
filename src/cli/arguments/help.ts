/**
 * The help of one command, with its examples, on the first screen of a terminal: what is its own comes first, what all commands share last,
 * and the flags that let a check fail are named together, since each refusal names its own. The manual page has the whole
 * text of every option.
 */
import type { Command, Help, Option } from "commander";
import { overrideFlags } from "../../model/guards.js";

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
    : ["", "To continue although a check fails (the refusal names its flag):", ...wrapped(flags, width)];

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

/** By the command's name (`audit list`); one line each, below 80 columns. */
export const helpExamples: Readonly<Record<string, readonly (readonly [line: string, meaning: string])[]>> = {
  demo: [["demo", "plan, apply, audit and drift, without an account"]],
  init: [
    ["init", "asks for account and host at a terminal"],
    ["init --account 66847 --host ab123.us1.dbt.com", "asks nothing"],
  ],
  import: [
    ["import --host ab123.us1.dbt.com --account 66847 -o policy.yaml", ""],
    ["import --merge policy.yaml", "add what the policy lacks"],
    ["import --from-traffic 90d --hold-out 14d -o draft.yaml", "a draft from the log"],
  ],
  validate: [
    ["validate", "policy.yaml, offline"],
    ["validate policies/*.yaml", "several at once"],
    ["validate --format sarif --output policy.sarif", ""],
    ["validate --now 2027-12-31", "as it would be on that day"],
  ],
  fmt: [
    ["fmt", "rewrite policy.yaml"],
    ["fmt --check policies/*.yaml", "exit 2 if one is not canonical"],
  ],
  plan: [
    ["plan --out plan.json", "save it for: apply plan.json"],
    ["plan --write html=plan.html", "text here, a page there"],
  ],
  show: [
    ["show plan.json", "a saved plan"],
    ["show", "the account as it is"],
    ['show --rule "Corporate VPN"', "one rule of it"],
  ],
  apply: [
    ["apply", "plan, ask, apply"],
    ["apply plan.json", "exactly the saved plan, or nothing"],
    ["apply --auto-approve --audit", "in a pipeline"],
    ["apply --only-expired", "on a schedule: take out what has expired"],
    ["apply plans/*.json", "saved plans, one per account"],
    ["apply -p policies/a.yaml -p policies/b.yaml", "one per account"],
  ],
  grant: [
    ['grant 203.0.113.7 --for 4h --reason "TICKET-123"', "into the policy, for review"],
    ['grant 203.0.113.7 --for 4h --reason "TICKET-123" --apply', "and onto the account"],
  ],
  rollback: [
    ["rollback", "undo the newest apply of this account"],
    ["rollback .dbt-ip-rules/receipts/66847-….jsonl", "undo that one"],
  ],
  drift: [
    ["drift", "exit 2 if anything differs"],
    ["drift --base main/policy.yaml", "separate drift from what is not applied yet"],
    ["drift --format sarif --output drift.sarif", ""],
  ],
  audit: [
    ["audit verify --receipt .dbt-ip-rules/receipts", ""],
    ["audit list --since 7d --event 'ip_restrictions.*'", ""],
  ],
  "audit verify": [
    ["audit verify --receipt .dbt-ip-rules/receipts", "all receipts in a folder"],
    ["audit verify --receipt a.jsonl --format junit -o audit.xml", ""],
  ],
  "audit list": [
    ["audit list --since 7d", ""],
    ["audit list --event 'ip_restrictions.*' --format ndjson", ""],
  ],
  "audit export": [
    ["audit export --since 2026-01-01 --until 2026-03-31 -o q1.csv", ""],
    ["audit export --full -o log.csv", "the whole history"],
  ],
  "audit watch": [["audit watch --cursor watch.json --format ndjson", "for a log collector"]],
  "audit events": [["audit events ip_restrictions.*", ""]],
  explain: [
    ["explain 203.0.113.7", "by the policy, offline"],
    ["explain 203.0.113.0/24 --live", "by the account as it is"],
    ["explain 203.0.113.7 --plan plan.json", "before and after a plan"],
  ],
  doctor: [
    ["doctor", "the account of policy.yaml"],
    ["doctor --record shapes.json", "keys and types of the answers, no values"],
  ],
  replay: [
    ["replay", "policy.yaml against the last 90 days"],
    ["replay --plan plan.json --since 30d", "a saved plan"],
    ["replay --live --show-people", "the account's own rules, with names"],
    ["replay --from audit.csv --format json", "a file of: audit export"],
    ["replay --from proxy.csv --columns time=ts,ip=client,who=user", ""],
  ],
  lists: [["lists update", "fetch all of them"]],
  "lists update": [
    ["lists update", "all published lists of policy.yaml"],
    ["lists update github_hooks", "one of them"],
    ["lists update --allow-max-change github_hooks", "after a look at what changed"],
  ],
  "lists check": [["lists check", "exit 2 if an update would change something"]],
  "lists catalogue": [["lists catalogue", "names for `source`, and what `select` can be"]],
  emulator: [
    ["emulator --account 66847 --token secret --port 8080", ""],
    ["emulator --account 1 --token t --seed account.json", ""],
  ],
  completion: [
    ["completion bash", "in ~/.bashrc: source <(dbt-ip-rules completion bash)"],
    ["completion zsh", "in ~/.zshrc: source <(dbt-ip-rules completion zsh)"],
    ["completion fish", "> ~/.config/fish/completions/dbt-ip-rules.fish"],
  ],
};

const prompt = "  $ dbt-ip-rules ";

/** As the help shows them: what a line means is behind it where there is room, else below it. */
export const examplesText = (name: string): string => {
  const examples = helpExamples[name] ?? [];
  const lines = examples.map(([line, meaning]) => {
    if (meaning === "") return `${prompt}${line}`;
    const inOneLine = `${prompt}${line.padEnd(30)}  ${meaning}`;
    return inOneLine.length < 80 ? inOneLine : `${prompt}${line}\n      ${meaning}`;
  });
  return lines.length === 0 ? "" : `\nExamples:\n${lines.join("\n")}`;
};
