/**
 * What a command is, and how it runs: once, or for each policy that is named (policies.ts). It returns a report or throws;
 * outcome.ts makes a report of what it threw and hands it to each format that was asked for. Promises: one policy prints
 * what the command prints, with nothing around it; a format that was asked for is written on failure too, and names
 * every policy.
 */

import type { Command, Option } from "commander";
import { type ExitCode, type Failure, failure } from "../model/failure.js";
import { shellWord } from "../model/shell.js";
import { exitCodeOf, type Report, worstExitCode } from "../report/report.js";
import { policyMatrix } from "./accounts.js";
import { type Io, note } from "./io.js";
import {
  deliver,
  notesOf,
  outputTargets,
  printText,
  reportOf,
  requireWritable,
  type SharedOptions,
} from "./outcome.js";
import { type Invocation, type PolicyRuns, runEach } from "./policies.js";

/** The program as a command sees it: handed in, since the program loads the commands. */
export interface Program {
  /** Runs another command line; never throws. */
  run(argv: readonly string[], io: Io): Promise<ExitCode>;
  /** The program with the options of one command only: what completion needs at each TAB. */
  withOptionsOf(io: Io, command: string | undefined): Promise<Command>;
  /** Says what the process exits with. */
  finish(exitCode: ExitCode): void;
}

/** What a file of `commands/` is. */
export interface CommandModule {
  configure(command: Command, io: Io, program: Program): void;
}

/** Runs a command once: for one policy where it takes policies. Throws `Failure` where it ends early. */
type RunCommand<Options> = (io: Io, options: Options, operands: readonly string[]) => Promise<Report>;

/** Makes `run` what `command` does; with `policies`, for each policy that is named. */
export const runs = <Options>(
  command: Command,
  io: Io,
  program: Program,
  run: RunCommand<Options>,
  policies?: PolicyRuns,
): void => {
  if (policies !== undefined) takePolicies(command, policies);
  command.action(async () => {
    // Commander gives what the options of the command made of it, which is what `Options` says.
    const one = (own: Io, options: object, operands: readonly string[]) =>
      run(own, options as Options, operands);
    program.finish(await runAll({ command, io, one, policies, finish: program.finish }));
  });
};

const optionNamed = (command: Command, long: string): Option | undefined =>
  command.options.find((option) => option.long === long);

const takePolicies = (command: Command, { positional, matrix }: PolicyRuns): void => {
  const policy = optionNamed(command, "--policy");
  if (policy === undefined) throw new Error(`${command.name()} has no --policy`);
  policy.argParser((file: string, before: unknown) => (Array.isArray(before) ? [...before, file] : [file]));
  policy.description = "the policy file (repeatable)";
  if (positional) command.argument("[policies...]", "policy files, one per account");
  const format = optionNamed(command, "--format");
  if (matrix === true && format?.argChoices !== undefined) format.choices([...format.argChoices, "matrix"]);
};

const runAll = async (invocation: Invocation): Promise<ExitCode> => {
  const { command, io, policies } = invocation;
  const options = command.opts<SharedOptions>();
  if (policies === undefined) {
    const { policy } = options;
    return runSingle(invocation, options, typeof policy === "string" ? policy : undefined, command.args);
  }
  const files = policiesOf(command, policies);
  const operands = policies.positional ? [] : command.args;
  if (options.format === "matrix") return printText(io, options, policyMatrix(io, files));
  const instead = policies.instead?.(io, options, files);
  if (instead !== undefined) return instead;
  const [only, ...more] = files;
  if (only !== undefined && operands.length > 0 && command.getOptionValueSource("policy") === "cli")
    throw planWithPolicy(command, operands, only);
  if (operands.length > 1 && policies.plans !== undefined)
    return runEach(invocation, options, [...new Set(operands)], policies, "plans");
  if (options.terraform !== undefined && more.length > 0)
    throw failure("bad-option", { kind: "terraform-and", option: "several policies" });
  if (only !== undefined && more.length === 0) {
    const named = options.terraform === undefined ? only : undefined;
    return runSingle(invocation, { ...options, policy: only }, named, operands);
  }
  if (operands.length > 0)
    throw failure("bad-option", {
      kind: "plan-and-several-policies",
      command: `dbt-ip-rules ${command.name()} ${operands.map(shellWord).join(" ")}`,
    });
  return runEach(invocation, options, files, policies);
};

const planWithPolicy = (command: Command, operands: readonly string[], policy: string): Failure =>
  failure("bad-option", {
    kind: "plan-and-policy",
    command: `dbt-ip-rules ${command.name()}`,
    plan: operands.map(shellWord).join(" "),
    policy,
  });

const policiesOf = (command: Command, { positional }: PolicyRuns): readonly string[] => {
  const repeated: unknown = command.getOptionValue("policy");
  const named = [
    ...(positional ? command.args : []),
    ...(Array.isArray(repeated) ? repeated.map(String) : []),
  ];
  return named.length === 0 ? ["policy.yaml"] : [...new Set(named)];
};

const runSingle = async (
  { io, one, policies, finish }: Invocation,
  options: SharedOptions,
  policy: string | undefined,
  operands: readonly string[],
): Promise<ExitCode> => {
  const targets = outputTargets(options);
  const report = await reportOf(io, options, async () => {
    if (policies?.changesAccounts === true) await requireWritable(io, targets);
    return one(io, options, operands);
  });
  const reports = [policy === undefined ? { report } : { policy, report }];
  finish(exitCodeOf({ report }));
  const ended = await deliver(io, targets, reports, options);
  for (const { report: last } of ended) for (const text of notesOf(last)) note(io, text);
  return worstExitCode(ended.map(exitCodeOf));
};
