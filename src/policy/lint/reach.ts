/** What single entries reach: too much, IPv4 by accident, or addresses that nobody ever comes from. */

import { AddressSet } from "../../address/address-set.js";
import {
  allIPv4,
  containsPrefix,
  formatPrefix,
  isIPv4,
  type Prefix,
  samePrefix,
} from "../../address/prefix.js";
import {
  registrySnapshotDate,
  type SpecialPurposeBlock,
  specialPurpose,
} from "../../address/special-purpose.js";
import { countAddresses } from "../../model/address-words.js";
import { broadIPv4Length, broadIPv6Length } from "../../model/codes/lint.js";
import { diagnostic } from "../../model/diagnostic.js";
import type { LintContext, LintEntry } from "./context.js";

const isBroad = (prefix: Prefix): boolean =>
  isIPv4(prefix) ? prefix.length - allIPv4.length < broadIPv4Length : prefix.length < broadIPv6Length;

const wholeName = (prefix: Prefix): string | undefined => {
  if (prefix.length === 0) return "the whole internet";
  return samePrefix(prefix, allIPv4) ? "the whole IPv4 internet" : undefined;
};

/** Of a published list, which nobody can narrow entry by entry, the first one alone; `lists` are those seen so far. */
const lintBroad = (
  context: LintContext,
  { prefix, type, rule, entry }: LintEntry,
  lists: Set<string>,
): void => {
  if (type !== "allow" || !isBroad(prefix)) return;
  if (entry.list !== undefined) {
    const key = JSON.stringify([rule.name, entry.list.name]);
    if (lists.has(key)) return;
    lists.add(key);
  }
  context.report(
    diagnostic(
      "broad-allow",
      {
        rule: rule.name,
        addresses: wholeName(prefix) ?? `${countAddresses(AddressSet.ofPrefixes([prefix]))} by one entry`,
        prefix: formatPrefix(prefix),
        limit: isIPv4(prefix) ? broadIPv4Length : broadIPv6Length,
      },
      entry.source,
    ),
  );
};

const lintMapped = (context: LintContext, allOfIPv4: ReadonlySet<string>, found: LintEntry): void => {
  const { prefix, type, entry } = found;
  if (prefix.length >= allIPv4.length || !containsPrefix(prefix, allIPv4) || allOfIPv4.has(type)) return;
  context.report(
    diagnostic(
      "ipv6-covers-ipv4",
      { prefix: formatPrefix(prefix), type, everything: prefix.length === 0 },
      entry.source,
    ),
  );
};

const lintSpecial = (
  context: LintContext,
  { prefix, type, entry }: LintEntry,
  block: SpecialPurposeBlock,
): void => {
  if (type !== "allow" || block.reachable !== "no" || block.use === "documentation") return;
  context.report(
    diagnostic(
      "special-purpose",
      {
        prefix: formatPrefix(prefix),
        block: formatPrefix(block.prefix),
        name: block.name,
        registry: registrySnapshotDate,
        isPrivate: block.use === "private",
      },
      entry.source,
    ),
  );
};

/** Once for the whole policy, since examples consist of nothing else. */
const lintDocumentation = (context: LintContext, found: readonly LintEntry[]): void => {
  const [first] = found;
  if (first === undefined) return;
  context.report(
    diagnostic(
      "documentation-range",
      { prefix: formatPrefix(first.prefix), more: found.length - 1, registry: registrySnapshotDate },
      first.entry.source,
    ),
  );
};

export const lintReach = (context: LintContext): void => {
  const allOfIPv4 = new Set(
    context.entries.filter(({ prefix }) => samePrefix(prefix, allIPv4)).map(({ type }) => type),
  );
  const documentation: LintEntry[] = [];
  const broadLists = new Set<string>();
  for (const entry of context.entries) {
    lintBroad(context, entry, broadLists);
    lintMapped(context, allOfIPv4, entry);
    const block = specialPurpose(entry.prefix);
    if (block === undefined) continue;
    lintSpecial(context, entry, block);
    if (block.use === "documentation") documentation.push(entry);
  }
  lintDocumentation(context, documentation);
};
