/**
 * The rules that exist only while a plan runs: their names, which all begin with one reserved prefix that no policy may
 * use, and how a later run recognises what a crash left behind. Promise: only a rule that is in every part as this
 * program makes them counts as left over, since such a rule is removed whatever the policy says; one that somebody else
 * gave such a name is an unmanaged rule like any other. Names and descriptions are frozen: what one release has
 * written, every later one recognises.
 */
import { allIPv4, everything, type Prefix, samePrefix } from "../address/prefix.js";
import type { Rule } from "./rule.js";
import { sha256 } from "./sha256.js";

/** Every temporary rule's name begins exactly so. */
export const reservedNamePrefix = "dbt-ip-rules temporary: ";

export const isReservedName = (name: string): boolean => name.startsWith(reservedNamePrefix);

// The service's limit on names is not published; a long name is identified by its hash instead.
const longestReadableName = 100;

const numbered = (base: string, number: number): string => (number === 1 ? base : `${base} (${number})`);

/** The n-th name (from 1) for the catch-all rule that keeps the default from flipping. */
export const catchAllName = (number: number): string => numbered(`${reservedNamePrefix}allow all`, number);

export const catchAllDescription =
  "Keeps everything reachable that no rule mentions while dbt-ip-rules changes the rules";

/** 100::/64, "discard-only" (RFC 6666): no packet comes from there, so denying it harms nobody. */
export const discardOnly: Prefix = { network: 0x100n << 112n, length: 64 };

/** The n-th name (from 1) for the deny rule that finds out whether enforcement is on (plan/order/probe.ts). */
export const probeName = (number: number): string =>
  numbered(`${reservedNamePrefix}is enforcement on`, number);

export const probeDescription =
  "Denies only 100::/64, which no traffic comes from (RFC 6666), so that dbt-ip-rules sees whether enforcement is on";

/** The n-th name (from 1) for the rule that replaces `name` while that one changes its type. */
export const standInName = (name: string, number: number): string => {
  const shown =
    name.length <= longestReadableName
      ? name
      : `${[...name].slice(0, longestReadableName).join("")} ${sha256(JSON.stringify(name))}`;
  return numbered(`${reservedNamePrefix}stands in for ${shown}`, number);
};

export const standInDescription = (name: string): string =>
  `Stands in for ${JSON.stringify(name)} while dbt-ip-rules changes its type`;

/** Whether `name` is one of the series that begins with `nameAt(1)`. */
const isOneOf = (name: string, nameAt: (number: number) => string): boolean => {
  const digits = / \(([1-9]\d{0,8})\)$/.exec(name)?.[1];
  return name === nameAt(1) || (digits !== undefined && digits !== "1" && name === nameAt(Number(digits)));
};

/** Whether this is, in every part, the temporary rule that allows everything. */
export const isCatchAll = ({ name, type, description, prefixes }: Rule): boolean =>
  isOneOf(name, catchAllName) &&
  description === catchAllDescription &&
  type === "allow" &&
  prefixes.every((prefix) => samePrefix(prefix, everything) || samePrefix(prefix, allIPv4));

/** Whether this is, in every part, the temporary rule that finds out whether enforcement is on. */
export const isProbe = ({ name, type, description, prefixes }: Rule): boolean =>
  isOneOf(name, probeName) &&
  description === probeDescription &&
  type === "deny" &&
  prefixes.every((prefix) => samePrefix(prefix, discardOnly));

/** The name that a stand-in's description quotes. */
const quotedName = (description: string): string | undefined => {
  try {
    const name: unknown = JSON.parse(/".*"/su.exec(description)?.[0] ?? "");
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
};

const isStandIn = ({ name, description }: Rule): boolean => {
  const quoted = quotedName(description);
  return (
    quoted !== undefined &&
    description === standInDescription(quoted) &&
    isOneOf(name, (number) => standInName(quoted, number))
  );
};

/** Whether a broken-off run of this program left the rule behind. */
export const isStaleTemporary = (rule: Rule): boolean =>
  isReservedName(rule.name) && (isCatchAll(rule) || isProbe(rule) || isStandIn(rule));

/** The first of a series of names that no rule has. */
export const firstFree = (
  nameAt: (number: number) => string,
  taken: { has(name: string): boolean },
): string => {
  let number = 1;
  while (taken.has(nameAt(number))) number += 1;
  return nameAt(number);
};

/** Of the rules left over, the stand-in for `wanted`, if it has the type that is wanted now. */
export const findStandIn = (staleTemporaries: ReadonlyMap<string, Rule>, wanted: Rule): Rule | undefined =>
  [...staleTemporaries.values()].find(
    ({ description, type }) => type === wanted.type && description === standInDescription(wanted.name),
  );
