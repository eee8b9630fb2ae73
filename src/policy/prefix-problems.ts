/** A prefix that cannot be read, as a diagnostic: the caret under the offending character, and what was meant. */
import { type AddressProblem, formatPrefix, parseAddress, parsePrefix } from "../address/prefix.js";
import type { Diagnostic, SourceRange } from "../model/diagnostic.js";
import { rangePrefixes } from "./address-text.js";
import type { LocatedText } from "./raw-policy.js";

/** Of a range's prefixes, so many are worth printing. */
const mostShown = 6;

const rangeHint = (text: string): string | undefined => {
  const [from, to, ...more] = text.split("-").map((part) => part.trim());
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  const first = parseAddress(from);
  const last = parseAddress(to);
  if (!first.ok || !last.ok || first.address > last.address) return undefined;
  const prefixes = rangePrefixes(first.address, last.address, mostShown + 1);
  return prefixes.length > mostShown
    ? "Write the prefixes that make up the range, one an item"
    : `Write the range as prefixes, one an item: ${prefixes.map(formatPrefix).join(", ")}`;
};

const shortFormHint = (text: string): string | undefined => {
  const found = /^(\d{1,3}(?:\.\d{1,3}){0,2})\.?(?:\/(\d{1,2}))?$/.exec(text);
  const [, octets, length] = found ?? [];
  if (octets === undefined) return undefined;
  const count = octets.split(".").length;
  return `Write all four parts: ${octets}${".0".repeat(4 - count)}/${length ?? 8 * count}?`;
};

const netmaskHint = (text: string): string | undefined => {
  const [network, mask] = text.split("/");
  const parsed = parseAddress(mask ?? "");
  if (!parsed.ok) return undefined;
  const bits = (parsed.address & 0xffffffffn).toString(2).padStart(32, "0");
  return /^1*0*$/.test(bits) ? `Write ${network}/${bits.replaceAll("0", "").length}` : undefined;
};

/** What stands around an address that could be read without it. */
const extraHint = (text: string): string | undefined => {
  const found = /^(?:[a-z]+:\/\/)?\[?([0-9A-Fa-f.:]*?)\]?(?::\d+)?\/?$/.exec(text);
  const address = found?.[1];
  if (address === undefined || address === text || !parseAddress(address).ok) return undefined;
  return `Write the address alone, since rules know neither protocols nor ports: ${address}`;
};

const hintFor = (text: string, { code }: AddressProblem): string | undefined => {
  const extra = extraHint(text);
  if (extra !== undefined) return extra;
  if (text.includes("-")) {
    const range = rangeHint(text);
    if (range !== undefined) return range;
  }
  switch (code) {
    case "too-few-octets":
      return shortFormHint(text);
    case "leading-zero":
      return "Write the number in decimal, without zeros in front";
    case "netmask":
      return netmaskHint(text) ?? "Write the prefix length, such as /24";
    case "blank":
      return parsePrefix(text.replaceAll(/\s/g, "")).ok && !/[\da-fA-F]\s+[\da-fA-F]/.test(text)
        ? "Remove the blank"
        : "Write one prefix an item";
    case "unexpected-character":
      return /[,;]/.test(text)
        ? "Write one prefix an item"
        : text.includes("*")
          ? "Write a prefix length instead of `*`: 203.0.113.0/24"
          : text.includes("\\")
            ? "Write `/` before the length"
            : undefined;
    case "host-name":
      return "Look the addresses up and write them; names can change under a rule";
    default:
      return undefined;
  }
};

/** Where in the file the offending character stands, as far as the text's place tells. */
const caret = ({ value, source, offset }: LocatedText, index: number): SourceRange => {
  if (offset === undefined || source.line !== source.endLine) return source;
  const column = source.column + offset + Math.min(index, value.length);
  return { ...source, column, endColumn: column + 1 };
};

export const badPrefix = (text: LocatedText, problem: AddressProblem): Diagnostic => {
  const hint = hintFor(text.value, problem);
  return {
    code: "bad-prefix",
    severity: "error",
    message: `\`${text.value}\` is no IP address or prefix: ${problem.message}`,
    ...(hint === undefined ? {} : { hint }),
    source: caret(text, problem.index),
  };
};
