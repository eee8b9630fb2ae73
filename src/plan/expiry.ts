/** Entries with an end: those whose time has come, those that a plan adds for a time, and how long a policy means the same. */
import { prefixKey } from "../address/prefix.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import { compareExpiry } from "../model/time.js";
import type { Policy, PolicyEntry, PolicyRule } from "../policy/policy.js";
import type { DatedEntry, Plan } from "./plan.js";
import { prefixesOf, prefixKeys, rulesByName } from "./state.js";

/** An entry whose time has come and that is still on the account, with the rule that it is on there. */
export interface OverdueEntry extends DatedEntry {
  /** The rule's name on the account, which a rename may not have reached yet. */
  readonly accountRule: string;
  /** Whether it denies there, and is in force. */
  readonly denies: boolean;
}

/** Every entry that should be gone by now; `renames` as `desiredState` finds them. */
export const overdueEntries = (
  policy: Pick<Policy, "rules">,
  account: AccountState,
  renames: ReadonlyMap<string, string>,
): readonly OverdueEntry[] => {
  const rules = rulesByName(account.rules);
  return policy.rules.flatMap((rule) => {
    const found = rules.get(renames.get(rule.name) ?? rule.name);
    return rule.expired.length === 0 || found === undefined ? [] : overdueOf(rule, found);
  });
};

const overdueOf = (rule: PolicyRule, found: Rule): readonly OverdueEntry[] => {
  const inForce = prefixKeys(found.prefixes);
  const disabled = prefixKeys(found.disabled ?? []);
  const kept = prefixKeys(prefixesOf([...rule.entries, ...(rule.disabled ?? [])]));
  const isOverdue = ({ prefix }: PolicyEntry): boolean => {
    const key = prefixKey(prefix);
    return (inForce.has(key) || disabled.has(key)) && !kept.has(key);
  };
  return rule.expired.filter(isOverdue).map(({ prefix, expires = "" }) => ({
    rule: rule.name,
    prefix,
    expires,
    accountRule: found.name,
    denies: found.type === "deny" && inForce.has(prefixKey(prefix)),
  }));
};

export const datedEntry = ({ rule, prefix, expires }: DatedEntry): DatedEntry => ({ rule, prefix, expires });

/** What is on the account for a time. */
export interface TemporaryEntries {
  /** In force, with an end, the next one first. */
  readonly temporary: readonly DatedEntry[];
  /** Their time has come, and they are still there. */
  readonly overdue: readonly DatedEntry[];
}

const byEnd = (a: DatedEntry, b: DatedEntry): number => compareExpiry(a.expires, b.expires);

/** Of the entries that the account has, those that the policy gives an end. */
export const temporaryEntries = (
  policy: Pick<Policy, "rules">,
  account: AccountState,
  renames: ReadonlyMap<string, string>,
): TemporaryEntries => {
  const rules = rulesByName(account.rules);
  const temporary = policy.rules.flatMap(({ name, entries }) => {
    const dated = entries.filter(({ expires }) => expires !== undefined);
    if (dated.length === 0) return [];
    const there = prefixKeys(rules.get(renames.get(name) ?? name)?.prefixes ?? []);
    return dated
      .filter(({ prefix }) => there.has(prefixKey(prefix)))
      .map(({ prefix, expires = "" }) => ({ rule: name, prefix, expires }));
  });
  return {
    temporary: temporary.sort(byEnd),
    overdue: [...overdueEntries(policy, account, renames)].sort(byEnd),
  };
};

/** By rule, the keys of the prefixes that a plan adds or enables. */
export type AddedEntries = ReadonlyMap<string, ReadonlySet<bigint>>;

/** Entries that the changes add and that have a date. */
export const expiringEntries = (policy: Policy, added: AddedEntries): Plan["expiring"] =>
  policy.rules.flatMap(({ name, entries, disabled = [] }) =>
    [...entries, ...disabled].flatMap(({ prefix, expires }) =>
      expires !== undefined && added.get(name)?.has(prefixKey(prefix)) === true
        ? [{ rule: name, prefix, expires }]
        : [],
    ),
  );

/** While the policy means what it means now: its entries come and go by time alone. */
export const validity = ({ rules }: Policy): Pick<Plan, "validFrom" | "validUntil"> => {
  const dates = (lists: readonly (readonly PolicyEntry[])[]): string[] =>
    lists.flatMap((entries) => entries.flatMap(({ expires }) => expires ?? [])).sort(compareExpiry);
  const validFrom = dates(rules.map(({ expired }) => expired)).at(-1);
  const validUntil = dates(rules.map(({ entries, disabled = [] }) => [...entries, ...disabled]))[0];
  return present({ validFrom, validUntil });
};
