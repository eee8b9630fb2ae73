/**
 * Disabled entries decide about no address, so most of their changes go with the calls that their rule needs anyway
 * (calls.ts). But the service takes no range on an allow and on a deny rule, and a disabled entry is assumed to keep
 * its range (docs/service.md, "Rules"). So where a range goes from one type to the other, a disabled entry leaves it
 * before all else, or takes it after all else; the same where the rule itself changes its type, and where the range is
 * one that a temporary allow-all may need. Disabled allow entries, which may count for the default, come last where the
 * first allow entry comes into force, and go first where the last one goes.
 */
import { allIPv4, everything, type Prefix, prefixKey, samePrefix } from "../../address/prefix.js";
import type { AccountState, Rule, RuleType } from "../../model/rule.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { allPrefixes, entryFields, rulesByName, withoutPrefixes } from "../state.js";
import { hasAllow } from "./temporary-allow-all.js";

/** The states between the two lists of steps, and these. */
interface SetAside {
  readonly first: readonly Step[];
  readonly before: AccountState;
  readonly after: AccountState;
  readonly last: readonly Step[];
}

const typesOf = ({ rules }: AccountState): ReadonlyMap<bigint, ReadonlySet<RuleType>> => {
  const types = new Map<bigint, Set<RuleType>>();
  for (const rule of rules)
    for (const prefix of allPrefixes(rule)) {
      const known = types.get(prefixKey(prefix)) ?? new Set();
      types.set(prefixKey(prefix), known.add(rule.type));
    }
  return types;
};

/** Whether a prefix has one type before and the other after. */
const flipsBetween = (before: AccountState, after: AccountState): ((prefix: Prefix) => boolean) => {
  const [old, now] = [typesOf(before), typesOf(after)];
  return (prefix) => {
    const [was, is] = [old.get(prefixKey(prefix)), now.get(prefixKey(prefix))];
    return (
      was !== undefined &&
      is !== undefined &&
      ((was.has("allow") && is.has("deny")) || (was.has("deny") && is.has("allow")))
    );
  };
};

interface Ways {
  readonly flips: (prefix: Prefix) => boolean;
  /** Whether the default changes, so that there may be a temporary allow-all. */
  readonly allowAll: boolean;
  /** Whether the default is what it is only for the other allow entries. */
  readonly lastAllow: boolean;
}

/** The disabled entries of `rule` that must not be there while the other changes are made; `other`: its other side. */
const conflictingEntries = (
  rule: Rule,
  other: Rule | undefined,
  { flips, allowAll, lastAllow }: Ways,
): readonly Prefix[] => {
  const { disabled = [], type } = rule;
  if (other !== undefined && other.type !== type) return disabled;
  const moving = withoutPrefixes(disabled, other?.disabled ?? []);
  if (type === "allow" && lastAllow) return moving;
  const isTaken = (prefix: Prefix): boolean =>
    type === "deny" && allowAll && [everything, allIPv4].some((one) => samePrefix(one, prefix));
  return disabled.filter((prefix) => isTaken(prefix) || (moving.includes(prefix) && flips(prefix)));
};

const withoutDisabled = (rule: Rule, aside: readonly Prefix[]): Rule => {
  if (aside.length === 0) return rule;
  const { name, type, description, prefixes, disabled = [] } = rule;
  return { name, type, description, ...entryFields(prefixes, withoutPrefixes(disabled, aside)) };
};

const stepOn = (
  { name, type, description }: Rule,
  entries: Pick<UpdateStep, "disable" | "release">,
): Step => ({
  kind: "update",
  name,
  becomes: { name, type, description },
  add: [],
  remove: [],
  ...entries,
});
type UpdateStep = Extract<Step, { kind: "update" }>;

const isEmpty = (rule: Rule): boolean => allPrefixes(rule).length === 0;

/** `renames`: new name to the name on the account. */
export const setDisabledAside = (before: AccountState, after: AccountState, renames: Renames): SetAside => {
  const none: SetAside = { first: [], before, after, last: [] };
  if (![...before.rules, ...after.rules].some(({ disabled }) => disabled !== undefined)) return none;
  const [hadAllow, hasAllowAfter] = [hasAllow(before), hasAllow(after)];
  const ways = { flips: flipsBetween(before, after), allowAll: hadAllow !== hasAllowAfter };
  const [leaving, coming]: readonly [Ways, Ways] = [
    { ...ways, lastAllow: hadAllow && !hasAllowAfter },
    { ...ways, lastAllow: !hadAllow && hasAllowAfter },
  ];
  const old = rulesByName(before.rules);
  const successors = new Map(after.rules.map((rule) => [renames.get(rule.name) ?? rule.name, rule]));
  const first: Step[] = [];
  const remaining = before.rules.map((rule) => {
    const release = conflictingEntries(rule, successors.get(rule.name), leaving);
    if (release.length > 0) first.push(stepOn(rule, { release }));
    return withoutDisabled(rule, release);
  });
  const last: Step[] = [];
  const wanted = after.rules.flatMap((rule): Rule[] => {
    const predecessor = old.get(renames.get(rule.name) ?? rule.name);
    const disable = conflictingEntries(rule, predecessor, coming);
    const rest = withoutDisabled(rule, disable);
    // A rule needs an entry to be created.
    const isNew = predecessor === undefined && disable.length > 0 && isEmpty(rest);
    if (isNew) last.push({ kind: "create", rule });
    else if (disable.length > 0) last.push(stepOn(rule, { disable }));
    return isNew ? [] : [rest];
  });
  return { first, before: { ...before, rules: remaining }, after: { ...after, rules: wanted }, last };
};
