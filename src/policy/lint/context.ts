/** What every lint works on: the entries in force as one list, their access map, and where findings go. */
import { AccessMap } from "../../address/access-map.js";
import { AddressSet } from "../../address/address-set.js";
import type { Prefix } from "../../address/prefix.js";
import type { SourceRange } from "../../model/diagnostic.js";
import type { RuleType } from "../../model/rule.js";
import type { LintCodeName } from "../lint-codes.js";
import type { Policy, PolicyEntry, PolicyRule } from "../policy.js";
import { Problems } from "../problems.js";
import { reportLint } from "../resolving.js";
import { nest, nestingOrder } from "./nesting.js";

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

  report(code: LintCodeName, message: string, source: SourceRange | undefined, hint?: string): void {
    reportLint({ problems: this.problems, lint: this.policy.lint }, code, message, source, hint);
  }
}

/** Where an entry is written, for a message about another. */
export const placeOf = ({ entry }: LintEntry): string => `${entry.source.file}:${entry.source.line}`;

export const setOf = (entries: readonly LintEntry[]): AddressSet =>
  AddressSet.ofPrefixes(entries.map(({ prefix }) => prefix));
