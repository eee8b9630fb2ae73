/** The rules of an account, as the tool thinks of them: no wire types, no spelling, no ids. */
import { type Prefix, prefixKey } from "../address/prefix.js";

/** What an entry of a rule does to the addresses it covers. */
export type RuleType = "allow" | "deny";

/**
 * A rule by its meaning. Its name is its identity.
 * Invariant: `prefixes` and `disabled` are sorted (see `comparePrefixes`), and hold no prefix twice, nor both the same.
 */
export interface Rule {
  readonly name: string;
  readonly type: RuleType;
  /** Empty when there is none. */
  readonly description: string;
  /** The entries in force. */
  readonly prefixes: readonly Prefix[];
  /** Entries that are on the account without effect; absent where there are none. */
  readonly disabled?: readonly Prefix[];
}

/** A rule without its entries: what a PUT of the service must repeat. */
export type RuleFields = Pick<Rule, "name" | "type" | "description">;

/** Of which it is not documented whether it counts for the default (`AccountState.disabledAllowCounts`). */
export const hasDisabledAllow = ({
  type,
  disabled = [],
}: {
  readonly type: RuleType;
  readonly disabled?: readonly unknown[];
}): boolean => type === "allow" && disabled.length > 0;

/**
 * Whether the rules are in force. `unknown`: the API shows it only on rules, so an account without rules does not
 * (docs/service.md, "The rule set"). Without rules everything is allowed either way.
 */
export type Enforcement = "enabled" | "disabled" | "unknown";

/**
 * An account by its meaning: what a snapshot comes down to, and what a policy asks for.
 * Invariant: `rules` is sorted by name (code units) and no two rules share a name.
 */
export interface AccountState {
  readonly enforcement: Enforcement;
  readonly rules: readonly Rule[];
  /**
   * The other reading of the service, which is not documented: a disabled allow entry counts for the default, so that
   * what nothing matches is denied. Absent: it does not count. Never part of a hash or a document.
   */
  readonly disabledAllowCounts?: true;
}

/** An account that blocks nobody: without rules, and not enforced. */
export const openAccount: AccountState = { enforcement: "disabled", rules: [] };

/**
 * The pairs of entries with one prefix and different types, each with the first of that prefix: the service refuses to
 * save such a pair, and does not say which of the two holds (docs/service.md, "Rules").
 */
export function* contradicting<E extends { readonly type: RuleType; readonly prefix: Prefix }>(
  entries: Iterable<E>,
): Iterable<readonly [first: E, again: E]> {
  const seen = new Map<bigint, E>();
  for (const entry of entries) {
    const key = prefixKey(entry.prefix);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else if (first.type !== entry.type) yield [first, entry];
  }
}
