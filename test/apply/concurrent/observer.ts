/** Watches the account after every single write, for what no interleaving of applies may do. */
import { AccessMap } from "../../../src/address/access-map.js";
import type { AccountState } from "../../../src/model/rule.js";
import { ruleDocument } from "../../../src/plan/diff-states.js";
import { prefix } from "../hand-made.js";
import { type Scenario, watchedTexts } from "./scenarios.js";

const watched = watchedTexts.map((text) => ({ text, address: prefix(text).network }));

const verdictsOf = ({ enforcement, rules }: AccountState): boolean[] => {
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((one) => ({ prefix: one, type })));
  const map = AccessMap.of(entries, { enforced: enforcement !== "disabled" });
  return watched.map(({ address }) => map.lookup(address).allowed);
};

/** One that every policy of the round wants, written as a text. */
const commonRules = (states: readonly AccountState[]): string[] => {
  const [first, ...others] = states.map(({ rules }) => rules.map(documentOf));
  return (first ?? []).filter((text) => others.every((list) => list.includes(text)));
};

const documentOf = (rule: AccountState["rules"][number]): string => JSON.stringify(ruleDocument(rule));

/** What is wrong with the account after one more write; empty where nothing is. */
export type Look = (state: AccountState) => readonly string[];

/**
 * Of the given policies: an address whose verdict none of them changes keeps it in every state, and a rule that all of
 * them want is never lost once it is there.
 */
export const observerOf = ({ before }: Scenario, targets: readonly AccountState[]): Look => {
  const start = verdictsOf(before);
  const ends = targets.map(verdictsOf);
  const kept = watched.map((_, index) => ends.every((end) => end[index] === start[index]));
  const common = commonRules(targets);
  const seen = new Set(before.rules.map(documentOf));
  return (state) => {
    const now = verdictsOf(state);
    const moved = watched.flatMap(({ text }, index) =>
      kept[index] === true && now[index] !== start[index]
        ? [`${text} is ${now[index] ? "let in" : "locked out"}`]
        : [],
    );
    const documents = state.rules.map(documentOf);
    const lost = common.filter((text) => seen.has(text) && !documents.includes(text));
    for (const text of documents) seen.add(text);
    return [...moved, ...lost.map((text) => `lost: ${text}`)];
  };
};
