/**
 * Ranges that the service will not save: one that another rule has with the other type at that time (docs/service.md,
 * "Rules"). The provider does not notice, so the rule is left without the range. Whether it comes to that may depend on
 * the order of the calls.
 */
import type { AddressSet } from "../../address/address-set.js";
import { type Prefix, prefixKey } from "../../address/prefix.js";
import { listPrefixes, rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { accessOf } from "../access-change.js";
import type { RuleCall, RuleVersion, TerraformCalls } from "./calls.js";
import { type FreeOrders, stateAfter } from "./orders.js";
import { eitherOf, leastAccess } from "./partial-state.js";

interface Refusal {
  readonly call: number;
  readonly prefixes: readonly Prefix[];
  /** The rule that has the range, or the resource that adds it. */
  readonly other: string;
  readonly always: boolean;
}

/** Disabled entries count for the service's check too. */
const rangesAs = (version: RuleVersion | undefined, type: RuleVersion["type"]): ReadonlySet<bigint> =>
  new Set(version?.type === type ? [...version.prefixes, ...version.disabled].map(prefixKey) : []);

const opposite = { allow: "deny", deny: "allow", unknown: undefined } as const;

/** What the call adds, or has with another type from then on. */
const sent = ({ before, after }: RuleCall): readonly Prefix[] => {
  if (after === undefined) return [];
  const had = rangesAs(before, after.type);
  return after.prefixes.filter((prefix) => !had.has(prefixKey(prefix)));
};

/** What a call that comes before another in every order is to it: by index, over any others between them. */
const isBefore = (calls: readonly RuleCall[], first: number, then: number): boolean => {
  const seen = new Set<number>();
  const waiting = [then];
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop())
    for (const earlier of calls[call]?.waitsFor ?? [])
      if (!seen.has(earlier)) {
        seen.add(earlier);
        waiting.push(earlier);
      }
  return seen.has(first);
};

const refusalsOf = ({ calls, others }: Pick<TerraformCalls, "calls" | "others">): readonly Refusal[] =>
  calls.flatMap((call, index): Refusal[] => {
    const type = call.after === undefined ? undefined : opposite[call.after.type];
    const added = sent(call);
    if (type === undefined || added.length === 0) return [];
    const among = (ranges: ReadonlySet<bigint>): readonly Prefix[] =>
      added.filter((prefix) => ranges.has(prefixKey(prefix)));
    const found = (prefixes: readonly Prefix[], other: string, always: boolean): Refusal[] =>
      prefixes.length === 0 ? [] : [{ call: index, prefixes, other, always }];
    return [
      ...others.flatMap(({ rule, version }) =>
        found(among(rangesAs(version, type)), `rule ${JSON.stringify(rule.name)}`, true),
      ),
      ...calls.flatMap((other, at) => {
        if (at === index) return [];
        const [had, has] = [among(rangesAs(other.before, type)), among(rangesAs(other.after, type))];
        const isGone = isBefore(calls, at, index);
        const name = other.change.address;
        const stays = has.length > 0 && (isGone || had.length > 0);
        if (has.length > 0) return found(has, name, stays);
        return isGone ? [] : found(had, name, isBefore(calls, index, at));
      }),
    ];
  });

/** Those that a call reaches: it may fail, and then Terraform makes none of the calls that wait for it. */
const endangered = (calls: readonly RuleCall[], refusals: readonly Refusal[]): ReadonlySet<number> => {
  const refused = new Set(refusals.map(({ call }) => call));
  return new Set(
    calls.flatMap((_, index) =>
      refused.has(index) || [...refused].some((call) => isBefore(calls, call, index)) ? [index] : [],
    ),
  );
};

/** What may be blocked for good, of what the plan means to allow. */
const blockedBy = (
  orders: FreeOrders,
  calls: readonly RuleCall[],
  refusals: readonly Refusal[],
): AddressSet => {
  const failing = endangered(calls, refusals);
  const meant = stateAfter(orders, () => true);
  const left: FreeOrders = {
    ...orders,
    calls: orders.calls.map((call, index) =>
      failing.has(index) ? { ...call, after: eitherOf(call.before, call.after) } : call,
    ),
  };
  const least = leastAccess({ ...stateAfter(left, () => true), enforcement: meant.enforcement });
  return accessOf(leastAccess(meant)).allowed().subtract(accessOf(least).allowed());
};

export const refusedRanges = (
  found: Pick<TerraformCalls, "calls" | "others">,
  orders: FreeOrders,
): readonly Diagnostic[] => {
  const refusals = refusalsOf(found);
  if (refusals.length === 0) return [];
  const lost = blockedBy(orders, found.calls, refusals);
  const blocked = lost.isEmpty() ? undefined : rangesText(lost, 5);
  return refusals.map(({ call, prefixes, other, always }) =>
    diagnostic("terraform-range-refused", {
      address: found.calls[call]!.change.address,
      prefixes: listPrefixes(prefixes),
      other,
      always,
      blocked,
    }),
  );
};
