/**
 * Addresses that must keep one verdict in every state that a plan leads through: `must_allow`, `must_deny`, and those that
 * the caller comes from.
 */
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { guards } from "../model/guards.js";
import type { AccountState } from "../model/rule.js";
import type { PolicyEntry } from "../policy/policy.js";
import { accessOf, isEnforced } from "./access-change.js";
import type { PlannedStep } from "./plan.js";

export interface ProtectedAddresses {
  readonly code: "must-allow" | "must-deny" | "lockout-client";
  /** What they are called in messages. */
  readonly what: string;
  readonly wanted: "allowed" | "blocked";
  /** The flag that lets the loss pass. */
  readonly flag: string;
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"] | undefined;
}

/** An entry of a policy, or a prefix of a saved plan. */
interface ProtectedEntry {
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"] | undefined;
}

export const underMustAllow = (entries: readonly ProtectedEntry[]): readonly ProtectedAddresses[] =>
  entries.map(({ prefix, source }) => ({
    code: "must-allow",
    what: `under \`must_allow\` in ${formatPrefix(prefix)}`,
    wanted: "allowed",
    flag: guards["must-allow"].flag,
    prefix,
    source,
  }));

export const underMustDeny = (entries: readonly ProtectedEntry[]): readonly ProtectedAddresses[] =>
  entries.map(({ prefix, source }) => ({
    code: "must-deny",
    what: `under \`must_deny\` in ${formatPrefix(prefix)}`,
    wanted: "blocked",
    flag: guards["must-deny"].flag,
    prefix,
    source,
  }));

export const ofCaller = (addresses: readonly Address[]): readonly ProtectedAddresses[] =>
  addresses.map((network) => ({
    code: "lockout-client",
    what: "the address that this run comes from",
    wanted: "allowed",
    flag: guards.caller.flag,
    prefix: { network, length: 128 },
  }));

/**
 * The first step that takes the wanted verdict away, and, where no step does, that it is not there in the end.
 * An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure.
 */
export const lostVerdicts = (
  { after, steps }: { readonly after: AccountState; readonly steps: readonly PlannedStep[] },
  wanted: readonly ProtectedAddresses[],
): Diagnostic[] => {
  if (wanted.length === 0) return [];
  const atEnd = accessOf(after);
  const lostAtEnd = { allowed: atEnd.blocked(), blocked: atEnd.allowed() };
  const ifEnforced = accessOf(after, "assumed");
  const lostIfEnforced = { allowed: ifEnforced.blocked(), blocked: ifEnforced.allowed() };
  return wanted.flatMap((one): Diagnostic[] => {
    const set = AddressSet.ofPrefixes([one.prefix]);
    const { code, what, flag, source } = one;
    for (const { number, access } of steps) {
      const lost = set.intersect(one.wanted === "allowed" ? access.newlyBlocked : access.newlyAllowed);
      if (lost.isEmpty()) continue;
      return [diagnostic(code, { prefixes: rangesText(lost, 5), what, flag, step: number }, source)];
    }
    const lost = set.intersect(lostAtEnd[one.wanted]);
    if (!lost.isEmpty() && (one.wanted === "allowed" || isEnforced(after)))
      return [diagnostic(code, { prefixes: rangesText(lost, 5), what, flag }, source)];
    // Enforcement is off, so nothing is violated today; but whoever turns it on will want to know.
    const later = set.intersect(lostIfEnforced[one.wanted]);
    return later.isEmpty()
      ? []
      : [diagnostic(`${code}-once-enabled`, { prefixes: rangesText(later, 5), what })];
  });
};
