/**
 * YAML 1.2 to a tree of nodes with places, and to plain values for the schema check. Promises: at most one
 * document, no duplicate keys, no unknown tags, no alias bomb, and no scalar that turns into a date or an
 * octal number behind the writer's back (core schema: `2027-01-15` and `1:20` stay text).
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Diagnostic, SourceRange } from "../model/diagnostic.js";
import { Problems } from "./problems.js";
import type { SourceText } from "./source-text.js";
import { escapingTags } from "./yaml-strings.js";
import { yamlProblems } from "./yaml-wording.js";

/** Of a YAML file, in characters. Longer lists belong in a network's text file, which is read line by line. */
export const largestYaml = 2_097_152;
/** How often aliases may repeat what they stand for. */
const mostAliases = 100;

export interface YamlText {
  readonly source: SourceText;
  readonly document: Document;
  /** The document as plain values. */
  readonly value: unknown;
}

export interface ParsedYaml {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where the text is no YAML that could be checked further. */
  readonly yaml?: YamlText;
}

export const parserOptions = {
  version: "1.2",
  schema: "core",
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  // Checked here instead: the library compares every key with every other.
  uniqueKeys: false,
  prettyErrors: false,
  keepSourceTokens: false,
  customTags: escapingTags,
} as const;

/** The place of a node's own text, without what trails it. */
export const nodeRange = (source: SourceText, node: Node | null | undefined): SourceRange | undefined => {
  const range = node?.range;
  return range ? source.range(range[0], Math.max(range[1], range[0] + 1)) : undefined;
};

/** Whether the tree is whole all the same, so that the checks that follow make sense. */
const recoverable = (error: YAMLError): boolean => error.code === "TAG_RESOLVE_FAILED";

const checkKeys = (source: SourceText, map: YAMLMap, problems: Problems): void => {
  const seen = new Map<unknown, Node>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    const first = seen.get(key.value);
    if (first === undefined) {
      seen.set(key.value, key);
      continue;
    }
    const line = nodeRange(source, first)?.line;
    problems.error(
      "yaml-duplicate-key",
      `The key \`${String(key.value)}\` stands twice in one mapping`,
      nodeRange(source, key),
      line === undefined ? "Keep one of the two" : `Keep one of the two; the first is in line ${line}`,
    );
  }
};

/** Keys and aliases of the whole tree, without following aliases and without recursion. */
const checkTree = (source: SourceText, document: Document, problems: Problems): void => {
  const pending: unknown[] = [document.contents];
  const anchors = new Set<string>();
  while (pending.length > 0) {
    const node = pending.pop();
    if (isPair(node)) pending.push(node.value, node.key);
    else if (isAlias(node)) {
      if (!anchors.has(node.source)) {
        problems.error(
          "yaml-unknown-alias",
          `Nothing is anchored as \`&${node.source}\` before this alias`,
          nodeRange(source, node),
        );
      }
    } else if (isCollection(node)) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
      if (isMap(node)) checkKeys(source, node, problems);
      for (let index = node.items.length - 1; index >= 0; index -= 1) pending.push(node.items[index]);
    } else if (isScalar(node) && node.anchor !== undefined) anchors.add(node.anchor);
  }
};

const plainValue = (source: SourceText, document: Document, problems: Problems): unknown => {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    problems.error(
      "yaml-alias-bomb",
      "Aliases repeat so much that the file would grow without measure",
      nodeRange(source, document.contents),
      "Write shared prefixes once, under `networks`, and name the network in each rule",
    );
    return undefined;
  }
};

/** Composes the document. The library recurses, so that absurd nesting ends in a RangeError. */
const compose = (source: SourceText, problems: Problems): Document | undefined => {
  try {
    return parseDocument(source.text, parserOptions);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.error("yaml-too-deep", "The file is nested too deeply to be a policy", source.range(0, 1));
    return undefined;
  }
};

const oddLineEnds: Readonly<Record<string, string>> = {
  "\r": "A carriage return without a line feed",
  "\u0085": "The character U+0085 (next line)",
  "\u2028": "The character U+2028 (line separator)",
  "\u2029": "The character U+2029 (paragraph separator)",
};

/** Where YAML 1.1, YAML 1.2 and editors do not agree on what is a line, a comment could hide a key. */
const hasOddLineEnd = (source: SourceText, problems: Problems): boolean => {
  const found = /\r(?!\n)|[\u0085\u2028\u2029]/.exec(source.text);
  if (found === null) return false;
  problems.error(
    "yaml-syntax",
    `${oddLineEnds[found[0]]} stands here: some programs begin a new line at it, and some do not`,
    source.range(found.index, found.index + 1),
    "Delete it, or end the line with a line feed; in quotes, write it as \\r, \\N, \\L or \\P",
  );
  return true;
};

/** `what` names the file in messages: "policy", "include file". */
export const parseYaml = (source: SourceText, what: string): ParsedYaml => {
  const problems = new Problems();
  const stop = (): ParsedYaml => ({ diagnostics: problems.list() });
  if (source.text.length > largestYaml) {
    problems.error(
      "policy-too-large",
      `The ${what} has ${source.text.length} characters; at most ${largestYaml} are read`,
      source.range(0, 0),
      "Move long lists of prefixes into a text file: `networks: {blocklist: {file: lists/blocklist.txt}}`",
    );
    return stop();
  }
  if (hasOddLineEnd(source, problems)) return stop();
  const document = compose(source, problems);
  if (document === undefined) return stop();
  const errors: YAMLError[] = [...document.errors, ...document.warnings];
  problems.addAll(yamlProblems(source, document));
  if (document.contents === null && errors.length === 0) {
    problems.error(
      "policy-empty",
      `The ${what} is empty`,
      source.range(0, 0),
      "An empty file never means to delete everything; write `rules: []` to have no rules",
    );
  }
  if (document.contents === null || !errors.every(recoverable)) return stop();
  checkTree(source, document, problems);
  const aliasesKnown = !problems.list().some(({ code }) => code === "yaml-unknown-alias");
  const value = aliasesKnown ? plainValue(source, document, problems) : undefined;
  if (value === undefined) return stop();
  return { diagnostics: problems.list(), yaml: { source, document, value } };
};
