/**
 * An account as a policy: `policyFromSnapshot` writes one that plans to nothing, `mergeIntoPolicy` adds the
 * rules that an existing one lacks and leaves every other byte alone. Names and descriptions come from the
 * account and may hold anything; they are quoted so that they come back as they were.
 */
import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLSeq } from "yaml";
import { comparePrefixes, type Prefix, prefixKey } from "../address/prefix.js";
import { validatePolicy } from "../generated/validators.js";
import { isPlainAscii } from "../model/cells.js";
import { hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { isReservedName, isStaleTemporary, reservedNamePrefix } from "../model/reserved-names.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { formatPolicy } from "./format-policy.js";
import { parsePolicy } from "./parse-policy.js";
import { canonicalSpelling, writePolicyPrefix, writeText } from "./spelling.js";
import { parserOptions } from "./yaml.js";

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

/** Of a comment in the file, its `#` included; a rule's are behind two blanks, an entry's behind six. */
const widestComment = 80;

/** A comment on as many lines as it takes. */
const commentLines = (text: string, width = widestComment): string[] =>
  text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
    return lines;
  }, []);

/** Of an entry's prefix, the ids of the rules that hold it, and their types. */
type Holders = ReadonlyMap<bigint, readonly Pick<SnapshotRule, "id" | "type">[]>;

/**
 * The prefixes that a rule allows and another denies, at least one of them by an entry that is disabled: no policy may
 * hold both. Where both are in force nothing is imported (`checkSnapshot`).
 */
const heldByBothTypes = (rules: readonly SnapshotRule[]): Holders => {
  const holders = new Map<bigint, SnapshotRule[]>();
  for (const rule of rules)
    for (const { prefix } of [...rule.entries, ...(rule.disabled ?? [])]) {
      const key = prefixKey(prefix);
      const known = holders.get(key);
      if (known === undefined) holders.set(key, [rule]);
      else if (!known.includes(rule)) known.push(rule);
    }
  return new Map([...holders].filter(([, held]) => new Set(held.map(({ type }) => type)).size > 1));
};

const clashLines = (prefix: Prefix, type: SnapshotRule["type"], clashes: Holders): string[] => {
  const other = clashes.get(prefixKey(prefix))?.find((rule) => rule.type !== type);
  if (other === undefined) return [];
  return commentLines(
    `Rule ${other.id} ${other.type === "deny" ? "denies" : "allows"} this too. No policy may hold both, so this file is refused as it is: delete one of the two entries, here and on the account.`,
    widestComment - 6,
  );
};

const entryLines = ({ prefix, text }: SnapshotEntry, disabled: boolean): string[] => {
  const written = writePolicyPrefix(prefix);
  const differs = canonicalSpelling(text) !== written && /^[0-9A-Fa-f:./]+$/.test(text);
  const entry = disabled ? `{ cidr: ${writeText(written)}, enabled: false }` : writeText(written);
  return [...(differs ? [`# typed as ${text}`] : []), `- ${entry}`];
};

/** A rule's lines, as an item of `rules` without indentation. */
const ruleLines = (rule: SnapshotRule, groups: readonly Group[], clashes: Holders): string[] => {
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
  for (const { prefix, rules: held } of holders.values()) {
    if (held.size < 2 || new Set([...held].map(({ type }) => type)).size > 1) continue;
    const signature = [...held].map((rule) => rules.indexOf(rule)).join(",");
    const group = bySignature.get(signature);
    if (group === undefined) bySignature.set(signature, { prefixes: [prefix], rules: held });
    else group.prefixes.push(prefix);
  }
  return [...bySignature.values()]
    .filter(({ prefixes }) => prefixes.length > 1)
    .map(({ prefixes, rules: held }, index) => ({
      name: `shared-${index + 1}`,
      prefixes: prefixes.toSorted(comparePrefixes),
      keys: new Set(prefixes.map(prefixKey)),
      rules: held,
    }));
};

/**
 * What becomes of a rule: a left-over of an apply that broke off is removed by the next one, whatever the policy
 * says; what has no name, or one that no policy may use, stays as it is.
 */
type Fate = "imported" | "left-over" | "unnameable";

const fateOf = (rule: SnapshotRule): Fate => {
  const { name, type, description, entries } = rule;
  const prefixes = entries.map(({ prefix }) => prefix);
  if (isStaleTemporary({ name, type, description, prefixes })) return "left-over";
  return rule.name === "" || isReservedName(rule.name) ? "unnameable" : "imported";
};

const rulesByFate = ({ rules }: Pick<Snapshot, "rules">): Readonly<Record<Fate, readonly SnapshotRule[]>> => {
  const found: Record<Fate, SnapshotRule[]> = { imported: [], "left-over": [], unnameable: [] };
  for (const rule of rules) found[fateOf(rule)].push(rule);
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

const hasDisabledAllow = ({ type, disabled = [] }: SnapshotRule): boolean =>
  type === "allow" && disabled.length > 0;

/** Whether there are allow rules and none with an entry, so that an enforced account lets in whatever is not denied. */
const isOpen = ({ enforcement, rules }: Snapshot): boolean => {
  const allows = rulesByFate({ rules }).imported.filter(({ type }) => type === "allow");
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
  const { imported, "left-over": leftOver, unnameable } = rulesByFate(snapshot);
  return [
    ...commentLines(
      `The IP restrictions of account ${accountId}, as they are${leftOver.length > 0 || isOpen(snapshot) || heldByBothTypes(imported).size > 0 ? "." : ": a plan of this file finds nothing to change."}`,
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
      ? ["# The account did not tell whether its rules are enforced.", "enforcement: ignore"]
      : [`enforcement: ${enforcement}`]),
    "# Rules on the account that this file does not name stay as they are.",
    "unmanaged_rules: keep",
    ...commentLines(
      "Uncomment, with an address of somebody who could fix a mistake: a plan that blocks it is refused.",
    ),
    "# guards: { must_allow: [203.0.113.10] }",
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
  const { imported: rules } = rulesByFate(snapshot);
  const groups = group ? sharedGroups(rules) : [];
  const clashes = heldByBothTypes(rules);
  const networks = groups.flatMap(({ name, prefixes }) => [
    `  ${name}:`,
    ...prefixes.map((prefix) => `    - ${writeText(writePolicyPrefix(prefix))}`),
  ]);
  const items = rules.flatMap((rule) => ["", ...ruleLines(rule, groups, clashes).map((line) => `  ${line}`)]);
  const text = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    "---",
    ...headerLines(snapshot),
    ...(networks.length === 0 ? [] : ["", "networks:", ...networks]),
    "",
    ...(items.length === 0 ? ["rules: []"] : ["rules:", ...items.slice(1)]),
  ].join("\n");
  return formatPolicy(`${text}\n`);
};

const rulesNode = (document: Document): YAMLSeq | undefined => {
  const root = document.contents;
  const value = isMap(root)
    ? root.items.find(({ key }) => isScalar(key) && key.value === "rules")?.value
    : undefined;
  return isSeq(value) ? value : undefined;
};

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
};

/** The text with the rules behind the last one, in the indentation of the list; undefined in flow style. */
const appended = (text: string, rules: readonly SnapshotRule[], clashes: Holders): string | undefined => {
  const list = rulesNode(parseDocument(text, parserOptions));
  const start = list?.range?.[0];
  const last: unknown = list?.items.at(-1);
  if (list === undefined || start === undefined) return undefined;
  const items = rules.map((rule) => ruleLines(rule, [], clashes).map((line) => `  ${line}\n`));
  const lines = formatPolicy(`rules:\n${items.map((item) => item.join("")).join("\n")}`)
    .trimEnd()
    .split("\n")
    .slice(1);
  const block = (indent: string): string =>
    lines.map((line) => `${line === "" ? "" : indent}${line.slice(2)}\n`).join("");
  if (list.items.length === 0) {
    // `rules: []`: the brackets go, and what stands behind them on the line stays.
    const end = list.range![1];
    const rest = lineEnd(text, end);
    const tail = text.slice(rest + 1);
    return `${text.slice(0, start).trimEnd()}${text.slice(end, rest)}\n${block("  ")}${tail}`;
  }
  const range = isMap(last) ? last.range : undefined;
  if (list.flow || !range) return undefined;
  const indent = " ".repeat(start - text.lastIndexOf("\n", start - 1) - 1);
  const end = lineEnd(text, text.slice(0, range[1]).trimEnd().length);
  return `${text.slice(0, end)}\n\n${block(indent)}${text.slice(end + 1)}`;
};

const rulesOf = (text: string): unknown[] | undefined => {
  const document = parseDocument(text, parserOptions);
  const value: unknown = document.errors.length > 0 ? undefined : document.toJS();
  if (typeof value !== "object" || value === null || !("rules" in value)) return undefined;
  return Array.isArray(value.rules) ? value.rules : undefined;
};

/** By the tree instead of the text: for lists in brackets. Comments stay, but spacing may change. */
const appendedByTree = (text: string, rules: readonly SnapshotRule[], clashes: Holders): string => {
  const document = parseDocument(text, parserOptions);
  const list = rulesNode(document);
  for (const rule of rules) {
    const item = parseDocument(ruleLines(rule, [], clashes).join("\n"), parserOptions).contents;
    if (isSeq(item)) list?.items.push(...item.items);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
};

interface MergedPolicy {
  readonly text: string;
  /** Names of the rules that were added, in the order of the account. */
  readonly added: readonly string[];
}

/**
 * Adds the account's rules that the policy names neither as rule nor as previous name, nor as one to remove. The same text comes
 * back where there are none. Throws `Failure` with the diagnostics of a policy that has errors.
 */
export const mergeIntoPolicy = (text: string, snapshot: Snapshot): MergedPolicy => {
  const { parsed, diagnostics } = parsePolicy(new TextEncoder().encode(text), "policy");
  if (parsed === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  const { rules: own, removedRules } = parsed.raw;
  const known = new Set([
    ...own.flatMap(({ name, previousNames }) => [name.value, ...previousNames.map(({ value }) => value)]),
    ...removedRules.map(({ value }) => value),
  ]);
  const { imported } = rulesByFate(snapshot);
  const missing = imported.filter(({ name }) => !known.has(name));
  if (missing.length === 0) return { text, added: [] };
  const before = rulesOf(text) ?? [];
  const fits = (candidate: string | undefined): candidate is string => {
    const after = candidate === undefined ? undefined : rulesOf(candidate);
    return (
      after?.length === before.length + missing.length &&
      isDeepStrictEqual(after.slice(0, before.length), before)
    );
  };
  const clashes = heldByBothTypes(imported);
  const spliced = appended(text, missing, clashes);
  const merged = fits(spliced) ? spliced : appendedByTree(text, missing, clashes);
  if (!fits(merged)) throw new Error("merging lost a rule");
  return { text: merged, added: missing.map(({ name }) => name) };
};
