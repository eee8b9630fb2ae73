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
  visit,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { FixedCode } from "../model/codes/index.js";
import { type ArgsOf, type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { Problems } from "./problems.js";
import { escapingTags } from "./spelling.js";
import type { SourceText } from "./text.js";

interface Wording {
  readonly found: (place: SourceRange, error: YAMLError) => Diagnostic;
  /** Whether the rest of the file is read otherwise than it was meant. */
  readonly misleads?: boolean;
}

const fixed =
  (code: FixedCode): Wording["found"] =>
  (place) =>
    diagnostic(code, place);

const syntax =
  (problem: ArgsOf<"yaml-syntax">): Wording["found"] =>
  (place) =>
    diagnostic("yaml-syntax", problem, place);

/** In the library's own words. */
const otherSyntax =
  (fix?: string): Wording["found"] =>
  (place, { message }) => {
    const problem = message.replace(/\.$/, "");
    return diagnostic("yaml-syntax", { kind: "other", problem, ...present({ fix }) }, place);
  };

const badIndent: Wording = { found: syntax({ kind: "indentation" }), misleads: true };

const byCode: Readonly<Record<string, Wording>> = {
  TAB_AS_INDENT: { found: fixed("yaml-tab"), misleads: true },
  MULTIPLE_DOCS: { found: fixed("yaml-multiple-documents") },
  TAG_RESOLVE_FAILED: { found: fixed("yaml-unknown-tag") },
  NON_STRING_KEY: { found: fixed("yaml-key") },
  BAD_INDENT: badIndent,
  BLOCK_AS_IMPLICIT_KEY: { found: otherSyntax("Text that holds ': ' must be quoted") },
  BAD_SCALAR_START: { found: otherSyntax("Quote the text") },
};

const isTooDeep = (message: string): boolean => /call stack/.test(message);
const isOpenQuote = (message: string): boolean => /^Missing closing .quote/.test(message);

const byMessage: readonly (readonly [(message: string) => boolean, Wording])[] = [
  [isTooDeep, { found: fixed("yaml-too-deep"), misleads: true }],
  [isOpenQuote, { found: syntax({ kind: "quote" }), misleads: true }],
  [
    (message) => /^Flow (sequence|map).* end with/.test(message),
    { found: syntax({ kind: "bracket" }), misleads: true },
  ],
  [(message) => /^Sequence item without - indicator/.test(message), badIndent],
  [(message) => /^A block sequence may not be used as an implicit map key/.test(message), badIndent],
];

/** An IPv6 prefix as a YAML reader misunderstands it. */
export const misreadIPv6 = {
  /** `2001:db8::` ends in a colon, and so is a key without a value. */
  key: (text: string) => ({ key: text }),
  /** `[2001:db8::1]` is a list of one item. */
  list: (address: string, length = "") => ({ address, length }),
} satisfies Record<string, (...texts: string[]) => ArgsOf<"unquoted-ipv6">>;

const misread = (args: ArgsOf<"unquoted-ipv6">): Wording => ({
  found: (place) => diagnostic("unquoted-ipv6", args, place),
});

interface At {
  readonly wording: Wording;
  readonly start: number;
  readonly end: number;
}

/** What the text at the error says better than the library: it begins or ends an IPv6 prefix. */
const ipv6At = (text: string, offset: number): At | undefined => {
  const key = /^[0-9A-Fa-f]*:[0-9A-Fa-f:]*:(?=[\s,}\]]|$)/.exec(text.slice(offset, offset + 60))?.[0];
  if (key !== undefined)
    return { wording: misread(misreadIPv6.key(key)), start: offset, end: offset + key.length };
  const bracket = text.lastIndexOf("[", offset);
  const list = /^\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\](\/\d+)/.exec(text.slice(bracket, bracket + 60));
  if (bracket < 0 || list === null || bracket + list[0].length < offset) return undefined;
  const [whole, address = "", length] = list;
  return { wording: misread(misreadIPv6.list(address, length)), start: bracket, end: bracket + whole.length };
};

/** `type: allow` and the next key further right: the library takes the two for one text that holds `: `. */
const indentedAfter = (text: string, { code, pos: [start] }: YAMLError): At | undefined => {
  if (code !== "BLOCK_AS_IMPLICIT_KEY") return undefined;
  const lines = /^[^\n]*\n( +)[^\s#][^\n]*:(?:[ \n]|$)/.exec(text.slice(start, start + 2000));
  if (lines === null || /:[ \r\n]/.test(lines[0].slice(0, lines[0].indexOf("\n") + 1))) return undefined;
  const at = start + lines[0].indexOf("\n") + 1 + (lines[1]?.length ?? 0);
  return { wording: badIndent, start: at, end: at + 1 };
};

const wordingOf = ({ code, message }: YAMLError): Wording =>
  byMessage.find(([matches]) => matches(message))?.[1] ?? byCode[code] ?? { found: otherSyntax() };

/** Where the text of a line begins whose indentation is wrong; the library names the place before it. */
const afterBlanks = (text: string, offset: number): number =>
  offset + (/^[ \t]*/.exec(text.slice(offset, offset + 1000))?.[0].length ?? 0);

/** Where the text begins whose quote is not closed; the library names the place where it looked for the end. */
const openingQuote = (document: Document, end: number): number | undefined => {
  let found: number | undefined;
  visit(document, {
    Scalar: (_, node) => {
      if (!isScalar(node) || node.type === "PLAIN" || !node.range) return;
      if (node.range[0] <= end && end <= node.range[2]) found = node.range[0];
    },
  });
  return found;
};

const placeOf = (source: SourceText, document: Document, error: YAMLError): SourceRange => {
  const { pos, message } = error;
  // How deep the library gets depends on the machine.
  if (isTooDeep(message)) return source.range(0, 1);
  if (wordingOf(error) === badIndent) {
    const start = afterBlanks(source.text, pos[0]);
    return source.range(start, start + 1);
  }
  const quote = isOpenQuote(message) ? openingQuote(document, pos[0]) : undefined;
  return quote === undefined ? source.range(...pos) : source.range(quote, quote + 1);
};

/**
 * What the YAML library found, in the words of the file's writer. Behind a quote or bracket that is not closed, or
 * an indentation that does not fit, whatever else it finds is a consequence, and left out.
 *
 * One problem a line, and none behind the first that misleads.
 */
const yamlProblems = (source: SourceText, document: Document): Diagnostic[] => {
  const problems: Diagnostic[] = [];
  const lines = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    const better = ipv6At(source.text, error.pos[0]) ?? indentedAfter(source.text, error);
    const wording = better?.wording ?? wordingOf(error);
    const place =
      better === undefined ? placeOf(source, document, error) : source.range(better.start, better.end);
    const problem = wording.found(place, error);
    const { line } = place;
    if (!lines.has(line) || (problem.code !== "yaml-syntax" && better === undefined)) problems.push(problem);
    lines.add(line);
    if (wording.misleads === true) break;
  }
  return problems;
};

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
