/** What single entries reach: too much, IPv4 by accident, or addresses that nobody ever comes from. */
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
import { broadIPv4Length, broadIPv6Length } from "../../model/lint-codes.js";
import { countPrefix } from "../address-text.js";
import type { LintContext, LintEntry } from "./context.js";

const isBroad = (prefix: Prefix): boolean =>
  isIPv4(prefix) ? prefix.length - allIPv4.length < broadIPv4Length : prefix.length < broadIPv6Length;

const wholeName = (prefix: Prefix): string | undefined => {
  if (prefix.length === 0) return "the whole internet";
  return samePrefix(prefix, allIPv4) ? "the whole IPv4 internet" : undefined;
};

const lintBroad = (context: LintContext, { prefix, type, rule, entry }: LintEntry): void => {
  if (type !== "allow" || !isBroad(prefix)) return;
  const limit = isIPv4(prefix) ? broadIPv4Length : broadIPv6Length;
  context.report(
    "broad-allow",
    `\`${rule.name}\` lets in ${wholeName(prefix) ?? `${countPrefix(prefix)} by one entry`}: ${formatPrefix(prefix)}`,
    entry.source,
    `Prefixes shorter than /${limit} are rarely one organisation's; narrow it, or set \`lint: {broad-allow: off}\``,
  );
};

const lintMapped = (context: LintContext, allOfIPv4: ReadonlySet<string>, found: LintEntry): void => {
  const { prefix, type, entry } = found;
  if (prefix.length >= allIPv4.length || !containsPrefix(prefix, allIPv4) || allOfIPv4.has(type)) return;
  context.report(
    "ipv6-covers-ipv4",
    `${formatPrefix(prefix)} contains ::ffff:0:0/96, so that it is taken to ${type} all of IPv4 too`,
    entry.source,
    type === "deny" || prefix.length === 0
      ? "Write 0.0.0.0/0 beside it, or 2000::/3 instead if only IPv6 is meant"
      : "Write an IPv6 prefix that does not contain it",
  );
};

const lintSpecial = (
  context: LintContext,
  { prefix, type, entry }: LintEntry,
  block: SpecialPurposeBlock,
): void => {
  if (type !== "allow" || block.reachable !== "no" || block.use === "documentation") return;
  context.report(
    "special-purpose",
    `${formatPrefix(prefix)} can never be a public source: it lies in ${formatPrefix(block.prefix)}, ${block.name} (IANA registry, snapshot of ${registrySnapshotDate})`,
    entry.source,
    block.use === "private"
      ? "Write the public address that the network is seen under; behind private connectivity the entry can be right"
      : "Write the public address that the network is seen under",
  );
};

/** Once for the whole policy, since examples consist of nothing else. */
const lintDocumentation = (context: LintContext, found: readonly LintEntry[]): void => {
  const [first] = found;
  if (first === undefined) return;
  const more = found.length > 1 ? `, and ${found.length - 1} more like it` : "";
  context.report(
    "documentation-range",
    `${formatPrefix(first.prefix)} is reserved for documentation${more} (IANA registry, snapshot of ${registrySnapshotDate})`,
    first.entry.source,
    "Replace it with an address of your own",
  );
};

export const lintReach = (context: LintContext): void => {
  const allOfIPv4 = new Set(
    context.entries.filter(({ prefix }) => samePrefix(prefix, allIPv4)).map(({ type }) => type),
  );
  const documentation: LintEntry[] = [];
  for (const entry of context.entries) {
    lintBroad(context, entry);
    lintMapped(context, allOfIPv4, entry);
    const block = specialPurpose(entry.prefix);
    if (block === undefined) continue;
    lintSpecial(context, entry, block);
    if (block.use === "documentation") documentation.push(entry);
  }
  lintDocumentation(context, documentation);
};
