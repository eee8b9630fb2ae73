/**
 * What a published list's bytes mean for the lock: the prefixes that they hold, what came and went since, and every
 * reason to refuse them. Pure.
 */
import { AddressSet } from "../address/address-set.js";
import { comparePrefixes, formatPrefix, mappedLength, type Prefix } from "../address/prefix.js";
import { prefixAt, sortColumns } from "../address/prefix-columns.js";
import { lineMarks } from "../address/prefix-lines.js";
import {
  type SpecialPurposeBlock,
  specialPurposeBlocks,
  specialPurposeSet,
} from "../address/special-purpose.js";
import { type Diagnostic, diagnostic, withSeverity } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { grouped } from "../model/words.js";
import { ageInDays, isOld, type LockedList, lockedSelect } from "../policy/lock.js";
import type { ListSource } from "../policy/published-lists.js";
import { readList } from "../policy/read-list.js";

/** What an update makes of one list. */
export interface ListChange {
  readonly name: string;
  readonly url: string;
  readonly select: string | null;
  /**
   * `renewed`: the same prefixes with a newer date. `added`: the lock did not have it. `removed`: the policy does not
   * ask for it any more. `refused`: by `max_change`. `failed`: it could not be fetched, or is not what it should be.
   */
  readonly outcome: "unchanged" | "renewed" | "changed" | "added" | "removed" | "refused" | "failed";
  /** What the lock had and what it gets; absent where there was or will be nothing. */
  readonly before?: LockedList;
  readonly after?: LockedList;
  /** As published: a prefix that was split is removed, and its halves are added. */
  readonly added: readonly Prefix[];
  readonly removed: readonly Prefix[];
  /** The addresses that this means, exactly. */
  readonly gained: AddressSet;
  readonly lost: AddressSet;
  readonly diagnostics: readonly Diagnostic[];
}

const nothing = {
  added: [],
  removed: [],
  gained: AddressSet.empty,
  lost: AddressSet.empty,
  diagnostics: [],
} as const;

const identityOf = ({ name, url, format }: ListSource) => ({
  name: name.value,
  url,
  select: lockedSelect(format),
});

/** A list that was not fetched, or cannot be used. */
export const failedList = (
  source: ListSource,
  before: LockedList | undefined,
  found: Diagnostic,
): ListChange => ({
  ...identityOf(source),
  ...nothing,
  outcome: "failed",
  ...(before === undefined ? {} : { before }),
  diagnostics: [found],
});

/** A list of the lock that the policy does not ask for any more. */
export const removedList = (name: string, before: LockedList): ListChange => ({
  ...nothing,
  name,
  url: before.url,
  select: before.select,
  outcome: "removed",
  before,
  removed: before.prefixes,
  lost: AddressSet.ofPrefixes(before.prefixes),
});

interface Known {
  readonly locked: LockedList | undefined;
  /** Whether somebody edited it by hand. */
  readonly edited: boolean;
}

interface JudgeOptions {
  readonly now: Date;
  /** Whether `max_change` is waived. */
  readonly overridden: boolean;
  /** The command that waives it. */
  readonly command: string;
}

export const judgeList = (
  source: ListSource,
  bytes: Uint8Array,
  known: Known,
  options: JudgeOptions,
): ListChange => {
  const read = prefixesIn(source, bytes);
  if ("problem" in read) return failedList(source, known.locked, read.problem);
  const { prefixes } = read;
  const before = known.locked;
  const change = changeBetween(before?.prefixes ?? [], prefixes);
  const same = change.added.length + change.removed.length === 0;
  const identity = identityOf(source);
  const fresh = { ...identity, fetchedAt: `${options.now.toISOString().slice(0, 19)}Z`, prefixes };
  const { name: _, ...after } = fresh;
  if (before === undefined) return { ...identity, ...nothing, ...change, outcome: "added", after };
  const asked = before.url === source.url && before.select === identity.select && !known.edited;
  // Whoever edited the entry chose what the limit is counted from: then no change is known to be small.
  const tooMuch = known.edited ? editedBase(source, options) : beyondLimit(source, before, change, options);
  const isRefused = tooMuch !== undefined && !options.overridden;
  if (same && !isRefused) {
    const { maxAge } = source;
    const renew =
      !asked || ageInDays(before, options.now) * 2 >= maxAge || isOld(before, maxAge, options.now);
    return {
      ...identity,
      ...nothing,
      outcome: renew ? "renewed" : "unchanged",
      before,
      after: renew ? after : before,
    };
  }
  const outcome = isRefused ? "refused" : "changed";
  return {
    ...identity,
    ...change,
    outcome,
    before,
    after,
    diagnostics: tooMuch === undefined ? [] : [tooMuch],
  };
};

const editedBase = (
  { name, maxChange }: ListSource,
  { command, overridden }: JudgeOptions,
): Diagnostic | undefined =>
  maxChange === undefined
    ? undefined
    : diagnostic("list-max-change", { list: name.value, limit: maxChange, command, overridden });

type Read = { readonly prefixes: readonly Prefix[] } | { readonly problem: Diagnostic };

const prefixesIn = (source: ListSource, bytes: Uint8Array): Read => {
  const { url, format } = source;
  const list = readList(bytes, url, format, { maxProblems: 1 });
  if (!list.ok) return { problem: list.diagnostic };
  const { prefixes, lines, marks, problems, problemCount } = list.lines;
  const at = { list: source.name.value, url };
  const [first] = problems;
  if (first !== undefined) {
    const { value, source: place } = list.textAt(first.line);
    const problem = `\`${value.slice(0, 100)}\` is not an IP address or prefix`;
    return {
      problem: diagnostic("list-refused", { ...at, problem, line: place.line, more: problemCount - 1 }),
    };
  }
  for (let row = 0; row < prefixes.count; row += 1) {
    if ((marks[row]! & lineMarks.hostBits) === 0) continue;
    const { value, source: place } = list.textAt(lines[row]!);
    const mapped = mappedLength(value, prefixAt(prefixes, row)) !== undefined;
    if (source.hostBits === "allow" && !mapped) continue;
    const problem = mapped
      ? `\`${value}\` would be far more than IPv4`
      : `\`${value}\` has bits set below its length`;
    return { problem: diagnostic("list-refused", { ...at, problem, line: place.line, more: 0 }) };
  }
  if (prefixes.count === 0 && !source.allowEmpty)
    return {
      problem: diagnostic("list-empty", { ...at, ...present({ select: format.select }) }),
    };
  const sorted = sortColumns(prefixes);
  const all = Array.from({ length: prefixes.count }, (_, row) => prefixAt(sorted, row));
  const unique = all.filter((one, row) => row === 0 || comparePrefixes(all[row - 1]!, one) !== 0);
  const problem = notPublic(at, unique);
  return problem === undefined ? { prefixes: unique } : { problem };
};

/** Ranges for documentation pass, as they do elsewhere: examples consist of them. */
const isNeverPublic = ({ reachable, use }: SpecialPurposeBlock): boolean =>
  reachable === "no" && use !== "documentation";

const notPublic = (
  at: { readonly list: string; readonly url: string },
  prefixes: readonly Prefix[],
): Diagnostic | undefined => {
  const never = specialPurposeSet(isNeverPublic);
  const common = AddressSet.ofPrefixes(prefixes).intersect(never);
  if (common.isEmpty()) return undefined;
  const found = prefixes.filter((one) => !AddressSet.ofPrefixes([one]).intersect(common).isEmpty());
  const block = specialPurposeBlocks.find(
    (one) => isNeverPublic(one) && !AddressSet.ofPrefixes([one.prefix]).intersect(common).isEmpty(),
  );
  return diagnostic("list-not-public", {
    ...at,
    prefix: formatPrefix(found[0]!),
    block: block === undefined ? "" : `${formatPrefix(block.prefix)}, ${block.name}`,
    more: found.length - 1,
  });
};

type Change = Pick<ListChange, "added" | "removed" | "gained" | "lost">;

/** Both sorted, so that one walk finds what only one of them has. */
const changeBetween = (before: readonly Prefix[], after: readonly Prefix[]): Change => {
  const added: Prefix[] = [];
  const removed: Prefix[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    const order = old === undefined ? 1 : now === undefined ? -1 : comparePrefixes(old, now);
    if (order < 0) removed.push(old!);
    if (order > 0) added.push(now!);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
  const [was, is] = [AddressSet.ofPrefixes(before), AddressSet.ofPrefixes(after)];
  return { added, removed, gained: is.subtract(was), lost: was.subtract(is) };
};

/**
 * For each family by itself: a handful of IPv6 prefixes has more addresses than all of IPv4. A family that the list had
 * no address of has changed beyond any limit.
 */
const beyondLimit = (
  { name, maxChange }: ListSource,
  before: LockedList,
  { gained, lost }: Change,
  { command, overridden }: JudgeOptions,
): Diagnostic | undefined => {
  if (maxChange === undefined) return undefined;
  const was = AddressSet.ofPrefixes(before.prefixes).count();
  const [more, less] = [gained.count(), lost.count()];
  for (const [family, words] of [
    ["ipv4", "IPv4"],
    ["ipv6", "IPv6"],
  ] as const) {
    const changed = more[family] + less[family];
    // In thousandths of a percent, which is as fine as the limit is written.
    const limit = BigInt(Math.round(maxChange * 1_000));
    if (changed * 100_000n <= limit * was[family]) continue;
    const share = was[family] === 0n ? "all" : `${percent(changed, was[family])}`;
    const change =
      share === "all"
        ? `its first ${words} addresses`
        : `${share} of its ${words} addresses (${grouped(more[family])} gained, ${grouped(less[family])} lost)`;
    return withSeverity(
      diagnostic("list-max-change", { list: name.value, change, limit: maxChange, command, overridden }),
      overridden ? "warning" : "error",
    );
  }
  return undefined;
};

/** `12.3%`, rounded up: what is over a limit must not read as if it were not. */
const percent = (part: bigint, of: bigint): string => {
  const tenths = (part * 1_000n + of - 1n) / of;
  return `${grouped(tenths / 10n)}.${tenths % 10n}%`;
};
