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
import type { RuleCall, TerraformCalls } from "./calls.js";
import { type FreeOrders, requiredBy, stateAfter } from "./orders.js";
import { eitherOf, leastAccess } from "./partial-state.js";
import type { RuleVersion } from "./rule-version.js";

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

/** Who has a range: a rule that stays, or a call, before it or after it. */
interface Holder {
  readonly type: RuleVersion["type"];
  readonly name: string;
  /** Absent: a rule that no call touches. */
  readonly call?: number;
  readonly had: boolean;
  readonly has: boolean;
}

const holdersOf = ({ calls, others }: Pick<TerraformCalls, "calls" | "others">) => {
  const holders = new Map<bigint, Holder[]>();
  const add = (version: RuleVersion | undefined, holder: Omit<Holder, "type">): void => {
    if (version === undefined) return;
    for (const key of new Set([...version.prefixes, ...version.disabled].map(prefixKey))) {
      const known = holders.get(key) ?? [];
      holders.set(key, known);
      const same = known.findIndex(
        ({ type, call }) => call === holder.call && type === version.type && call !== undefined,
      );
      if (same < 0) known.push({ type: version.type, ...holder });
      else known[same] = { ...known[same]!, has: true };
    }
  };
  for (const { rule, version } of others)
    add(version, { name: `rule ${JSON.stringify(rule.name)}`, had: true, has: true });
  for (const [call, { before, after, change }] of calls.entries()) {
    add(before, { name: change.address, call, had: true, has: false });
    add(after, { name: change.address, call, had: false, has: true });
  }
  return holders;
};

/** Whether the service refuses the range to this call: in no order, in some, or in every one. */
const refusedBy = (
  required: readonly ReadonlySet<number>[],
  index: number,
  { call, had, has }: Holder,
): "some" | "all" | undefined => {
  if (call === undefined) return "all";
  const isDone = required[index]?.has(call) === true;
  if (has) return had || isDone ? "all" : "some";
  if (isDone) return undefined;
  return required[call]?.has(index) === true ? "all" : "some";
};

/** In the order of the calls. */
export const refusalsOf = (found: Pick<TerraformCalls, "calls" | "others">): readonly Refusal[] => {
  const { calls } = found;
  const holders = holdersOf(found);
  const required = requiredBy(calls);
  return calls.flatMap((call, index): Refusal[] => {
    const type = call.after === undefined ? undefined : opposite[call.after.type];
    if (type === undefined) return [];
    const refused = new Map<string, Refusal & { readonly prefixes: Prefix[] }>();
    for (const prefix of sent(call))
      for (const holder of holders.get(prefixKey(prefix)) ?? []) {
        const orders =
          holder.type === type && holder.call !== index ? refusedBy(required, index, holder) : undefined;
        if (orders === undefined) continue;
        const key = `${orders} ${holder.call ?? ""} ${holder.name}`;
        const known = refused.get(key);
        if (known === undefined)
          refused.set(key, { call: index, prefixes: [prefix], other: holder.name, always: orders === "all" });
        else known.prefixes.push(prefix);
      }
    return [...refused.values()];
  });
};

/** Those that a call reaches: it may fail, and then Terraform makes none of the calls that wait for it. */
const endangered = (calls: readonly RuleCall[], refusals: readonly Refusal[]): ReadonlySet<number> => {
  const failing = new Set(refusals.map(({ call }) => call));
  for (let before = -1; before < failing.size; ) {
    before = failing.size;
    for (const [index, { waitsFor }] of calls.entries())
      if (waitsFor.some((call) => failing.has(call))) failing.add(index);
  }
  return failing;
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

/** The calls as the service takes them in the worst order: without the ranges that it refuses there. */
export const acceptedCalls = <Calls extends Pick<TerraformCalls, "calls" | "others">>(
  found: Calls,
  refusals: readonly Refusal[],
): Calls => {
  const refused = found.calls.map(
    (_, index) =>
      new Set(refusals.flatMap(({ call, prefixes }) => (call === index ? prefixes.map(prefixKey) : []))),
  );
  const calls = found.calls.map((call, index) => {
    const { after } = call;
    if (after === undefined || refused[index]!.size === 0) return call;
    const prefixes = after.prefixes.filter((prefix) => !refused[index]!.has(prefixKey(prefix)));
    return { ...call, after: { ...after, prefixes } };
  });
  return { ...found, calls };
};

export const refusedRanges = (
  found: Pick<TerraformCalls, "calls" | "others">,
  orders: FreeOrders,
  refusals: readonly Refusal[],
): readonly Diagnostic[] => {
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
