/**
 * An account as a policy that plans to nothing. Names and descriptions come from the account and may hold anything; they
 * are quoted so that they come back as they were.
 */

import { comparePrefixes, type Prefix, prefixKey } from "../address/prefix.js";
import { validatePolicy } from "../generated/validators.js";
import { isPlainAscii } from "../model/cells.js";
import { isReservedName, isStaleTemporary, reservedNamePrefix } from "../model/reserved-names.js";
import { hasDisabledAllow } from "../model/rule.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { formatPolicy } from "./format-policy.js";
import { canonicalSpelling, commentLines, widestLine, writePolicyPrefix, writeText } from "./yaml-text.js";

/** The line by which an editor finds the schema. */
export const modeline = (schema: string): string => `# yaml-language-server: $schema=${schema}`;

/** Prefixes that a rule holds by a network. */
interface Group {
  readonly name: string;
  readonly prefixes: readonly Prefix[];
  readonly keys: ReadonlySet<bigint>;
  readonly rules: ReadonlySet<SnapshotRule>;
}

/** What is worth saying of where a rule comes from; dates only if they look like dates. */
const ruleComment = ({ id, createdAt, updatedAt }: SnapshotRule): string => {
  const dated = (label: string, at: string | undefined): string[] =>
    at !== undefined && /^\d{4}-\d{2}-\d{2}/.test(at) ? [`${label} ${at.slice(0, 10)}`] : [];
  return [`# rule ${id}`, ...dated("created", createdAt), ...dated("changed", updatedAt)].join(", ");
};

/** Of an entry's prefix, the ids of the rules that hold it, and their types. */
export type Holders = ReadonlyMap<bigint, readonly Pick<SnapshotRule, "id" | "type">[]>;

/**
 * The prefixes that a rule allows and another denies, at least one of them by an entry that is disabled: no policy may
 * hold both. Where both are in force nothing is imported (`checkSnapshot`).
 */
export const prefixesOfBothTypes = (rules: readonly SnapshotRule[]): Holders => {
  const holders = new Map<bigint, SnapshotRule[]>();
  for (const rule of rules)
    for (const { prefix } of [...rule.entries, ...(rule.disabled ?? [])]) {
      const key = prefixKey(prefix);
      const known = holders.get(key);
      if (known === undefined) holders.set(key, [rule]);
      else if (!known.includes(rule)) known.push(rule);
    }
  return new Map([...holders].filter(([, own]) => new Set(own.map(({ type }) => type)).size > 1));
};

const clashLines = (prefix: Prefix, type: SnapshotRule["type"], clashes: Holders): string[] => {
  const other = clashes.get(prefixKey(prefix))?.find((rule) => rule.type !== type);
  if (other === undefined) return [];
  return commentLines(
    `Rule ${other.id} ${other.type === "deny" ? "denies" : "allows"} this too. No policy may hold both, so this file is refused as it is: delete one of the two entries, here and on the account.`,
    widestLine - 6,
  );
};

const entryLines = ({ prefix, text }: SnapshotEntry, disabled: boolean): string[] => {
  const written = writePolicyPrefix(prefix);
  const differs = canonicalSpelling(text) !== written && /^[0-9A-Fa-f:./]+$/.test(text);
  // In block style: of `{ … }`, yamllint and Prettier want different spaces.
  const lines = disabled
    ? [`- cidr: ${writeText(written)}`, "  enabled: false"]
    : [`- ${writeText(written)}`];
  return [...(differs ? [`# typed as ${text}`] : []), ...lines];
};

/** A rule's lines, as an item of `rules` without indentation. */
export const ruleLines = (rule: SnapshotRule, groups: readonly Group[], clashes: Holders): string[] => {
  const mine = groups.filter(({ rules }) => rules.has(rule));
  const seen = new Set(mine.flatMap(({ keys }) => [...keys]));
  const isNew = ({ prefix }: SnapshotEntry): boolean => {
    const isKnown = seen.has(prefixKey(prefix));
    seen.add(prefixKey(prefix));
    return !isKnown;
  };
  const alsoDisabled = new Set(rule.disabled?.map(({ prefix }) => prefixKey(prefix)));
  const linesOf = (list: readonly SnapshotEntry[], disabled: boolean): string[] =>
    list
      .filter(isNew)
      .flatMap((entry) => [
        ...clashLines(entry.prefix, rule.type, clashes),
        ...(!disabled && alsoDisabled.has(prefixKey(entry.prefix))
          ? ["# there as a disabled entry too, which changes nothing"]
          : []),
        ...entryLines(entry, disabled),
      ]);
  const entries = linesOf(rule.entries, false);
  const disabled = linesOf(rule.disabled ?? [], true);
  const lines = [...mine.map(({ name }) => `- network: ${name}`), ...entries, ...disabled];
  return [
    ruleComment(rule),
    `- name: ${writeText(rule.name)}`,
    `  type: ${rule.type}`,
    ...(rule.description === "" ? [] : [`  description: ${writeText(rule.description)}`]),
    ...(lines.length === 0
      ? ["  allow_empty: true", "  cidrs: []"]
      : ["  cidrs:", ...lines.map((line) => `    ${line}`)]),
  ];
};

/** At least two prefixes that exactly the same rules hold, of one type and at least two. */
const sharedGroups = (rules: readonly SnapshotRule[]): Group[] => {
  const holders = new Map<bigint, { readonly prefix: Prefix; readonly rules: Set<SnapshotRule> }>();
  for (const rule of rules) {
    for (const { prefix } of rule.entries) {
      const found = holders.get(prefixKey(prefix));
      if (found === undefined) holders.set(prefixKey(prefix), { prefix, rules: new Set([rule]) });
      else found.rules.add(rule);
    }
  }
  const bySignature = new Map<string, { prefixes: Prefix[]; readonly rules: Set<SnapshotRule> }>();
  for (const { prefix, rules: own } of holders.values()) {
    if (own.size < 2 || new Set([...own].map(({ type }) => type)).size > 1) continue;
    const signature = [...own].map((rule) => rules.indexOf(rule)).join(",");
    const group = bySignature.get(signature);
    if (group === undefined) bySignature.set(signature, { prefixes: [prefix], rules: own });
    else group.prefixes.push(prefix);
  }
  return [...bySignature.values()]
    .filter(({ prefixes }) => prefixes.length > 1)
    .map(({ prefixes, rules: own }, index) => ({
      name: `shared-${index + 1}`,
      prefixes: prefixes.toSorted(comparePrefixes),
      keys: new Set(prefixes.map(prefixKey)),
      rules: own,
    }));
};

/**
 * What becomes of a rule: a left-over of an apply that broke off is removed by the next one, whatever the policy
 * says; what has no name, or one that no policy may use, stays as it is.
 */
type Disposition = "imported" | "left-over" | "unnameable";

const dispositionOf = (rule: SnapshotRule): Disposition => {
  const { name, type, description, entries } = rule;
  const prefixes = entries.map(({ prefix }) => prefix);
  if (isStaleTemporary({ name, type, description, prefixes })) return "left-over";
  return rule.name === "" || isReservedName(rule.name) ? "unnameable" : "imported";
};

export const rulesByDisposition = ({
  rules,
}: Pick<Snapshot, "rules">): Readonly<Record<Disposition, readonly SnapshotRule[]>> => {
  const found: Record<Disposition, SnapshotRule[]> = { imported: [], "left-over": [], unnameable: [] };
  for (const rule of rules) found[dispositionOf(rule)].push(rule);
  return found;
};

const leftOutLines = (leftOver: number, unnameable: number): string[] => [
  ...(leftOver === 0
    ? []
    : commentLines(
        `Left out: ${leftOver} temporary rules of an apply that broke off. The next apply removes them.`,
      )),
  ...(unnameable === 0
    ? []
    : commentLines(
        `Left out, and unmanaged: ${unnameable} rules without a name, or with one that begins with "${reservedNamePrefix}". Rename them on the account.`,
      )),
];

/** Whether there are allow rules and none with an entry, so that an enforced account lets in whatever is not denied. */
const isOpen = ({ enforcement, rules }: Snapshot): boolean => {
  const allows = rulesByDisposition({ rules }).imported.filter(({ type }) => type === "allow");
  return (
    enforcement !== "disabled" && allows.length > 0 && allows.every(({ entries }) => entries.length === 0)
  );
};

const openLines = commentLines(
  "No allow rule has an entry, so every address that is not denied is allowed. This file is refused as it is: give one of them an entry; or, if the account is to be open, delete the allow rules, here and on the account.",
);

/** Whether the account then lets in everybody or nobody is not documented (docs/service.md, "Rules"). */
const onlyDisabledLines = commentLines(
  "Every allow entry is disabled, and it is not documented what the account lets in then. This file is refused as it is: enable one of them; or, if the account is to be open, set `enforcement: disabled`.",
);

const headerLines = (snapshot: Snapshot): string[] => {
  const { accountId, host, enforcement } = snapshot;
  const fits = isPlainAscii(host) && validatePolicy({ version: 1, account: { host }, rules: [] });
  const { imported, "left-over": leftOver, unnameable } = rulesByDisposition(snapshot);
  return [
    ...commentLines(
      `The IP restrictions of account ${accountId}, as they are${leftOver.length > 0 || isOpen(snapshot) || prefixesOfBothTypes(imported).size > 0 ? "." : ": a plan of this file finds nothing to change."}`,
    ),
    ...commentLines(
      `${imported.length} ${imported.length === 1 ? "rule was" : "rules were"} imported. Comments say which rule each was, and what was typed in another way.`,
    ),
    ...leftOutLines(leftOver.length, unnameable.length),
    ...(isOpen(snapshot) ? (imported.some(hasDisabledAllow) ? onlyDisabledLines : openLines) : []),
    "",
    "version: 1",
    "account:",
    `  id: ${accountId}`,
    ...(fits ? [`  host: ${writeText(host)}`] : []),
    ...(enforcement === "unknown"
      ? ["# The account does not show whether its rules are enforced.", "enforcement: ignore"]
      : [`enforcement: ${enforcement}`]),
    "# Rules on the account that this file does not name stay as they are.",
    "unmanaged_rules: keep",
    ...commentLines(
      "Uncomment, with an address of somebody who could fix a mistake: a plan that blocks it is refused.",
    ),
    "# guards:",
    "#   must_allow: [203.0.113.10]",
  ];
};

interface ImportOptions {
  /** Turn sets of prefixes that several rules share into networks. */
  readonly group?: boolean;
  /** Where an editor finds the schema, from the policy's folder: the first line names it. */
  readonly schema?: string;
}

/** The account as a policy in canonical form. No two rules of the snapshot share a name (`checkSnapshot`). */
export const policyFromSnapshot = (
  snapshot: Snapshot,
  { group = false, schema }: ImportOptions = {},
): string => {
  const { imported: rules } = rulesByDisposition(snapshot);
  const groups = group ? sharedGroups(rules) : [];
  const clashes = prefixesOfBothTypes(rules);
  const networks = groups.flatMap(({ name, prefixes }) => [
    `  ${name}:`,
    ...prefixes.map((prefix) => `    - ${writeText(writePolicyPrefix(prefix))}`),
  ]);
  const items = rules.flatMap((rule) => ["", ...ruleLines(rule, groups, clashes).map((line) => `  ${line}`)]);
  const text = [
    ...(schema === undefined ? [] : [modeline(schema)]),
    "---",
    ...headerLines(snapshot),
    ...(networks.length === 0 ? [] : ["", "networks:", ...networks]),
    "",
    ...(items.length === 0 ? ["rules: []"] : ["rules:", ...items.slice(1)]),
  ].join("\n");
  return formatPolicy(`${text}\n`);
};
