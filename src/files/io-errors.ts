/** The system's errors in words. Imports no more than the failure it makes: the programmatic API needs it too. */

import { type Failure, legacyFailure } from "../model/failure.js";
import { FileRefused } from "./read-file.js";

const words: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "it exists already",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
};

/** The system's own word for an I/O error, without its path. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof FileRefused) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code !== undefined) return words[code] ?? code;
  return error instanceof Error ? error.message : String(error);
};

/** `file` as the user named it. */
export const cannotWrite = (file: string, cause: unknown): Failure => {
  const reason = reasonOf(cause);
  const hint =
    reason === "it is a folder" ? "Name a file in it" : "Check the folder, its permissions and its room";
  return legacyFailure("cannot-write", `Cannot write ${file}: ${reason}`, hint, { cause });
};
