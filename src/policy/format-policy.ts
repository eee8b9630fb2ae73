/**
 * A policy in canonical form: prefixes in canonical spelling, the keys inside of rules and entries in the order of the
 * reference, quotes only where a reader of YAML 1.2 needs them, or where somebody put them for readers of YAML 1.1; two
 * spaces of indentation, braces and line widths as Prettier has them. Comments and blank lines stay, and so does the
 * order of top-level keys, rules, entries and networks. Promises: the meaning does not change, and formatting again
 * changes nothing.
 */

import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { type Collection, columnOf, placeComments } from "./place-comments.js";
import { SourceText } from "./source-text.js";
import { parserOptions, parseYaml } from "./yaml.js";
import { canonicalSpelling, hasOddCharacters, isReadOtherwise } from "./yaml-text.js";

const order = {
  account: ["id", "host"],
  include: ["file", "allow_empty"],
  network: [
    "source",
    "file",
    "network",
    "except",
    "select",
    "column",
    "host_bits",
    "max_change",
    "max_age",
    "review_by",
    "allow_empty",
    "cidrs",
  ],
  rule: ["name", "type", "description", "previous_names", "enabled", "allow_empty", "cidrs"],
  entry: ["cidr", "network", "enabled", "comment", "expires"],
  test: ["name", "allow_empty", "allowed", "denied"],
  guards: [
    "allow_empty",
    "must_allow",
    "must_deny",
    "max_removed_rules",
    "max_newly_allowed",
    "max_cut_off",
    "cut_off_window",
  ],
} as const;

/** What is in brackets or braces and ends behind this column becomes a line an item (Prettier's `printWidth`). */
const widestFlow = 80;

const stringOptions = {
  lineWidth: 0,
  indent: 2,
  indentSeq: true,
  // A line break stays an escape: folded, it takes two.
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
} as const;

class Formatter {
  readonly #document: Document;
  /** What the document was parsed from, where that is formatted already and only lines are left to be broken. */
  readonly #formatted: string | undefined;
  /** An alias must stay behind its anchor, so that with aliases no key moves. */
  readonly #mayMove: boolean;

  constructor(document: Document, formatted: string | undefined) {
    this.#document = document;
    this.#formatted = formatted;
    let mayMove = true;
    visit(document, {
      Alias: () => {
        mayMove = false;
      },
    });
    this.#mayMove = mayMove;
  }

  format(): string {
    const root = this.#document.contents;
    this.#order(this.#get(root, "account"), order.account);
    for (const include of this.#items(this.#get(root, "include"))) this.#order(include, order.include);
    for (const [, network] of this.#pairs(this.#get(root, "networks"))) {
      this.#order(network, order.network);
      this.#entries(network);
      this.#entries(this.#get(network, "cidrs"));
    }
    for (const rule of this.#items(this.#get(root, "rules"))) {
      this.#order(rule, order.rule);
      this.#entries(this.#get(rule, "cidrs"));
    }
    for (const test of this.#items(this.#get(root, "tests"))) {
      this.#order(test, order.test);
      this.#entries(this.#get(test, "allowed"));
      this.#entries(this.#get(test, "denied"));
    }
    const guards = this.#get(root, "guards");
    this.#order(guards, order.guards);
    this.#entries(this.#get(guards, "must_allow"));
    this.#entries(this.#get(guards, "must_deny"));
    this.#style();
    return this.#write();
  }

  #items(node: unknown): readonly unknown[] {
    return isSeq(node) ? node.items : [];
  }

  #pairs(node: unknown): [unknown, unknown][] {
    return isMap(node) ? node.items.map(({ key, value }) => [key, value]) : [];
  }

  #get(node: unknown, wanted: string): unknown {
    return isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && key.value === wanted)?.value
      : undefined;
  }

  #order(node: unknown, keys: readonly string[]): void {
    if (!isMap(node) || !this.#mayMove) return;
    const rank = ({ key }: Pair): number => {
      const at = isScalar(key) ? keys.indexOf(String(key.value)) : -1;
      return at < 0 ? keys.length : at;
    };
    const sorted = node.items.toSorted((a, b) => rank(a) - rank(b));
    if (sorted.every((pair, index) => pair === node.items[index])) return;
    node.items = sorted;
    this.#settleTop(node);
  }

  /** What is first now has no blank line before it, and its comment is about the whole. */
  #settleTop(node: YAMLMap): void {
    const first = node.items[0]?.key;
    if (!isNode(first)) return;
    first.spaceBefore = false;
    if (node === this.#document.contents || node.flow || !first.commentBefore) return;
    node.commentBefore = node.commentBefore
      ? `${node.commentBefore}\n${first.commentBefore}`
      : first.commentBefore;
    first.commentBefore = null;
  }

  #entries(node: unknown): void {
    for (const item of this.#items(node)) {
      this.#order(item, order.entry);
      const prefix = isScalar(item) ? item : this.#get(item, "cidr");
      if (!isScalar(prefix) || typeof prefix.value !== "string") continue;
      const canonical = canonicalSpelling(prefix.value);
      // `1:2:3:4:5:6:7:8/128` loses its length, and is a number to some.
      if (canonical !== prefix.value && isReadOtherwise(canonical)) prefix.type = Scalar.QUOTE_DOUBLE;
      prefix.value = canonical;
    }
  }

  /** `%YAML` says nothing that this program does not know; a `---` stays. */
  #write(): string {
    const { directives } = this.#document;
    if (directives !== undefined) directives.yaml.explicit = false;
    return this.#document.toString(stringOptions);
  }

  /** Plain where plain will do; the writer falls back to quotes where it will not. Plain text stays plain. */
  #style(): void {
    const broken = new Set<unknown>();
    visit(this.#document, {
      Scalar: (_, node) => {
        if (typeof node.value !== "string") return;
        // A leading colon is legal without quotes, but hard to believe.
        if (node.value.startsWith(":") || hasOddCharacters(node.value)) node.type = quotesFor(node.value);
        // PyYAML reads no tab without quotes; a line break would be an empty line.
        else if (node.value.includes("\t") && node.type === Scalar.PLAIN) node.type = Scalar.QUOTE_DOUBLE;
        else if (node.type === Scalar.QUOTE_SINGLE || node.type === Scalar.QUOTE_DOUBLE)
          node.type =
            isReadOtherwise(node.value) || /[\n\t]/.test(node.value) ? quotesFor(node.value) : Scalar.PLAIN;
      },
      Collection: (key, node, path) => {
        if (key === "value") node.spaceBefore = false;
        if (node !== this.#document.contents) withoutSpaceBefore(node.items[0]);
        if (!node.flow || node.items.length === 0) return;
        // What is inside of one that was just broken has its place in the next round only.
        const inFlow = path.some((parent) => isCollection(parent) && (parent.flow || broken.has(parent)));
        if (inFlow || !this.#isWide(node)) return padFlow(node as Collection); // as above
        node.flow = false;
        broken.add(node);
        // Behind the bracket it was about the whole list; behind the last item it would be lost to the next.
        if (node.comment && !node.commentBefore) {
          node.commentBefore = node.comment;
          node.comment = null;
        }
      },
    });
  }

  /** Runs over its line, or holds a comment, which needs lines of its own. */
  #isWide({ range }: { readonly range?: Node["range"] }): boolean {
    const text = this.#formatted;
    if (text === undefined || !range) return false;
    const [start, end] = range;
    return text.slice(start, end).includes("\n") || columnOf(text, end) > widestFlow;
  }
}

/** No blank line between a key and what it holds. */
const withoutSpaceBefore = (item: unknown): void => {
  const first: unknown = isPair(item) ? item.key : item;
  if (isNode(first)) first.spaceBefore = false;
  // The first key of a map in a list is the same line.
  if (isMap(item)) withoutSpaceBefore(item.items[0]);
};

/** Single quotes where they save escaping double ones, and nothing else needs an escape. */
const quotesFor = (text: string): Scalar.Type =>
  /^[ -[\]-~]*"[ -[\]-~]*$/.test(text) ? Scalar.QUOTE_SINGLE : Scalar.QUOTE_DOUBLE;

/** `{ id: 5 }` and `[a, b]`, as Prettier has them: the writer pads both or neither. */
const padFlow = (node: Collection): undefined => {
  const flowCollectionPadding = isMap(node) ? " " : "";
  const write = node.toString.bind(node);
  node.toString = (context, ...rest) =>
    write(context === undefined ? context : { ...context, flowCollectionPadding }, ...rest);
};

/** A comment may need a second round to find its place, and what was broken into lines may hold more to be broken. */
const mostRounds = 10;

/** `isFormatted`: by an earlier round. */
const formatOnce = (text: string, isFormatted: boolean): string => {
  const { yaml, diagnostics } = parseYaml(new SourceText("policy", text), "policy");
  if (yaml === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  placeComments(yaml.document, text);
  const formatted = new Formatter(yaml.document, isFormatted ? text : undefined).format();
  const again = parseDocument(formatted, parserOptions);
  // A formatter that loses something must not get as far as the file.
  if (again.errors.length > 0 || !isDeepStrictEqual(again.toJS(), yaml.document.toJS()))
    throw new Error("formatting changed the policy");
  return formatted;
};

/** Throws `Failure` where the text is no YAML. Whether it is a valid policy is `parsePolicy`'s to say. */
export const formatPolicy = (text: string): string => {
  let formatted = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  for (let round = 0; round < mostRounds; round += 1) {
    const before = formatted;
    formatted = formatOnce(before, round > 0);
    if (round > 0 && formatted === before) break;
  }
  return formatted;
};
