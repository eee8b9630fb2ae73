/** What the parts of resolving share: the day, the problems, and how one prefix becomes an entry. */
import {
  allIPv4,
  containsAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixOf,
} from "../address/prefix.js";
import type { Severity, SourceRange } from "../model/diagnostic.js";
import { type LintCodeName, lintSeverity } from "./lint-codes.js";
import type { PolicyEntry } from "./policy.js";
import { badPrefix } from "./prefix-problems.js";
import type { Problems } from "./problems.js";
import type { LocatedText } from "./raw-policy.js";

export interface Resolving {
  /** ISO date, UTC. */
  readonly today: string;
  readonly problems: Problems;
  readonly lint: Readonly<Record<string, Severity | "off">>;
}

export const reportLint = (
  { problems, lint }: Pick<Resolving, "problems" | "lint">,
  code: LintCodeName,
  message: string,
  source: SourceRange | undefined,
  hint?: string,
): void => {
  const severity = lintSeverity(code, lint);
  if (severity !== "off") problems.report(severity, code, message, source, hint);
};

/** The entries of a list, in its order. */
export interface ResolvedEntries {
  readonly entries: readonly PolicyEntry[];
  /** False where something of the list is missing because it could not be resolved, which has been reported. */
  readonly complete: boolean;
}

/** What an entry holds besides its prefix. */
export type EntryExtras = Pick<PolicyEntry, "comment" | "expires">;

const reportSpelling = (resolving: Resolving, text: LocatedText, prefix: Prefix, bare: boolean): void => {
  const written = text.value;
  const anything = bare && (prefix.network === 0n || prefix.network === 0xffffn << 32n);
  if (!anything) return;
  const family = prefix.network === 0n ? "::/0" : "0.0.0.0/0";
  reportLint(
    resolving,
    "bare-any-address",
    `A bare \`${written}\` is the single address ${formatPrefix(prefix)}, not every address`,
    text.source,
    `Did you mean \`${family}\`?`,
  );
};

/**
 * `::ffff:203.0.113.0/24` is ::/24, and so all of IPv4 and more: the length was meant for the IPv4 address. No
 * setting of lint may let that pass. Returns what was meant; undefined where the text is nothing of the kind.
 */
export const mappedLength = (text: string, { length }: Prefix): Prefix | undefined => {
  const slash = text.indexOf("/");
  if (slash < 0 || length >= allIPv4.length) return undefined;
  const address = parseAddress(text.slice(0, slash));
  if (!address.ok || !containsAddress(allIPv4, address.address)) return undefined;
  return length <= 32 ? prefixOf(address.address, allIPv4.length + length) : allIPv4;
};

const reportMappedLength = ({ problems }: Resolving, { value, source }: LocatedText, meant: Prefix): void => {
  const length = value.slice(value.indexOf("/"));
  problems.error(
    "mapped-length",
    `\`${value}\` would be far more than IPv4: in this spelling, the length ${length} counts from the first bit of IPv6`,
    source,
    meant === allIPv4 ? "Write the IPv4 address with its own length" : `Write ${formatPrefix(meant)}`,
  );
};

/** Parses one prefix; reports and leaves it out where it cannot be read. */
export const resolvePrefix = (
  resolving: Resolving,
  text: LocatedText,
  extras: EntryExtras,
): PolicyEntry | undefined => {
  // Empty text is reported by the schema check.
  if (text.value === "") return undefined;
  const parsed = parsePrefix(text.value);
  if (!parsed.ok) {
    resolving.problems.addIfWanted("bad-prefix", text.source.file, () => badPrefix(text, parsed.problem));
    return undefined;
  }
  const { prefix } = parsed;
  if (parsed.hostBits) {
    const meant = mappedLength(text.value, prefix);
    if (meant !== undefined) {
      reportMappedLength(resolving, text, meant);
      return undefined;
    }
    const length = text.value.slice(text.value.indexOf("/"));
    reportLint(
      resolving,
      "host-bits",
      `\`${text.value}\` has bits set below its length ${length}`,
      text.source,
      `Write the network ${formatPrefix(prefix)}, or the one address ${text.value.slice(0, -length.length)}`,
    );
  }
  reportSpelling(resolving, text, prefix, parsed.bare);
  return { prefix, text: text.value, source: text.source, ...extras };
};
