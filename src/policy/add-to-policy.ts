/**
 * A policy's text with something added: an entry that ends at an instant (`grantIn`), or the rules of an account that it
 * lacks (`mergeIntoPolicy`). What is added is written into the text, so that nothing else moves; where that is not possible
 * the text is written anew. Promises: apart from what was added, the policy says what it said before.
 */

import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { type Prefix, parsePrefix, samePrefix } from "../address/prefix.js";
import type { GrantProblem } from "../model/codes/undo.js";
import { hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import { expiryTime } from "../model/time.js";
import { formatPolicy } from "./format-policy.js";
import { type Holders, prefixesOfBothTypes, ruleLines, rulesByDisposition } from "./import-policy.js";
import { parsePolicy } from "./parse-policy.js";
import { columnOf } from "./place-comments.js";
import { parserOptions } from "./yaml.js";
import { writePolicyPrefix, writeText } from "./yaml-text.js";

export interface Grant {
  readonly rule: string;
  readonly prefix: Prefix;
  readonly reason: string;
  /** RFC 3339, UTC. */
  readonly expires: string;
}

export type GrantedText =
  | { readonly ok: true; readonly text: string; readonly createsRule: boolean; readonly extends: boolean }
  | { readonly ok: false; readonly problem: GrantProblem };

const pairOf = (node: unknown, key: string): Pair | undefined =>
  isMap(node) ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;

const textOf = (node: unknown, key: string): string | undefined => {
  const value = pairOf(node, key)?.value;
  return isScalar(value) && typeof value.value === "string" ? value.value : undefined;
};

const listOf = (node: unknown, key: string): YAMLSeq | undefined => {
  const value = pairOf(node, key)?.value;
  return isSeq(value) ? value : undefined;
};

/** The ends of what the parser made of a piece of text; it sets them on every node that it made. */
const rangeOf = (node: { readonly range?: readonly [number, number, number] | null | undefined }) => {
  const { range } = node;
  if (range === null || range === undefined) throw new Error("a node without a place");
  return { start: range[0], end: range[1] };
};

const splice = (text: string, start: number, end: number, piece: string): string =>
  text.slice(0, start) + piece + text.slice(end);

/** Behind the last item, with the comment on its line; `lines` in the indentation of the list. */
const appendLines = (text: string, list: YAMLSeq, lines: readonly string[], gap: string): string => {
  const { start, end } = rangeOf(list.items.at(-1) as YAMLMap);
  const column = columnOf(text, rangeOf(list).start);
  const last = text.slice(0, Math.max(start, end)).trimEnd().length;
  const newline = text.indexOf("\n", last);
  const at = newline < 0 ? text.length : newline;
  const block = lines.map((line) => `\n${" ".repeat(column)}${line}`).join("");
  return splice(text, at, at, gap + block);
};

const entryLines = ({ prefix, reason, expires }: Grant): string[] => [
  `- cidr: ${writeText(writePolicyPrefix(prefix))}`,
  `  comment: ${writeText(reason)}`,
  `  expires: ${expires}`,
];

const flowEntry = ({ prefix, reason, expires }: Grant): string =>
  `{ cidr: ${JSON.stringify(writePolicyPrefix(prefix))}, comment: ${JSON.stringify(reason)}, expires: ${JSON.stringify(expires)} }`;

const appendEntry = (text: string, list: YAMLSeq, grant: Grant): string => {
  if (list.flow !== true) return appendLines(text, list, entryLines(grant), "");
  const at = rangeOf(list).end - 1;
  return splice(text, at, at, `${list.items.length === 0 ? "" : ", "}${flowEntry(grant)}`);
};

const grantedRuleLines = (grant: Grant): string[] => [
  `- name: ${writeText(grant.rule)}`,
  "  type: allow",
  "  cidrs:",
  ...entryLines(grant).map((line) => `    ${line}`),
];

/** A new rule behind the last one; undefined where the text has no list of rules to write it into. */
const appendRule = (text: string, document: Document, grant: Grant): string | undefined => {
  const list = listOf(document.contents, "rules");
  if (list === undefined) return undefined;
  if (list.items.length === 0) {
    const { start, end } = rangeOf(list);
    return splice(
      text,
      start,
      end,
      grantedRuleLines(grant)
        .map((line) => `\n  ${line}`)
        .join(""),
    );
  }
  if (list.flow !== true) return appendLines(text, list, grantedRuleLines(grant), "\n");
  const at = rangeOf(list).end - 1;
  const rule = `{ name: ${JSON.stringify(grant.rule)}, type: allow, cidrs: [${flowEntry(grant)}] }`;
  return splice(text, at, at, `, ${rule}`);
};

const prefixOfItem = (item: unknown): Prefix | undefined => {
  const text = isScalar(item) ? item.value : textOf(item, "cidr");
  const parsed = typeof text === "string" ? parsePrefix(text) : undefined;
  return parsed?.ok === true ? parsed.prefix : undefined;
};

const writtenAs = { comment: "reason", expires: "expires" } as const;

/** An entry that ends gets the later end, and the reason for it; in quotes where it was. */
const extendEntry = (text: string, item: unknown, grant: Grant): string => {
  const places = (["comment", "expires"] as const).flatMap((key) => {
    const value = pairOf(item, key)?.value;
    if (!isScalar(value)) return [];
    const quotes = value.type === "QUOTE_DOUBLE" || value.type === "QUOTE_SINGLE";
    const plain = key === "comment" ? writeText(grant.reason) : grant.expires;
    return [{ ...rangeOf(value), written: quotes ? JSON.stringify(grant[writtenAs[key]]) : plain }];
  });
  return places
    .sort((a, b) => b.start - a.start)
    .reduce((now, { start, end, written }) => splice(now, start, end, written), text);
};

const contentOf = (text: string): unknown => {
  const document = parseDocument(text, parserOptions);
  return document.errors.length > 0 ? undefined : document.toJS();
};

const ruleValues = (text: string): readonly unknown[] | undefined => {
  const value = contentOf(text);
  if (typeof value !== "object" || value === null || !("rules" in value)) return undefined;
  return Array.isArray(value.rules) ? value.rules : undefined;
};

/** What both texts say, without the rule that was given the entry. */
const withoutRule = (value: unknown, rule: string): unknown => {
  if (typeof value !== "object" || value === null || !("rules" in value) || !Array.isArray(value.rules))
    return value;
  return { ...value, rules: value.rules.filter((one: { name?: unknown }) => one?.name !== rule) };
};

/** Throws `Failure` where the text is no YAML; whether it is a policy is for the caller to have checked. */
export const grantIn = (text: string, grant: Grant): GrantedText => {
  const canonical = formatPolicy(text);
  const inCanonical = edit(canonical, grant);
  if (!inCanonical.ok) return inCanonical;
  const formatted = { ...inCanonical, text: formatPolicy(inCanonical.text) };
  if (!saysTheSame(formatted.text, canonical, grant)) throw new Error("the grant changed something else");
  return canonical === text ? formatted : { ...formatted, text: inPlace(text, grant, formatted.text) };
};

/** The text as somebody has written it, with the entry; `formatted` where the entry does not fit into it as it is. */
const inPlace = (text: string, grant: Grant, formatted: string): string => {
  const lines = text.includes("\r\n") ? "\r\n" : "\n";
  const written = text.replaceAll("\r\n", "\n");
  const edited = edit(written, grant);
  if (!edited.ok || contentOf(edited.text) === undefined || !saysTheSame(edited.text, written, grant))
    return formatted;
  return formatPolicy(edited.text) === formatted ? edited.text.replaceAll("\n", lines) : formatted;
};

const saysTheSame = (edited: string, before: string, { rule }: Grant): boolean =>
  isDeepStrictEqual(withoutRule(contentOf(edited), rule), withoutRule(contentOf(before), rule));

const edit = (text: string, grant: Grant): GrantedText => {
  const document = parseDocument(text, parserOptions);
  const rules = listOf(document.contents, "rules")?.items ?? [];
  const rule = rules.find((one) => textOf(one, "name") === grant.rule);
  if (rule !== undefined && textOf(rule, "type") !== "allow") return problem({ kind: "rule-denies" });
  const list = listOf(rule, "cidrs");
  if (rule !== undefined && list === undefined) return problem({ kind: "no-list" });
  const there = list?.items.find((item) => {
    const prefix = prefixOfItem(item);
    return prefix !== undefined && samePrefix(prefix, grant.prefix);
  });
  if (there !== undefined) {
    const until = textOf(there, "expires");
    if (until === undefined || expiryTime(until) >= expiryTime(grant.expires))
      return problem({ kind: "has-access", until });
  }
  const edited =
    list === undefined
      ? appendRule(text, document, grant)
      : there === undefined
        ? appendEntry(text, list, grant)
        : extendEntry(text, there, grant);
  if (edited === undefined) return problem({ kind: "no-list" });
  return { ok: true, text: edited, createsRule: rule === undefined, extends: there !== undefined };
};

const problem = (found: GrantProblem): GrantedText => ({ ok: false, problem: found });

// The rules of an account.

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
};

/** The text with the rules behind the last one, in the indentation of the list; undefined in flow style. */
const appended = (text: string, rules: readonly SnapshotRule[], clashes: Holders): string | undefined => {
  const list = listOf(parseDocument(text, parserOptions).contents, "rules");
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
    // `rules: []`: the brackets are removed, and what is behind them on the line stays.
    const end = list.range![1];
    const rest = lineEnd(text, end);
    const tail = text.slice(rest + 1);
    return `${text.slice(0, start).trimEnd()}${text.slice(end, rest)}\n${block("  ")}${tail}`;
  }
  const range = isMap(last) ? last.range : undefined;
  if (list.flow || !range) return undefined;
  const indent = " ".repeat(columnOf(text, start));
  const end = lineEnd(text, text.slice(0, range[1]).trimEnd().length);
  return `${text.slice(0, end)}\n\n${block(indent)}${text.slice(end + 1)}`;
};

/** By the tree instead of the text: for lists in brackets. Comments stay, but spacing may change. */
const appendedByTree = (text: string, rules: readonly SnapshotRule[], clashes: Holders): string => {
  const document = parseDocument(text, parserOptions);
  const list = listOf(document.contents, "rules");
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
  const { imported } = rulesByDisposition(snapshot);
  const missing = imported.filter(({ name }) => !known.has(name));
  if (missing.length === 0) return { text, added: [] };
  const before = ruleValues(text) ?? [];
  const fits = (candidate: string | undefined): candidate is string => {
    const after = candidate === undefined ? undefined : ruleValues(candidate);
    return (
      after?.length === before.length + missing.length &&
      isDeepStrictEqual(after.slice(0, before.length), before)
    );
  };
  const clashes = prefixesOfBothTypes(imported);
  const spliced = appended(text, missing, clashes);
  const merged = fits(spliced) ? spliced : appendedByTree(text, missing, clashes);
  if (!fits(merged)) throw new Error("merging lost a rule");
  return { text: merged, added: missing.map(({ name }) => name) };
};
