/**
 * Has Node keep the code that it compiles for the next start, where Node can: `module.enableCompileCache`, Node 22.8
 * and newer (nodejs.org/api/module.html#module-compile-cache). Older ones compile at each start.
 *
 * - The cache is a folder that only this user can write, since whoever writes there decides what runs. Node's own
 *   default is a name in the temporary directory, which every user of the machine may make first.
 * - It is never a folder of the package, which may be read-only or a zip (Yarn PnP).
 * - NODE_DISABLE_COMPILE_CACHE=1 turns it off, NODE_COMPILE_CACHE=FOLDER has Node keep it there: Node's own variables.
 * - Without such a folder there is no cache, and nothing is said: it saves time and changes no answer.
 */
import { lstatSync, mkdirSync } from "node:fs";
import nodeModule from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where this system keeps what programs may lose. */
const cacheHome = ({ XDG_CACHE_HOME: xdg, LOCALAPPDATA: local }: Environment): string => {
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (process.platform === "win32" && local !== undefined) return local;
  return process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
};

/** One level at a time: a `recursive` mkdir below /proc never returns (Node 20). */
const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It exists, or cannot be made: which of both, `isOwn` finds out.
  }
};

/** A real folder of this user's that nobody else can write. On Windows the user's own folder is closed to others. */
const isOwn = (path: string): boolean => {
  const found = lstatSync(path);
  if (!found.isDirectory()) return false;
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
};

/** The folder of the cache, made where it is missing; undefined where there can be none. */
const ownFolder = (env: Environment): string | undefined => {
  try {
    const home = cacheHome(env);
    const folder = join(home, "dbt-ip-rules");
    for (const path of [home, folder]) makeFolder(path);
    return isOwn(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
};

/** To be called before the program is loaded. Never throws. */
export const enableCompileCache = (env: Environment): void => {
  // Node 20, whose types these are, has no such function; newer ones report a failure by a value.
  const { enableCompileCache: enable } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  if (enable === undefined || env["NODE_DISABLE_COMPILE_CACHE"] || env["NODE_COMPILE_CACHE"]) return;
  const folder = ownFolder(env);
  if (folder !== undefined) enable(folder);
};
