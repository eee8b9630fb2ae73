/** What can be wrong with the text of an address or a prefix: a closed union of codes, each with its place. */

export type AddressProblemCode =
  | "empty"
  | "not-ascii"
  | "blank"
  | "unexpected-character"
  | "host-name"
  | "zone-id"
  | "leading-zero"
  | "octet-missing"
  | "octet-too-large"
  | "too-few-octets"
  | "too-many-octets"
  | "lone-colon"
  | "second-gap"
  | "empty-gap"
  | "group-too-long"
  | "too-few-groups"
  | "too-many-groups"
  | "length-missing"
  | "length-leading-zero"
  | "length-not-a-number"
  | "length-too-large"
  | "netmask"
  | "length-unexpected";

export interface AddressProblem {
  readonly code: AddressProblemCode;
  /** Of the offending character, from 0; the length of the text where something is missing at its end. */
  readonly index: number;
  /** One sentence for people, without a full stop. */
  readonly message: string;
}

const messages: Readonly<Record<AddressProblemCode, string>> = {
  empty: "An address or prefix is missing here",
  "not-ascii":
    "A character here is not ASCII; addresses are written with plain digits, letters, '.', ':' and '/'",
  blank: "A blank or control character stands inside the address",
  "unexpected-character": "This character cannot stand in an IP address or prefix",
  "host-name": "This is a name, not an IP address; names are not looked up, write the addresses",
  "zone-id": "A zone id ('%' and what follows) has no meaning in a rule",
  "leading-zero": "A part of an IPv4 address has a leading zero, which some software reads as octal",
  "octet-missing": "A part of the IPv4 address is missing",
  "octet-too-large": "A part of an IPv4 address is larger than 255",
  "too-few-octets": "An IPv4 address has four parts; short forms are not accepted",
  "too-many-octets": "An IPv4 address has only four parts",
  "lone-colon": "A single ':' cannot begin or end an IPv6 address",
  "second-gap": "'::' can stand only once in an IPv6 address",
  "empty-gap": "'::' stands for at least one group, but all eight groups are written out",
  "group-too-long": "A group of an IPv6 address has more than four digits",
  "too-few-groups": "An IPv6 address has eight groups unless it holds '::'",
  "too-many-groups": "An IPv6 address has only eight groups, and an IPv4 address at its end counts as two",
  "length-missing": "The prefix length after '/' is missing",
  "length-leading-zero": "The prefix length has a leading zero",
  "length-not-a-number": "The prefix length is a plain decimal number",
  "length-too-large": "The prefix length is larger than the address has bits (32 for IPv4, 128 for IPv6)",
  netmask: "A netmask is not accepted after '/'; write the prefix length, such as /24 for 255.255.255.0",
  "length-unexpected": "One address is wanted here, without '/'",
};

export const addressProblem = (code: AddressProblemCode, index: number): AddressProblem => ({
  code,
  index,
  message: messages[code],
});
