/** Networks by name: those of the policy, of its include files, and of text files. */
import type { SourceRange } from "../model/diagnostic.js";
import { readNetworkFile } from "./network-file.js";
import { type ParsedPolicy, parseInclude } from "./parse-policy.js";
import type { PolicyEntry } from "./policy.js";
import type { Located, RawNetwork } from "./raw-policy.js";
import { besidePolicy, type ReadFile, referencePath } from "./reference-path.js";
import { type Resolving, reportLint, resolvePrefix } from "./resolving.js";
import { didYouMean } from "./suggest.js";

type Files = ReadonlyMap<string, ReadFile>;

interface Network {
  readonly name: Located<string>;
  readonly entries: readonly PolicyEntry[];
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
    this.#resolving.problems.error(
      "duplicate-network",
      `The network \`${value}\` is defined in ${place.file}:${place.line} already`,
      source,
      "Rename one of the two",
    );
  }

  /** The entries of a network, which counts as used from now on; undefined, and reported, where there is none. */
  use({ value, source }: Located<string>): readonly PolicyEntry[] | undefined {
    const network = this.#byName.get(value);
    if (network === undefined) {
      this.#resolving.problems.error(
        "undefined-network",
        `There is no network \`${value}\``,
        source,
        didYouMean(value, this.#byName.keys()) ?? "Define it under `networks`",
      );
      return undefined;
    }
    this.#used.add(value);
    return network.entries;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  reportUnused(): void {
    for (const [name, network] of this.#byName) {
      if (network.shared || this.#used.has(name)) continue;
      reportLint(
        this.#resolving,
        "unused-network",
        `The network \`${name}\` is not used`,
        network.name.source,
        "Delete it, or name it in a rule",
      );
    }
  }
}

/** The path of a reference, or undefined where it is refused, which is reported here. */
const pathOf = (resolving: Resolving, named: Located<string>, from: string): string | undefined => {
  const reference = referencePath(named.value, from);
  if (reference.ok) return reference.path;
  resolving.problems.error(
    "path-outside-policy-folder",
    `The file \`${named.value}\` is not read: ${reference.reason}`,
    named.source,
    "Name a file beside the policy or in a folder below it, by a relative path",
  );
  return undefined;
};

const missing = (
  resolving: Resolving,
  path: string,
  reason: string | undefined,
  source: SourceRange,
): void => {
  resolving.problems.error(
    "file-missing",
    `The file \`${path}\` cannot be read${reason === undefined ? "" : `: ${reason}`}`,
    source,
    "It must exist, be readable and lie in the policy's folder; no symbolic link may lead out of it",
  );
};

const entriesOf = (
  resolving: Resolving,
  { content }: RawNetwork,
  files: Files,
  from: string,
  policyFile: string,
): readonly PolicyEntry[] => {
  if (content.kind === "list") {
    return content.entries.flatMap((entry) => {
      if (entry.kind !== "prefix") return [];
      const { text, kind: _, ...extras } = entry;
      return resolvePrefix(resolving, text, extras) ?? [];
    });
  }
  const path = pathOf(resolving, content.path, from);
  if (path === undefined) return [];
  const bytes = files.get(path);
  if (typeof bytes === "object") return readNetworkFile(resolving, bytes, besidePolicy(policyFile, path));
  missing(resolving, path, bytes, content.path.source);
  return [];
};

/** `files` is by reference path (`ParsedPolicy.references`); undefined stands for a file that cannot be read. */
export const resolveNetworks = (resolving: Resolving, parsed: ParsedPolicy, files: Files): Networks => {
  const networks = new Networks(resolving);
  const { file, raw } = parsed;
  for (const network of raw.networks) {
    const entries = entriesOf(resolving, network, files, "", file);
    networks.add({ name: network.name, entries, shared: false });
  }
  for (const include of raw.includes) {
    const path = pathOf(resolving, include, "");
    if (path === undefined) continue;
    const bytes = files.get(path);
    if (typeof bytes !== "object") {
      missing(resolving, path, bytes, include.source);
      continue;
    }
    const included = parseInclude(bytes, besidePolicy(file, path));
    resolving.problems.addAll(included.diagnostics);
    for (const network of included.networks) {
      const entries = entriesOf(resolving, network, files, path, file);
      networks.add({ name: network.name, entries, shared: true });
    }
  }
  return networks;
};
