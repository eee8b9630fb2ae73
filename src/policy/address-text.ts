/** Addresses in sentences: counts and ranges as people say them. */
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix, prefixOf } from "../address/prefix.js";

/** The shortest list of prefixes from `first` to `last`; stops after `most` of them. */
export const rangePrefixes = (first: Address, last: Address, most = Number.POSITIVE_INFINITY): Prefix[] => {
  const prefixes: Prefix[] = [];
  let next = first;
  while (next <= last && prefixes.length < most) {
    let length = 128;
    // Twice as large while it still begins here and ends in time.
    while (length > 0 && prefixOf(next, length - 1).network === next) {
      if (next + (1n << BigInt(129 - length)) - 1n > last) break;
      length -= 1;
    }
    prefixes.push({ network: next, length });
    next += 1n << BigInt(128 - length);
  }
  return prefixes;
};

/** `a, b, c` and how many more there are. */
export const listPrefixes = (prefixes: readonly Prefix[], most = 5): string => {
  const shown = prefixes.slice(0, most).map(formatPrefix).join(", ");
  const rest = prefixes.length - most;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
};

/** `65,536`; `2^96`, `more than 2^96` and `nearly 2^97` where the digits would be too many to read. */
export const readableCount = (count: bigint): string => {
  if (count < 1n << 40n) return count.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const bits = count.toString(2).length - 1;
  if (count === 1n << BigInt(bits)) return `2^${bits}`;
  // Within a hundredth of the next power.
  const next = 1n << BigInt(bits + 1);
  return (next - count) * 100n < next ? `nearly 2^${bits + 1}` : `more than 2^${bits}`;
};

/** `65,536 IPv4 addresses and 1 IPv6 address`. */
export const countAddresses = (set: AddressSet): string => {
  const { ipv4, ipv6 } = set.count();
  const parts = [
    ...(ipv4 > 0n ? [`${readableCount(ipv4)} IPv4 address${ipv4 === 1n ? "" : "es"}`] : []),
    ...(ipv6 > 0n ? [`${readableCount(ipv6)} IPv6 address${ipv6 === 1n ? "" : "es"}`] : []),
  ];
  return parts.length === 0 ? "no address" : parts.join(" and ");
};

export const countPrefix = (prefix: Prefix): string => countAddresses(AddressSet.ofPrefixes([prefix]));
