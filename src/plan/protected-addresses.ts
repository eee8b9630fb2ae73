/** Guards over single addresses: those that must stay allowed, or blocked, at every step of a plan. */
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { listPrefixes } from "../policy/address-text.js";
import type { Guards, PolicyEntry } from "../policy/policy.js";
import { accessOf, isEnforced } from "./access-change.js";
import { type Guarded, guardRefusal, type OverrideFlag } from "./guarded.js";

/** Addresses that must keep one verdict, and what they are called in messages. */
export interface Protected {
  readonly code: string;
  readonly what: string;
  readonly wanted: "allowed" | "blocked";
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"];
}

/**
 * The first step that takes the wanted verdict away, and, where no step does, that it is not there in the end.
 * An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure.
 */
export const violations = (
  guarded: Guarded,
  wanted: readonly Protected[],
  flag: OverrideFlag,
): Diagnostic[] => {
  if (wanted.length === 0) return [];
  const { after, steps } = guarded;
  const inTheEnd = accessOf(after);
  const lostAtEnd = { allowed: inTheEnd.blocked(), blocked: inTheEnd.allowed() };
  const ifEnforced = accessOf(after, "assumed");
  return wanted.flatMap((one): Diagnostic[] => {
    const set = AddressSet.ofPrefixes([one.prefix]);
    const verb = one.wanted === "allowed" ? "blocks" : "lets in";
    const hint = `Change the policy, or go on regardless with ${flag}`;
    for (const { number, access } of steps) {
      const lost = set.intersect(one.wanted === "allowed" ? access.newlyBlocked : access.newlyAllowed);
      if (lost.isEmpty()) continue;
      const message = `Step ${number} ${verb} ${listPrefixes(lost.prefixes())}, ${one.what}`;
      return [guardRefusal(one.code, message, hint, one.source)];
    }
    const lost = set.intersect(lostAtEnd[one.wanted]);
    if (!lost.isEmpty() && (one.wanted === "allowed" || isEnforced(after))) {
      const state = one.wanted === "allowed" ? "blocked" : "allowed";
      return [
        guardRefusal(
          one.code,
          `${listPrefixes(lost.prefixes())} is ${state} and stays so, but is ${one.what}`,
          hint,
          one.source,
        ),
      ];
    }
    return onceEnabled(
      one,
      set.intersect(one.wanted === "allowed" ? ifEnforced.blocked() : ifEnforced.allowed()),
    );
  });
};

/** The switch is off, so nothing is violated today; but whoever turns it on will want to know. */
const onceEnabled = (one: Protected, lost: AddressSet): Diagnostic[] =>
  lost.isEmpty()
    ? []
    : [
        {
          code: `${one.code}-once-enabled`,
          severity: "warning",
          message: `Once enforcement is on, ${listPrefixes(lost.prefixes())} would be ${one.wanted === "allowed" ? "blocked" : "allowed"}, but is ${one.what}`,
          hint: "Change the policy before enforcement is turned on",
        },
      ];

export const protectedByPolicy = (guards: Guards): { mustAllow: Protected[]; mustDeny: Protected[] } => ({
  mustAllow: guards.mustAllow.map(({ prefix, source }) => ({
    code: "must-allow",
    what: `under \`must_allow\` in ${formatPrefix(prefix)}`,
    wanted: "allowed",
    prefix,
    source,
  })),
  mustDeny: guards.mustDeny.map(({ prefix, source }) => ({
    code: "must-deny",
    what: `under \`must_deny\` in ${formatPrefix(prefix)}`,
    wanted: "blocked",
    prefix,
    source,
  })),
});

export const protectedCallers = (addresses: readonly Address[]): Protected[] =>
  addresses.map((network) => ({
    code: "lockout-client",
    what: "the address that this run comes from",
    wanted: "allowed",
    prefix: { network, length: 128 },
  }));
