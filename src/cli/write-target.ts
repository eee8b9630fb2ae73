/**
 * Where a write to a name ends up. A file is replaced as a whole, by a rename; but a device, a pipe or `/dev/stdout` must
 * never be replaced by a file, and a symbolic link stays one: what it points to is replaced.
 */
import { mkdir, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

export interface WriteTarget {
  readonly path: string;
  /** Whether it is written straight, since it is no file that could be replaced. */
  readonly straight: boolean;
}

export const writeTargetOf = async (path: string): Promise<WriteTarget> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path, straight: false };
  if (!found.isFile() && !found.isDirectory()) return { path, straight: true };
  return { path: await realpath(path), straight: false };
};

/** Makes the folders that the path still needs. */
export const makeFolderFor = async (path: string): Promise<void> => {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    // Where a part of the path is a file, the system says EEXIST of that part, not of the path.
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw Object.assign(new Error("not a folder", { cause: error }), { code: "ENOTDIR" });
    throw error;
  }
};
