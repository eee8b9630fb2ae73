/**
 * YAML 1.2 to a tree of nodes with places, and to plain values for the schema check. Promises: at most one
 * document, no duplicate keys, no unknown tags, no alias bomb, and no scalar that turns into a date or an
 * octal number behind the writer's back (core schema: `2027-01-15` and `1:20` stay text).
 */

import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { Problems } from "./problems.js";
import type { SourceText } from "./source-text.js";
import { yamlProblems } from "./yaml-problems.js";
import { escapingTags } from "./yaml-text.js";

/** Of a YAML file, in characters. Longer lists belong in a network's text file, which is read line by line. */
export const largestYaml = 2_097_152;
/** How often aliases may repeat one value. */
const mostOfOneValue = 100;

export interface YamlText {
  readonly source: SourceText;
  readonly document: Document;
  readonly targets: AliasTargets;
  /** The document as plain values. */
  readonly value: unknown;
}

/** The node itself, or what it stands for as an alias; undefined for a pair and for nothing. */
export const followed = ({ targets }: Pick<YamlText, "targets">, node: unknown): Node | undefined => {
  const target = isAlias(node) ? targets.get(node) : node;
  return isCollection(target) || isScalar(target) ? target : undefined;
};

interface ParsedYaml {
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
    problems.add(
      diagnostic(
        "yaml-duplicate-key",
        { key: String(key.value), first: nodeRange(source, first)?.line },
        nodeRange(source, key),
      ),
    );
  }
};

/** In one file. Each costs a search through the others. */
const mostAliases = 1000;
/** Nodes that all aliases of a file may repeat. */
const mostRepeated = 1_000_000;

/** What each alias stands for: the last node before it with its anchor. */
type AliasTargets = ReadonlyMap<Alias, Node>;

/**
 * Keys and aliases of the whole tree, in the order of the file, without following aliases and without recursion.
 * Counts what the aliases repeat before anything follows them; the library does not count empty collections.
 */
class TreeCheck {
  readonly #source: SourceText;
  readonly #problems: Problems;
  readonly #anchors = new Map<string, Node>();
  readonly targets = new Map<Alias, Node>();
  /** Nodes in each anchored node, aliases followed; absent while the walk is inside it. */
  readonly #sizes = new Map<Node, number>();
  #nodes = 0;
  #repeated = 0;
  #known = true;
  #bomb: Alias | undefined;

  constructor(source: SourceText, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
  }

  /** Whether every alias can be followed. */
  run(contents: Node | null): boolean {
    const pending: unknown[] = [contents];
    while (pending.length > 0 && this.#bomb === undefined) {
      const next = pending.pop();
      if (typeof next === "function") next();
      else if (isPair(next)) pending.push(next.value, next.key);
      else if (isAlias(next)) this.#alias(next);
      else if (isCollection(next) || isScalar(next)) this.#node(next, pending);
    }
    if (this.#bomb !== undefined) reportBomb(this.#problems, nodeRange(this.#source, this.#bomb));
    return this.#known && this.#bomb === undefined;
  }

  #node(node: Scalar | YAMLMap | YAMLSeq, pending: unknown[]): void {
    const start = this.#nodes;
    this.#nodes += 1;
    if (node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
      pending.push(() => this.#sizes.set(node, this.#nodes - start));
    }
    if (!isCollection(node)) return;
    if (isMap(node)) checkKeys(this.#source, node, this.#problems);
    for (let index = node.items.length - 1; index >= 0; index -= 1) pending.push(node.items[index]);
  }

  #alias(alias: Alias): void {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#known = false;
      this.#problems.add(
        diagnostic("yaml-unknown-alias", { alias: alias.source }, nodeRange(this.#source, alias)),
      );
      return;
    }
    this.targets.set(alias, target);
    // Without a size it is inside what it stands for, and so without end.
    const size = this.#sizes.get(target) ?? Number.POSITIVE_INFINITY;
    this.#nodes += size;
    this.#repeated += size;
    if (this.targets.size > mostAliases || this.#repeated > mostRepeated) this.#bomb = alias;
  }
}

const reportBomb = (problems: Problems, place: SourceRange | undefined): void =>
  problems.add(diagnostic("yaml-alias-bomb", place));

const plainValue = (source: SourceText, document: Document, problems: Problems): unknown => {
  try {
    return document.toJS({ maxAliasCount: mostOfOneValue });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    reportBomb(problems, nodeRange(source, document.contents));
    return undefined;
  }
};

/** Composes the document. The library recurses, so that absurd nesting ends in a RangeError. */
const compose = (source: SourceText, problems: Problems): Document | undefined => {
  try {
    return parseDocument(source.text, parserOptions);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.add(diagnostic("yaml-too-deep", source.range(0, 1)));
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
  problems.add(
    diagnostic(
      "yaml-syntax",
      { kind: "line-end", character: oddLineEnds[found[0]] ?? "" },
      source.range(found.index, found.index + 1),
    ),
  );
  return true;
};

/** `what` names the file in messages: "policy", "include file". */
export const parseYaml = (source: SourceText, what: string): ParsedYaml => {
  const problems = new Problems();
  const stop = (): ParsedYaml => ({ diagnostics: problems.list() });
  if (source.text.length > largestYaml) {
    problems.add(
      diagnostic(
        "policy-too-large",
        { what, length: source.text.length, most: largestYaml },
        source.range(0, 0),
      ),
    );
    return stop();
  }
  if (hasOddLineEnd(source, problems)) return stop();
  const document = compose(source, problems);
  if (document === undefined) return stop();
  const errors: YAMLError[] = [...document.errors, ...document.warnings];
  problems.addAll(yamlProblems(source, document));
  if (document.contents === null && errors.length === 0) {
    problems.add(diagnostic("policy-empty", { what }, source.range(0, 0)));
  }
  if (document.contents === null || !errors.every(recoverable)) return stop();
  const tree = new TreeCheck(source, problems);
  const value = tree.run(document.contents) ? plainValue(source, document, problems) : undefined;
  if (value === undefined) return stop();
  return { diagnostics: problems.list(), yaml: { source, document, targets: tree.targets, value } };
};
