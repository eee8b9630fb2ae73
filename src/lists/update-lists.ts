/**
 * All lists of a policy fetched and judged, and the lock that comes of it. Nothing is written here, and where one list
 * cannot be used there is no new lock at all: several lists change together or not at all.
 */
import { diagnostic } from "../model/diagnostic.js";
import { type Lock, type LockedList, updateCommand } from "../policy/lock.js";
import type { ListSource } from "../policy/published-lists.js";
import { type Fetched, type FetchPorts, fetchList } from "./fetch-list.js";
import { failedList, judgeList, type ListChange, removedList } from "./judge-list.js";

interface UpdateOptions {
  readonly policyFile: string;
  /** What the policy and its includes ask for. */
  readonly sources: readonly ListSource[];
  /** Empty where there is none yet, or none that can be read. */
  readonly lock: Lock;
  /** Lists of the lock that somebody edited by hand. */
  readonly edited: ReadonlySet<string>;
  /** Only these; absent: all, and what the policy does not ask for any more is removed. */
  readonly names?: ReadonlySet<string>;
  /** Lists whose `max_change` is waived. */
  readonly overrides: ReadonlySet<string>;
  readonly now: Date;
}

type UpdateVerdict = "no-changes" | "changes" | "refused" | "failed";

export interface ListUpdate {
  readonly verdict: UpdateVerdict;
  /** In the order of their names. */
  readonly lists: readonly ListChange[];
  /** The lock as it is to be; absent where there is nothing to write, or nothing may be written. */
  readonly next?: Lock;
}

export const updateLists = async (options: UpdateOptions, ports: FetchPorts): Promise<ListUpdate> => {
  const { sources, names, lock } = options;
  const wanted = sources.filter(({ name }) => names?.has(name.value) ?? true);
  const fetched = new Map<string, Fetched>();
  const changes: ListChange[] = [];
  for (const source of wanted) {
    const { url } = source;
    const name = source.name.value;
    const answer = fetched.get(url) ?? (await fetchList({ name, url }, ports));
    fetched.set(url, answer);
    changes.push(changeOf(options, source, answer));
  }
  const asked = new Set(sources.map(({ name }) => name.value));
  if (names === undefined)
    for (const [name, locked] of lock) if (!asked.has(name)) changes.push(removedList(name, locked));
  changes.sort((a, b) => (a.name < b.name ? -1 : 1));
  const verdict = verdictOf(changes);
  return { verdict, lists: changes, ...(verdict === "changes" ? { next: nextLock(lock, changes) } : {}) };
};

const changeOf = (options: UpdateOptions, source: ListSource, answer: Fetched): ListChange => {
  const { lock, edited, overrides, policyFile, now } = options;
  const name = source.name.value;
  const locked = lock.get(name);
  // Of an answer that several lists share, the problem is each list's own.
  if ("problem" in answer) return failedList(source, locked, renamed(answer.problem, name));
  return judgeList(
    source,
    answer.bytes,
    { locked, edited: edited.has(name) },
    {
      now,
      overridden: overrides.has(name),
      command: `${updateCommand(policyFile)} --allow-max-change ${name}`,
    },
  );
};

const renamed = (
  problem: Extract<Fetched, { problem: unknown }>["problem"],
  list: string,
): Extract<Fetched, { problem: unknown }>["problem"] =>
  problem.code === "list-answer" && "args" in problem
    ? diagnostic("list-answer", { ...problem.args, list })
    : problem;

const verdictOf = (changes: readonly ListChange[]): UpdateVerdict => {
  const outcomes = new Set(changes.map(({ outcome }) => outcome));
  if (outcomes.has("failed")) return "failed";
  if (outcomes.has("refused")) return "refused";
  outcomes.delete("unchanged");
  return outcomes.size === 0 ? "no-changes" : "changes";
};

const nextLock = (lock: Lock, changes: readonly ListChange[]): Lock => {
  const next = new Map<string, LockedList>(lock);
  for (const { name, after } of changes) {
    if (after === undefined) next.delete(name);
    else next.set(name, after);
  }
  return next;
};
