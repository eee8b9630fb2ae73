/**
 * A folder with those above it. Node's own `recursive` never ends where the system answers "no such file" for a folder
 * that cannot be made, as `/proc` does; here each folder is tried twice at most.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./io-errors.js";

/** `mode` is that of each folder that is made, less the umask. Throws the system's error. */
export const makeFolder = async (path: string, mode = 0o777): Promise<void> => {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path), mode);
      // Somebody else may have made it meanwhile.
      await mkdir(path, { mode }).catch((again: unknown) => requireFolder(path, again));
    } else await requireFolder(path, error);
  }
};

/** A folder that is there is as good as one that was made: some systems refuse to make it for other reasons. */
const requireFolder = async (path: string, error: unknown): Promise<void> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw error;
};
