/**
 * Tells one process from another that was later given the same number: by the moment it began, as the system
 * knows it. Reads /proc on Linux and asks `ps` on other Unix systems; elsewhere the number alone must do.
 */
import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

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
export const processSpace = async (): Promise<string> => {
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
