/** Rules that make exceptions from each other, and prefixes of a rule that can be written as one. */

import { formatPrefix, type Prefix, prefixKey, prefixOf } from "../../address/prefix.js";
import { diagnostic } from "../../model/diagnostic.js";
import type { PolicyEntry, PolicyRule } from "../policy.js";
import { type LintContext, type LintEntry, noParent } from "./context.js";

interface Overlap {
  readonly inner: LintEntry;
  readonly outer: LintEntry;
  count: number;
}

/** One note for each pair of rules, at its first example. */
export const lintOverlaps = (context: LintContext): void => {
  const { entries, parents } = context;
  const pairs = new Map<PolicyRule, Map<PolicyRule, Overlap>>();
  entries.forEach((inner, index) => {
    const parent = parents[index]!;
    const outer = parent === noParent ? undefined : entries[parent];
    if (outer === undefined || outer.type === inner.type) return;
    const others = pairs.get(inner.rule) ?? new Map<PolicyRule, Overlap>();
    pairs.set(inner.rule, others);
    const overlap = others.get(outer.rule);
    if (overlap === undefined) others.set(outer.rule, { inner, outer, count: 1 });
    else overlap.count += 1;
  });
  for (const others of pairs.values()) {
    for (const { inner, outer, count } of others.values()) {
      context.report(
        diagnostic(
          "overlapping-rules",
          {
            inner: inner.rule.name,
            type: inner.type,
            prefix: formatPrefix(inner.prefix),
            outer: outer.rule.name,
            outerPrefix: formatPrefix(outer.prefix),
            more: count - 1,
          },
          inner.entry.source,
        ),
      );
    }
  }
};

/** Entries that may be written as one: they share all but their prefix. */
const groupsOf = (rule: PolicyRule): PolicyEntry[][] => {
  const groups = new Map<string, PolicyEntry[]>();
  for (const entry of rule.entries) {
    const { network = "", comment, expires } = entry;
    const isPlain = comment === undefined && expires === undefined;
    const key = isPlain ? network : JSON.stringify([network, comment, expires]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()];
};

interface Merged {
  readonly prefix: Prefix;
  readonly members: readonly PolicyEntry[];
}

const siblingOf = ({ network, length }: Prefix): Prefix => ({
  network: network ^ (1n << BigInt(128 - length)),
  length,
});

/** Joins siblings from the longest prefixes up, as far as it goes; returns what was joined and not joined on. */
const mergeSiblings = (group: readonly PolicyEntry[], taken: ReadonlySet<bigint>): Merged[] => {
  if (group.length < 2) return [];
  const byLength: (Map<bigint, Merged> | undefined)[] = [];
  const put = (item: Merged): void => {
    const { length } = item.prefix;
    byLength[length] ??= new Map();
    byLength[length].set(prefixKey(item.prefix), item);
  };
  for (const entry of group) put({ prefix: entry.prefix, members: [entry] });
  const merged: Merged[] = [];
  for (let length = 128; length > 0; length -= 1) {
    const here = byLength[length];
    if (here === undefined) continue;
    for (const item of here.values()) {
      const sibling = here.get(prefixKey(siblingOf(item.prefix)));
      const parent = prefixOf(item.prefix.network, length - 1);
      const parentKey = sibling === undefined ? undefined : prefixKey(parent);
      if (sibling === undefined || parentKey === undefined || taken.has(parentKey)) {
        if (item.members.length > 1) merged.push(item);
        continue;
      }
      // The left one of the two does it for both.
      if (parent.network === item.prefix.network) {
        put({ prefix: parent, members: [...item.members, ...sibling.members] });
      }
    }
  }
  return merged;
};

/** Of the prefixes that can be written as one, so many are named. */
const mostNamed = 4;

export const lintAdjacent = (context: LintContext): void => {
  // A prefix that is there already is a matter of redundancy, or belongs to the other type.
  const taken = new Set(context.entries.map(({ prefix }) => prefixKey(prefix)));
  for (const rule of context.policy.rules) {
    for (const group of groupsOf(rule)) {
      // What a vendor publishes, nobody can write otherwise.
      if (group.every(({ list }) => list !== undefined)) continue;
      for (const { prefix, members } of mergeSiblings(group, taken)) {
        const [first] = members;
        const prefixes = members.slice(0, mostNamed).map((entry) => formatPrefix(entry.prefix));
        const more = members.length - prefixes.length;
        context.report(
          diagnostic("adjacent-prefixes", { prefixes, more, together: formatPrefix(prefix) }, first?.source),
        );
      }
    }
  }
};
