/** The hash that binds a plan to its policy: SHA-256 of what the policy means, not of how it is written. */
import { comparePrefixes } from "../address/prefix.js";
import { sha256 } from "../model/sha256.js";
import type { Guards, Policy, PolicyEntry, PolicyRule } from "../policy/policy.js";
import { byName, compareNames } from "./keys.js";
import { hashablePrefix } from "./state-hash.js";

const prefixTexts = (entries: readonly PolicyEntry[]): string[] => [
  ...new Set(
    entries
      .map(({ prefix }) => prefix)
      .sort(comparePrefixes)
      .map(hashablePrefix),
  ),
];

const ruleDocument = (rule: PolicyRule): unknown => [
  rule.name,
  rule.type,
  rule.description,
  [...rule.previousNames].sort(compareNames),
  prefixTexts(rule.entries),
];

const limitText = (limit: bigint | undefined): string | null => limit?.toString() ?? null;

const guardsDocument = (guards: Guards): unknown => [
  prefixTexts(guards.mustAllow),
  prefixTexts(guards.mustDeny),
  guards.maxRemovedRules ?? null,
  limitText(guards.maxNewlyAllowed.ipv4),
  limitText(guards.maxNewlyAllowed.ipv6),
];

/**
 * SHA-256 in hexadecimal. Comments, order, spelling and the file's name do not change it; an entry whose date
 * has come does, since it is no longer in force.
 */
export const hashPolicy = (policy: Policy): string =>
  sha256(
    JSON.stringify([
      policy.account.id ?? null,
      policy.account.host ?? null,
      policy.enforcement,
      policy.unmanagedRules,
      [...policy.rules].sort(byName).map(ruleDocument),
      policy.tests.map(({ name, allowed, denied }) => [name, prefixTexts(allowed), prefixTexts(denied)]),
      guardsDocument(policy.guards),
      Object.entries(policy.lint).sort(([a], [b]) => compareNames(a, b)),
    ]),
  );
