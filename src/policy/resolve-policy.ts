/**
 * From what a policy says to what it means: networks and includes looked up, prefixes parsed, expiry dates
 * compared with `now`, defaults filled in. Every problem at once, in file order; with any error there is no
 * policy, so that nobody can act on half of one.
 */

import { type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { LockOptions } from "./locked-lists.js";
import { besidePolicy, type ParsedPolicy } from "./parse-policy.js";
import type { AddressLimit, Guards, Policy, PolicyEntry, PolicyTest, ReadFile } from "./policy.js";
import { Problems } from "./problems.js";
import type { RawGuards, RawLimit, RawList, RawTest } from "./raw-policy.js";
import type { Resolving } from "./resolve-entries.js";
import { type Networks, resolveNetworks } from "./resolve-networks.js";
import { checkRemovedRules, emptyNetworks, resolveEntries, resolveRules } from "./resolve-rules.js";

/** What a policy without guards gets; docs/policy.md explains the figures. */
const defaultGuards = {
  maxRemovedRules: { count: 3 },
  maxNewlyAllowed: { ipv4: 1n << 16n, ipv6: 1n << 96n },
} as const;

const defaultCutOffWindow = "90d";

/** A number of addresses as it is; a prefix length as the size of such a prefix. */
const addressCount = (limit: RawLimit, bits: number): bigint | undefined => {
  if (typeof limit === "number") return Number.isInteger(limit) && limit >= 0 ? BigInt(limit) : undefined;
  const length = /^\/(\d{1,3})$/.exec(limit)?.[1];
  return length === undefined || Number(length) > bits ? undefined : 1n << BigInt(bits - Number(length));
};

const resolveLimit = ({ maxNewlyAllowed: { ipv4, ipv6 } }: RawGuards): AddressLimit => ({
  ipv4: (ipv4 === undefined ? undefined : addressCount(ipv4, 32)) ?? defaultGuards.maxNewlyAllowed.ipv4,
  ipv6: (ipv6 === undefined ? undefined : addressCount(ipv6, 128)) ?? defaultGuards.maxNewlyAllowed.ipv6,
});

const resolveRemoved = (limit: RawLimit | undefined): NonNullable<Guards["maxRemovedRules"]> => {
  if (limit === undefined) return defaultGuards.maxRemovedRules;
  return typeof limit === "number" ? { count: limit } : { percent: Number(limit.replace("%", "")) };
};

/** The entries of a list that may be absent; `reportEmpty` is called where it is written, and empty. */
const resolveList = (
  resolving: Resolving,
  networks: Networks,
  list: RawList | undefined,
  reportEmpty: (empty: readonly string[], source: SourceRange) => void,
): readonly PolicyEntry[] => {
  if (list === undefined) return [];
  const { entries, complete } = resolveEntries(resolving, networks, list.entries);
  if (entries.length === 0 && complete) reportEmpty(emptyNetworks(list.entries), list.source);
  return entries;
};

/** The window means something only together with the limit. */
const resolveCutOff = ({ maxCutOff, cutOffWindow }: RawGuards): Pick<Guards, "maxCutOff" | "cutOffWindow"> =>
  typeof maxCutOff === "number"
    ? { maxCutOff, cutOffWindow: cutOffWindow?.value ?? defaultCutOffWindow }
    : {};

const resolveGuards = (resolving: Resolving, networks: Networks, raw: RawGuards): Guards => {
  const resolve = (key: string, list: RawList | undefined): readonly PolicyEntry[] =>
    resolveList(resolving, networks, list, (empty, source) => {
      if (raw.allowEmpty) return;
      resolving.problems.add(diagnostic("empty-guard", { key, empty }, source));
    });
  return {
    mustAllow: resolve("must_allow", raw.mustAllow),
    mustDeny: resolve("must_deny", raw.mustDeny),
    maxRemovedRules: resolveRemoved(raw.maxRemovedRules),
    maxNewlyAllowed: resolveLimit(raw),
    ...resolveCutOff(raw),
  };
};

const resolveTest = (resolving: Resolving, networks: Networks, test: RawTest): PolicyTest => {
  const resolve = (key: string, list: RawList | undefined): readonly PolicyEntry[] =>
    resolveList(resolving, networks, list, (empty, source) => {
      if (test.allowEmpty) return;
      resolving.problems.add(diagnostic("empty-test", { key, test: test.name.value, empty }, source));
    });
  return {
    name: test.name.value,
    allowed: resolve("allowed", test.allowed),
    denied: resolve("denied", test.denied),
    source: test.name.source,
  };
};

/**
 * `files` holds the bytes of `parsed.references`, and of `furtherReferences`, by those paths; undefined or a
 * reason stands for a file that cannot be read. With them comes the lock, if there is one, by `parsed.lockReference`.
 * `now` decides which entries have expired.
 */
export const resolvePolicy = (
  parsed: ParsedPolicy,
  files: ReadonlyMap<string, ReadFile>,
  { now, asIs }: LockOptions,
): { readonly policy?: Policy; readonly diagnostics: readonly Diagnostic[] } => {
  const { file, raw } = parsed;
  const resolving: Resolving = {
    now: now.getTime(),
    problems: new Problems(file),
    lint: raw.lint,
  };
  const networks = resolveNetworks(resolving, parsed, files, { asIs, now });
  const enforced = raw.enforcement === "enabled" && !parsed.incomplete;
  const rules = resolveRules(resolving, networks, raw.rules, { enforced });
  checkRemovedRules(resolving, raw);
  const tests = raw.tests.map((test) => resolveTest(resolving, networks, test));
  const guards = resolveGuards(resolving, networks, raw.guards);
  // Where a rule could not be read, nobody knows which networks it uses.
  if (!parsed.incomplete) networks.reportUnused();
  const diagnostics = resolving.problems.list();
  if (parsed.incomplete || resolving.problems.hasErrors) return { diagnostics };
  const policy: Policy = {
    account: {
      ...present({ id: raw.accountId }),
      ...(raw.host === undefined ? {} : { host: raw.host.value, hostSource: raw.host.source }),
    },
    enforcement: raw.enforcement ?? "ignore",
    unmanagedRules: raw.unmanagedRules ?? "keep",
    keySources: raw.keySources,
    rules,
    removedRules: raw.removedRules.map(({ value, source }) => ({ name: value, source })),
    tests,
    guards,
    lint: raw.lint,
    file,
    otherFiles: [...files.keys()].map((reference) => besidePolicy(file, reference)),
  };
  return { policy, diagnostics };
};
