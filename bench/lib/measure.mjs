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
import { fileURLToPath } from "node:url";

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const has = (command) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
const core = availableParallelism() - 1;
export const pinning = has("taskset") ? ["taskset", "-c", String(core)] : [];

const environment = (more = {}) => ({ PATH: process.env.PATH, HOME: process.env.HOME, ...more });
const peakHook = fileURLToPath(new URL("peak.cjs", import.meta.url));

/** bash's `time` has milliseconds, and counts what the command waited for. */
const timed = ({ command, cwd, env, codes = [0] }) => {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null 2>/dev/null';
  const [program, ...args] = [...pinning, "bash", "-c", script, "bash", ...command];
  const { status, stderr, error } = spawnSync(program, args, {
    cwd,
    env: environment(env),
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (!codes.includes(status)) throw new Error(`exit code ${status} of: ${command.join(" ")}`);
  const [wall, user, system] = stderr
    .trim()
    .split(" ")
    .map((seconds) => 1000 * Number(seconds));
  return { wall, cpu: user + system };
};

/** `commands`: by name; the first is what the others are compared with. Milliseconds. */
export const compare = (commands, runs) => {
  const names = Object.keys(commands);
  const times = Object.fromEntries(names.map((name) => [name, { wall: [], cpu: [] }]));
  for (let run = -1; run < runs; run += 1) {
    for (const name of names) {
      const { wall, cpu } = timed(commands[name]);
      if (run < 0) continue; // the first warms the machine's file cache
      times[name].wall.push(wall);
      times[name].cpu.push(cpu);
    }
  }
  const [first] = names;
  const pairs = (name, kind) => median(times[name][kind].map((time, run) => time / times[first][kind][run]));
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        wall: median(times[name].wall),
        cpu: median(times[name].cpu),
        wallRatio: pairs(name, "wall"),
        cpuRatio: pairs(name, "cpu"),
      },
    ]),
  );
};

/** What a command prints; not timed. */
export const output = ({ command, cwd, env, codes = [0] }) => {
  const { status, stdout, stderr, error } = spawnSync(command[0], command.slice(1), {
    cwd,
    env: environment(env),
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) throw error;
  if (!codes.includes(status)) throw new Error(`exit code ${status} of: ${command.join(" ")}\n${stderr}`);
  return { stdout, stderr: stderr.toString() };
};

/** Peak memory in MiB of a command that is Node; in a run of its own, since the hook is part of it. */
export const peak = (command) => {
  const folder = mkdtempSync(join(tmpdir(), "peak-"));
  try {
    const file = join(folder, "peak");
    const [program, ...args] = command.command;
    output({
      ...command,
      command: [...pinning, program, "--require", peakHook, ...args],
      env: { ...command.env, BENCH_PEAK: file },
    });
    return Number(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The JSON that a process measured of itself, in `runs` fresh processes each, in turn; by name, a list each. */
export const selfMeasured = (commands, runs) => {
  const names = Object.keys(commands);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1)
    for (const name of names) {
      const { command, ...rest } = commands[name];
      const { stdout } = output({ ...rest, command: [...pinning, ...command] });
      found[name].push(JSON.parse(stdout.toString()));
    }
  return found;
};
