/**
 * Text into YAML so that a reader finds the same text, and so that a reader sees what is there: characters that are
 * invisible, change the direction of text, or cannot be encoded are written as escapes.
 */
import type { ScalarTag, Tags } from "yaml";
import { formatPrefix, isUnspecified, type Prefix, parsePrefix } from "../address/prefix.js";

// Control, format, private use, lone surrogates, line and paragraph separators, what is no character (which YAML 1.1
// refuses), and what is shown as nothing, but the emoji's variation selector; line feed and tab are plain. Inside a
// function: V8 builds the tables of such a pattern where it meets it first, which costs milliseconds.
const oddOnes = (): RegExp =>
  /(?!\n|\t|\ufe0f)[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/gu;

export const hasOddCharacters = (text: string): boolean => oddOnes().test(text);

/** Within double quotes. */
const escapeOddCharacters = (text: string): string =>
  text.replace(oddOnes(), (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });

/** What a CI runner takes for a command where it is in a log: `::name`, `##[`, `##vso[`. */
const runnerCommand = /:(?=:[a-z-]*[g-z])|#(?=#[a-z]*\[)/gi;

const hasRunnerCommand = (text: string): boolean => text.search(runnerCommand) >= 0;

/** In double quotes, on one line. */
const quoteText = (text: string): string =>
  escapeOddCharacters(JSON.stringify(text)).replace(runnerCommand, (mark) =>
    mark === ":" ? "\\u003a" : "\\u0023",
  );

/** What readers of YAML 1.1 take for something else than text, and those of YAML 1.2 do not, or not all of them. */
const otherwise: readonly RegExp[] = [
  // Booleans, null, the merge key, the default value; https://yaml.org/type/
  /^(?:y|n|yes|no|on|off|true|false|null|~|=|<<|\.nan|[-+]?\.inf)$/i,
  // Numbers, with `_` or (in Ruby) `,` between their digits.
  /^[-+]?(?=\.?\d)[\d_,]*\.?[\d_]*(?:e[-+]?\d+)?$/i,
  /^[-+]?0[box][\da-f_,]+$/i,
  // To the base of sixty: `10:30`, and IPv6 addresses such as `1:20:30:40:50:59:8:9`.
  /^[-+]?\d[\d_,]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/,
  // Dates, with or without a time.
  /^\d{4}-\d\d?-\d\d?(?:[Tt \t].*)?$/,
];

/** Whether a YAML 1.1 reader (PyYAML, Ruby, Go's yaml.v2) would read this text, unquoted, as something else. */
export const isReadOtherwise = (text: string): boolean => otherwise.some((form) => form.test(text));

/** Plain where nobody could read it as anything but text, else in double quotes. */
export const writeText = (text: string): string => {
  const word = /^[A-Za-z](?:[A-Za-z0-9 ()/._-]*[A-Za-z0-9)])?$/.test(text);
  const address = parsePrefix(text).ok && !text.startsWith(":") && !text.endsWith(":");
  return (word || address) && !isReadOtherwise(text) ? text : quoteText(text);
};

/** Columns of a line, as yamllint and Prettier have them. */
export const widestLine = 80;

/** A comment on as many lines as it takes, each with its `#`. */
export const commentLines = (text: string, width = widestLine): string[] =>
  text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
    return lines;
  }, []);

/**
 * Text of one line on several, broken at single spaces only, each of which a reader puts back. A line begins with a letter,
 * a digit, a bracket or a slash, so that none looks like anything but text.
 */
const foldedLines = (text: string, width: number): readonly string[] =>
  text.split(/(?<=[^\s\\]) (?=[\p{L}\p{N}(/])/u).reduce<string[]>((lines, piece) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + piece.length > width) lines.push(piece);
    else lines[lines.length - 1] = `${last} ${piece}`;
    return lines;
  }, []);

/**
 * The inside of a text in double quotes on several lines, broken where a backslash says that nothing is there: a word that
 * is longer than a line is alone on one. yamllint lets such a word pass, but not one that has its key before it.
 */
const escapedLines = (inside: string, width: number): readonly string[] =>
  ["", ...(inside.match(/ +|[^ ]+/g) ?? [])].reduce<string[]>((lines, piece) => {
    const last = lines.at(-1);
    if (last === undefined || last === "" || last.length + piece.length + 1 > width)
      lines.push(piece.replace(/^ /, "\\ "));
    else lines[lines.length - 1] = last + piece;
    return lines;
  }, []);

/** Of the YAML library's context, what shows where a text begins. */
type WritingPlace = Parameters<NonNullable<ScalarTag["stringify"]>>[1];

/**
 * What runs over its line, on several, as Prettier has them: the first below its key where it does not fit behind it. A
 * key stays on its line.
 */
const fold = (text: string, value: unknown, place: WritingPlace): string => {
  const { indent, indentAtStart, implicitKey, inFlow } = place;
  if (implicitKey || inFlow || text.includes("\n")) return text;
  const start = indent.length + (indentAtStart === undefined ? 0 : indentAtStart - 2);
  const fits = (line: string): boolean => start + line.length <= widestLine;
  if (fits(text)) return text;
  const width = widestLine - indent.length;
  const lines = foldedLines(text, width);
  const [first = ""] = lines;
  const isWord = (line: string): boolean => !line.includes(" ");
  if (lines.length === 1 || lines.some((line) => line.length > width && !isWord(line)))
    return `"${escapedLines(quoteText(String(value)).slice(1, -1), width).join(`\\\n${indent}`)}"`;
  return `${fits(first) ? "" : `\n${indent}`}${lines.join(`\n${indent}`)}`;
};

const stringTag = "tag:yaml.org,2002:str";

/** For the parser's `customTags`: strings in double quotes are written with escapes, long ones on several lines. */
export const escapingTags = (tags: Tags): Tags =>
  tags.map((tag) => {
    if (typeof tag === "string" || tag.tag !== stringTag || tag.collection !== undefined) return tag;
    const { stringify } = tag;
    if (stringify === undefined) return tag;
    const escaping: ScalarTag = {
      ...tag,
      stringify: (item, ctx, onComment, onChompKeep) => {
        const { value, anchor, commentBefore } = item;
        const written = (): string => {
          if (typeof value === "string" && (hasOddCharacters(value) || hasRunnerCommand(value)))
            return quoteText(value);
          const text = stringify(item, ctx, onComment, onChompKeep);
          return text.startsWith('"') ? escapeOddCharacters(text) : text;
        };
        const hasMore = anchor !== undefined || item.tag !== undefined || Boolean(commentBefore);
        return hasMore ? written() : fold(written(), value, ctx);
      },
    };
    return escaping;
  });

// How prefixes are written in a policy: canonical, and one address without a length.

/** `0.0.0.0` and `::` keep their length, since without it they read like "anywhere". */
export const writePolicyPrefix = (prefix: Prefix): string => {
  const text = formatPrefix(prefix);
  return prefix.length === 128 && !isUnspecified(prefix) ? text.slice(0, text.indexOf("/")) : text;
};

/** The canonical spelling; what cannot be read, or is not clear about what it means, stays as it is. */
export const canonicalSpelling = (text: string): string => {
  const parsed = parsePrefix(text);
  if (!parsed.ok || parsed.hostBits || (parsed.bare && isUnspecified(parsed.prefix))) return text;
  return writePolicyPrefix(parsed.prefix);
};
