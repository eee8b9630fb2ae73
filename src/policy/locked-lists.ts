/**
 * The published lists of a policy, as the lock has them. Where the lock is missing, damaged, edited by hand or made for
 * another URL or selection, nothing of it is used, and each disagreement is reported with the command that ends it.
 */
import { diagnostic } from "../model/diagnostic.js";
import type { ListSource } from "./list-source.js";
import {
  ageInDays,
  isOld,
  type Lock,
  type LockedList,
  lockDisagreements,
  type ParsedLock,
  parseLock,
  updateCommand,
} from "./lock.js";
import { besidePolicy, type ParsedPolicy } from "./parse-policy.js";
import type { ReadFile } from "./policy.js";
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
