/**
 * The relative paths that a policy names. A policy may come from a stranger's pull request, so none of them
 * leaves the policy's folder: not absolute, not by `..`, with no drive letter or backslash. This is about the
 * text of a path alone; whoever reads the file must also refuse symbolic links that lead outside.
 */
export type ReferencePath =
  /** With `/` between its parts, relative to the policy's folder, without `.` and `..`. */
  { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string };

/** What came of reading such a file: its bytes, or why it cannot be read, as the end of a sentence. */
export type ReadFile = Uint8Array | string | undefined;

/** `named` is relative to the folder of `from`, itself relative to the policy's folder ("" for the policy). */
export const referencePath = (named: string, from: string): ReferencePath => {
  const refuse = (reason: string): ReferencePath => ({ ok: false, reason });
  if (/[\u0000-\u001f\u007f]/.test(named)) return refuse("it holds a control character");
  if (named.includes("\\")) return refuse("it holds a backslash; write `/` between folders");
  if (named.startsWith("/") || /^[A-Za-z]:/.test(named)) return refuse("it is absolute");
  const parts = from.split("/").slice(0, -1);
  for (const part of named.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return refuse("it leaves the policy's folder");
  }
  const path = parts.join("/");
  return path === "" ? refuse("it names a folder") : { ok: true, path };
};

/** A reference as the user would name it: beside the policy, whose own name may have a folder in front. */
export const besidePolicy = (policyFile: string, reference: string): string => {
  const folder = Math.max(policyFile.lastIndexOf("/"), policyFile.lastIndexOf("\\")) + 1;
  return policyFile.slice(0, folder) + reference;
};
