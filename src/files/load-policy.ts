/**
 * Reads a policy and the files it names from disk (files/read-file.ts); everything after the bytes is `policy/`'s.
 */
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { expiryTime } from "../model/time.js";
import { validity } from "../plan/expiry.js";
import { lintPolicy } from "../policy/lint/lint-policy.js";
import {
  furtherReferences,
  type ParsedPolicy,
  type PolicyKind,
  parsePolicy,
} from "../policy/parse-policy.js";
import type { Policy, ReadFile } from "../policy/policy.js";
import { inFileOrder } from "../policy/problems.js";
import { resolvePolicy } from "../policy/resolve-policy.js";
import { codeOf, reasonOf } from "./io-errors.js";
import {
  checkoutFolder,
  FileRefused,
  isStandardInput,
  largest,
  readNamedFile,
  readRegularFile,
} from "./read-file.js";

/** All that is needed of the process here; the programmatic API has no `Io`. */
interface Folder {
  readonly cwd: string;
}

export interface LoadedPolicy {
  /** Absent where an error stands in `diagnostics`. */
  readonly policy?: Policy;
  /** Of reading, meaning and lint, in file order. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws `Failure` where the policy cannot be read, or must not be. */
export const readPolicyBytes = (io: Folder, file: string): Uint8Array => {
  try {
    return readNamedFile(io.cwd, file, { most: largest.policy, folder: checkoutFolder(io.cwd, file) });
  } catch (error) {
    throw unreadable(file, error);
  }
};

const unreadable = (file: string, error: unknown): Failure => {
  const reason = reasonOf(error);
  const code = codeOf(error);
  if (code === "ENOENT") return failure("policy-missing", { file, reason }, { cause: error });
  const refused = error instanceof FileRefused;
  const problem = code === "EISDIR" ? "folder" : code === "ELOOP" ? "links" : refused ? "refused" : "other";
  return failure("policy-unreadable", { file, reason, problem }, { cause: error });
};

/** The bytes of each file, or why it is not read. No link leads out of the policy's folder. */
const readReferences = (
  folder: string,
  references: readonly string[],
  files: Map<string, ReadFile>,
): void => {
  let left: number = largest.lists;
  for (const bytes of files.values()) if (typeof bytes !== "string") left -= bytes?.length ?? 0;
  for (const reference of references) {
    try {
      const bytes = readRegularFile(join(folder, reference), { most: left, folder });
      left -= bytes.length;
      files.set(reference, bytes);
    } catch (error) {
      files.set(reference, reasonOf(error));
    }
  }
};

/** What the policy names, relative to its folder. The lists of include files are found by reading those. */
export const referencesOf = (folder: string, parsed: ParsedPolicy): readonly string[] => {
  const files = new Map<string, ReadFile>();
  readReferences(folder, parsed.references, files);
  return [...parsed.references, ...furtherReferences(parsed, files)];
};

const folderOf = (io: Folder, file: string): string =>
  isStandardInput(file) ? io.cwd : dirname(resolve(io.cwd, file));

/**
 * Every file that the policy reads, relative to `cwd`, with `/`: itself, what it names, and its lock file where there is
 * one. Those that are missing are among them; of a policy that cannot be parsed only itself. Throws `Failure` where it cannot be
 * read.
 */
export const filesReadBy = (io: Folder, file: string): readonly string[] => {
  const bytes = readPolicyBytes(io, file);
  refuseOwnDocument(bytes, file);
  const { parsed } = parsePolicy(bytes, file);
  const itself = isStandardInput(file) ? [] : [resolve(io.cwd, file)];
  const named = parsed === undefined ? [] : namedIn(folderOf(io, file), parsed);
  return [...itself, ...named].map((path) => relative(io.cwd, path).replaceAll("\\", "/"));
};

const namedIn = (folder: string, parsed: ParsedPolicy): readonly string[] => {
  const lock = join(folder, parsed.lockReference);
  const hasSources = parsed.raw.networks.some(({ content }) => content.kind === "source");
  return [
    ...referencesOf(folder, parsed).map((reference) => join(folder, reference)),
    ...(existsSync(lock) || hasSources ? [lock] : []),
  ];
};

/** A document of our own where a policy belongs: its JSON would be read as YAML, and every key refused. */
const refuseOwnDocument = (bytes: Uint8Array, file: string): void => {
  const head = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const kind = /^\s*\{\s*"format":\s*"dbt-ip-rules\/([a-z-]+)"/.exec(head)?.[1];
  if (kind === undefined) return;
  throw failure("policy-is-a-document", { file, kind });
};

/** A policy with all the files that it names, as bytes. */
interface PolicyFiles {
  /** Absent where the policy could not be parsed at all. */
  readonly parsed?: ParsedPolicy;
  /** By reference path; the lock among them where there is one. */
  readonly files: ReadonlyMap<string, ReadFile>;
  /** Of parsing. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws `Failure` only where the policy itself cannot be read. */
export const readPolicyFiles = (io: Folder, file: string): PolicyFiles => {
  const bytes = readPolicyBytes(io, file);
  refuseOwnDocument(bytes, file);
  return filesOfText(io, file, bytes);
};

const filesOfText = (io: Folder, file: string, bytes: Uint8Array, kind?: PolicyKind): PolicyFiles => {
  const { parsed, diagnostics } = parsePolicy(bytes, file, kind);
  const files = new Map<string, ReadFile>();
  if (parsed === undefined) return { files, diagnostics };
  const folder = folderOf(io, file);
  readReferences(folder, parsed.references, files);
  readReferences(folder, furtherReferences(parsed, files), files);
  if (existsSync(join(folder, parsed.lockReference))) readReferences(folder, [parsed.lockReference], files);
  return { parsed, files, diagnostics };
};

/** Loads, resolves and lints. Throws `Failure` only where the file itself cannot be read. */
export const loadPolicyFile = async (io: Folder, file: string, now: Date): Promise<LoadedPolicy> =>
  policyOf(readPolicyFiles(io, file), file, now);

/** The same of other bytes than the file holds, in its place: what it would mean if they were written. */
export const policyOfText = (io: Folder, file: string, bytes: Uint8Array, now: Date): LoadedPolicy =>
  policyOf(filesOfText(io, file, bytes), file, now);

const policyOf = ({ parsed, files, diagnostics }: PolicyFiles, file: string, now: Date): LoadedPolicy => {
  if (parsed === undefined) return { diagnostics };
  const resolved = resolvePolicy(parsed, files, { now });
  const found = [...diagnostics, ...resolved.diagnostics];
  if (resolved.policy === undefined || hasErrors(found)) return { diagnostics: inFileOrder(found, file) };
  const all = inFileOrder([...found, ...lintPolicy(resolved.policy, { now })], file);
  return hasErrors(all) ? { diagnostics: all } : { policy: resolved.policy, diagnostics: all };
};

/** For programs: `file` relative to the process's folder, `now` decides which entries have expired. */
export const loadPolicy = (file: string, options: { readonly now?: Date } = {}): Promise<LoadedPolicy> =>
  loadPolicyFile({ cwd: process.cwd() }, file, options.now ?? new Date());

/** Whether it means the same still: no entry has ended since. */
const holdsAt = ({ policy }: LoadedPolicy, now: Date): boolean => {
  const until = policy === undefined ? undefined : validity(policy).validUntil;
  return until === undefined || expiryTime(until) > now.getTime();
};

/** The same for commands that cannot go on without a policy: every problem at once, exit code 1. */
export const requirePolicy = async (
  io: Folder & { now(): Date },
  options: {
    readonly policy: string;
    readonly now?: Date;
    /** Policies that were read already, by their names. */
    readonly read?: ReadonlyMap<string, LoadedPolicy>;
  },
): Promise<{ policy: Policy; diagnostics: readonly Diagnostic[] }> => {
  const now = options.now ?? io.now();
  const read = options.read?.get(options.policy);
  const { policy, diagnostics } =
    read !== undefined && holdsAt(read, now) ? read : await loadPolicyFile(io, options.policy, now);
  if (policy === undefined) throw new Failure(diagnostics);
  return { policy, diagnostics };
};

/**
 * A file of checks (`plan --checks`): a policy of networks, tests and guards, without rules. Throws `Failure` with every
 * problem at once, exit code 1.
 */
export const requireChecks = (
  io: Folder,
  file: string,
  now: Date,
): { policy: Policy; diagnostics: readonly Diagnostic[] } => {
  const { parsed, files, diagnostics } = filesOfText(io, file, readChecksBytes(io, file), "checks");
  if (parsed === undefined) throw new Failure(diagnostics);
  const resolved = resolvePolicy(parsed, files, { now });
  const found = inFileOrder([...diagnostics, ...resolved.diagnostics], file);
  if (resolved.policy === undefined || hasErrors(found)) throw new Failure(found);
  return { policy: resolved.policy, diagnostics: found };
};

const readChecksBytes = (io: Folder, file: string): Uint8Array => {
  try {
    return readNamedFile(io.cwd, file, { most: largest.policy, folder: checkoutFolder(io.cwd, file) });
  } catch (error) {
    throw failure("checks-unreadable", { file, reason: reasonOf(error) }, { cause: error });
  }
};
