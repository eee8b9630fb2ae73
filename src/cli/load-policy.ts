/**
 * Reads a policy and the files it names from disk; everything after the bytes is `policy/`'s. One file after the
 * other and without promises: they are small and local, and `node:fs/promises` alone costs a start two milliseconds.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { lintPolicy } from "../policy/lint-policy.js";
import { furtherReferences, parsePolicy } from "../policy/parse-policy.js";
import type { Policy } from "../policy/policy.js";
import { inFileOrder } from "../policy/problems.js";
import { resolvePolicy } from "../policy/resolve-policy.js";
import { shellWord } from "./file-words.js";
import { reasonOf } from "./io-errors.js";

/** All that is needed of the process here; the programmatic API has no `Io`. */
interface Place {
  readonly cwd: string;
}

export interface LoadedPolicy {
  /** Absent where an error stands in `diagnostics`. */
  readonly policy?: Policy;
  /** Of reading, meaning and lint, in file order. */
  readonly diagnostics: readonly Diagnostic[];
}

export const readPolicyBytes = (io: Place, file: string): Uint8Array => {
  try {
    return readFileSync(resolve(io.cwd, file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw failure(
      code === "ENOENT" ? "policy-missing" : "policy-unreadable",
      `Cannot read the policy ${file}: ${reasonOf(error)}`,
      code === "ENOENT"
        ? "Name it with --policy FILE, or write a first one with: dbt-ip-rules init"
        : code === "EISDIR"
          ? `Name the file in it, such as ${file.replace(/\/+$/, "")}/policy.yaml`
          : "Check the permissions of the file and of its folder",
      { cause: error },
    );
  }
};

/**
 * Undefined where the file is missing, unreadable, no regular file (reading a pipe would never end), or by a
 * symbolic link outside the policy's folder. `folder` is free of symbolic links.
 */
const readReference = (folder: string, reference: string): Uint8Array | undefined => {
  try {
    const path = realpathSync(join(folder, reference));
    const way = relative(folder, path);
    if (isAbsolute(way) || way === ".." || way.startsWith(`..${sep}`)) return undefined;
    return statSync(path).isFile() ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
};

const readReferences = (
  folder: string,
  references: readonly string[],
  files: Map<string, Uint8Array | undefined>,
): void => {
  if (references.length === 0) return;
  const real = realpathSync(folder);
  for (const reference of references) files.set(reference, readReference(real, reference));
};

/** A document of our own where a policy belongs: its JSON would be read as YAML, and every key refused. */
const refuseOwnDocument = (bytes: Uint8Array, file: string): void => {
  const head = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const kind = /^\s*\{\s*"format":\s*"dbt-ip-rules\/([a-z-]+)"/.exec(head)?.[1];
  if (kind === undefined) return;
  throw failure(
    "policy-is-a-document",
    kind === "plan"
      ? `${file} is a saved plan, not a policy`
      : `${file} is no policy, but a document (${kind})`,
    kind === "plan"
      ? `To see it: dbt-ip-rules show ${shellWord(file)}; to carry it out: dbt-ip-rules apply ${shellWord(file)}`
      : "Name the policy, a YAML file, with --policy FILE",
  );
};

/** Loads, resolves and lints. Throws `Failure` only where the file itself cannot be read. */
export const loadPolicyFile = async (io: Place, file: string, now: Date): Promise<LoadedPolicy> => {
  const bytes = readPolicyBytes(io, file);
  refuseOwnDocument(bytes, file);
  const { parsed, diagnostics } = parsePolicy(bytes, file);
  if (parsed === undefined) return { diagnostics };
  const folder = dirname(resolve(io.cwd, file));
  const files = new Map<string, Uint8Array | undefined>();
  readReferences(folder, parsed.references, files);
  readReferences(folder, furtherReferences(parsed, files), files);
  const resolved = resolvePolicy(parsed, files, { now });
  const found = [...diagnostics, ...resolved.diagnostics];
  if (resolved.policy === undefined || hasErrors(found)) return { diagnostics: inFileOrder(found, file) };
  const all = inFileOrder([...found, ...lintPolicy(resolved.policy, { now })], file);
  return hasErrors(all) ? { diagnostics: all } : { policy: resolved.policy, diagnostics: all };
};

/** For programs: `file` relative to the process's folder, `now` decides which entries have expired. */
export const loadPolicy = (file: string, options: { readonly now?: Date } = {}): Promise<LoadedPolicy> =>
  loadPolicyFile({ cwd: process.cwd() }, file, options.now ?? new Date());

/** The same for commands that cannot go on without a policy: every problem at once, exit code 1. */
export const requirePolicy = async (
  io: Place & { now(): Date },
  options: { readonly policy: string; readonly now?: Date },
): Promise<{ policy: Policy; diagnostics: readonly Diagnostic[] }> => {
  const { policy, diagnostics } = await loadPolicyFile(io, options.policy, options.now ?? io.now());
  if (policy === undefined) throw new Failure(diagnostics);
  return { policy, diagnostics };
};
