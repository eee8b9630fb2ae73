/**
 * Networks by name: those of the policy and of its include files, whether a list, a file, a published list (which is
 * read from the lock, never from the network), or another network; each without what its `except` names.
 */
import { formatPrefix, parsePrefix } from "../address/prefix.js";
import { diagnostic, fileAndLine } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { expiryTime } from "../model/time.js";
import { type LockedLists, type LockOptions, lockedLists } from "./locked-lists.js";
import { besidePolicy, type ParsedPolicy } from "./parse-policy.js";
import { keptPerCode } from "./problems.js";
import {
  type Files,
  pathOf,
  reportMissing,
  sourcesIn,
  type WrittenNetwork,
  writtenNetworks,
} from "./published-lists.js";
import type { Located, LocatedText, RawContent, RawEntry, RawNetwork } from "./raw-policy.js";
import { readList } from "./read-list.js";
import {
  entriesOfList,
  exceptEntries,
  type ResolvedEntries,
  type Resolving,
  reportLint,
  resolvePrefix,
} from "./resolve-entries.js";
import { suggest } from "./suggest.js";

/** Of what could not be resolved, and has been reported. */
const unresolved: ResolvedEntries = { entries: [], complete: false };

/** Networks that are made of networks that are made of networks: so many levels are enough for anybody. */
const mostLevels = 50;

export class Networks {
  readonly #resolving: Resolving;
  readonly #content: ContentReader;
  readonly #byName = new Map<string, WrittenNetwork>();
  readonly #resolved = new Map<string, ResolvedEntries>();
  readonly #used = new Set<string>();
  /** The networks that are being resolved, from the outside in. */
  readonly #path: string[] = [];

  constructor(resolving: Resolving, content: ContentReader, written: readonly WrittenNetwork[]) {
    this.#resolving = resolving;
    this.#content = content;
    for (const network of written) this.#add(network);
    for (const name of this.#byName.keys()) this.#resolve(name);
  }

  #add(network: WrittenNetwork): void {
    const { value, source } = network.raw.name;
    const first = this.#byName.get(value);
    if (first === undefined) {
      this.#byName.set(value, network);
      return;
    }
    const place = first.raw.name.source;
    // Twice in one file is a duplicate key, which is reported as such.
    if (place.file === source.file) return;
    this.#resolving.problems.add(
      diagnostic("duplicate-network", { network: value, first: fileAndLine(place) }, source),
    );
  }

  /** The entries of a network, which counts as used from now on; none, and reported, where there is no such network. */
  use({ value, source }: Located<string>): ResolvedEntries {
    if (!this.#byName.has(value)) {
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
    return this.#resolve(value);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  reportUnused(): void {
    for (const [name, { raw, from }] of this.#byName) {
      // Not every policy uses every network of an include file.
      if (from !== "" || this.#used.has(name)) continue;
      reportLint(this.#resolving, diagnostic("unused-network", { network: name }, raw.name.source));
    }
  }

  #resolve(name: string): ResolvedEntries {
    const known = this.#resolved.get(name);
    if (known !== undefined) return known;
    const network = this.#byName.get(name)!;
    const at = this.#path.indexOf(name);
    if (at >= 0 || this.#path.length >= mostLevels) {
      const path = [...this.#path.slice(Math.max(at, 0)), name];
      this.#resolving.problems.add(
        diagnostic("network-circle", { path, isCircle: at >= 0 }, network.raw.name.source),
      );
      return unresolved;
    }
    this.#path.push(name);
    const entries = this.#without(network, this.#own(network));
    this.#path.pop();
    this.#resolved.set(name, entries);
    return entries;
  }

  /** What it holds by itself; where that is empty and not meant to be, it is reported, and no more complete. */
  #own({ raw, from }: WrittenNetwork): ResolvedEntries {
    const { name, content, allowEmpty, misplaced } = raw;
    for (const { value, source } of misplaced)
      this.#resolving.problems.add(
        diagnostic("key-without-effect", { key: value, kind: content.kind }, source),
      );
    if (content.kind !== "network") return this.#content.read(raw, content, from);
    const other = this.use(content.network);
    if (other.entries.length > 0 || !other.complete || allowEmpty) return other;
    const { value, source } = content.network;
    this.#resolving.problems.add(
      diagnostic("empty-network", { network: name.value, because: { kind: "network", of: value } }, source),
    );
    return unresolved;
  }

  #without({ raw }: WrittenNetwork, own: ResolvedEntries): ResolvedEntries {
    const { name, except, allowEmpty } = raw;
    if (except.length === 0) return own;
    const left = except.map((one) => this.#excepted(one));
    // What is not known to be left out must not get in.
    if (!own.complete || left.some(({ complete }) => !complete)) return unresolved;
    const entries = exceptEntries(
      own.entries,
      left.flatMap(({ entries: out }) => out.map(({ prefix }) => prefix)),
    );
    if (entries.length > 0 || own.entries.length === 0 || allowEmpty) return { entries, complete: true };
    this.#resolving.problems.add(
      diagnostic("empty-network", { network: name.value, because: { kind: "except" } }, name.source),
    );
    return unresolved;
  }

  /** What an item of `except` names: a prefix, or else a network. */
  #excepted(text: LocatedText): ResolvedEntries {
    const isName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text.value) && !parsePrefix(text.value).ok;
    if (isName) return this.use(text);
    const entry = resolvePrefix(this.#resolving, text, {});
    return entry === undefined ? unresolved : { entries: [entry], complete: true };
  }
}

/** The entries of networks that are not made of others. */
class ContentReader {
  readonly #resolving: Resolving;
  readonly #files: Files;
  readonly #policyFile: string;
  readonly #lists: LockedLists;
  readonly #lockFile: string;

  constructor(resolving: Resolving, parsed: ParsedPolicy, files: Files, lists: LockedLists) {
    this.#resolving = resolving;
    this.#files = files;
    this.#policyFile = parsed.file;
    this.#lists = lists;
    this.#lockFile = besidePolicy(parsed.file, parsed.lockReference);
  }

  read(
    network: RawNetwork,
    content: Exclude<RawContent, { kind: "network" }>,
    from: string,
  ): ResolvedEntries {
    switch (content.kind) {
      case "list":
        return this.#list(network, content.entries);
      case "file":
        return this.#file(network, content, from);
      case "source":
        return this.#source(network, content);
    }
  }

  #list({ name, allowEmpty }: RawNetwork, written: readonly RawEntry[]): ResolvedEntries {
    const entries = written.flatMap((entry) => {
      if (entry.kind !== "prefix") return [];
      const { text, kind: _, ...extras } = entry;
      return resolvePrefix(this.#resolving, text, extras) ?? [];
    });
    const complete = entries.length === written.length;
    if (entries.length > 0 || !complete || allowEmpty) return { entries, complete };
    this.#resolving.problems.add(diagnostic("empty-network", { network: name.value }, name.source));
    return unresolved;
  }

  #file(
    { name, allowEmpty }: RawNetwork,
    { path: named, reader, reviewBy }: Extract<RawContent, { kind: "file" }>,
    from: string,
  ): ResolvedEntries {
    const { problems, now } = this.#resolving;
    const path = pathOf(this.#resolving, named, from);
    if (path === undefined) return unresolved;
    const bytes = this.#files.get(path);
    if (typeof bytes !== "object") {
      reportMissing(this.#resolving, path, bytes, named.source);
      return unresolved;
    }
    const file = besidePolicy(this.#policyFile, path);
    if (reviewBy !== undefined && expiryTime(reviewBy.value) <= now)
      problems.add(
        diagnostic("list-review-due", { list: name.value, file, date: reviewBy.value }, reviewBy.source),
      );
    const format = { select: reader.select?.value, column: reader.column?.value };
    const list = readList(bytes, file, present(format), { maxProblems: keptPerCode });
    if (!list.ok) {
      problems.add(list.diagnostic);
      return unresolved;
    }
    const read = entriesOfList(this.#resolving, list, file, reader.hostBits);
    if (read.entries.length > 0 || !read.complete || allowEmpty) return read;
    problems.add(
      diagnostic("empty-network", { network: name.value, because: { kind: "file", file } }, named.source),
    );
    return unresolved;
  }

  #source(
    { name, allowEmpty }: RawNetwork,
    { source }: Extract<RawContent, { kind: "source" }>,
  ): ResolvedEntries {
    const locked = this.#lists.get(name.value);
    if (locked === undefined) return unresolved;
    const list = { name: name.value, fetchedAt: locked.fetchedAt };
    const entries = locked.prefixes.map((prefix) => ({
      prefix,
      text: formatPrefix(prefix),
      source: source.source,
      list,
    }));
    if (entries.length > 0 || allowEmpty) return { entries, complete: true };
    this.#resolving.problems.add(
      diagnostic(
        "empty-network",
        { network: name.value, because: { kind: "file", file: this.#lockFile } },
        source.source,
      ),
    );
    return unresolved;
  }
}

/**
 * `files` is by reference path (`ParsedPolicy.references`, `lockReference`); undefined stands for a file that cannot be
 * read.
 */
export const resolveNetworks = (
  resolving: Resolving,
  parsed: ParsedPolicy,
  files: Files,
  options: LockOptions,
): Networks => {
  const { written, whole } = writtenNetworks(resolving, parsed, files);
  const sources = sourcesIn(resolving, written);
  const asked = new Set(
    written.flatMap(({ raw: { content, name } }) => (content.kind === "source" ? [name.value] : [])),
  );
  const lists = lockedLists(
    resolving,
    parsed,
    files.get(parsed.lockReference),
    sources,
    { asked, whole },
    options,
  );
  return new Networks(resolving, new ContentReader(resolving, parsed, files, lists), written);
};
