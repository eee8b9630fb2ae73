/**
 * Why an address, or each part of a prefix, gets in or does not: the entry that decides, the less specific
 * entries that lost to it, or the default.
 */

import { defaultOwner } from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import { containsPrefix, type Prefix } from "../address/prefix.js";
import { PrefixForest } from "../address/prefix-forest.js";
import type { AccountState, Enforcement } from "../model/rule.js";
import { accessOf, type Decider, deciderOf, entriesOf, isEnforced, type RuleEntry } from "./access-change.js";
import type { AddressRange } from "./live-access.js";

export interface ExplainedPart {
  /** The fewest prefixes that hold exactly the addresses of this part, sorted. */
  readonly prefixes: readonly Prefix[];
  /** What happens today; with enforcement off, everything is allowed. */
  readonly verdict: "allowed" | "blocked";
  readonly decider: Decider;
  /** Entries that match too, but did not decide; most specific first; of the deciding prefix itself, other rules that hold it too. */
  readonly lost: readonly RuleEntry[];
  /** Only with enforcement off: what would decide if it were on. `lost` is what lost to this. */
  readonly onceEnabled?: { readonly verdict: "allowed" | "blocked"; readonly decider: Decider };
}

export interface Explanation {
  readonly prefix: Prefix;
  readonly enforcement: Enforcement;
  /** In the order of their first addresses. */
  readonly parts: readonly ExplainedPart[];
  /** Entries without effect that hold some of the addresses, in the order of their rules. */
  readonly disabled: readonly RuleEntry[];
}

/** Disabled entries that would have a say if they were enabled: the likely answer to "why not any more?". */
const disabledEntries = ({ rules }: AccountState, asked: Prefix): RuleEntry[] =>
  rules.flatMap(({ name, type, disabled = [] }) =>
    disabled
      .filter((prefix) => containsPrefix(prefix, asked) || containsPrefix(asked, prefix))
      .map((prefix) => ({ rule: name, type, prefix })),
  );

/** For each entry, the entries that it wins over. */
class LosingChains {
  readonly #forest: PrefixForest;
  readonly #byRow: number[][] = [];
  readonly #entries: readonly RuleEntry[];

  constructor(entries: readonly RuleEntry[]) {
    this.#entries = entries;
    this.#forest = new PrefixForest(entries.map(({ prefix }) => prefix));
    this.#forest.rows.forEach((row, index) => {
      const list = this.#byRow[row];
      if (list === undefined) this.#byRow[row] = [index];
      else list.push(index);
    });
  }

  under(owner: number): RuleEntry[] {
    if (owner === defaultOwner) return [];
    const lost: RuleEntry[] = [];
    const start = this.#forest.rows[owner]!;
    for (let row = start; row !== -1; row = this.#forest.parents[row]!) {
      for (const index of this.#byRow[row]!) if (index !== owner) lost.push(this.#entries[index]!);
    }
    return lost;
  }
}

const verdictOf = (allowed: boolean): "allowed" | "blocked" => (allowed ? "allowed" : "blocked");

/** The parts of a prefix (one address: length 128) that differ in what decides about them. */
export const explain = (state: AccountState, prefix: Prefix): Explanation => {
  const entries = entriesOf(state);
  const map = accessOf(state, "assumed");
  const chains = new LosingChains(entries);
  const ranges = new Map<number, AddressRange[]>();
  for (const { first, last, owner } of map.ranges(prefix)) {
    const list = ranges.get(owner);
    if (list === undefined) ranges.set(owner, [[first, last]]);
    else list.push([first, last]);
  }
  const parts = [...ranges].map(([owner, list]): ExplainedPart => {
    const decider = deciderOf(entries, map, owner);
    const verdict = verdictOf(decider.kind === "entry" ? decider.type === "allow" : map.defaultAllowed);
    const common = { prefixes: AddressSet.ofRanges(list).prefixes(), lost: chains.under(owner) };
    return isEnforced(state)
      ? { ...common, verdict, decider }
      : {
          ...common,
          verdict: "allowed",
          decider: { kind: "enforcement-off" },
          onceEnabled: { verdict, decider },
        };
  });
  return { prefix, enforcement: state.enforcement, parts, disabled: disabledEntries(state, prefix) };
};
