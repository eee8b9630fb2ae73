/**
 * What a write's `cidrs` do to a rule's entries (API.md, "Rules"): without `id` they are added, with `id` they
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

export const mergeCidrs = (
  before: readonly StoredCidr[],
  sent: readonly CidrInput[],
  context: MergeContext,
): CidrMerge => {
  const cidrs = [...before];
  const failed: string[] = [];
  const existing: string[] = [];
  let { nextId } = context;
  let accepted = 0;

  const known = sent.filter((input) => input.id !== undefined || input.state === deleted);
  for (const input of known) {
    const index = findById(cidrs, input);
    const cidr = cidrs[index];
    if (cidr === undefined) {
      failed.push(input.cidr);
      continue;
    }
    cidrs[index] = switched(cidr, input, context.tick);
    accepted += 1;
  }

  const taken = new Set(
    cidrs.filter((cidr) => cidr.state === active).map((cidr) => rangeKey(storedRange(cidr.cidr))),
  );
  for (const input of sent) {
    if (known.includes(input)) continue;
    const range = rangeOf(input.cidr);
    const key = range === undefined ? undefined : rangeKey(range);
    if (key === undefined || context.opposite.has(key)) failed.push(input.cidr);
    else if (taken.has(key)) existing.push(input.cidr);
    else {
      const createdAt = context.tick();
      taken.add(key);
      cidrs.push({
        id: nextId,
        state: active,
        enabled: input.enabled ?? true,
        cidr: input.cidr,
        createdAt,
        updatedAt: context.tick(),
      });
      nextId += 1;
      accepted += 1;
    }
  }
  return { cidrs, nextId, accepted, failed, existing };
};
