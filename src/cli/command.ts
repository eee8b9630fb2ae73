/**
 * From a command to its end: runs it for each policy that is named, turns what it throws into a report too, hands the
 * list of reports to a reporter for each format that was asked for, and says what the process exits with.
 * Each policy is run for itself, so that one that fails stops no other. Promises: one policy prints what the command
 * prints, with nothing around it; a format that was asked for is written on failure too, and names every policy.
 */
import { basename, extname, join } from "node:path";
import type { Command, Option } from "commander";
import { visible } from "../model/escape.js";
import { type ExitCode, exitCodes, Failure, failure } from "../model/failure.js";
import { shellWord } from "../model/shell.js";
import { defaultMaxBytes } from "../report/markdown-page.js";
import { exitCodeOf, type PolicyReport, type Report, worstExitCode } from "../report/report.js";
import type { Format } from "../report/reporters.js";
import { policyHeading, renderSummary, reportText } from "../report/text.js";
import type { Io, OutputStream } from "./io.js";
import { policyMatrix, requireDistinctAccounts } from "./named-accounts.js";
import {
  deliver,
  fitted,
  lookOf,
  note,
  noteDiagnostics,
  requireWritableFiles,
  type Target,
  targetsOf,
  withNewline,
  writeFileWhole,
} from "./output.js";
import { checkFiles } from "./separate-files.js";

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

/** How a command takes several policies: `plan policies/*.yaml`. */
export interface PolicyRuns {
  /** Whether policies may also stand as arguments; else only `--policy` is repeated. */
  readonly positional: boolean;
  /** How many run at a time. Those that ask or write run one by one, and show at once what they do. */
  readonly atOnce: number;
  /** Whether `--format matrix` prints the policies for a pipeline to distribute. */
  readonly matrix?: boolean;
  /** Whether each policy must be of an account of its own. */
  readonly distinct?: boolean;
  /** Whether accounts are changed: what cannot be written is then better told before. */
  readonly changesAccounts?: boolean;
}

/** Runs a command once: for one policy where it takes policies. Throws `Failure` where it ends early. */
export type RunCommand<Options> = (io: Io, options: Options, operands: readonly string[]) => Promise<Report>;

/** The options that this file looks at; each command has more. */
interface SharedOptions {
  readonly policy?: unknown;
  readonly format?: Format | "matrix";
  readonly output?: string;
  readonly write?: readonly { readonly format: Format; readonly file: string }[];
  readonly color?: boolean;
  readonly debug?: boolean;
  readonly out?: string;
  readonly receipt?: string;
  readonly maxBytes?: number;
  readonly account?: string;
  readonly host?: string;
}

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
  policy.description = "the policy file (repeatable: several accounts)";
  if (positional) command.argument("[policies...]", "policy files, each of an account of its own");
  const format = optionNamed(command, "--format");
  if (matrix === true && format?.argChoices !== undefined) format.choices([...format.argChoices, "matrix"]);
};

interface Line {
  readonly command: Command;
  readonly io: Io;
  readonly one: (io: Io, options: object, operands: readonly string[]) => Promise<Report>;
  readonly policies: PolicyRuns | undefined;
  /** Told what happened before anything is rendered, so that a bug in a reporter cannot hide it. */
  readonly finish: Program["finish"];
}

const runAll = async (line: Line): Promise<ExitCode> => {
  const { command, io, policies } = line;
  const options = command.opts<SharedOptions>();
  if (policies === undefined) {
    const { policy } = options;
    return runSingle(line, options, typeof policy === "string" ? policy : undefined, command.args);
  }
  const files = policiesOf(command, policies);
  const operands = policies.positional ? [] : command.args;
  if (options.format === "matrix") return printMatrix(io, options, files);
  const [only, ...more] = files;
  if (only !== undefined && more.length === 0) {
    const isNamed = command.getOptionValueSource("policy") === "cli";
    if (operands.length > 0 && isNamed) throw planWithPolicy(command, operands, only);
    return runSingle(line, { ...options, policy: only }, only, operands);
  }
  if (operands.length > 0)
    throw failure(
      "bad-option",
      "A saved plan is of one policy, and several are named",
      `Leave out --policy: dbt-ip-rules ${command.name()} ${operands.map(shellWord).join(" ")}`,
    );
  return runEach(line, options, files, policies);
};

const planWithPolicy = (command: Command, operands: readonly string[], policy: string): Failure => {
  const name = `dbt-ip-rules ${command.name()}`;
  return failure(
    "bad-option",
    "A saved plan holds what its policy asked for: it cannot go with --policy",
    `Apply the plan (${name} ${operands.map(shellWord).join(" ")}), or plan the policy anew (${name} --policy ${shellWord(policy)})`,
  );
};

const policiesOf = (command: Command, { positional }: PolicyRuns): readonly string[] => {
  const repeated: unknown = command.getOptionValue("policy");
  const named = [
    ...(positional ? command.args : []),
    ...(Array.isArray(repeated) ? repeated.map(String) : []),
  ];
  return named.length === 0 ? ["policy.yaml"] : [...new Set(named)];
};

const printMatrix = async (
  io: Io,
  { output }: SharedOptions,
  files: readonly string[],
): Promise<ExitCode> => {
  const text = policyMatrix(io, files);
  if (output === undefined) io.stdout.write(text);
  else await writeFileWhole(io, output, text);
  return exitCodes.done;
};

// --- One policy, or none ---

const runSingle = async (
  { io, one, policies, finish }: Line,
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

/** What was asked for; a command without a format prints or writes its result itself. */
const outputTargets = ({ format, output, write }: SharedOptions): readonly Target[] =>
  format === undefined || format === "matrix" || write === undefined
    ? []
    : targetsOf({ format, write, ...(output === undefined ? {} : { output }) });

const requireWritable = (io: Io, targets: readonly Target[]): Promise<void> =>
  requireWritableFiles(
    io,
    targets.flatMap(({ file }) => (file === undefined ? [] : [file])),
  );

const notesOf = (report: Report): readonly string[] =>
  report.kind === "plan" || report.kind === "done" ? (report.notes ?? []) : [];

/** What `work` returns; what it throws is told on standard error, and is a report as well. */
const reportOf = async (io: Io, options: SharedOptions, work: () => Promise<Report>): Promise<Report> => {
  try {
    return await work();
  } catch (error) {
    return tellFailure(io, error instanceof Failure ? error : crash(error), options);
  }
};

/** Says on standard error why a command ended early. */
export const tellFailure = (
  io: Io,
  error: Failure,
  options: { readonly color?: boolean; readonly debug?: boolean },
): Report => {
  noteDiagnostics(io, error.diagnostics, options);
  if (options.debug === true) note(io, debugStack(error));
  return { kind: "failure", diagnostics: error.diagnostics, exitCode: error.exitCode };
};

/** A bug of ours: say so, and how to report it; the stack only where it was asked for. */
export const crash = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error);
  return failure(
    "internal-error",
    `Internal error: ${message}`,
    "This is a bug in dbt-ip-rules: run again with --debug and report what it prints",
    { cause: error },
  );
};

/** Every line of a stack may hold what the service or a file said. */
export const debugStack = (error: unknown): string => {
  const lines: string[] = [];
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  )
    lines.push(...`${depth === 0 ? "" : "caused by: "}${current.stack ?? current.message}`.split("\n"));
  return lines.map(visible).join("\n");
};

// --- Several policies ---

const runEach = async (
  line: Line,
  options: SharedOptions,
  files: readonly string[],
  policies: PolicyRuns,
): Promise<ExitCode> => {
  const { io } = line;
  if (policies.distinct === true)
    requireDistinctAccounts(io, files, {
      account: options.account ?? io.env["DBT_CLOUD_ACCOUNT_ID"],
      host: options.host ?? io.env["DBT_CLOUD_HOST_URL"],
    });
  requireFolder("--out", options.out);
  if (policies.changesAccounts === true) requireFolder("--receipt", options.receipt);
  const targets = outputTargets(options);
  if (policies.changesAccounts === true) await requireWritable(io, targets);
  const names = fileNames(files);
  const begin = (file: string, at: number) =>
    runOne(line, targets, file, settingsOf(options, policies, names[at] ?? file, files.length));
  // A few at a time, but shown in the order given: the first that is not shown yet is always under way.
  const started: Promise<Ended>[] = [];
  const ended: PolicyReport[] = [];
  const showNext = async () => {
    const next = await started[ended.length]!;
    for (const say of next.said) say();
    ended.push(next.report);
    line.finish(worstExitCode(ended.map(exitCodeOf)));
  };
  for (const [at, file] of files.entries()) {
    if (at >= policies.atOnce) await showNext();
    started.push(begin(file, at));
  }
  while (ended.length < files.length) await showNext();
  const delivered = await deliverJoined(io, targets, ended, options);
  return worstExitCode(delivered.map(exitCodeOf));
};

/** For several policies the option names a folder; what looks like a file was meant for one policy. */
const requireFolder = (option: string, value: string | undefined): void => {
  if (value === undefined || !/\.jsonl?$/i.test(value)) return;
  throw failure(
    "bad-option",
    `With several policies ${option} names a folder, which gets a file for each, and ${value} looks like a file`,
    `Give a folder, such as: ${option} ${option === "--out" ? "plans" : "receipts"}`,
  );
};

/**
 * A file name for each policy: its base name, its whole path where two share that, and a number where that is not
 * enough. Names that differ by case alone are one to some file systems.
 */
export const fileNames = (policies: readonly string[]): readonly string[] => {
  const short = policies.map((file) => basename(file, extname(file)));
  const taken = new Set<string>();
  return policies.map((file, at) => {
    const base = short[at] ?? file;
    const shared = short.filter((other) => sameName(other) === sameName(base)).length > 1;
    const wanted = shared ? pathAsName(file) : base;
    let name = wanted;
    for (let number = 2; taken.has(sameName(name)); number += 1) name = `${wanted}-${number}`;
    taken.add(sameName(name));
    return name;
  });
};

const sameName = (name: string): string => name.toLowerCase().normalize("NFC");

const pathAsName = (file: string): string =>
  file
    .replace(/\.[^./\\]*$/, "")
    .replace(/^[./\\]+|[/\\:]+/g, "-")
    .replace(/^-/, "");

/** `--out` and apply's `--receipt` name a folder here; a limit on markdown is for all together. */
const settingsOf = (
  options: SharedOptions,
  { changesAccounts }: PolicyRuns,
  name: string,
  count: number,
): SharedOptions => ({
  ...options,
  ...(options.out === undefined ? {} : { out: join(options.out, `${name}.plan.json`) }),
  ...(options.receipt === undefined || changesAccounts !== true
    ? {}
    : { receipt: join(options.receipt, `${name}.jsonl`) }),
  maxBytes: Math.floor((options.maxBytes ?? defaultMaxBytes) / count),
});

interface Ended {
  readonly report: PolicyReport;
  /** Written in this order; empty where the run wrote straight through. */
  readonly said: readonly (() => void)[];
}

/** Keeps what is written, to be written again later, in order with the other stream. */
const kept = (stream: OutputStream, said: (() => void)[]): OutputStream => ({
  ...(stream.isTTY === undefined ? {} : { isTTY: stream.isTTY }),
  ...(stream.columns === undefined ? {} : { columns: stream.columns }),
  write(text) {
    said.push(() => stream.write(text));
    return true;
  },
});

/** Text on standard output is shown policy by policy, as it comes. */
const isShown = (targets: readonly Target[]): boolean => {
  const main = targets.at(-1);
  return main?.format === "text" && main.file === undefined;
};

const runOne = async (
  { command, io, one, policies }: Line,
  targets: readonly Target[],
  policy: string,
  options: SharedOptions,
): Promise<Ended> => {
  const said: (() => void)[] = [];
  const straight = policies?.atOnce === 1;
  // Not a copy: standard input and signals are only taken from the process once somebody asks for them.
  const own: Io = straight
    ? io
    : Object.create(io, {
        stdout: { value: kept(io.stdout, said) },
        stderr: { value: kept(io.stderr, said) },
      });
  const shown = isShown(targets);
  const heading = (): void => {
    const stream = shown ? io.stdout : io.stderr;
    stream.write(`${policyHeading(policy, lookOf(io, stream, options))}\n`);
  };
  if (straight && targets.length > 0) heading();
  const report = await reportOf(own, options, async () => {
    if (io.signal.aborted)
      throw failure("interrupted", `Interrupted before ${policy}; nothing was done for it`);
    // With a name of its own for each policy, `--out` and `--receipt` are looked at again.
    await checkFiles(io, command, { ...options, policy });
    return one(own, { ...options, policy }, []);
  });
  if (shown && report.kind !== "failure") {
    const text = withNewline(reportText(report, lookOf(io, io.stdout, options)));
    own.stdout.write(fitted(io, io.stdout, text));
  }
  for (const text of notesOf(report)) note(own, text);
  if (!straight && said.length > 0 && targets.length > 0) said.unshift(heading);
  const end = (): void => {
    if (shown) io.stdout.write("\n");
  };
  return { report: { policy, report }, said: [...said, end] };
};

/** All that was not shown as it came; returns the reports as they ended. */
const deliverJoined = async (
  io: Io,
  targets: readonly Target[],
  reports: readonly PolicyReport[],
  options: SharedOptions,
): Promise<readonly PolicyReport[]> => {
  if (!isShown(targets)) return deliver(io, targets, reports, options);
  const ended = await deliver(io, targets.slice(0, -1), reports, options);
  const look = lookOf(io, io.stdout, options);
  io.stdout.write(fitted(io, io.stdout, renderSummary(ended, look)));
  return ended;
};
