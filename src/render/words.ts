/** Numbers and nouns in plain English; exact, with thousands separators. */

/** By hand, since the first `toLocaleString` of a process costs it tens of milliseconds. */
export const grouped = (count: number | bigint): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** `1 rule`, `2 rules`; `plural` where an s does not do. */
export const counted = (count: number | bigint, noun: string, plural: string = `${noun}s`): string =>
  `${grouped(count)} ${BigInt(count) === 1n ? noun : plural}`;

export const allIPv4 = 2n ** 32n;
/** IPv6 holds everything but the range where IPv4 is mapped. */
export const allIPv6 = 2n ** 128n - allIPv4;

export interface FamilyCounts {
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

/** Above this a power of two is easier to read than its digits, and as exact. */
const large = 10n ** 12n;

/** `2^80`, for a large power of two. */
export const powerOfTwo = (count: bigint): string | undefined =>
  count >= large && (count & (count - 1n)) === 0n ? `2^${count.toString(2).length - 1}` : undefined;

const familyWords = (count: bigint, whole: bigint, family: string): string[] => {
  if (count === 0n) return [];
  if (count === whole) return [`the whole ${family} internet`];
  // A ten-digit number hides what fifteen sixteenths of everything mean.
  if (count * 16n >= whole * 15n)
    return [`nearly the whole ${family} internet (${grouped(count)} addresses)`];
  return [`${powerOfTwo(count) ?? grouped(count)} ${family} ${count === 1n ? "address" : "addresses"}`];
};

/** `256 IPv4 addresses and 2^80 IPv6 addresses`, `the whole internet, IPv4 and IPv6`, `no addresses`. */
export const addressCount = ({ ipv4, ipv6 }: FamilyCounts): string => {
  if (ipv4 === allIPv4 && ipv6 === allIPv6) return "the whole internet, IPv4 and IPv6";
  const parts = [...familyWords(ipv4, allIPv4, "IPv4"), ...familyWords(ipv6, allIPv6, "IPv6")];
  return parts.length === 0 ? "no addresses" : parts.join(" and ");
};

/** The same without the noun: for the second number in a sentence whose first has said it. */
export const shortCount = ({ ipv4, ipv6 }: FamilyCounts): string =>
  ipv6 === 0n && ipv4 !== allIPv4 ? grouped(ipv4) : addressCount({ ipv4, ipv6 });
