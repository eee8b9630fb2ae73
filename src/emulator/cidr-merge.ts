/**
 * What a write's `cidrs` do to a rule's entries (docs/service.md, "Rules"): without `id` they are added, with `id` they
 * are kept, switched or (state 2) removed, and those not sent stay. Removals take place first [assumed].
 */
import { rangeKey, rangeOf, storedRange } from "./ranges.js";
import type { CidrInput } from "./rule-body.js";
import { active, deleted, type StoredCidr } from "./state.js";
import type { Micros } from "./timestamps.js";

export interface CidrMerge {
  readonly cidrs: readonly StoredCidr[];
  readonly nextId: number;
  /** How many of the sent ones took effect, or already held by their id. */
  readonly accepted: number;
  /** As typed: not a range, an unknown id, or a range that a rule of the other type has. */
  readonly failed: readonly string[];
  /** As typed: the rule has the range already. */
  readonly existing: readonly string[];
}

export interface MergeContext {
  readonly nextId: number;
  /** Keys of the ranges on rules of the other type. */
  readonly opposite: ReadonlySet<string>;
  tick(): Micros;
}

const findById = (cidrs: readonly StoredCidr[], sent: CidrInput): number => {
  const range = rangeOf(sent.cidr);
  return cidrs.findIndex(
    (cidr) =>
      cidr.id === sent.id &&
      cidr.state === active &&
      range !== undefined &&
      rangeKey(range) === rangeKey(storedRange(cidr.cidr)),
  );
};

const switched = (cidr: StoredCidr, sent: CidrInput, tick: () => Micros): StoredCidr => {
  const enabled = sent.enabled ?? cidr.enabled;
  return sent.state === cidr.state && enabled === cidr.enabled
    ? cidr
    : { ...cidr, state: sent.state, enabled, updatedAt: tick() };
};

const keyOf = (text: string): string | undefined => {
  const range = rangeOf(text);
  return range === undefined ? undefined : rangeKey(range);
};

/** Names an entry that is there: by its id, or to be removed. */
const namesEntry = (input: CidrInput): boolean => input.id !== undefined || input.state === deleted;

/** The sent ones that name entries, switched in place. */
const switchEntries = (
  before: readonly StoredCidr[],
  sent: readonly CidrInput[],
  tick: () => Micros,
): { cidrs: StoredCidr[]; failed: readonly string[] } => {
  const cidrs = [...before];
  const failed: string[] = [];
  for (const input of sent) {
    const index = findById(cidrs, input);
    const cidr = cidrs[index];
    if (cidr === undefined) failed.push(input.cidr);
    else cidrs[index] = switched(cidr, input, tick);
  }
  return { cidrs, failed };
};

const newCidr = (id: number, input: CidrInput, tick: () => Micros): StoredCidr => {
  const createdAt = tick();
  const { cidr, enabled = true } = input;
  return { id, state: active, enabled, cidr, createdAt, updatedAt: tick() };
};

export const mergeCidrs = (
  before: readonly StoredCidr[],
  sent: readonly CidrInput[],
  { nextId, opposite, tick }: MergeContext,
): CidrMerge => {
  const { cidrs, failed: unknown } = switchEntries(before, sent.filter(namesEntry), tick);
  const failed = [...unknown];
  const existing: string[] = [];
  const taken = new Set(cidrs.filter(({ state }) => state === active).map(({ cidr }) => keyOf(cidr)));
  const added: StoredCidr[] = [];
  for (const input of sent.filter((other) => !namesEntry(other))) {
    const key = keyOf(input.cidr);
    if (key === undefined || opposite.has(key)) failed.push(input.cidr);
    else if (taken.has(key)) existing.push(input.cidr);
    else {
      taken.add(key);
      added.push(newCidr(nextId + added.length, input, tick));
    }
  }
  return {
    cidrs: [...cidrs, ...added],
    nextId: nextId + added.length,
    accepted: sent.length - failed.length - existing.length,
    failed,
    existing,
  };
};
