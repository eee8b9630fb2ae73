/** Numbers, nouns and times in plain English; numbers with thousands separators, exact or with "about". */

/** By hand, since the first `toLocaleString` of a process costs it tens of milliseconds. */
export const grouped = (count: number | bigint): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** `1 rule`, `2 rules`; `plural` where an s does not do. */
export const counted = (count: number | bigint, noun: string, plural: string = `${noun}s`): string =>
  `${grouped(count)} ${BigInt(count) === 1n ? noun : plural}`;

/** `a`, `a and b`, `a, b and 3 more`: the first `most` of `all`, and how many are left; `more`: others, not in `all`. */
export const listed = (all: readonly string[], most: number = all.length, more: number = 0): string => {
  const left = Math.max(0, all.length - most) + more;
  const parts = left > 0 ? [...all.slice(0, most), `${grouped(left)} more`] : all;
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
};

/** As messages name what a policy has: `` `office` ``. */
export const asCode = (name: string): string => `\`${name}\``;

export const didYouMean = (meant: string | undefined): string | undefined =>
  meant === undefined ? undefined : `Did you mean ${asCode(meant)}?`;

export const allIPv4 = 2n ** 32n;
/** IPv6 holds everything but the range where IPv4 is mapped. */
export const allIPv6 = 2n ** 128n - allIPv4;

export interface FamilyCounts {
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

/** From this exponent on a power of two is easier to read than its digits, and as exact. */
const largeExponent = 40n;
/** More summands than this are harder to read than a round number. */
const mostSummands = 3;

/** `2^80`, `2^80 + 2^64`, `2^80 + 1`: a large number as counts of prefixes are; undefined where that takes many. */
const powersOfTwo = (count: bigint): string | undefined => {
  const high = (count >> largeExponent).toString(2);
  if (high === "0") return undefined;
  const low = BigInt.asUintN(Number(largeExponent), count);
  const summands = [...high].flatMap((bit, at) =>
    bit === "1" ? [`2^${BigInt(high.length - 1 - at) + largeExponent}`] : [],
  );
  if (low > 0n) summands.push(grouped(low));
  return summands.length > mostSummands ? undefined : summands.join(" + ");
};

/** `1.606 × 10^24`: what is too large for its digits, cut after the fourth. */
const approximate = (count: bigint): string => {
  const digits = String(count);
  return `${digits[0]}.${digits.slice(1, 4)} × 10^${digits.length - 1}`;
};

/** `65,536`, `2^96`, `about 1.606 × 10^24`. */
export const readableCount = (count: bigint): string =>
  powersOfTwo(count) ?? (count < 2n ** largeExponent ? grouped(count) : `about ${approximate(count)}`);

/** Exact, except for a large number that is no short sum of powers of two; the JSON formats have that in full. */
const addresses = (count: bigint, family: string = ""): string =>
  `${readableCount(count)} ${family}${count === 1n ? "address" : "addresses"}`;

const familyWords = (count: bigint, whole: bigint, family: string): string[] => {
  if (count === 0n) return [];
  if (count === whole) return [`the whole ${family} internet`];
  // A long number hides what fifteen sixteenths of everything mean.
  if (count * 16n >= whole * 15n)
    return [`nearly the whole ${family} internet (all but ${addresses(whole - count)})`];
  return [addresses(count, `${family} `)];
};

/** `256 IPv4 addresses and 2^80 IPv6 addresses`, `the whole internet, IPv4 and IPv6`, `no addresses`. */
export const addressCount = ({ ipv4, ipv6 }: FamilyCounts): string => {
  if (ipv4 === allIPv4 && ipv6 === allIPv6) return "the whole internet, IPv4 and IPv6";
  const parts = [...familyWords(ipv4, allIPv4, "IPv4"), ...familyWords(ipv6, allIPv6, "IPv6")];
  return parts.length === 0 ? "no addresses" : parts.join(" and ");
};

/** The same without the noun: for the second number in a sentence whose first has said it. */
export const shortCount = ({ ipv4, ipv6 }: FamilyCounts): string =>
  ipv6 === 0n && ipv4 * 16n < allIPv4 * 15n ? grouped(ipv4) : addressCount({ ipv4, ipv6 });

/** `120 ms`, `4.2 s`, `3 min 05 s`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
};

/** Whole seconds, for a countdown: `4 min 59 s`, `12 s`. */
export const countdown = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : `${Math.floor(seconds / 60)} min ${String(Math.ceil(seconds % 60)).padStart(2, "0")} s`;
