/** How prefixes are written in a policy: canonical, and one address without a length. */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";

const isUnspecified = ({ network }: Prefix): boolean => network === 0n || network === 0xffffn << 32n;

/** `0.0.0.0` and `::` keep their length, since without it they read like "anywhere". */
export const writePolicyPrefix = (prefix: Prefix): string => {
  const text = formatPrefix(prefix);
  return prefix.length === 128 && !isUnspecified(prefix) ? text.slice(0, text.indexOf("/")) : text;
};

/** The canonical spelling; what cannot be read, or is not clear about what it means, stays as it is. */
export const canonicalSpelling = (text: string): string => {
  const parsed = parsePrefix(text);
  if (!parsed.ok || parsed.hostBits || (parsed.bare && isUnspecified(parsed.prefix))) return text;
  return writePolicyPrefix(parsed.prefix);
};
