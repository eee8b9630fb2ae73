/** Who gets in: the stored rules as an access map. */

import { AccessMap } from "../address/access-map.js";
import { type Address, formatPrefix, isIPv4, type Prefix, parsePrefix } from "../address/prefix.js";
import { type AccountStore, activeCidrs, activeRules, denyType, type StoredRule } from "./state.js";

/** The spelling of ranges: which text is a range, when two are the same, and the IPv4-mapped form. */

export const rangeOf = (text: string): Prefix | undefined => {
  const parsed = parsePrefix(text);
  return parsed.ok ? parsed.prefix : undefined;
};

/** Equal for two spellings of one range. */
export const rangeKey = (prefix: Prefix): string => `${prefix.network}/${prefix.length}`;

/** As `cidr_ipv6` shows it: `10.0.0.0/8` is `::ffff:10.0.0.0/104`. Host bits are dropped [assumed]. */
export const mappedForm = (prefix: Prefix): string => {
  const text = formatPrefix(prefix);
  return isIPv4(prefix) ? `::ffff:${text.slice(0, text.indexOf("/"))}/${prefix.length}` : text;
};

/** Of text that was checked before it was stored. */
export const storedRange = (text: string): Prefix => {
  const prefix = rangeOf(text);
  if (prefix === undefined) throw new Error(`a stored range cannot be read: ${JSON.stringify(text)}`);
  return prefix;
};

interface Entry {
  readonly prefix: Prefix;
  readonly type: "allow" | "deny";
}

/** A disabled entry decides nothing. */
const entriesOf = (rules: readonly StoredRule[]): readonly Entry[] =>
  rules.flatMap((rule) =>
    activeCidrs(rule)
      .filter((cidr) => cidr.enabled)
      .map((cidr) => ({
        prefix: storedRange(cidr.cidr),
        type: rule.type === denyType ? ("deny" as const) : ("allow" as const),
      })),
  );

interface Configured {
  readonly entries: readonly Entry[];
  readonly map: AccessMap;
}

/** As if enforced. */
const configuredBy = (rules: readonly StoredRule[]): Configured => {
  const entries = entriesOf(rules);
  return { entries, map: AccessMap.of(entries, { enforced: true }) };
};

/** Kept per list of rules: a state's list never changes. */
const known = new WeakMap<readonly StoredRule[], Configured>();

const configured = (store: AccountStore): Configured => {
  const made = known.get(store.rules) ?? configuredBy(activeRules(store));
  known.set(store.rules, made);
  return made;
};

/** Would the address get in under the configured rules, whether they are enforced or not? */
export const isValidCaller = (store: AccountStore, address: Address, withoutRule?: number): boolean => {
  const { map } =
    withoutRule === undefined
      ? configured(store)
      : configuredBy(activeRules(store).filter(({ id }) => id !== withoutRule));
  return map.lookup(address).allowed;
};

/** Does a deny entry decide about the address (the most specific entry that holds it)? */
export const isOnDenyRange = (store: AccountStore, address: Address): boolean => {
  const { entries, map } = configured(store);
  return entries[map.lookup(address).owner]?.type === "deny";
};

export const isBlocked = (store: AccountStore, address: Address, isServiceToken: boolean): boolean =>
  store.ruleSet.enabled &&
  (!isServiceToken || store.ruleSet.enabledForServiceTokens) &&
  !isValidCaller(store, address);
