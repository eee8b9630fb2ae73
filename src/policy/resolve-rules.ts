/** Rules by meaning: networks replaced by their prefixes, dates compared, names and prefixes unique. */
import { formatPrefix, type Prefix, parsePrefix, prefixKey } from "../address/prefix.js";
import { listPrefixes } from "../model/address-words.js";
import { diagnostic, fileAndLine, type SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { contradicting } from "../model/rule.js";
import { compareExpiry, expiryTime } from "../model/time.js";
import type { PolicyEntry, PolicyRule } from "./policy.js";
import type { RawEntry, RawPolicy, RawRule } from "./raw-policy.js";
import { type ResolvedEntries, type Resolving, reportLint, resolvePrefix } from "./resolve-entries.js";
import type { Networks } from "./resolve-networks.js";

/** The earlier of two ends, where both an entry and the network's own entry have one. */
const earlier = (a: string | undefined, b: string | undefined): string | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return compareExpiry(a, b) < 0 ? a : b;
};

const viaNetwork = (entry: PolicyEntry, raw: RawEntry & { kind: "network" }): PolicyEntry => {
  const { comment: ownComment, expires: ownDate, ...rest } = entry;
  const comment = ownComment ?? raw.comment;
  const expires = earlier(ownDate, raw.expires);
  return {
    ...rest,
    network: raw.network.value,
    ...present({ comment, expires, enabled: raw.enabled }),
  };
};

/** Entries as prefixes, networks replaced; what cannot be resolved is reported and left out. */
export const resolveEntries = (
  resolving: Resolving,
  networks: Networks,
  entries: readonly RawEntry[],
): ResolvedEntries => {
  const named = new Set<string>();
  const resolved: PolicyEntry[] = [];
  let complete = true;
  for (const entry of entries) {
    if (entry.kind === "unreadable") {
      complete = false;
      continue;
    }
    if (entry.kind === "prefix") {
      const { text, kind: _, ...extras } = entry;
      if (networks.has(text.value) && !parsePrefix(text.value).ok) {
        resolving.problems.add(diagnostic("bad-prefix", { text: text.value, network: true }, text.source));
        complete = false;
        continue;
      }
      const prefix = resolvePrefix(resolving, text, extras);
      if (prefix === undefined) complete = false;
      else resolved.push(prefix);
      continue;
    }
    const { value, source } = entry.network;
    const found = networks.use(entry.network);
    if (named.has(value)) {
      resolving.problems.add(diagnostic("duplicate-network-use", { network: value }, source));
      continue;
    }
    named.add(value);
    complete &&= found.complete;
    // One by one: a network may hold more entries than a call can take arguments.
    for (const item of found.entries) resolved.push(viaNetwork(item, entry));
  }
  return { entries: resolved, complete };
};

/** The networks named, where networks are all that is written. */
export const emptyNetworks = (entries: readonly RawEntry[]): readonly string[] =>
  entries.flatMap((entry) => (entry.kind === "network" ? [entry.network.value] : []));

/** Of two entries with one prefix: the one that is in force longer, in doubt the first. */
const longer = (a: PolicyEntry, b: PolicyEntry): PolicyEntry =>
  a.expires !== undefined && (b.expires === undefined || compareExpiry(b.expires, a.expires) > 0) ? b : a;

/** Entries of one rule whose prefix an earlier one has too, by where the two come from. */
interface Shared {
  readonly before: PolicyEntry;
  readonly again: PolicyEntry;
  readonly prefixes: Prefix[];
}

/** Lists that others maintain may share prefixes, and nobody can change that in the policy. */
const reportShared = (resolving: Resolving, rule: RawRule, { before, again, prefixes }: Shared): void => {
  reportLint(
    resolving,
    diagnostic(
      "same-prefix-in-networks",
      {
        rule: rule.name.value,
        prefixes: listPrefixes(prefixes),
        networks: [before.network, again.network],
        first: fileAndLine(before.source),
      },
      again.source,
    ),
  );
};

/**
 * Each prefix once. Twice among the rule's own entries is an error, since whoever deletes one of them would be
 * wrong about what that does; where a network is part of it, it is a finding of lint, one for each pair of sources.
 */
const withoutRepetitions = (
  resolving: Resolving,
  rule: RawRule,
  entries: readonly PolicyEntry[],
): PolicyEntry[] => {
  const kept = new Map<bigint, PolicyEntry>();
  const shared = new Map<string, Shared>();
  for (const entry of entries) {
    const key = prefixKey(entry.prefix);
    const before = kept.get(key);
    kept.set(key, before === undefined ? entry : longer(before, entry));
    if (before === undefined) continue;
    // In force and disabled at once has no meaning, wherever the two come from.
    if (before.enabled !== entry.enabled || (before.network === undefined && entry.network === undefined)) {
      resolving.problems.add(
        diagnostic(
          "duplicate-prefix",
          {
            prefix: formatPrefix(entry.prefix),
            rule: rule.name.value,
            text: before.text,
            first: fileAndLine(before.source),
          },
          entry.source,
        ),
      );
      continue;
    }
    const sources = JSON.stringify([before.network, entry.network]);
    const known = shared.get(sources);
    if (known === undefined) shared.set(sources, { before, again: entry, prefixes: [entry.prefix] });
    else known.prefixes.push(entry.prefix);
  }
  for (const found of shared.values()) reportShared(resolving, rule, found);
  return [...kept.values()];
};

interface ResolvedRule {
  readonly rule: PolicyRule;
  /** See `ResolvedEntries`. */
  readonly complete: boolean;
}

/** By its dates a rule may become empty, but it may not be written so unless that is said to be meant. */
const reportEmptyRule = ({ problems }: Resolving, { name, entries }: RawRule): void =>
  problems.add(
    diagnostic("rule-without-entries", { rule: name.value, empty: emptyNetworks(entries) }, name.source),
  );

const resolveRule = (resolving: Resolving, networks: Networks, rule: RawRule): ResolvedRule => {
  const { entries, complete } = resolveEntries(resolving, networks, rule.entries);
  const isUnmeant = entries.length === 0 && complete && !rule.allowEmpty;
  if (isUnmeant) reportEmptyRule(resolving, rule);
  return { rule: ruleOf(resolving, rule, entries), complete: complete && !isUnmeant };
};

const ruleOf = (resolving: Resolving, rule: RawRule, entries: readonly PolicyEntry[]): PolicyRule => {
  const own = rule.enabled ? entries : entries.map((entry) => ({ ...entry, enabled: false as const }));
  const all = withoutRepetitions(resolving, rule, own);
  const hasCome = ({ expires }: PolicyEntry): boolean =>
    expires !== undefined && expiryTime(expires) <= resolving.now;
  const disabled = all.filter((entry) => entry.enabled === false && !hasCome(entry));
  return {
    name: rule.name.value,
    type: rule.type,
    description: rule.description,
    previousNames: rule.previousNames.map(({ value }) => value),
    entries: all.filter((entry) => entry.enabled !== false && !hasCome(entry)),
    ...(disabled.length === 0 ? {} : { disabled }),
    expired: all.filter(hasCome),
    source: rule.name.source,
  };
};

const checkNames = ({ problems }: Resolving, rules: readonly RawRule[]): void => {
  const names = new Map<string, SourceRange>();
  for (const { name } of rules) {
    const first = names.get(name.value);
    if (first === undefined) names.set(name.value, name.source);
    else {
      problems.add(diagnostic("duplicate-rule-name", { rule: name.value, line: first.line }, name.source));
    }
  }
  const previous = new Map<string, { readonly rule: string; readonly line: number }>();
  for (const { name, previousNames } of rules) {
    for (const { value, source } of previousNames) {
      const holder = names.get(value);
      const other = previous.get(value);
      if (holder !== undefined) {
        problems.add(
          diagnostic(
            "previous-name-in-use",
            { name: value, line: holder.line, own: value === name.value },
            source,
          ),
        );
      } else if (other !== undefined) {
        problems.add(diagnostic("previous-name-twice", { name: value, line: other.line }, source));
      } else previous.set(value, { rule: name.value, line: source.line });
    }
  }
};

/** A rule cannot be wanted and removed: neither a rule's name nor what it was called before. */
export const checkRemovedRules = (
  { problems }: Resolving,
  { rules, removedRules }: Pick<RawPolicy, "rules" | "removedRules">,
): void => {
  const taken = new Map<string, { readonly line: number; readonly previous: boolean }>();
  for (const { name, previousNames } of rules) {
    for (const { value, source } of previousNames)
      taken.set(value, taken.get(value) ?? { line: source.line, previous: true });
    taken.set(name.value, { line: name.source.line, previous: false });
  }
  const seen = new Map<string, number>();
  for (const { value, source } of removedRules) {
    const holder = taken.get(value);
    const first = seen.get(value);
    if (holder !== undefined)
      problems.add(diagnostic("removed-rule-in-use", { rule: value, ...holder }, source));
    else if (first !== undefined)
      problems.add(diagnostic("removed-rule-twice", { rule: value, line: first }, source));
    else seen.set(value, source.line);
  }
};

/**
 * The service refuses to save a range that is in a rule of the other type (docs/service.md, "Rules"); that a
 * disabled entry keeps its range is assumed.
 */
const checkContradictions = ({ problems }: Resolving, rules: readonly PolicyRule[]): void => {
  if (new Set(rules.map(({ type }) => type)).size < 2) return;
  const all = rules.flatMap((rule) =>
    [...rule.entries, ...(rule.disabled ?? [])].map((entry) => ({
      rule,
      entry,
      type: rule.type,
      prefix: entry.prefix,
    })),
  );
  for (const [before, { rule, entry }] of contradicting(all)) {
    problems.add(
      diagnostic(
        "allowed-and-denied",
        {
          prefix: formatPrefix(entry.prefix),
          allow: (rule.type === "allow" ? rule : before.rule).name,
          deny: (rule.type === "deny" ? rule : before.rule).name,
          other: fileAndLine(before.entry.source),
        },
        entry.source,
      ),
    );
  }
};

/**
 * Without any allow entry, an enforced account allows whatever is not denied. Where there are allow rules, nobody
 * means that, so that neither lint nor `allow_empty` can let it pass.
 */
const checkAllowInForce = ({ problems }: Resolving, resolved: readonly ResolvedRule[]): void => {
  const allows = resolved.filter(({ rule }) => rule.type === "allow");
  // What is missing from a rule has been reported, and may be in force.
  if (allows.some(({ rule, complete }) => rule.entries.length > 0 || !complete)) return;
  const [first] = allows;
  if (first === undefined) return;
  const [disabled] = allows.flatMap(({ rule }) => rule.disabled ?? []);
  if (disabled !== undefined) {
    problems.add(diagnostic("allow-only-disabled", { of: "policy" }, disabled.source));
    return;
  }
  const expired = allows.flatMap(({ rule }) => rule.expired);
  const last = expired.reduce<PolicyEntry | undefined>(
    (latest, entry) =>
      latest === undefined || compareExpiry(entry.expires!, latest.expires!) > 0 ? entry : latest,
    undefined,
  );
  problems.add(
    diagnostic(
      "no-allow-in-force",
      last === undefined
        ? { of: "policy" }
        : { of: "policy", last: { prefix: formatPrefix(last.prefix), expired: last.expires ?? "" } },
      (last ?? first.rule).source,
    ),
  );
};

/** `enforced`: whether the policy asks for enforcement, and all of its rules could be read. */
export const resolveRules = (
  resolving: Resolving,
  networks: Networks,
  raw: readonly RawRule[],
  { enforced }: { readonly enforced: boolean },
): PolicyRule[] => {
  checkNames(resolving, raw);
  const resolved = raw.map((rule) => resolveRule(resolving, networks, rule));
  const rules = resolved.map(({ rule }) => rule);
  checkContradictions(resolving, rules);
  if (enforced) checkAllowInForce(resolving, resolved);
  return rules;
};
