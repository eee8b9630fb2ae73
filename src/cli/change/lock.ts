/**
 * Keeps two applies to one account apart on one machine.
 *
 * Each run puts a file of its own into the account's lock directory and only then looks who else is there. Of
 * two runs, the one that looks later sees the other's file, so both can never go on; at worst both step back,
 * and try again after a random wait. Nobody ever takes over a file: its name carries the process, the moment
 * that process began, and a random part. A file whose process is gone says nothing and is removed, so a killed
 * run blocks nobody, and removing it can never hit the file of a run that is alive.
 *
 * Why no package: those that lock by a file's age (proper-lockfile, lockfile) call a paused run dead and a
 * killed one alive for a while; those that use the system's own locks (fs-ext, os-lock, fs-native-extensions)
 * need a compiler or a binary per platform, which this program, shipped as one piece of JavaScript, has not.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { lstat, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { makeFolder } from "../../files/make-folder.js";
import { type Failure, failure } from "../../model/failure.js";
import { sha256 } from "../../model/sha256.js";

interface Lock {
  release(): Promise<void>;
}

/** What a lock file's name says. */
interface Claim {
  readonly file: string;
  readonly space: string;
  readonly pid: number;
  readonly start: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

const lookTries = 5;

/**
 * Takes the lock of an account, or throws `Failure` that names the process that has it and since when.
 * Held until `release`, or until this process is gone, however it ends.
 */
export const acquireLock = async (
  account: { readonly host: string; readonly id: number },
  env: Readonly<Record<string, string | undefined>>,
  now: Date,
): Promise<Lock> => {
  const directory = await accountDirectory(account, env);
  const space = digest(await processSpace());
  for (let left = lookTries; ; left -= 1) {
    const mine = await claim(directory, space, now);
    const other = await findOther(directory, space, mine);
    if (other === undefined) return { release: () => rm(mine, { force: true }) };
    await rm(mine, { force: true });
    // Two runs that began in the same moment have both stepped back; the luckier one gets it next time.
    if (left <= 1) throw lockedBy(other);
    await wait(20 + Math.random() * 80);
  }
};

const claim = async (directory: string, space: string, now: Date): Promise<string> => {
  const start = await processStart(process.pid);
  const name = [space, process.pid, start, now.getTime(), randomUUID()].join("_");
  const file = join(directory, `${name}.lock`);
  try {
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw unusable(directory, error);
  }
  return file;
};

const findOther = async (directory: string, space: string, mine: string): Promise<Claim | undefined> => {
  for (const name of await readdir(directory)) {
    const found = parseClaim(directory, name);
    if (found === undefined || found.file === mine) continue;
    // From before a restart, or from another machine or container that shares this directory: its number
    // means nothing here, and the reading before each write keeps such runs apart.
    if (found.space !== space) continue;
    if (await isAlive(found)) return found;
    await rm(found.file, { force: true });
  }
  return undefined;
};

const parseClaim = (directory: string, name: string): Claim | undefined => {
  const match = /^([0-9a-f]+)_(\d+)_([0-9A-Za-z]+)_(\d+)_[0-9a-f-]+\.lock$/.exec(name);
  if (match === null) return undefined;
  const [, space = "", pid = "", start = "", since = ""] = match;
  return { file: join(directory, name), space, pid: Number(pid), start, since: Number(since) };
};

/** Where the system does not tell when a process began, the number alone decides, in favour of the lock. */
const isAlive = async ({ pid, start }: Claim): Promise<boolean> => {
  const current = await processStart(pid);
  if (current === "gone") return false;
  return current === "unknown" || start === "unknown" || current === start;
};

/** Per user, outside any checkout; in the system's temporary directory where the user has no writable home. */
const accountDirectory = async (
  { host, id }: { readonly host: string; readonly id: number },
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> => {
  const name = join("locks", digest(`${host.toLowerCase()} ${id}`));
  const temporary = join(tmpdir(), `dbt-ip-rules-${userName()}`);
  try {
    return await makeDirectory(join(stateDirectory(env), name));
  } catch {
    const fallback = join(temporary, name);
    try {
      await makeDirectory(temporary);
      await requireOwn(temporary);
      return await makeDirectory(fallback);
    } catch (error) {
      throw unusable(fallback, error);
    }
  }
};

const makeDirectory = async (path: string): Promise<string> => {
  await makeFolder(path, 0o700);
  return path;
};

/**
 * Everybody may make a name in the temporary directory: one that another user made first, or can write into, could hide
 * a lock or hold one for ever.
 */
const requireOwn = async (path: string): Promise<void> => {
  if (process.getuid === undefined) return;
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid() || (found.mode & 0o022) !== 0)
    throw new Error("made by somebody else, or open to others");
};

const stateDirectory = (env: Readonly<Record<string, string | undefined>>): string => {
  const { XDG_STATE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (xdg !== undefined && xdg !== "") return join(xdg, "dbt-ip-rules");
  if (process.platform === "win32" && local !== undefined) return join(local, "dbt-ip-rules");
  const home = homedir();
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "dbt-ip-rules");
  return join(home, ".local", "state", "dbt-ip-rules");
};

/** A user without an entry in the system's list still has a number. */
const userName = (): string => String(process.getuid?.() ?? userInfo().username);

const digest = (text: string): string => sha256(text).slice(0, 16);

const lockedBy = ({ pid, since }: Claim): Failure =>
  failure("apply-locked", { pid, since: new Date(since).toISOString() });

const unusable = (directory: string, cause: unknown): Failure =>
  failure("lock-unavailable", { folder: directory }, { cause });

// The identity of a process: its number and the moment it began, as the system knows it, so that a later process of the same
// number is another one. Reads /proc on Linux and asks `ps` on other Unix systems; elsewhere the number alone must do.

const run = promisify(execFile);

/** `unknown`: the system does not tell when a process began. Never empty, and without spaces. */
export const processStart = async (pid: number): Promise<string | "gone" | "unknown"> => {
  if (!isThere(pid)) return "gone";
  if (process.platform === "linux") return linuxStart(pid);
  return process.platform === "win32" ? "unknown" : psStart(pid);
};

/** A process of another user is there too: the signal is refused, not lost. */
const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/**
 * proc(5): field 3 of /proc/PID/stat is the state, field 22 the start in clock ticks since boot. Field 2, the
 * name, may hold spaces and brackets, so counting begins after the last bracket.
 */
const linuxStart = async (pid: number): Promise<string | "gone" | "unknown"> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, start] = [fields[0], fields[19]];
    // A zombie has ended; it only waits for its parent to take notice.
    if (state === "Z" || state === "X") return "gone";
    return start ?? "unknown";
  } catch {
    return isThere(pid) ? "unknown" : "gone";
  }
};

const psStart = async (pid: number): Promise<string | "gone" | "unknown"> => {
  try {
    const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)], {
      env: { PATH: process.env.PATH, LC_ALL: "C" },
    });
    const start = stdout.trim().replace(/[^0-9A-Za-z]+/g, "");
    return start === "" ? "gone" : start;
  } catch {
    return isThere(pid) ? "unknown" : "gone";
  }
};

/**
 * Names the space in which process numbers mean anything here: this host, since it last started, and on Linux
 * this container. A number from another space says nothing.
 */
const processSpace = async (): Promise<string> => {
  const parts = [hostname()];
  if (process.platform === "linux") {
    parts.push(await orNothing(readFile("/proc/sys/kernel/random/boot_id", "utf8")));
    parts.push(await orNothing(readlink("/proc/self/ns/pid")));
  }
  return parts.join(" ");
};

const orNothing = async (reading: Promise<string>): Promise<string> => {
  try {
    return (await reading).trim();
  } catch {
    return "";
  }
};
