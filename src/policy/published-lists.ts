/**
 * The networks that a policy and its includes have written, and the published lists that these ask for: a list's URL and
 * where its prefixes are in it, a name of the catalogue looked up. What `lists update` fetches, and what the lock is
 * compared with.
 */
import { type Diagnostic, diagnostic, hasErrors, type SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { catalogueEntry, listCatalogue } from "./list-catalogue.js";
import { besidePolicy, type ParsedPolicy, parseInclude, referencePath } from "./parse-policy.js";
import type { ReadFile } from "./policy.js";
import type { Located, RawContent, RawInclude, RawNetwork } from "./raw-policy.js";
import type { ListFormat } from "./read-list.js";
import type { Resolving } from "./resolve-entries.js";
import { suggest } from "./suggest.js";

/** By reference path; undefined stands for a file that cannot be read. */
export type Files = ReadonlyMap<string, ReadFile>;

/** A published list, as the policy or one of its includes asks for it. */
export interface ListSource {
  /** Of its network, which its entry in the lock has too. */
  readonly name: Located<string>;
  /** https, as written. */
  readonly url: string;
  readonly format: ListFormat;
  readonly hostBits: "error" | "allow";
  readonly allowEmpty: boolean;
  /** Percent; absent: no limit. */
  readonly maxChange?: number;
  /** Days. */
  readonly maxAge: number;
}

/** Days after which a list is old, where the policy does not say. */
const defaultMaxAge = 90;

type SourceContent = Extract<RawContent, { kind: "source" }>;

type FoundSource =
  | { readonly ok: true; readonly source: ListSource }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** A published list has an https URL; what could carry a secret is refused. */
const urlProblem = (text: string): "not-a-url" | "not-https" | "credentials" | undefined => {
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return "not-a-url";
  const url = new URL(text);
  if (url.protocol !== "https:") return "not-https";
  return url.username === "" && url.password === "" ? undefined : "credentials";
};

const listOf = ({
  source,
  reader,
}: SourceContent):
  | { readonly url: string; readonly format: ListFormat }
  | { readonly problem: Diagnostic } => {
  const { value } = source;
  const select = reader.select?.value;
  if (!value.includes("/") && !value.includes(":")) {
    const entry = catalogueEntry(value);
    if (entry === undefined) {
      const meant = suggest(
        value,
        listCatalogue.map(({ name }) => name),
      );
      return { problem: diagnostic("unknown-list", { list: value, meant }, source.source) };
    }
    const found = reader.column === undefined ? entry.find(select) : undefined;
    if (found !== undefined)
      return { url: found.url, format: present({ select: found.select, column: found.column }) };
    const { selections, whole } = entry;
    const args = { list: entry.name, select, selections, whole, column: reader.column !== undefined };
    const place = reader.column ?? reader.select ?? source;
    return { problem: diagnostic("unknown-selection", args, place.source) };
  }
  const problem = urlProblem(value);
  if (problem !== undefined)
    return {
      problem: diagnostic(
        "bad-source",
        { problem, url: problem === "credentials" ? undefined : value },
        source.source,
      ),
    };
  return { url: value, format: present({ select, column: reader.column?.value }) };
};

/** The published list that a network asks for; undefined for a network of another kind. */
const sourceOf = ({ name, content, allowEmpty }: RawNetwork): FoundSource | undefined => {
  if (content.kind !== "source") return undefined;
  const { reader, maxChange, maxAge } = content;
  const found = listOf(content);
  if ("problem" in found) return { ok: false, diagnostic: found.problem };
  const percent = Number.parseFloat(maxChange?.value ?? "");
  const days = Number.parseInt(maxAge?.value ?? "", 10);
  return {
    ok: true,
    source: {
      name,
      ...found,
      hostBits: reader.hostBits ?? "error",
      allowEmpty,
      ...(Number.isNaN(percent) ? {} : { maxChange: percent }),
      maxAge: Number.isNaN(days) ? defaultMaxAge : days,
    },
  };
};

/** A network as written, and by which file. */
export interface WrittenNetwork {
  readonly raw: RawNetwork;
  /** The file's reference path; "" for the policy. */
  readonly from: string;
}

/** The path of a reference, or undefined where it is refused, which is reported here. */
export const pathOf = (resolving: Resolving, named: Located<string>, from: string): string | undefined => {
  const reference = referencePath(named.value, from);
  if (reference.ok) return reference.path;
  resolving.problems.add(
    diagnostic("path-outside-policy-folder", { path: named.value, reason: reference.reason }, named.source),
  );
  return undefined;
};

export const reportMissing = (
  resolving: Resolving,
  path: string,
  reason: string | undefined,
  source: SourceRange,
): void => {
  resolving.problems.add(diagnostic("file-missing", { path, reason }, source));
};

/** The networks of an include file; an error where it holds none and is not meant to. */
const includedNetworks = (
  resolving: Resolving,
  { path, allowEmpty }: RawInclude,
  bytes: Uint8Array,
  file: string,
): { readonly networks: readonly RawNetwork[]; readonly whole: boolean } => {
  const { networks, diagnostics } = parseInclude(bytes, file);
  resolving.problems.addAll(diagnostics);
  const whole = !hasErrors(diagnostics);
  if (networks.length === 0 && whole && !allowEmpty)
    resolving.problems.add(diagnostic("empty-include", { file, path: path.value }, path.source));
  return { networks, whole };
};

/** Every network of the policy and of its includes; `whole` where all of them could be read. */
export const writtenNetworks = (
  resolving: Resolving,
  parsed: ParsedPolicy,
  files: Files,
): { readonly written: readonly WrittenNetwork[]; readonly whole: boolean } => {
  const { file, raw } = parsed;
  const written: WrittenNetwork[] = raw.networks.map((network) => ({ raw: network, from: "" }));
  let whole = !parsed.incomplete;
  for (const include of raw.includes) {
    const path = pathOf(resolving, include.path, "");
    const bytes = path === undefined ? undefined : files.get(path);
    if (path === undefined || typeof bytes !== "object") {
      if (path !== undefined && typeof bytes !== "object")
        reportMissing(resolving, path, bytes, include.path.source);
      whole = false;
      continue;
    }
    const included = includedNetworks(resolving, include, bytes, besidePolicy(file, path));
    whole &&= included.whole;
    for (const network of included.networks) written.push({ raw: network, from: path });
  }
  return { written, whole };
};

/** What the networks ask for by `source`; what is wrong with one is reported. */
export const sourcesIn = (resolving: Resolving, written: readonly WrittenNetwork[]): ListSource[] =>
  written.flatMap(({ raw }) => {
    const found = sourceOf(raw);
    if (found === undefined) return [];
    if (found.ok) return [found.source];
    resolving.problems.add(found.diagnostic);
    return [];
  });

/** The names of the networks that one is made of, itself among them. */
const partsOf = (written: readonly WrittenNetwork[]): ((name: string) => ReadonlySet<string>) => {
  const direct = new Map(
    written.map(({ raw: { name, content, except } }) => [
      name.value,
      [...(content.kind === "network" ? [content.network.value] : []), ...except.map(({ value }) => value)],
    ]),
  );
  return (name) => {
    const parts = new Set([name]);
    // A set takes in what is added while it is walked, and nothing twice.
    for (const part of parts) for (const next of direct.get(part) ?? []) parts.add(next);
    return parts;
  };
};

/** By the name of a list: the names of the rules that it is part of, also through other networks. */
export const rulesByList = (
  { raw }: ParsedPolicy,
  written: readonly WrittenNetwork[],
  sources: readonly ListSource[],
): ReadonlyMap<string, readonly string[]> => {
  const parts = partsOf(written);
  const users = raw.rules.map(({ name, entries }) => ({
    rule: name.value,
    networks: new Set(
      entries.flatMap((entry) => (entry.kind === "network" ? [...parts(entry.network.value)] : [])),
    ),
  }));
  return new Map(
    sources.map(({ name: { value } }) => [
      value,
      users.flatMap(({ rule, networks }) => (networks.has(value) ? [rule] : [])),
    ]),
  );
};
