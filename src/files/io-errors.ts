/** The system's errors in words. Imports no more than the failure it makes: the programmatic API needs it too. */

import { type Failure, failure } from "../model/failure.js";
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
  ELOOP: "its symbolic link leads in a circle, or through too many others",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
};

/** The system's own name of an I/O error, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

/** The same in words, without its path. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof FileRefused) return error.message;
  const code = codeOf(error);
  if (code !== undefined) return words[code] ?? code;
  return error instanceof Error ? error.message : String(error);
};

/** `file` as the user named it. */
export const cannotWrite = (file: string, cause: unknown): Failure => {
  const code = codeOf(cause);
  const problem = code === "EISDIR" ? "folder" : code === "ELOOP" ? "links" : "other";
  return failure("cannot-write", { file, reason: reasonOf(cause), problem }, { cause });
};
