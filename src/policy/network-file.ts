/**
 * A network's text file: one prefix a line, `#` starts a comment, blank lines are fine. It does not pass
 * through YAML, so that a hundred thousand lines are ordinary.
 */
import { prefixKey } from "../address/prefix.js";
import { decodeText } from "./decode-text.js";
import type { PolicyEntry } from "./policy.js";
import { type ResolvedEntries, type Resolving, reportLint, resolvePrefix } from "./resolving.js";

/** Trimmed start and end of a line's prefix; empty where there is none. */
const contentOf = (text: string, start: number, end: number): readonly [number, number] => {
  // Not indexOf, which would look for a '#' beyond the line, to the end of the file.
  let to = start;
  while (to < end && text.charCodeAt(to) !== 0x23) to += 1;
  let from = start;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return [from, to];
};

const isBlank = (unit: number): boolean => unit === 0x20 || unit === 0x09 || unit === 0x0d;

/** `file` is how messages name it. Repeated prefixes are reported and dropped; the first counts. */
export const readNetworkFile = (resolving: Resolving, bytes: Uint8Array, file: string): ResolvedEntries => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) {
    resolving.problems.add(decoded.diagnostic);
    return { entries: [], complete: false };
  }
  const { text } = decoded.source;
  const entries: PolicyEntry[] = [];
  const lines = new Map<bigint, number>();
  let complete = true;
  let line = 0;
  for (let start = 0; start < text.length; ) {
    line += 1;
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const [from, to] = contentOf(text, start, end);
    if (from < to) {
      const lineText = text.slice(start, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
      const column = from - start + 1;
      const source = { file, line, column, endLine: line, endColumn: column + to - from, lineText };
      const entry = resolvePrefix(resolving, { value: text.slice(from, to), source, offset: 0 }, {});
      if (entry === undefined) complete = false;
      else keep(entry, line);
    }
    start = end + 1;
  }
  return { entries, complete };

  function keep(entry: PolicyEntry, at: number): void {
    const key = prefixKey(entry.prefix);
    const first = lines.get(key);
    if (first === undefined) {
      lines.set(key, at);
      entries.push(entry);
      return;
    }
    reportLint(
      resolving,
      "repeated-in-list",
      `\`${entry.text}\` stands in the file already`,
      entry.source,
      `Delete one of the two; the first is in line ${first}`,
    );
  }
};
