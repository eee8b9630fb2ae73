/**
 * Prefixes as entries of a policy: one item, the lines of a list, and entries without some addresses. What cannot be read is
 * reported, with the caret under the offending character and what was probably meant.
 */

import { AddressSet } from "../address/address-set.js";
import {
  type Address,
  type AddressProblem,
  allIPv4,
  firstAddress,
  formatPrefix,
  isUnspecified,
  lastAddress,
  mappedLength,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixKey,
} from "../address/prefix.js";
import { prefixAt } from "../address/prefix-columns.js";
import { lineMarks, parseRange } from "../address/prefix-lines.js";
import {
  type Diagnostic,
  diagnostic,
  type Severity,
  type SourceRange,
  withSeverity,
} from "../model/diagnostic.js";
import type { PolicyEntry } from "./policy.js";
import type { Problems } from "./problems.js";
import type { LocatedText } from "./raw-policy.js";
import type { ReadList } from "./read-list.js";

// A prefix that cannot be read, as a diagnostic: the caret under the offending character, and what was meant.

/** Of a range's prefixes, so many are worth printing. */
const mostShown = 6;

const rangeHint = (text: string): string | undefined => {
  const range = parseRange(text);
  if ("problem" in range)
    return range.problem === "backwards"
      ? "The range ends before it begins: write the lower address first"
      : "A range is of IPv4 or of IPv6 addresses, not of both";
  if (!("set" in range)) return undefined;
  const prefixes = range.set.prefixes();
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

/** What is written around an address that could be read without it. */
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

/** Where in the file the offending character is, as far as the text's place shows. */
const caret = ({ value, source, offset }: LocatedText, index: number): SourceRange => {
  if (offset === undefined || source.line !== source.endLine) return source;
  const column = source.column + offset + Math.min(index, value.length);
  return { ...source, column, endColumn: column + 1 };
};

const badPrefix = (text: LocatedText, problem: AddressProblem): Diagnostic => {
  const { line, endLine } = text.source;
  const fix =
    line < endLine && text.value.includes(" - ")
      ? "YAML reads these lines as one text, since the second `-` is further right: indent the `-` of all items alike"
      : hintFor(text.value, problem);
  return diagnostic(
    "bad-prefix",
    { text: text.value, problem: problem.message, fix },
    caret(text, problem.index),
  );
};

export interface Resolving {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly problems: Problems;
  readonly lint: Readonly<Record<string, Severity | "off">>;
}

/** With the severity that the policy's `lint:` gives its code, or else the table. */
export const reportLint = (
  { problems, lint }: Pick<Resolving, "problems" | "lint">,
  found: Diagnostic,
): void => {
  const severity = Object.hasOwn(lint, found.code) ? (lint[found.code] ?? "off") : found.severity;
  if (severity !== "off") problems.add(withSeverity(found, severity));
};

/** The entries of a list, in its order. */
export interface ResolvedEntries {
  readonly entries: readonly PolicyEntry[];
  /** False where something of the list is missing because it could not be resolved, which has been reported. */
  readonly complete: boolean;
}

/** What else an entry holds. */
type EntryExtras = Pick<PolicyEntry, "comment" | "expires" | "enabled">;

const reportSpelling = (resolving: Resolving, text: LocatedText, prefix: Prefix, bare: boolean): void => {
  const written = text.value;
  if (!bare || !isUnspecified(prefix)) return;
  const family = prefix.network === 0n ? "::/0" : "0.0.0.0/0";
  reportLint(
    resolving,
    diagnostic(
      "bare-any-address",
      { text: written, is: formatPrefix(prefix), everything: family },
      text.source,
    ),
  );
};

const reportMappedLength = ({ problems }: Resolving, { value, source }: LocatedText, meant: Prefix): void => {
  const length = value.slice(value.indexOf("/"));
  problems.add(
    diagnostic(
      "mapped-length",
      { text: value, length, meant: meant === allIPv4 ? undefined : formatPrefix(meant) },
      source,
    ),
  );
};

/**
 * Parses one prefix; reports and leaves it out where it cannot be read. `hostBits`: what the list that it is in says
 * of bits below the length; else lint decides.
 */
export const resolvePrefix = (
  resolving: Resolving,
  text: LocatedText,
  extras: EntryExtras,
  hostBits?: "error" | "allow",
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
    const found = diagnostic(
      "host-bits",
      {
        text: text.value,
        length,
        network: formatPrefix(prefix),
        address: text.value.slice(0, -length.length),
      },
      text.source,
    );
    if (hostBits === "error") resolving.problems.add(withSeverity(found, "error"));
    else if (hostBits === undefined) reportLint(resolving, found);
  }
  reportSpelling(resolving, text, prefix, parsed.bare);
  return { prefix, text: text.value, source: text.source, ...extras };
};

/** Rows whose writing has something to be said about it. */
const unusual = lineMarks.hostBits;

/** Repeated prefixes are reported and dropped; the first counts. */
export const entriesOfList = (
  resolving: Resolving,
  { lines: { prefixes, lines, marks, problems, problemCount }, textAt }: ReadList,
  file: string,
  hostBits: "error" | "allow" | undefined,
): ResolvedEntries => {
  for (const { line } of problems) resolvePrefix(resolving, textAt(line), {});
  for (let rest = problems.length; rest < problemCount; rest += 1)
    resolving.problems.addIfWanted("bad-prefix", file, neverKept);
  const entries: PolicyEntry[] = [];
  const seen = new Map<bigint, PolicyEntry>();
  let complete = problemCount === 0;
  for (let row = 0; row < prefixes.count; row += 1) {
    const text = textAt(lines[row]!);
    const mark = marks[row]!;
    const prefix = prefixAt(prefixes, row);
    const isPlain = (mark & unusual) === 0 && !((mark & lineMarks.bare) !== 0 && isUnspecified(prefix));
    const written = (mark & lineMarks.range) === 0 ? text.value : formatPrefix(prefix);
    const entry: PolicyEntry | undefined = isPlain
      ? { prefix, text: written, source: text.source }
      : resolvePrefix(resolving, text, {}, hostBits);
    if (entry === undefined) {
      complete = false;
      continue;
    }
    const key = prefixKey(prefix);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, entry);
      entries.push(entry);
    } else
      reportLint(
        resolving,
        diagnostic("repeated-in-list", { text: entry.text, first: first.source.line }, entry.source),
      );
  }
  return { entries, complete };
};

/** After so many problems of one kind in one file, the others are only counted. */
const neverKept = (): never => {
  throw new Error("a problem beyond those that are kept");
};

// Entries without some addresses, exactly: one that is left out in part becomes the prefixes of what is left of it.

type Range = readonly [first: Address, last: Address];

/** Sorted and disjoint, so that the ranges of a prefix are found by halving. */
const firstReaching = (ranges: readonly Range[], address: Address): number => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] < address) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** What is left of a prefix; undefined where nothing of it is left out. */
const leftOf = (prefix: Prefix, except: readonly Range[]): readonly Prefix[] | undefined => {
  const [first, last] = [firstAddress(prefix), lastAddress(prefix)];
  const left: Range[] = [];
  let from = first;
  let at = firstReaching(except, first);
  if (at === except.length || except[at]![0] > last) return undefined;
  for (; at < except.length && except[at]![0] <= last; at += 1) {
    const [begin, end] = except[at]!;
    if (begin > from) left.push([from, begin - 1n]);
    from = end + 1n;
  }
  if (from <= last) left.push([from, last]);
  return AddressSet.ofRanges(left).prefixes();
};

/** What is left keeps the entry's comment, date and place; its text is then the prefix. */
export const exceptEntries = (
  entries: readonly PolicyEntry[],
  except: readonly Prefix[],
): readonly PolicyEntry[] => {
  const ranges = [...AddressSet.ofPrefixes(except).ranges()];
  return entries.flatMap((entry) => {
    const left = leftOf(entry.prefix, ranges);
    return left?.map((prefix) => ({ ...entry, prefix, text: formatPrefix(prefix) })) ?? entry;
  });
};
