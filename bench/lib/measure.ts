/**
 * Times whole processes from outside. Each set of commands runs in turn (A B C A B C ...), each time in a fresh
 * process, on one processor core where `taskset` is there, so that a drift of the machine's speed meets all alike;
 * ratios are taken pair by pair, and their median is told. CPU time (user and system) is what other work on
 * the machine disturbs least; wall time is told beside it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { work } from "./setup.js";

/** A command: a program and its arguments, in an environment of nothing but `env`, `PATH` and `HOME`. */
export interface Command {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The exit codes that are no failure; absent: 0 alone. */
  readonly codes?: readonly number[];
}

/** Medians of milliseconds, and of the ratios to the first command, pair by pair. */
export interface Compared {
  readonly wall: number;
  readonly cpu: number;
  readonly wallRatio: number;
  readonly cpuRatio: number;
}

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const [below = Number.NaN, upper = below] = sorted.slice(Math.max(0, middle - 1), middle + 1);
  return sorted.length % 2 === 1 ? upper : (below + upper) / 2;
};

const has = (command: string): boolean => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
const core = availableParallelism() - 1;
export const pinning: readonly string[] = has("taskset") ? ["taskset", "-c", String(core)] : [];

const environment = (more: Command["env"] = {}): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  ...more,
});
const peakHook = work("lib/peak");

/** bash's `time` has milliseconds, and counts what the command waited for. */
const timed = ({ command, cwd, env, codes = [0] }: Command): { wall: number; cpu: number } => {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null 2>/dev/null';
  const [program, ...args] = [...pinning, "bash", "-c", script, "bash", ...command];
  const { status, stderr, error } = spawnSync(program!, args, {
    cwd,
    env: environment(env),
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (!codes.includes(status ?? -1)) throw new Error(`exit code ${status} of: ${command.join(" ")}`);
  const [wall = 0, user = 0, system = 0] = stderr
    .trim()
    .split(" ")
    .map((seconds) => 1000 * Number(seconds));
  return { wall, cpu: user + system };
};

/** `commands`: by name; the first is what the others are compared with. Milliseconds. */
export const compare = <Name extends string>(
  commands: Readonly<Record<Name, Command>>,
  runs: number,
): Record<Name, Compared> => {
  const taken = (Object.entries(commands) as [Name, Command][]).map(([name, command]) => ({
    name,
    command,
    wall: [] as number[],
    cpu: [] as number[],
  }));
  for (let run = -1; run < runs; run += 1) {
    for (const one of taken) {
      const { wall, cpu } = timed(one.command);
      if (run < 0) continue; // the first warms the machine's file cache
      one.wall.push(wall);
      one.cpu.push(cpu);
    }
  }
  const [first] = taken;
  const pairs = (mine: readonly number[], theirs: readonly number[] = []): number =>
    median(mine.map((time, run) => time / theirs[run]!));
  const found = taken.map(({ name, wall, cpu }): [Name, Compared] => [
    name,
    {
      wall: median(wall),
      cpu: median(cpu),
      wallRatio: pairs(wall, first?.wall),
      cpuRatio: pairs(cpu, first?.cpu),
    },
  ]);
  return Object.fromEntries(found) as Record<Name, Compared>; // a key for each of `commands`
};

const pinned = (command: Command["command"]): Command["command"] => {
  const [program, ...args] = [...pinning, ...command];
  return [program!, ...args];
};

/** What a command prints; not timed. */
export const output = ({ command, cwd, env, codes = [0] }: Command): { stdout: Buffer; stderr: string } => {
  const { status, stdout, stderr, error } = spawnSync(command[0], command.slice(1), {
    cwd,
    env: environment(env),
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) throw error;
  if (!codes.includes(status ?? -1))
    throw new Error(`exit code ${status} of: ${command.join(" ")}\n${stderr}`);
  return { stdout, stderr: stderr.toString() };
};

/** Peak memory in MiB of a command that is Node; in a run of its own, since the hook is part of it. */
export const peak = (command: Command): number => {
  const folder = mkdtempSync(join(tmpdir(), "peak-"));
  try {
    const file = join(folder, "peak");
    const [program, ...args] = command.command;
    output({
      ...command,
      command: pinned([program, "--import", peakHook, ...args]),
      env: { ...command.env, BENCH_PEAK: file },
    });
    return Number(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The JSON that a process measured of itself, in `runs` fresh processes each, in turn; by name, a list each. */
export const selfMeasured = <Figures>(
  commands: Readonly<Record<"theirs" | "ours", Command>>,
  runs: number,
): Record<"theirs" | "ours", Figures[]> => {
  const found: Record<"theirs" | "ours", Figures[]> = { theirs: [], ours: [] };
  for (let run = 0; run < runs; run += 1)
    for (const name of ["theirs", "ours"] as const) found[name].push(figures(commands[name]));
  return found;
};

/** As the programs of `work/` print them. */
export const figures = <Figures>({ command, ...rest }: Command): Figures =>
  JSON.parse(output({ ...rest, command: pinned(command) }).stdout.toString()) as Figures;
