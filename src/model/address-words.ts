/** Sets of addresses in words: exactly, in as few as that takes. The counts are those of words.ts. */
import { type AddressCount, AddressSet } from "../address/address-set.js";
import { type Exception, withExceptions } from "../address/exceptions.js";
import { everything, formatPrefix, allIPv4 as ipv4Prefix, type Prefix } from "../address/prefix.js";
import { addressCount, allIPv4, allIPv6, counted } from "./words.js";

const ipv4Space = AddressSet.ofPrefixes([ipv4Prefix]);
const families = [
  { family: "ipv4", name: "IPv4", all: allIPv4, whole: "0.0.0.0/0", wide: ipv4Prefix },
  { family: "ipv6", name: "IPv6", all: allIPv6, whole: "all of IPv6", wide: everything },
] as const;

/** A set in words is several of these: prefixes in their order, or something wide but a few. */
export type SetWords =
  | { readonly listed: readonly Prefix[] }
  | { readonly whole: string; readonly but: readonly Prefix[] };

const partOf = (set: AddressSet, family: "ipv4" | "ipv6"): AddressSet =>
  family === "ipv4" ? set.intersect(ipv4Space) : set.subtract(ipv4Space);

const exceptionWords = ({ wide, but }: Exception): SetWords => ({ whole: formatPrefix(wide), but });

const familyWords = (
  set: AddressSet,
  counts: AddressCount,
  { family, name, all, whole, wide }: (typeof families)[number],
): SetWords[] => {
  const count = counts[family];
  if (count === 0n) return [];
  if (count === all) return [{ whole, but: [] }];
  const prefixes = partOf(set, family).prefixes();
  // A set that leaves out little is shorter to describe by what it leaves out.
  if (count >= all / 2n) {
    const others = partOf(set.complement(), family).prefixes();
    if (others.length < prefixes.length) return [{ whole: `all of ${name}`, but: others }];
  }
  const { exceptions, listed } = withExceptions(prefixes, wide);
  return [...exceptions.map(exceptionWords), ...(listed.length === 0 ? [] : [{ listed }])];
};

export const wordsOf = (set: AddressSet, counts: AddressCount): readonly SetWords[] =>
  counts.ipv4 === allIPv4 && counts.ipv6 === allIPv6
    ? [{ whole: "0.0.0.0/0 and ::/0", but: [] }]
    : families.flatMap((family) => familyWords(set, counts, family));

/** In the order given, the first `max` of them and how many more there are. */
export const listPrefixes = (prefixes: readonly Prefix[], max = 5): string => {
  const shown = prefixes.slice(0, max).map(formatPrefix);
  const more = prefixes.length - max;
  return more > 0
    ? `${shown.join(", ")}, and ${counted(more, "more prefix", "more prefixes")}`
    : shown.join(", ");
};

/** At most `max` prefixes of each part. */
export const joinWords = (words: readonly SetWords[], max: number): string =>
  words
    .map((one) => {
      if ("listed" in one) return listPrefixes(one.listed, max);
      return one.but.length === 0 ? one.whole : `${one.whole} but ${listPrefixes(one.but, max)}`;
    })
    .join(", ");

/** The addresses of a set, exactly, in as few words as that takes; at most `max` prefixes a part. */
export const rangesText = (set: AddressSet, max: number = Number.POSITIVE_INFINITY): string =>
  joinWords(wordsOf(set, set.count()), max);

/** `65,536 IPv4 addresses`. */
export const countAddresses = (set: AddressSet): string => addressCount(set.count());
