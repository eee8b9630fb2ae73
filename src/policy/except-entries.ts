/** Entries without some addresses, exactly: one that is left out in part becomes the prefixes of what is left of it. */
import { AddressSet } from "../address/address-set.js";
import { type Address, firstAddress, formatPrefix, lastAddress, type Prefix } from "../address/prefix.js";
import type { PolicyEntry } from "./policy.js";

type Range = readonly [first: Address, last: Address];

/** In order and apart, so that the ranges of a prefix are found by halving. */
const firstReaching = (ranges: readonly Range[], address: Address): number => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] < address) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** What is left of a prefix; undefined where nothing of it is left out. */
const leftOf = (prefix: Prefix, except: readonly Range[]): readonly Prefix[] | undefined => {
  const [first, last] = [firstAddress(prefix), lastAddress(prefix)];
  const left: Range[] = [];
  let from = first;
  let at = firstReaching(except, first);
  if (at === except.length || except[at]![0] > last) return undefined;
  for (; at < except.length && except[at]![0] <= last; at += 1) {
    const [begin, end] = except[at]!;
    if (begin > from) left.push([from, begin - 1n]);
    from = end + 1n;
  }
  if (from <= last) left.push([from, last]);
  return AddressSet.ofRanges(left).prefixes();
};

/** What is left keeps the entry's comment, date and place; its text is then the prefix. */
export const exceptEntries = (
  entries: readonly PolicyEntry[],
  except: readonly Prefix[],
): readonly PolicyEntry[] => {
  const ranges = [...AddressSet.ofPrefixes(except).ranges()];
  return entries.flatMap((entry) => {
    const left = leftOf(entry.prefix, ranges);
    return left?.map((prefix) => ({ ...entry, prefix, text: formatPrefix(prefix) })) ?? entry;
  });
};
