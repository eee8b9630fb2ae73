/** What every lint works on: the entries in force as one list, their access map, and where findings go. */

import { AccessMap } from "../../address/access-map.js";
import { AddressSet } from "../../address/address-set.js";
import { containsPrefix, type Prefix, samePrefix } from "../../address/prefix.js";
import { columnsOf, sortColumns } from "../../address/prefix-columns.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import type { RuleType } from "../../model/rule.js";
import type { Policy, PolicyEntry, PolicyRule } from "../policy.js";
import { Problems } from "../problems.js";
import { reportLint } from "../resolve-entries.js";

// Which entry lies in which: of prefixes, one holds the other or they are apart, so entries form a tree.

export const noParent = -1;

/** Indices in the order wider before narrower, and of one prefix the lower index first. */
const nestingOrder = (entries: readonly { readonly prefix: Prefix }[]): Uint32Array =>
  sortColumns(columnsOf(entries.map(({ prefix }) => prefix))).rows;

/**
 * For each entry the index of the one that would decide for its addresses if it were not there and nothing
 * more specific did: the next entry of the same prefix, else the nearest that holds it; else `noParent`.
 * `order` is that of `nestingOrder`.
 */
const nest = (entries: readonly { readonly prefix: Prefix }[], order: Iterable<number>): Int32Array => {
  const parents = new Int32Array(entries.length).fill(noParent);
  const stack: number[] = [];
  let previous = noParent;
  for (const index of order) {
    const { prefix } = entries[index]!;
    if (previous !== noParent && samePrefix(entries[previous]!.prefix, prefix)) {
      // The lower index decides; this one comes after it, and inherits what stood behind it.
      parents[index] = parents[previous]!;
      parents[previous] = index;
      previous = index;
      continue;
    }
    previous = index;
    while (stack.length > 0 && !containsPrefix(entries[stack.at(-1)!]!.prefix, prefix)) stack.pop();
    parents[index] = stack.at(-1) ?? noParent;
    stack.push(index);
  }
  return parents;
};

/** An entry with its rule. */
export interface LintEntry {
  readonly rule: PolicyRule;
  readonly entry: PolicyEntry;
  readonly type: RuleType;
  readonly prefix: Prefix;
}

export const lintEntries = (rules: readonly PolicyRule[], which: "entries" | "expired"): LintEntry[] =>
  rules.flatMap((rule) =>
    rule[which].map((entry) => ({ rule, entry, type: rule.type, prefix: entry.prefix })),
  );

export class LintContext {
  readonly policy: Policy;
  readonly now: Date;
  /** In force, in file order of their rules. */
  readonly entries: readonly LintEntry[];
  /** Of `entries`, as if enforced; owners are indices into `entries`. */
  readonly map: AccessMap;
  readonly problems = new Problems();
  #order: Uint32Array | undefined;
  #parents: Int32Array | undefined;

  constructor(policy: Policy, now: Date) {
    this.policy = policy;
    this.now = now;
    this.entries = lintEntries(policy.rules, "entries");
    this.map = AccessMap.of(this.entries, { enforced: true });
  }

  /** See `nestingOrder`. */
  get order(): Uint32Array {
    this.#order ??= nestingOrder(this.entries);
    return this.#order;
  }

  /** See `nest`. */
  get parents(): Int32Array {
    this.#parents ??= nest(this.entries, this.order);
    return this.#parents;
  }

  report(found: Diagnostic): void {
    reportLint({ problems: this.problems, lint: this.policy.lint }, found);
  }
}

/** Where an entry is written, for a message about another. */
export const placeOf = ({ entry }: LintEntry): string => `${entry.source.file}:${entry.source.line}`;

export const setOf = (entries: readonly LintEntry[]): AddressSet =>
  AddressSet.ofPrefixes(entries.map(({ prefix }) => prefix));
