/** The spelling of ranges: which text is a range, when two are the same, and the IPv4-mapped form. */
import { formatPrefix, isIPv4, type Prefix, parsePrefix } from "../address/prefix.js";

export const rangeOf = (text: string): Prefix | undefined => {
  const parsed = parsePrefix(text);
  return parsed.ok ? parsed.prefix : undefined;
};

/** Equal for two spellings of one range. */
export const rangeKey = (prefix: Prefix): string => `${prefix.network}/${prefix.length}`;

/** As `cidr_ipv6` shows it: `10.0.0.0/8` is `::ffff:10.0.0.0/104`. Host bits are dropped [assumed]. */
export const mappedForm = (prefix: Prefix): string => {
  const text = formatPrefix(prefix);
  return isIPv4(prefix) ? `::ffff:${text.slice(0, text.indexOf("/"))}/${prefix.length}` : text;
};

/** Of text that was checked before it was stored. */
export const storedRange = (text: string): Prefix => {
  const prefix = rangeOf(text);
  if (prefix === undefined) throw new Error(`a stored range cannot be read: ${JSON.stringify(text)}`);
  return prefix;
};
