/**
 * The published lists of a policy, as the lock has them. Where the lock is missing, damaged, edited by hand or made for
 * another URL or selection, nothing of it is used, and each disagreement is reported with the command that ends it. An
 * update (`publishedLists`) takes the lock as it is.
 */
import type { LockDisagreement } from "../model/codes/lists.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import {
  ageInDays,
  isOld,
  type Lock,
  type LockedList,
  lockedSelect,
  type ParsedLock,
  parseLock,
  updateCommand,
} from "./lock.js";
import { besidePolicy, type ParsedPolicy } from "./parse-policy.js";
import type { ReadFile } from "./policy.js";
import { Problems } from "./problems.js";
import { type ListSource, rulesByList, sourcesIn, writtenNetworks } from "./published-lists.js";
import type { Resolving } from "./resolve-entries.js";

export interface LockOptions {
  /** Instead of the lock file, for comparisons: what it has is taken, what it lacks is unknown, nothing is reported. */
  readonly asIs?: Lock | undefined;
  readonly now: Date;
}

/** By the name of the network; a list that is not known is not there. */
export type LockedLists = ReadonlyMap<string, LockedList>;

/**
 * `sources`: what the policy and its includes ask for, `asked` the names of all, also those whose source is wrong.
 * `whole`: whether they could all be read, so that a list that nobody asks for is one too many.
 */
export const lockedLists = (
  resolving: Resolving,
  parsed: ParsedPolicy,
  bytes: ReadFile,
  sources: readonly ListSource[],
  { asked, whole }: { readonly asked: ReadonlySet<string>; readonly whole: boolean },
  { asIs, now }: LockOptions,
): LockedLists => {
  if (asIs !== undefined) return asIs;
  const { problems } = resolving;
  const file = besidePolicy(parsed.file, parsed.lockReference);
  const command = updateCommand(parsed.file);
  if (typeof bytes === "string") {
    problems.add(diagnostic("file-missing", { path: file, reason: bytes }));
    return new Map();
  }
  if (bytes === undefined) {
    const [first] = sources;
    if (first !== undefined)
      problems.add(
        diagnostic(
          "lock-missing",
          { lock: file, lists: sources.map(({ name }) => name.value), command },
          first.name.source,
        ),
      );
    return new Map();
  }
  const read = parseLock(bytes, file, parsed.file);
  if (!read.ok) {
    problems.add(read.diagnostic);
    return new Map();
  }
  const wrong = disagreements(resolving, parsed, read, sources, { asked, whole, file });
  for (const [name, place] of read.edited) {
    problems.add(
      diagnostic(
        "lock-edited",
        { lock: file, list: name, command: updateCommand(parsed.file, [name]) },
        place,
      ),
    );
    wrong.add(name);
  }
  for (const source of sources) reportAge(resolving, parsed, source, read.lock, now);
  return new Map([...read.lock].filter(([name]) => !wrong.has(name)));
};

const disagreement = (
  locked: LockedList | undefined,
  { url, format }: ListSource,
): LockDisagreement | undefined => {
  if (locked === undefined) return "missing";
  if (locked.url !== url) return "url";
  return locked.select === lockedSelect(format) ? undefined : "select";
};

/** How the lock disagrees with what the policy and its includes ask for; none where the two agree. */
const lockDisagreements = (
  lock: Lock,
  sources: readonly ListSource[],
): readonly { readonly name: string; readonly problem: LockDisagreement }[] => {
  const wanted = new Set(sources.map(({ name }) => name.value));
  const unwanted = [...lock.keys()].filter((name) => !wanted.has(name));
  return [
    ...sources.flatMap((source) => {
      const problem = disagreement(lock.get(source.name.value), source);
      return problem === undefined ? [] : [{ name: source.name.value, problem }];
    }),
    ...unwanted.map((name) => ({ name, problem: "unwanted" as const })),
  ];
};

const disagreements = (
  { problems }: Resolving,
  parsed: ParsedPolicy,
  read: Extract<ParsedLock, { ok: true }>,
  sources: readonly ListSource[],
  { asked, whole, file }: { asked: ReadonlySet<string>; whole: boolean; file: string },
): Set<string> => {
  const places = new Map(sources.map(({ name }) => [name.value, name.source]));
  const wrong = new Set<string>();
  for (const { name, problem } of lockDisagreements(read.lock, sources)) {
    if (problem === "unwanted" && (asked.has(name) || !whole)) continue;
    const command = updateCommand(parsed.file);
    const place = places.get(name) ?? read.placeOf(name);
    problems.add(diagnostic("lock-differs", { lock: file, list: name, problem, command }, place));
    wrong.add(name);
  }
  return wrong;
};

const reportAge = (
  { problems }: Resolving,
  parsed: ParsedPolicy,
  { name, maxAge }: ListSource,
  lock: Lock,
  now: Date,
): void => {
  const locked = lock.get(name.value);
  if (locked === undefined || !isOld(locked, maxAge, now)) return;
  const age = ageInDays(locked, now);
  const command = updateCommand(parsed.file, [name.value]);
  const fetched = locked.fetchedAt.slice(0, 10);
  problems.add(diagnostic("list-old", { list: name.value, fetched, age, maxAge, command }, name.source));
};

/** The published lists that a policy and its includes ask for, and who uses them: what `lists update` begins with. */
export interface PublishedLists {
  readonly sources: readonly ListSource[];
  /** By the name of a list: the names of the rules that it is part of, also through other networks. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** As it is, whatever the policy asks for; empty where it is not there. One that cannot be read is an error. */
  readonly lock: Lock;
  /** Lists of the lock that somebody edited by hand. */
  readonly edited: ReadonlySet<string>;
  /** With an error among them, nothing of this may be used. */
  readonly diagnostics: readonly Diagnostic[];
}

export const publishedLists = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
  now: Date,
): PublishedLists => {
  const problems = new Problems(parsed.file);
  const resolving = { now: now.getTime(), problems, lint: parsed.raw.lint };
  const { written } = writtenNetworks(resolving, parsed, files);
  const sources = sourcesIn(resolving, written);
  const { damage, ...lock } = lockOf(parsed, files);
  return {
    sources,
    rules: rulesByList(parsed, written, sources),
    ...lock,
    diagnostics: [...problems.list(), ...(damage === undefined ? [] : [damage])],
  };
};

const lockOf = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
): Pick<PublishedLists, "lock" | "edited"> & { readonly damage?: Diagnostic } => {
  const bytes = files.get(parsed.lockReference);
  const none = { lock: new Map(), edited: new Set<string>() };
  if (typeof bytes !== "object") return none;
  const read = parseLock(bytes, besidePolicy(parsed.file, parsed.lockReference), parsed.file);
  return read.ok
    ? { lock: read.lock, edited: new Set(read.edited.keys()) }
    : { ...none, damage: read.diagnostic };
};
