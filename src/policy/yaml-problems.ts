/**
 * What the YAML library finds, in the words of the file's writer: a code and a place that says where to look. One problem a
 * line, and none behind one that makes the rest of the file read otherwise than it was meant.
 */
import { type Document, isScalar, visit, type YAMLError } from "yaml";
import type { FixedCode } from "../model/codes/index.js";
import { type ArgsOf, type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { SourceText } from "./source-text.js";

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
export const yamlProblems = (source: SourceText, document: Document): Diagnostic[] => {
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
