/**
 * Names of the rules that exist only while a plan runs. They all begin with one reserved prefix, so that a
 * later run recognises what a crash left behind: such a rule is always removed, and no policy may use the name.
 */
import { createHash } from "node:crypto";
import type { Rule } from "../model/rule.js";

/** Every temporary rule's name begins exactly so. */
export const reservedNamePrefix = "dbt-ip-rules temporary: ";

export const isReservedName = (name: string): boolean => name.startsWith(reservedNamePrefix);

// The service's limit on names is not published; a long name is told by its hash instead.
const longestReadableName = 100;

const numbered = (base: string, number: number): string => (number === 1 ? base : `${base} (${number})`);

/** The n-th name (from 1) for the catch-all rule that keeps the default from flipping. */
export const catchAllName = (number: number): string => numbered(`${reservedNamePrefix}allow all`, number);

/** The n-th name (from 1) for the rule that stands in for `name` while that one changes its type. */
export const standInName = (name: string, number: number): string => {
  const shown =
    name.length <= longestReadableName
      ? name
      : `${[...name].slice(0, longestReadableName).join("")} ${createHash("sha256").update(JSON.stringify(name)).digest("hex")}`;
  return numbered(`${reservedNamePrefix}stands in for ${shown}`, number);
};

/** The first of a series of names that no rule has. */
export const firstFree = (
  nameAt: (number: number) => string,
  taken: { has(name: string): boolean },
): string => {
  let number = 1;
  while (taken.has(nameAt(number))) number += 1;
  return nameAt(number);
};

/**
 * The rule that a broken-off run left as the stand-in for `name`, if it has the type that is wanted now.
 * At most as many numbers are in use as there are reserved names.
 */
export const findStandIn = (
  rules: ReadonlyMap<string, Rule>,
  wanted: Rule,
  reservedCount: number,
): Rule | undefined => {
  for (let number = 1; number <= reservedCount; number += 1) {
    const rule = rules.get(standInName(wanted.name, number));
    if (rule !== undefined && rule.type === wanted.type) return rule;
  }
  return undefined;
};
