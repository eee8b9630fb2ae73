/**
 * Addresses and prefixes as values. All addresses live in one 128-bit space, IPv4 at `::ffff:0:0/96`
 * (RFC 4291 section 2.5.5.2), so that `203.0.113.7`, `203.0.113.7/32` and `::ffff:203.0.113.7` are one prefix.
 */

/** An address: an unsigned 128-bit number. */
export type Address = bigint;

/** A canonical network: `network` has no bit set below `length` (0..128, counted in the 128-bit space). */
export interface Prefix {
  readonly network: Address;
  readonly length: number;
}
