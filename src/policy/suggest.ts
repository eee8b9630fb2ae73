/** "Did you mean": the known word nearest to an unknown one, by edit distance. */
import { didYouMean } from "../model/words.js";

/** Longer words are not compared: nobody mistypes those, and the table grows with the square. */
const longestCompared = 100;
/** A hint is a courtesy: with thousands of candidates it is not worth the wait. */
const mostCompared = 200;

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, current[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
};

/** What people write for a key where another word is the right one. */
const synonyms: Readonly<Record<string, string>> = {
  action: "type",
  cidr_blocks: "cidrs",
  entries: "cidrs",
  ips: "cidrs",
  prefixes: "cidrs",
  ranges: "cidrs",
  ip: "cidr",
  prefix: "cidr",
  expiry: "expires",
  expires_at: "expires",
  note: "comment",
  old_names: "previous_names",
  renamed_from: "previous_names",
  allow: "allowed",
  deny: "denied",
  includes: "include",
  enabled: "enforcement",
  unmanaged: "unmanaged_rules",
  deleted_rules: "removed_rules",
  delete_rules: "removed_rules",
  remove_rules: "removed_rules",
  removed: "removed_rules",
  path: "file",
};

/** What people write for a value where another word is the right one. */
const valueSynonyms: Readonly<Record<string, string>> = {
  on: "enabled",
  enable: "enabled",
  active: "enabled",
  off: "disabled",
  disable: "disabled",
  inactive: "disabled",
  keep: "ignore",
  accept: "allow",
  permit: "allow",
  whitelist: "allow",
  block: "deny",
  reject: "deny",
  drop: "deny",
  blacklist: "deny",
  ignore: "keep",
  remove: "delete",
  error: "fail",
  refuse: "fail",
};

/** The candidate that `word` was probably meant to be, or undefined. The first wins among equals. */
export const suggest = (word: string, candidates: Iterable<string>): string | undefined => {
  if (word.length > longestCompared) return undefined;
  const folded = word.toLowerCase().replaceAll("-", "_");
  const known: string[] = [];
  for (const candidate of candidates) if (known.push(candidate) >= mostCompared) break;
  const synonym = synonyms[folded];
  if (synonym !== undefined && Object.hasOwn(synonyms, folded) && known.includes(synonym)) return synonym;
  const value = Object.hasOwn(valueSynonyms, folded) ? valueSynonyms[folded] : undefined;
  if (value !== undefined && known.includes(value)) return value;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const gap = editDistance(folded, candidate.toLowerCase().replaceAll("-", "_"));
    if (gap < bestDistance) {
      best = candidate;
      bestDistance = gap;
    }
  }
  return best;
};

/** The same as a hint, or undefined. */
export const suggestion = (word: string, candidates: Iterable<string>): string | undefined =>
  didYouMean(suggest(word, candidates));
