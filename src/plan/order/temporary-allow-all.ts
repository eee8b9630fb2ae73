/**
 * The catch-all that keeps the default from flipping while a plan runs (transition.ts, "The default").
 * Where the rules themselves have an entry for `::/0`, that entry plays the part.
 */
import { allIPv4, containsPrefix, everything, type Prefix, samePrefix } from "../../address/prefix.js";
import { catchAllDescription, catchAllName, firstFree } from "../../model/reserved-names.js";
import type { AccountState, Rule } from "../../model/rule.js";
import { rulesByName } from "../state.js";
import type { RuleTransition } from "./rule-transitions.js";

/** The entries of one rule that are added before all else, or removed after all else. */
export interface TemporaryAllowAll {
  readonly side: "first" | "last";
  /** As it will be (`first`), or as it was (`last`). */
  readonly rule: Rule;
  readonly prefixes: readonly Prefix[];
  /** To be added to the transitions, where the rule is a temporary one. */
  readonly transition?: RuleTransition;
}

const holds = (rule: Rule, prefix: Prefix): boolean =>
  rule.prefixes.some((other) => samePrefix(other, prefix));

/** Whether an allow entry is in force, so that what nothing matches is denied. */
export const hasAllow = (state: AccountState): boolean =>
  state.rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);

/** Whether `0.0.0.0/0` can be allowed without overruling a wider entry or contradicting its own. */
const ipv4IsOpen = (state: AccountState): boolean =>
  !state.rules.some(({ prefixes }) =>
    prefixes.some((prefix) => prefix.length > 0 && containsPrefix(prefix, allIPv4)),
  );

/** The transition whose own `::/0` can play the part, on the side where allow entries exist. */
const ownCatchAll = (
  transitions: readonly RuleTransition[],
  side: "first" | "last",
  ipv4: boolean,
): TemporaryAllowAll | undefined => {
  const rules = transitions.flatMap(
    (transition) => (side === "first" ? transition.after : transition.before) ?? [],
  );
  const allows = rules.filter(({ type }) => type === "allow");
  const holders = allows.filter((rule) => holds(rule, everything));
  if (!ipv4 || !allows.some((rule) => holds(rule, allIPv4))) {
    return holders[0] && { side, rule: holders[0], prefixes: [everything] };
  }
  const both = holders.find((rule) => holds(rule, allIPv4));
  return both && { side, rule: both, prefixes: [everything, allIPv4] };
};

/** The one that this transition needs, if any. */
export const temporaryAllowAllFor = (
  before: AccountState,
  after: AccountState,
  transitions: readonly RuleTransition[],
): TemporaryAllowAll | undefined => {
  if (hasAllow(before) === hasAllow(after)) return undefined;
  const side = hasAllow(after) ? "first" : "last";
  const open = side === "first" ? before : after;
  // Nothing falls to the default where an entry covers everything.
  if (open.rules.some((rule) => holds(rule, everything))) return undefined;
  const ipv4 = ipv4IsOpen(open);
  const own = ownCatchAll(transitions, side, ipv4);
  if (own !== undefined) return own;
  const rule: Rule = {
    name: firstFree(catchAllName, rulesByName(before.rules)),
    type: "allow",
    description: catchAllDescription,
    prefixes: ipv4 ? [everything, allIPv4] : [everything],
  };
  const end: Pick<RuleTransition, "before" | "after"> = side === "first" ? { before: rule } : { after: rule };
  return { side, rule, prefixes: rule.prefixes, transition: { ...end, renameLast: false, allowAll: side } };
};
