/**
 * What one difference does to access, from the policy to the account. Exact. An entry's effect is local as long as
 * the default stays what it is, so only the entries around it are looked at: a thousand differences stay cheap.
 */
import { containsPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import type { AccountState } from "../model/rule.js";
import { accessChange } from "../plan/access-change.js";
import type { Direction } from "../plan/plan.js";
import { type Located, stateWith } from "./drift-details.js";

/** A rule that only the account has may be in the wanted state too, because it is kept: its own effect counts. */
export const withoutAdded = (state: AccountState, { detail, rule: name }: Located): AccountState =>
  detail.kind === "rule-added"
    ? { ...state, rules: state.rules.filter((rule) => rule.name !== name) }
    : state;

/**
 * The state with only the entries that share an address with the prefix (prefixes nest or are apart), and one more
 * allow entry, which keeps the default what it is. Undefined where there is no such allow entry to keep.
 */
const around = (state: AccountState, prefix: Prefix): AccountState | undefined => {
  let keepsDefault = false;
  const rules = state.rules.map((rule) => ({
    ...rule,
    prefixes: rule.prefixes.filter((other) => {
      if (!keepsDefault && rule.type === "allow" && !samePrefix(other, prefix)) {
        keepsDefault = true;
        return true;
      }
      return containsPrefix(other, prefix) || containsPrefix(prefix, other);
    }),
  }));
  return keepsDefault ? { ...state, rules } : undefined;
};

export const directionOf = (located: Located, wanted: AccountState): Direction => {
  const { detail } = located;
  if (detail.kind === "description-changed" || detail.kind === "name-changed") return "none";
  const enforced = detail.kind === "enforcement-changed" ? "as-is" : "assumed";
  const isEntry = detail.kind === "entry-added" || detail.kind === "entry-removed";
  const state = (isEntry ? around(wanted, detail.prefix) : undefined) ?? wanted;
  return accessChange(withoutAdded(state, located), stateWith(state, located), { enforced }).direction;
};
