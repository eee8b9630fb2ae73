/**
 * The IANA special-purpose address registries (RFC 6890 and its updates), and the blocks that belong with
 * them but have registries of their own (multicast, site-local). Facts for the lint "can never be a public
 * source"; a snapshot, with its date.
 */
import { AddressSet } from "./address-set.js";
import { firstAddress, lastAddress, type Prefix, parsePrefix } from "./prefix.js";

/** The day on which the registries were read (UTC). */
export const registrySnapshotDate = "2026-07-18";

/** "Globally reachable" in the registry; `not-applicable` where it says so or is blank. */
type Reachability = "no" | "yes" | "not-applicable";

export interface SpecialPurposeBlock {
  readonly prefix: Prefix;
  /** As in the registry. */
  readonly name: string;
  readonly family: "ipv4" | "ipv6";
  readonly reachable: Reachability;
  /** `documentation`: what every example uses. `private`: may be right behind private connectivity. */
  readonly use: "documentation" | "private" | "other";
  /** Where the row comes from: the special-purpose registries, or a registry of its own. */
  readonly registry: "special-purpose" | "other";
}

type Row = readonly [block: string, name: string, reachable: Reachability, use?: "documentation" | "private"];

const ipv4Rows: readonly Row[] = [
  ["0.0.0.0/8", "This network", "no"],
  ["10.0.0.0/8", "Private-Use", "no", "private"],
  ["100.64.0.0/10", "Shared Address Space (CGNAT)", "no", "private"],
  ["127.0.0.0/8", "Loopback", "no"],
  ["169.254.0.0/16", "Link-Local", "no"],
  ["172.16.0.0/12", "Private-Use", "no", "private"],
  ["192.0.0.0/24", "IETF Protocol Assignments", "no"],
  ["192.0.0.0/29", "IPv4 Service Continuity", "no"],
  ["192.0.0.8/32", "Dummy", "no"],
  ["192.0.0.9/32", "Port Control Protocol Anycast", "yes"],
  ["192.0.0.10/32", "TURN Anycast", "yes"],
  ["192.0.0.170/32", "NAT64/DNS64 Discovery", "no"],
  ["192.0.0.171/32", "NAT64/DNS64 Discovery", "no"],
  ["192.0.2.0/24", "Documentation (TEST-NET-1)", "no", "documentation"],
  ["192.31.196.0/24", "AS112-v4", "yes"],
  ["192.52.193.0/24", "AMT", "yes"],
  ["192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "not-applicable"],
  ["192.88.99.2/32", "6a44-relay anycast", "no"],
  ["192.168.0.0/16", "Private-Use", "no", "private"],
  ["192.175.48.0/24", "Direct Delegation AS112 Service", "yes"],
  ["198.18.0.0/15", "Benchmarking", "no"],
  ["198.51.100.0/24", "Documentation (TEST-NET-2)", "no", "documentation"],
  ["203.0.113.0/24", "Documentation (TEST-NET-3)", "no", "documentation"],
  ["240.0.0.0/4", "Reserved", "no"],
  ["255.255.255.255/32", "Limited Broadcast", "no"],
];

// The registry also lists ::ffff:0:0/96, not reachable, as a form of address on the wire; in this space it
// is IPv4 itself, judged by the rows above.
const ipv6Rows: readonly Row[] = [
  ["::/128", "Unspecified Address", "no"],
  ["::1/128", "Loopback Address", "no"],
  ["64:ff9b::/96", "IPv4-IPv6 Translation (NAT64)", "yes"],
  ["64:ff9b:1::/48", "IPv4-IPv6 Translation", "no"],
  ["100::/64", "Discard-Only Address Block", "no"],
  ["100:0:0:1::/64", "Dummy IPv6 Prefix", "no"],
  ["2001::/23", "IETF Protocol Assignments", "no"],
  ["2001::/32", "TEREDO", "not-applicable"],
  ["2001:1::1/128", "Port Control Protocol Anycast", "yes"],
  ["2001:1::2/128", "TURN Anycast", "yes"],
  ["2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "yes"],
  ["2001:2::/48", "Benchmarking", "no"],
  ["2001:3::/32", "AMT", "yes"],
  ["2001:4:112::/48", "AS112-v6", "yes"],
  ["2001:10::/28", "Deprecated (previously ORCHID)", "not-applicable"],
  ["2001:20::/28", "ORCHIDv2", "yes"],
  ["2001:30::/28", "Drone Remote ID", "yes"],
  ["2001:db8::/32", "Documentation", "no", "documentation"],
  ["2002::/16", "6to4", "not-applicable"],
  ["2620:4f:8000::/48", "Direct Delegation AS112 Service", "yes"],
  ["3fff::/20", "Documentation", "no", "documentation"],
  ["5f00::/16", "Segment Routing (SRv6) SIDs", "no"],
  ["fc00::/7", "Unique-Local", "no", "private"],
  ["fe80::/10", "Link-Local Unicast", "no"],
];

const otherRows: readonly (readonly ["ipv4" | "ipv6", ...Row])[] = [
  ["ipv4", "224.0.0.0/4", "Multicast", "no"],
  ["ipv6", "fec0::/10", "Deprecated (Site-Local)", "no", "private"],
  ["ipv6", "ff00::/8", "Multicast", "no"],
];

const blockOf = (
  family: "ipv4" | "ipv6",
  [text, name, reachable, use = undefined]: Row,
  registry: "special-purpose" | "other",
): SpecialPurposeBlock => {
  const parsed = parsePrefix(text);
  if (!parsed.ok || parsed.hostBits) throw new Error(`not a prefix in the registry table: ${text}`);
  return { prefix: parsed.prefix, name, family, reachable, use: use ?? "other", registry };
};

/** Every row of the snapshot. */
export const specialPurposeBlocks: readonly SpecialPurposeBlock[] = [
  ...ipv4Rows.map((row) => blockOf("ipv4", row, "special-purpose")),
  ...ipv6Rows.map((row) => blockOf("ipv6", row, "special-purpose")),
  ...otherRows.map(([family, ...row]) => blockOf(family, row, "other")),
];

/**
 * The most specific row that holds every address of the prefix; undefined where none does. `0.0.0.0/0` merely
 * contains some, and so has none.
 */
export const specialPurpose = (prefix: Prefix): SpecialPurposeBlock | undefined => {
  const { network, length } = prefix;
  for (const { first, last, block } of mostSpecificFirst) {
    if (first <= network && network <= last && length >= block.prefix.length) return block;
  }
  return undefined;
};

/** With both ends worked out: long lists ask for every entry. Of one length, the order of the table counts. */
const mostSpecificFirst = specialPurposeBlocks
  .toSorted((a, b) => b.prefix.length - a.prefix.length)
  .map((block) => ({ first: firstAddress(block.prefix), last: lastAddress(block.prefix), block }));

/** The addresses of which the most specific row is one that matters. */
export const specialPurposeSet = (matters: (block: SpecialPurposeBlock) => boolean): AddressSet =>
  mostSpecificFirst.reduceRight((set, { block }) => {
    const own = AddressSet.ofPrefixes([block.prefix]);
    return matters(block) ? set.union(own) : set.subtract(own);
  }, AddressSet.empty);
