/** What every lint works on: the entries in force as one list, their access map, and where findings go. */

import { AccessMap } from "../../address/access-map.js";
import type { Prefix } from "../../address/prefix.js";
import { PrefixForest } from "../../address/prefix-forest.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import type { RuleType } from "../../model/rule.js";
import type { Policy, PolicyEntry, PolicyRule } from "../policy.js";
import { Problems } from "../problems.js";
import { reportLint } from "../resolve-entries.js";

export const noParent = -1;

/**
 * For each entry the index of the one that would decide for its addresses if it were not there and nothing
 * more specific did: the next entry of the same prefix, else the first of the nearest that holds it; else `noParent`.
 */
const fallbacksOf = ({ order, rows, parents, prefixes }: PrefixForest): Int32Array => {
  const firsts = new Int32Array(prefixes.length);
  const fallbacks = new Int32Array(order.length);
  order.forEach((index, at) => {
    const row = rows[index]!;
    const next = order[at + 1];
    if (at === 0 || rows[order[at - 1]!] !== row) firsts[row] = index;
    if (next !== undefined && rows[next] === row) fallbacks[index] = next;
    else fallbacks[index] = parents[row] === -1 ? noParent : firsts[parents[row]!]!;
  });
  return fallbacks;
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
  #forest: PrefixForest | undefined;
  #parents: Int32Array | undefined;

  constructor(policy: Policy, now: Date) {
    this.policy = policy;
    this.now = now;
    this.entries = lintEntries(policy.rules, "entries");
    this.map = AccessMap.of(this.entries, { enforced: true });
  }

  get #nested(): PrefixForest {
    this.#forest ??= new PrefixForest(this.entries.map(({ prefix }) => prefix));
    return this.#forest;
  }

  /** Indices of the entries, the wider before the narrower, and of one prefix the lower index first. */
  get order(): Uint32Array {
    return this.#nested.order;
  }

  /** See `fallbacksOf`. */
  get parents(): Int32Array {
    this.#parents ??= fallbacksOf(this.#nested);
    return this.#parents;
  }

  report(found: Diagnostic): void {
    reportLint({ problems: this.problems, lint: this.policy.lint }, found);
  }
}
