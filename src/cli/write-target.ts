/**
 * Where a write to a name ends up. A file is replaced as a whole, by a rename; but a device, a pipe or `/dev/stdout` must
 * never be replaced by a file, and a symbolic link stays one, even where it points to nothing yet: what it points to
 * is replaced, or made.
 */
import { readlink, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { makeFolder } from "../files/make-folder.js";

/** The mode of a new file that tells of people and addresses: plans, receipts, exports of the audit log. */
export const ownerOnly = 0o600;

export interface WriteTarget {
  readonly path: string;
  /** Whether it is written straight, since it is no file that could be replaced. */
  readonly straight: boolean;
  /** Permissions of the file that is there. */
  readonly mode?: number;
}

export const writeTargetOf = async (path: string): Promise<WriteTarget> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path: await endOfLinks(path), straight: false };
  if (!found.isFile() && !found.isDirectory()) return { path, straight: true };
  return { path: await realpath(path), straight: false, mode: found.mode & 0o777 };
};

/** As many as Linux follows. */
const mostLinks = 40;

/** The name that a chain of links ends at, where nothing has that name. */
const endOfLinks = async (path: string): Promise<string> => {
  let end = path;
  for (let links = 0; links <= mostLinks; links += 1) {
    const to = await readlink(end).catch(() => undefined);
    if (to === undefined) return end;
    // `..` counts from where the link really lies.
    const folder = await realpath(dirname(end)).catch(() => dirname(end));
    end = resolve(folder, to);
  }
  throw Object.assign(new Error("too many links"), { code: "ELOOP" });
};

/** Makes the folders that the path still needs. */
export const makeFolderFor = async (path: string): Promise<void> => {
  try {
    await makeFolder(dirname(path));
  } catch (error) {
    // Where a part of the path is a file, the system says EEXIST of that part, not of the path.
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw Object.assign(new Error("not a folder", { cause: error }), { code: "ENOTDIR" });
    throw error;
  }
};
