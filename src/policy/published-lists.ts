/** The published lists that a policy and its includes ask for, and who uses them: what `lists update` begins with. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { ListSource } from "./list-source.js";
import { type Lock, parseLock } from "./lock.js";
import { besidePolicy, type ParsedPolicy } from "./parse-policy.js";
import type { ReadFile } from "./policy.js";
import { Problems } from "./problems.js";
import { sourcesIn, type WrittenNetwork, writtenNetworks } from "./resolve-networks.js";

export interface PublishedLists {
  readonly sources: readonly ListSource[];
  /** By the name of a list: the names of the rules that it is part of, also through other networks. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** As it is, whatever the policy asks for; empty where it is not there. One that cannot be read is an error. */
  readonly lock: Lock;
  /** Lists of the lock that somebody edited by hand. */
  readonly edited: ReadonlySet<string>;
  /** With an error among them, nothing of this may be used. */
  readonly diagnostics: readonly Diagnostic[];
}

export const publishedLists = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
  now: Date,
): PublishedLists => {
  const problems = new Problems(parsed.file);
  const resolving = { now: now.getTime(), problems, lint: parsed.raw.lint };
  const { written } = writtenNetworks(resolving, parsed, files);
  const sources = sourcesIn(resolving, written);
  const { damage, ...lock } = lockOf(parsed, files);
  return {
    sources,
    rules: rulesByList(parsed, written, sources),
    ...lock,
    diagnostics: [...problems.list(), ...(damage === undefined ? [] : [damage])],
  };
};

const lockOf = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
): Pick<PublishedLists, "lock" | "edited"> & { readonly damage?: Diagnostic } => {
  const bytes = files.get(parsed.lockReference);
  const none = { lock: new Map(), edited: new Set<string>() };
  if (typeof bytes !== "object") return none;
  const read = parseLock(bytes, besidePolicy(parsed.file, parsed.lockReference), parsed.file);
  return read.ok
    ? { lock: read.lock, edited: new Set(read.edited.keys()) }
    : { ...none, damage: read.diagnostic };
};

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

const rulesByList = (
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
