/** Runs a command for each of several policies, isolated, and joins what came out (several.ts). */
import { basename, extname, join } from "node:path";
import type { Diagnostic } from "../model/diagnostic.js";
import { type ExitCode, exitCodes, Failure, failure } from "../model/failure.js";
import { renderDiagnosticsJson } from "../render/diagnostics-json.js";
import { defaultMaxBytes } from "../render/markdown.js";
import { joinParts, type Part, policyHeading, renderSummary, worstExitCode } from "../render/several.js";
import type { Io, OutputStream } from "./io.js";
import { fitted, lookOf, noteDiagnostics, plain, requireWritableFiles, writeFileWhole } from "./output.js";
import { reportCrash, reportFailure } from "./report.js";
import type { SetOptions, SeveralKind } from "./several.js";
import { requireDistinctAccounts } from "./several-accounts.js";

export interface SeveralRuns {
  readonly files: readonly string[];
  readonly kind: SeveralKind;
  /** As parsed, for all. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The long flags that the command knows. */
  readonly flags: ReadonlySet<string>;
  readonly io: Io;
  readonly one: (file: string, io: Io, set: SetOptions) => Promise<void>;
}

interface Target {
  readonly format: string;
  /** Undefined: standard output. */
  readonly file: string | undefined;
}

interface Ended {
  readonly file: string;
  readonly exitCode: ExitCode;
  /** By target; none where the run failed before. */
  readonly outputs: ReadonlyMap<number, string>;
  /** Written in this order; empty where the run wrote straight through. */
  readonly said: readonly (() => void)[];
}

export const runSeveral = async (runs: SeveralRuns): Promise<void> => {
  const { io, files, kind, options, flags } = runs;
  if (kind.distinct)
    requireDistinctAccounts(io, files, {
      account: textOf(options["account"]) ?? io.env["DBT_CLOUD_ACCOUNT_ID"],
      host: textOf(options["host"]) ?? io.env["DBT_CLOUD_HOST_URL"],
    });
  requireFolder("--out", textOf(options["out"]));
  if (flags.has("--auto-approve")) requireFolder("--receipt", textOf(options["receipt"]));
  const targets = targetsOf(options);
  // Where accounts are changed, a name that cannot be written is better told before.
  if (flags.has("--auto-approve"))
    await requireWritableFiles(
      io,
      targets.flatMap(({ file }) => (file === undefined ? [] : [file])),
    );
  const names = fileNames(files);
  const ended: Ended[] = [];
  const waiting = files.map((file, at) => ({ file, set: settingsOf(runs, names[at] ?? file) }));
  // A few at a time, but shown in the order given: the first that is not shown yet is always under way.
  const started: Promise<Ended>[] = [];
  for (const [at, { file, set }] of waiting.entries()) {
    if (at >= kind.atOnce) await show(runs, targets, await started[at - kind.atOnce]!, ended);
    started.push(runFor(runs, targets, file, set));
  }
  for (const run of started.slice(ended.length)) await show(runs, targets, await run, ended);
  const codes = ended.map(({ exitCode }) => exitCode);
  io.exitCode = worstExitCode(codes);
  const problems = await deliverJoined(runs, targets, ended);
  if (problems.length === 0) return;
  // What was done to the accounts outweighs a report that could not be written.
  noteDiagnostics(io, problems, { color: options["color"] !== false });
  io.exitCode = worstExitCode([...codes, exitCodes.error]);
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

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** What goes to standard output or `--output`, then those of `--write`; none for a command without a format. */
const targetsOf = ({ format, output, write }: Readonly<Record<string, unknown>>): readonly Target[] => {
  if (typeof format !== "string") return [];
  // options.ts made it of such pairs.
  const others = (Array.isArray(write) ? write : []) as readonly { format: string; file: string }[];
  return [{ format, file: textOf(output) }, ...others];
};

/** Text on standard output is shown policy by policy, as it comes. */
const isShown = ([main]: readonly Target[]): boolean => main?.format === "text" && main.file === undefined;

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
const settingsOf = ({ options, flags, files }: SeveralRuns, name: string): SetOptions => {
  const out = textOf(options["out"]);
  const receipt = flags.has("--auto-approve") ? textOf(options["receipt"]) : undefined;
  const most = typeof options["maxBytes"] === "number" ? options["maxBytes"] : defaultMaxBytes;
  return {
    ...(out === undefined ? {} : { out: join(out, `${name}.plan.json`) }),
    ...(receipt === undefined ? {} : { receipt: join(receipt, `${name}.jsonl`) }),
    ...(flags.has("--max-bytes") ? { maxBytes: Math.floor(most / files.length) } : {}),
  };
};

/** Keeps what is written, to be written again later, in order with the other stream. */
const kept = (stream: OutputStream, said: (() => void)[]): OutputStream => ({
  ...(stream.isTTY === undefined ? {} : { isTTY: stream.isTTY }),
  ...(stream.columns === undefined ? {} : { columns: stream.columns }),
  write(text) {
    said.push(() => stream.write(text));
    return true;
  },
});

const heading = (io: Io, stream: OutputStream, file: string, options: SeveralRuns["options"]): void => {
  const look = lookOf(io, stream, { color: options["color"] !== false });
  stream.write(`${policyHeading(file, look)}\n`);
};

const runFor = async (
  { io, kind, options, one }: SeveralRuns,
  targets: readonly Target[],
  file: string,
  set: SetOptions,
): Promise<Ended> => {
  const said: (() => void)[] = [];
  const outputs = new Map<number, string>();
  const straight = kind.atOnce === 1;
  const shown = isShown(targets);
  const stdout = straight ? io.stdout : kept(io.stdout, said);
  const own: Io = {
    ...io,
    now: () => io.now(),
    stdout,
    stderr: straight ? io.stderr : kept(io.stderr, said),
    exitCode: exitCodes.done,
    collect: (target, text) => {
      if (target === 0 && shown) stdout.write(fitted(io, stdout, text));
      outputs.set(target, text);
    },
  };
  if (straight && targets.length > 0) heading(io, shown ? io.stdout : io.stderr, file, options);
  let exitCode: ExitCode;
  try {
    if (io.signal.aborted)
      throw failure("interrupted", `Interrupted before ${file}; nothing was done for it`);
    await one(file, own, set);
    exitCode = own.exitCode;
  } catch (error) {
    exitCode = await report(error, own, options);
    for (const [target, { format }] of targets.entries())
      if (format === "json" && error instanceof Failure)
        outputs.set(target, renderDiagnosticsJson(error.diagnostics));
  }
  return { file, exitCode, outputs, said };
};

const report = (error: unknown, io: Io, { color, debug }: SeveralRuns["options"]): Promise<ExitCode> => {
  const argv = [...(color === false ? ["--no-color"] : []), ...(debug === true ? ["--debug"] : [])];
  return error instanceof Failure ? reportFailure(error, argv, io) : reportCrash(error, argv, io);
};

const show = async (
  { io, options }: SeveralRuns,
  targets: readonly Target[],
  run: Ended,
  ended: Ended[],
): Promise<void> => {
  ended.push(run);
  if (run.said.length > 0 && targets.length > 0)
    heading(io, isShown(targets) ? io.stdout : io.stderr, run.file, options);
  for (const say of run.said) say();
  if (isShown(targets)) io.stdout.write("\n");
};

/** What could not be written; the main output is on standard output then. */
const deliverJoined = async (
  { io, options }: SeveralRuns,
  targets: readonly Target[],
  ended: readonly Ended[],
): Promise<readonly Diagnostic[]> => {
  const shown = isShown(targets);
  const problems: Diagnostic[] = [];
  for (const [target, { format, file }] of targets.entries()) {
    const parts: Part[] = ended.map(({ file: policy, exitCode, outputs }) => {
      const output = outputs.get(target);
      return { policy, exitCode, ...(output === undefined ? {} : { output }) };
    });
    const look = file === undefined ? lookOf(io, io.stdout, { color: options["color"] !== false }) : plain;
    const text = target === 0 && shown ? renderSummary(parts, look) : joinParts(format, parts, look);
    if (file === undefined) io.stdout.write(format === "text" ? fitted(io, io.stdout, text) : text);
    else
      await writeFileWhole(io, file, text).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        problems.push(...error.diagnostics);
        if (target === 0) io.stdout.write(text);
      });
  }
  return problems;
};
