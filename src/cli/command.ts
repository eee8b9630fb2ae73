/**
 * What a command is, and how it runs: once, or for each policy that is named (policies.ts). It returns a report or throws;
 * outcome.ts makes a report of what it threw and hands it to each format that was asked for. Promises: one policy prints
 * what the command prints, with nothing around it; a format that was asked for is written on failure too, and names
 * every policy.
 */
import type { Command, Option } from "commander";
import { filesReadBy, loadPolicyFile } from "../files/load-policy.js";
import { writeWhole } from "../files/write-file.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { jsonText, scriptLine } from "../model/escape.js";
import { type ExitCode, exitCodes, Failure, failure } from "../model/failure.js";
import { shellWord } from "../model/shell.js";
import { exitCodeOf, type Report, worstExitCode } from "../report/report.js";
import { verdicts } from "../report/verdicts.js";
import { policyMatrix } from "./accounts.js";
import { type Io, note, noteDiagnostics } from "./io.js";
import { deliver, notesOf, outputTargets, reportOf, requireWritable, type SharedOptions } from "./outcome.js";
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
export type RunCommand<Options> = (io: Io, options: Options, operands: readonly string[]) => Promise<Report>;

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
  if (positional) command.argument("[policies...]", "policy files, each of an account of its own");
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
  if (options.format === "matrix") return printWhole(io, options, policyMatrix(io, files));
  if (options.listFiles === true) return listFiles(io, options, files);
  if (operands.length > 1 && policies.plans !== undefined) {
    const [named] = command.getOptionValueSource("policy") === "cli" ? files : [];
    if (named !== undefined) throw planWithPolicy(command, operands, named);
    const plans = [...new Set(operands)];
    const approved = await policies.plans(io, options, plans);
    return runEach(invocation, { ...options, ...approved }, plans, policies, "plans");
  }
  const [only, ...more] = files;
  if (options.terraform !== undefined && more.length > 0)
    throw failure("bad-option", { kind: "terraform-and", option: "several policies" });
  if (only !== undefined && more.length === 0) {
    const isNamed = command.getOptionValueSource("policy") === "cli";
    if (operands.length > 0 && isNamed) throw planWithPolicy(command, operands, only);
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

const printWhole = async (io: Io, { output }: SharedOptions, text: string): Promise<ExitCode> => {
  if (output === undefined) io.stdout.write(text);
  else await writeWhole(io, output, text);
  return exitCodes.done;
};

/**
 * `validate --list-files`: every file that the policies read, each once, in the order in which they name them. What is wrong
 * with a policy is said on standard error: the list may lack what it was to name.
 */
const listFiles = async (io: Io, options: SharedOptions, policies: readonly string[]): Promise<ExitCode> => {
  const errors: Diagnostic[] = [];
  const read: { readonly policy: string; readonly files: readonly string[] }[] = [];
  for (const policy of policies) {
    const found = await filesAndErrors(io, policy, options.now ?? io.now());
    read.push({ policy, files: found.files });
    errors.push(...found.errors);
  }
  const files = [...new Set(read.flatMap((one) => one.files))];
  const isJson = options.format === "json";
  const unlisted = isJson ? [] : files.filter((file) => /[\n\r\u0085\u2028\u2029]/.test(file));
  errors.push(
    ...unlisted.flatMap((file) => failure("bad-option", { kind: "lines-in-name", file }).diagnostics),
  );
  noteDiagnostics(io, errors, options);
  const [ok, error] = verdicts.files;
  const verdict = errors.length === 0 ? ok : error;
  const document = { format: "dbt-ip-rules/files", version: 1, verdict, files, policies: read };
  const lines = files.filter((file) => !unlisted.includes(file)).map((file) => `${scriptLine(file)}\n`);
  const written = await printWhole(io, options, isJson ? `${jsonText(document, 2)}\n` : lines.join(""));
  return errors.length === 0 ? written : exitCodes.error;
};

const filesAndErrors = async (
  io: Io,
  policy: string,
  now: Date,
): Promise<{ readonly files: readonly string[]; readonly errors: readonly Diagnostic[] }> => {
  try {
    const files = filesReadBy(io, policy);
    const { diagnostics } = await loadPolicyFile(io, policy, now);
    return { files, errors: diagnostics.filter(({ severity }) => severity === "error") };
  } catch (error) {
    if (error instanceof Failure) return { files: [], errors: error.diagnostics };
    throw error;
  }
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
