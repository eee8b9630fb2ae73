/**
 * A command of one policy made a command of several: `plan policies/*.yaml`. Each policy is run for itself, with its
 * own client, streams and exit code, so that one that fails stops no other. Promise: with one policy, everything is
 * as if this file were not there.
 */
import { Command, type Option } from "commander";
import { failure } from "../model/failure.js";
import type { CommandModule, Program } from "./command-module.js";
import { checkFiles } from "./file-roles.js";
import { shellWord } from "./file-words.js";
import type { Io } from "./io.js";
import { writeFileWhole } from "./output.js";

export interface SeveralKind {
  /** Whether policies may also stand as arguments; else only `--policy` is repeated. */
  readonly positional: boolean;
  /** How many run at a time. Those that ask or write run one by one, and show at once what they do. */
  readonly atOnce: number;
  /** Whether `--format matrix` prints the policies for a pipeline to distribute. */
  readonly matrix: boolean;
  /** Whether each policy must be of an account of its own. */
  readonly distinct: boolean;
}

/** What one run is told differently from the others. */
export type SetOptions = Readonly<Record<string, unknown>>;

export const forSeveral = (module: CommandModule, kind: SeveralKind): CommandModule => ({
  configure(command, io, program) {
    module.configure(command, io, program);
    const policy = optionNamed(command, "--policy");
    if (policy === undefined) throw new Error(`${command.name()} has no --policy`);
    policy.argParser((file: string, before: unknown) => (Array.isArray(before) ? [...before, file] : [file]));
    policy.description = "the policy file (repeatable: several accounts)";
    if (kind.positional) command.argument("[policies...]", "policy files, each of an account of its own");
    const format = optionNamed(command, "--format");
    if (kind.matrix && format?.argChoices !== undefined) format.choices([...format.argChoices, "matrix"]);
    command.action(() => runAll(module, kind, command, io, program));
  },
});

const optionNamed = (command: Command, long: string): Option | undefined =>
  command.options.find((option) => option.long === long);

const policiesOf = (command: Command, kind: SeveralKind): string[] => {
  const repeated: unknown = command.getOptionValue("policy");
  const named = [
    ...(kind.positional ? command.args : []),
    ...(Array.isArray(repeated) ? repeated.map(String) : []),
  ];
  return named.length === 0 ? ["policy.yaml"] : [...new Set(named)];
};

const runAll = async (
  module: CommandModule,
  kind: SeveralKind,
  command: Command,
  io: Io,
  program: Program,
): Promise<void> => {
  const files = policiesOf(command, kind);
  const [only, ...more] = files;
  const operands = kind.positional ? [] : command.args;
  const one = (file: string, own: Io, set: SetOptions = {}) =>
    runOne({ module, command, operands, program }, file, own, set);
  if (command.getOptionValue("format") === "matrix") await printMatrix(io, command, files);
  else if (only !== undefined && more.length === 0) await one(only, io);
  else {
    if (operands.length > 0)
      throw failure(
        "bad-option",
        "A saved plan is of one policy, and several are named",
        `Leave out --policy: dbt-ip-rules ${command.name()} ${operands.map(shellWord).join(" ")}`,
      );
    const { runSeveral } = await import("./several-runs.js");
    await runSeveral({ files, kind, options: command.opts(), flags: longFlags(command), io, one });
  }
};

const longFlags = (command: Command): ReadonlySet<string> =>
  new Set(command.options.flatMap(({ long }) => (long === undefined ? [] : [long])));

interface Line {
  readonly module: CommandModule;
  readonly command: Command;
  readonly operands: readonly string[];
  readonly program: Program;
}

/** The command as its own module made it, given what was parsed, and this policy. */
const runOne = async (
  { module, command, operands, program }: Line,
  file: string,
  io: Io,
  set: SetOptions,
): Promise<void> => {
  const inner = new Command(command.name()).copyInheritedSettings(command);
  module.configure(inner, io, program);
  // With a name of its own for each policy, `--out` and `--receipt` are looked at again.
  if (Object.keys(set).length > 0) inner.hook("preAction", () => checkFiles(io, inner));
  for (const [name, value] of Object.entries<unknown>({ ...command.opts(), policy: file, ...set }))
    inner.setOptionValueWithSource(name, value, command.getOptionValueSource(name) ?? "default");
  await inner.parseAsync(operands.length === 0 ? [] : ["--", ...operands], { from: "user" });
};

const printMatrix = async (io: Io, command: Command, files: readonly string[]): Promise<void> => {
  const { policyMatrix } = await import("./several-accounts.js");
  const text = policyMatrix(io, files);
  const output: unknown = command.getOptionValue("output");
  if (typeof output === "string") await writeFileWhole(io, output, text);
  else io.stdout.write(text);
};
