/** The rules of an account, as the tool thinks of them: no wire types, no spelling, no ids. */
import type { Prefix } from "../address/prefix.js";

/** What an entry of a rule does to the addresses it covers. */
export type RuleType = "allow" | "deny";

/**
 * A rule by its meaning. Its name is its identity.
 * Invariant: `prefixes` is sorted (see `comparePrefixes`) and holds no prefix twice.
 */
export interface Rule {
  readonly name: string;
  readonly type: RuleType;
  /** Empty when there is none. */
  readonly description: string;
  readonly prefixes: readonly Prefix[];
}

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
}
