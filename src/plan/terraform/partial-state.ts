/**
 * An account of which not everything is known: entries that are there or not, entries of an unknown range or type, and
 * enforcement that is on or off. For each bound there is a state that can be compared like any other:
 *
 * - `leastAccess`: an address is allowed by it only if it is, whatever turns out to be so;
 * - `mostAccess`: an address is blocked by it only if it is, whatever turns out to be so.
 *
 * Each unknown is taken to be free of the others, so that the bounds may be wider than what can happen, never narrower.
 */
import { everything, type Prefix } from "../../address/prefix.js";
import type { AccountState, Rule, RuleType } from "../../model/rule.js";
import { byName, sortedPrefixes } from "../state.js";

/** Either of the two, where it is not known which. */
type PossibleType = RuleType | "unknown";

interface PartialEntry {
  readonly prefix: Prefix;
  /** Whether it is there, whatever turns out to be so. */
  readonly certain: boolean;
}

export interface PartialRule {
  readonly name: string;
  readonly type: PossibleType;
  readonly entries: readonly PartialEntry[];
  /** Whether it has, or may have, entries that may hold any range. */
  readonly anyRange: boolean;
}

export interface PartialState {
  readonly rules: readonly PartialRule[];
  /** What enforcement may be; at least one. */
  readonly enforcement: ReadonlySet<"on" | "off">;
}

const canBe = (rule: Pick<PartialRule, "type">, type: RuleType): boolean =>
  rule.type === type || rule.type === "unknown";

/** No entry is more specific: nothing of an unknown range decides where one of these does. */
const oneAddress = 128;

const rule = (
  name: string,
  type: RuleType,
  prefixes: readonly Prefix[],
  disabled?: readonly Prefix[],
): Rule => ({
  name,
  type,
  description: "",
  prefixes: sortedPrefixes(prefixes),
  ...(disabled === undefined ? {} : { disabled }),
});

const off: AccountState = { enforcement: "disabled", rules: [] };

/** The entries that a rule has or may have as `type`, where they count for this bound. */
const entriesAs = (
  one: PartialRule,
  type: RuleType,
  { uncertain, onlyAddresses }: { readonly uncertain: boolean; readonly onlyAddresses: boolean },
): readonly Prefix[] => {
  if (!canBe(one, type) || (!uncertain && one.type !== type)) return [];
  return one.entries
    .filter(
      ({ prefix, certain }) => (certain || uncertain) && (!onlyAddresses || prefix.length === oneAddress),
    )
    .map(({ prefix }) => prefix);
};

/** Rules of both types: what may be there counts where it is of type `favoured`, what is sure where it is of the other. */
const boundRules = (rules: readonly PartialRule[], favoured: RuleType): readonly Rule[] => {
  const against: RuleType = favoured === "allow" ? "deny" : "allow";
  const anywhere = rules.filter((one) => one.anyRange && canBe(one, favoured));
  const onlyAddresses = anywhere.length > 0;
  return [
    ...rules.map((one) =>
      rule(one.name, favoured, entriesAs(one, favoured, { uncertain: true, onlyAddresses: false })),
    ),
    ...rules.map((one) =>
      rule(one.name, against, entriesAs(one, against, { uncertain: false, onlyAddresses })),
    ),
    ...anywhere.map(({ name }) => rule(name, favoured, [everything])),
  ].filter(({ prefixes }) => prefixes.length > 0);
};

/** Whether an allow entry is there, whatever turns out to be so; or may be there. */
const allowEntries = ({
  rules,
}: PartialState): { readonly certain: boolean; readonly possible: PartialRule | undefined } => ({
  certain: rules.some(({ type, entries }) => type === "allow" && entries.some(({ certain }) => certain)),
  possible: rules.find((one) => canBe(one, "allow") && (one.entries.length > 0 || one.anyRange)),
});

/** Whether an allow entry is there, or may be. */
export const mayAllow = (state: PartialState): boolean => allowEntries(state).possible !== undefined;

export const leastAccess = (state: PartialState): AccountState => {
  if (!state.enforcement.has("on")) return off;
  const rules = boundRules(state.rules, "deny");
  const { certain, possible } = allowEntries(state);
  const denied = possible !== undefined && !certain;
  return {
    enforcement: "enabled",
    // An entry that only counts for the default: if it is there, what nothing matches is denied.
    rules: [...rules, ...(denied ? [rule(possible.name, "allow", [], [everything])] : [])].sort(byName),
    ...(denied ? { disabledAllowCounts: true } : {}),
  };
};

export const mostAccess = (state: PartialState): AccountState => {
  if (state.enforcement.has("off")) return off;
  const rules = boundRules(state.rules, "allow");
  const { certain, possible } = allowEntries(state);
  // If none of the uncertain ones is there, what nothing matches is allowed.
  const open = possible !== undefined && !certain ? [rule(possible.name, "allow", [everything])] : [];
  return { enforcement: "enabled", rules: [...rules, ...open].sort(byName) };
};

/** What a rule may be while it is not known which of two it is; absent: it is not there. */
export const eitherOf = (a: PartialRule | undefined, b: PartialRule | undefined): PartialRule | undefined => {
  const named = b ?? a;
  if (named === undefined) return undefined;
  const uncertain = (one: PartialRule | undefined): readonly PartialEntry[] =>
    (one?.entries ?? []).map(({ prefix }) => ({ prefix, certain: false }));
  const type = a !== undefined && b !== undefined && a.type !== b.type ? "unknown" : named.type;
  const key = ({ prefix }: PartialEntry): string => `${prefix.network}/${prefix.length}`;
  const inB = new Map((b?.entries ?? []).map((entry) => [key(entry), entry]));
  const both = (a?.entries ?? []).filter((entry) => entry.certain && inB.get(key(entry))?.certain === true);
  const kept = new Set(both.map(key));
  return {
    name: named.name,
    type,
    entries: [...both, ...[...uncertain(a), ...uncertain(b)].filter((entry) => !kept.has(key(entry)))],
    anyRange: a?.anyRange === true || b?.anyRange === true,
  };
};
