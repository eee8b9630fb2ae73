/**
 * One command for each of several policies: `plan policies/*.yaml`. Each is run for itself, so that one that fails stops
 * no other; all reports together go to each format that was asked for.
 */
import { basename, extname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Command } from "commander";
import { type LoadedPolicy, loadPolicyFile } from "../files/load-policy.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { type ExitCode, Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { defaultMaxBytes } from "../report/markdown.js";
import { exitCodeOf, type PolicyReport, type Report, worstExitCode } from "../report/report.js";
import { policyHeading, renderSummary, reportText } from "../report/text/text.js";
import { requireDistinctAccounts } from "./accounts.js";
import { checkFiles } from "./arguments/named-files.js";
import { fitted, type Io, lookOf, note, type OutputStream, withNewline } from "./io.js";
import {
  deliver,
  notesOf,
  outputTargets,
  reportFailure,
  reportOf,
  requireWritable,
  type SharedOptions,
  type Target,
} from "./outcome.js";

/** How a command takes several policies: `plan policies/*.yaml`. */
export interface PolicyRuns {
  /** Whether policies may also be arguments; else only `--policy` is repeated. */
  readonly positional: boolean;
  /** How many run at a time. Those that ask or write run one by one, and show at once what they do. */
  readonly atOnce: number;
  /** Whether `--format matrix` prints the policies for a pipeline to distribute. */
  readonly matrix?: boolean;
  /** What an option asks for in place of a run of each; undefined where it is not given. */
  readonly instead?: (io: Io, options: object, policies: readonly string[]) => Promise<ExitCode> | undefined;
  /** Whether each policy must be of an account of its own. */
  readonly distinct?: boolean;
  /** Whether all are read before the first begins: until something connects, a signal ends the process at once. */
  readonly readFirst?: boolean;
  /**
   * How several saved plans are taken instead: reads and shows them all and asks once. Returns what each is then run with;
   * throws `Failure` where they do not go together or are not approved.
   */
  readonly plans?: (io: Io, options: object, files: readonly string[]) => Promise<object>;
  /** Whether accounts are changed: what cannot be written is then better refused before the first call. */
  readonly changesAccounts?: boolean;
}

/** One command line, as the parser made it. */
export interface Invocation {
  readonly command: Command;
  readonly io: Io;
  readonly one: (io: Io, options: object, operands: readonly string[]) => Promise<Report>;
  readonly policies: PolicyRuns | undefined;
  /** Called with what happened before anything is rendered, so that a bug in a reporter cannot hide it. */
  readonly finish: (exitCode: ExitCode) => void;
}

type Kind = "policies" | "plans";

/** `of`: what the files are. */
export const runEach = async (
  invocation: Invocation,
  options: SharedOptions,
  files: readonly string[],
  policies: PolicyRuns,
  of: Kind = "policies",
): Promise<ExitCode> => {
  const { io } = invocation;
  // A wrong command line, and no run yet.
  requireFolder("--out", options.out);
  if (policies.changesAccounts === true) requireFolder("--receipt", options.receipt);
  try {
    const more = await prepare(io, options, files, policies, of);
    return await runPrepared(invocation, { ...options, ...more }, files, policies, of);
  } catch (error) {
    if (!(error instanceof NotBegun)) throw error;
    reportFailure(io, error.why, options);
    const reports = files.map((file) => notBegun(file, files, error.why));
    await deliver(io, outputTargets(options), reports, options);
    return error.why.exitCode;
  }
};

/** Why none of them begins. */
class NotBegun extends Error {
  readonly why: Failure;

  constructor(why: Failure) {
    super(why.message, { cause: why });
    this.why = why;
  }
}

/** What must hold before the first begins, and what each is run with. Throws `NotBegun`. */
const prepare = async (
  io: Io,
  options: SharedOptions,
  files: readonly string[],
  policies: PolicyRuns,
  of: Kind,
): Promise<object> => {
  try {
    if (policies.changesAccounts === true) await requireWritable(io, outputTargets(options));
    if (of === "plans") return (await policies.plans?.(io, options, files)) ?? {};
    if (policies.distinct === true) requireDistinctAccounts(io, files, options);
    return policies.readFirst === true ? { read: await readAll(io, files, options.now ?? io.now()) } : {};
  } catch (error) {
    throw error instanceof Failure ? new NotBegun(error) : error;
  }
};

/** What is wrong with one of them, its own run will say. */
const readAll = async (
  io: Io,
  files: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, LoadedPolicy>> => {
  const read = new Map<string, LoadedPolicy>();
  for (const file of files)
    try {
      read.set(file, await loadPolicyFile(io, file, now));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  return read;
};

/** What names one file of the run is said of that one, and anything else of all; the others have not begun for it. */
const notBegun = (
  file: string,
  files: readonly string[],
  { diagnostics, exitCode }: Failure,
): PolicyReport => {
  const namedBy = (one: Diagnostic): readonly unknown[] =>
    "args" in one ? Object.values(one.args).filter((value) => files.some((name) => name === value)) : [];
  const own = diagnostics.filter((one) => namedBy(one).length === 0 || namedBy(one).includes(file));
  const said = own.length > 0 ? own : [diagnostic("run-not-begun")];
  return { policy: file, report: { kind: "failure", diagnostics: said, exitCode } };
};

const runPrepared = async (
  invocation: Invocation,
  options: SharedOptions,
  files: readonly string[],
  policies: PolicyRuns,
  of: Kind,
): Promise<ExitCode> => {
  const { io } = invocation;
  const targets = outputTargets(options);
  const names = fileNames(files);
  const begin = (file: string, at: number) =>
    runOne(invocation, targets, { file, of }, settingsOf(options, policies, names[at] ?? file, files.length));
  // A few at a time, but shown in the order given: the first that is not shown yet is always under way.
  const started: Promise<Ended>[] = [];
  const ended: PolicyReport[] = [];
  const showNext = async () => {
    const next = await started[ended.length]!;
    for (const say of next.said) say();
    ended.push(next.report);
    invocation.finish(worstExitCode(ended.map(exitCodeOf)));
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
const requireFolder = (option: "--out" | "--receipt", value: string | undefined): void => {
  if (value !== undefined && /\.jsonl?$/i.test(value))
    throw failure("bad-option", { kind: "folder-wanted", option, value });
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
  ...(options.out !== undefined && { out: join(options.out, `${name}.plan.json`) }),
  ...(options.receipt !== undefined &&
    changesAccounts === true && { receipt: join(options.receipt, `${name}.jsonl`) }),
  maxBytes: Math.floor((options.maxBytes ?? defaultMaxBytes) / count),
});

interface Ended {
  readonly report: PolicyReport;
  /** Written in this order; empty where the run wrote straight through. */
  readonly said: readonly (() => void)[];
}

/** Keeps what is written, to be written again later, in order with the other stream. */
const kept = (stream: OutputStream, said: (() => void)[]): OutputStream => ({
  ...present({ isTTY: stream.isTTY, columns: stream.columns }),
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

interface Subject {
  /** As the user named it. */
  readonly file: string;
  readonly of: Kind;
}

const runOne = async (
  { command, io, one, policies }: Invocation,
  targets: readonly Target[],
  { file: policy, of }: Subject,
  shared: SharedOptions,
): Promise<Ended> => {
  const options = { ...shared, ...(of === "policies" && { policy }) };
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
    // With a name of its own for each policy, `--out` and `--receipt` are looked at again.
    await checkFiles(io, command, options);
    // A signal that came while nothing waited for anything is heard now, before this policy is read.
    await setImmediate();
    if (io.isInterrupted()) throw failure("interrupted", { at: "policy", policy });
    return one(own, options, of === "policies" ? [] : [policy]);
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
