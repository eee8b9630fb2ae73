/** Who gets in: the stored rules as an access map. */
import { AccessMap } from "../address/access-map.js";
import type { Address, Prefix } from "../address/prefix.js";
import { storedRange } from "./ranges.js";
import { type AccountStore, activeCidrs, activeRules, denyType, type StoredRule } from "./state.js";

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

const maps = new WeakMap<readonly StoredRule[], Configured>();

/** As if enforced. Kept per list of rules: a state's list never changes. */
const configured = (rules: readonly StoredRule[]): Configured => {
  const known = maps.get(rules);
  if (known !== undefined) return known;
  const entries = entriesOf(rules);
  const made = { entries, map: AccessMap.of(entries, { enforced: true }) };
  maps.set(rules, made);
  return made;
};

const liveLists = new WeakMap<readonly StoredRule[], readonly StoredRule[]>();

const liveRules = (store: AccountStore): readonly StoredRule[] => {
  const known = liveLists.get(store.rules);
  if (known !== undefined) return known;
  const live = activeRules(store);
  liveLists.set(store.rules, live);
  return live;
};

/** Would the address get in under the configured rules, whatever the switch says? */
export const isValidCaller = (store: AccountStore, address: Address, withoutRule?: number): boolean => {
  const live = liveRules(store);
  const rules = withoutRule === undefined ? live : live.filter((rule) => rule.id !== withoutRule);
  return configured(rules).map.lookup(address).allowed;
};

/** Does a deny entry decide about the address (the most specific entry that holds it)? */
export const isOnDenyRange = (store: AccountStore, address: Address): boolean => {
  const { entries, map } = configured(liveRules(store));
  return entries[map.lookup(address).owner]?.type === "deny";
};

export const isBlocked = (store: AccountStore, address: Address, isServiceToken: boolean): boolean =>
  store.ruleSet.enabled &&
  (!isServiceToken || store.ruleSet.enabledForServiceTokens) &&
  !isValidCaller(store, address);
