/** Changes, rules and access changes as they stand in JSON documents. Counts are decimal strings: 2^128 is no number. */
import type { AddressSet } from "../address/address-set.js";
import { formatPrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import type { Rule } from "../model/rule.js";
import type { AccessChange, Change } from "../plan/plan.js";

export const ruleJson = ({ name, type, description, prefixes }: Rule) => ({
  name,
  type,
  description,
  cidrs: prefixes.map(formatPrefix),
});

const changeJson = (change: Change) => {
  switch (change.kind) {
    case "create":
      return { kind: change.kind, rule: ruleJson(change.rule) };
    case "update":
      return {
        kind: change.kind,
        before: ruleJson(change.before),
        after: ruleJson(change.after),
        added: change.added.map(formatPrefix),
        removed: change.removed.map(formatPrefix),
      };
    case "delete":
      return { kind: change.kind, rule: ruleJson(change.rule), reason: change.reason };
    case "enforcement":
      return { kind: change.kind, before: change.before, after: change.after };
    default:
      return assertNever(change);
  }
};

export const changesJson = (changes: readonly Change[]) => changes.map(changeJson);

const setJson = (set: AddressSet) => {
  const { ipv4, ipv6 } = set.count();
  return {
    cidrs: set.prefixes().map(formatPrefix),
    ipv4_addresses: String(ipv4),
    ipv6_addresses: String(ipv6),
  };
};

export const accessJson = (change: AccessChange) => ({
  direction: change.direction,
  newly_allowed: setJson(change.newlyAllowed),
  newly_blocked: setJson(change.newlyBlocked),
});
