/** Networks by name: those of the policy, of its include files, and of text files. */

import { parsePrefix, prefixKey } from "../address/prefix.js";
import { type ArgsOf, diagnostic, fileAndLine, hasErrors, type SourceRange } from "../model/diagnostic.js";
import { besidePolicy, type ParsedPolicy, parseInclude, referencePath } from "./parse-policy.js";
import type { PolicyEntry, ReadFile } from "./policy.js";
import type { Located, RawEntry, RawInclude, RawNetwork } from "./raw-policy.js";
import { type ResolvedEntries, type Resolving, reportLint, resolvePrefix } from "./resolve-entries.js";
import { suggest } from "./suggest.js";
import { decodeText } from "./text.js";

/**
 * A network's text file: one prefix a line, `#` starts a comment, blank lines are fine. It does not pass
 * through YAML, so that a hundred thousand lines are ordinary.
 */

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

/** Of a list's first lines with text, so many decide what the file is. */
const linesLookedAt = 5;

const firstLines = (text: string): string[] => {
  const found: string[] = [];
  for (let start = 0; start < text.length && found.length < linesLookedAt; ) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const [from, to] = contentOf(text, start, end);
    if (from < to) found.push(text.slice(from, to));
    start = end + 1;
  }
  return found;
};

/** A file of another kind would be an error in each of its lines; it is one. */
const otherKind = (text: string): ArgsOf<"list-not-text">["kind"] | undefined => {
  const lines = firstLines(text);
  const [first = ""] = lines;
  if (/^(?:\{|\[(?![0-9A-Fa-f:.]+\]))/.test(first)) return "JSON";
  if (lines.length < 2 || lines.some((line) => parsePrefix(line).ok)) return undefined;
  if (lines.every((line) => /^;|^[^ ;]+ *;/.test(line))) return "comments";
  return lines.every((line) => line.includes(",")) ? "CSV" : undefined;
};

/** `file` is how messages name it. Repeated prefixes are reported and dropped; the first counts. */
const readNetworkFile = (resolving: Resolving, bytes: Uint8Array, file: string): ResolvedEntries => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) {
    resolving.problems.add(decoded.diagnostic);
    return { entries: [], complete: false };
  }
  const { text } = decoded.source;
  const kind = otherKind(text);
  if (kind !== undefined) {
    resolving.problems.add(diagnostic("list-not-text", { file, kind }, decoded.source.range(0, 0)));
    return unresolved;
  }
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
    reportLint(resolving, diagnostic("repeated-in-list", { text: entry.text, first }, entry.source));
  }
};

type Files = ReadonlyMap<string, ReadFile>;

/** Of what could not be resolved, and has been reported. */
const unresolved: ResolvedEntries = { entries: [], complete: false };

interface Network extends ResolvedEntries {
  readonly name: Located<string>;
  /** Whether it comes from an include file, where not every policy uses every network. */
  readonly shared: boolean;
}

export class Networks {
  readonly #resolving: Resolving;
  readonly #byName = new Map<string, Network>();
  readonly #used = new Set<string>();

  constructor(resolving: Resolving) {
    this.#resolving = resolving;
  }

  add(network: Network): void {
    const { value, source } = network.name;
    const first = this.#byName.get(value);
    if (first === undefined) {
      this.#byName.set(value, network);
      return;
    }
    const place = first.name.source;
    // Twice in one file is a duplicate key, which is reported as such.
    if (place.file === source.file) return;
    this.#resolving.problems.add(
      diagnostic("duplicate-network", { network: value, first: fileAndLine(place) }, source),
    );
  }

  /** The entries of a network, which counts as used from now on; none, and reported, where there is no such network. */
  use({ value, source }: Located<string>): ResolvedEntries {
    const network = this.#byName.get(value);
    if (network === undefined) {
      this.#resolving.problems.addIfWanted("undefined-network", source.file, () =>
        diagnostic(
          "undefined-network",
          { network: value, meant: suggest(value, this.#byName.keys()) },
          source,
        ),
      );
      return unresolved;
    }
    this.#used.add(value);
    return network;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  reportUnused(): void {
    for (const [name, network] of this.#byName) {
      if (network.shared || this.#used.has(name)) continue;
      reportLint(this.#resolving, diagnostic("unused-network", { network: name }, network.name.source));
    }
  }
}

/** The path of a reference, or undefined where it is refused, which is reported here. */
const pathOf = (resolving: Resolving, named: Located<string>, from: string): string | undefined => {
  const reference = referencePath(named.value, from);
  if (reference.ok) return reference.path;
  resolving.problems.add(
    diagnostic("path-outside-policy-folder", { path: named.value, reason: reference.reason }, named.source),
  );
  return undefined;
};

const missing = (
  resolving: Resolving,
  path: string,
  reason: string | undefined,
  source: SourceRange,
): void => {
  resolving.problems.add(diagnostic("file-missing", { path, reason }, source));
};

const listEntries = (resolving: Resolving, written: readonly RawEntry[]): ResolvedEntries => {
  const entries = written.flatMap((entry) => {
    if (entry.kind !== "prefix") return [];
    const { text, kind: _, ...extras } = entry;
    return resolvePrefix(resolving, text, extras) ?? [];
  });
  return { entries, complete: entries.length === written.length };
};

/** An empty network that is not meant to be is reported; then it is no more complete than one with bad entries. */
const entriesOf = (
  resolving: Resolving,
  { name, content, allowEmpty }: RawNetwork,
  files: Files,
  from: string,
  policyFile: string,
): ResolvedEntries => {
  const isUnmeant = ({ entries, complete }: ResolvedEntries): boolean =>
    entries.length === 0 && complete && !allowEmpty;
  if (content.kind === "list") {
    const list = listEntries(resolving, content.entries);
    if (!isUnmeant(list)) return list;
    resolving.problems.add(diagnostic("empty-network", { network: name.value }, name.source));
    return unresolved;
  }
  const path = pathOf(resolving, content.path, from);
  if (path === undefined) return unresolved;
  const bytes = files.get(path);
  if (typeof bytes !== "object") {
    missing(resolving, path, bytes, content.path.source);
    return unresolved;
  }
  const file = besidePolicy(policyFile, path);
  const list = readNetworkFile(resolving, bytes, file);
  if (!isUnmeant(list)) return list;
  resolving.problems.add(diagnostic("empty-network", { network: name.value, file }, content.path.source));
  return unresolved;
};

/** The networks of an include file; an error where it holds none and is not meant to. */
const includedNetworks = (
  resolving: Resolving,
  { path, allowEmpty }: RawInclude,
  bytes: Uint8Array,
  file: string,
): readonly RawNetwork[] => {
  const { networks, diagnostics } = parseInclude(bytes, file);
  resolving.problems.addAll(diagnostics);
  if (networks.length === 0 && !hasErrors(diagnostics) && !allowEmpty) {
    resolving.problems.add(diagnostic("empty-include", { file, path: path.value }, path.source));
  }
  return networks;
};

/** `files` is by reference path (`ParsedPolicy.references`); undefined stands for a file that cannot be read. */
export const resolveNetworks = (resolving: Resolving, parsed: ParsedPolicy, files: Files): Networks => {
  const networks = new Networks(resolving);
  const { file, raw } = parsed;
  for (const network of raw.networks) {
    networks.add({ name: network.name, ...entriesOf(resolving, network, files, "", file), shared: false });
  }
  for (const include of raw.includes) {
    const path = pathOf(resolving, include.path, "");
    if (path === undefined) continue;
    const bytes = files.get(path);
    if (typeof bytes !== "object") {
      missing(resolving, path, bytes, include.path.source);
      continue;
    }
    for (const network of includedNetworks(resolving, include, bytes, besidePolicy(file, path)))
      networks.add({ name: network.name, ...entriesOf(resolving, network, files, path, file), shared: true });
  }
  return networks;
};
