/**
 * Turns text that others wrote into text that is safe to show, a function per target.
 * Promise for every target: what is invisible, moves the cursor, reorders text or speaks to a CI runner
 * becomes a visible escape such as `\x1b` or `\u{202e}`, and nothing is dropped without a word.
 */

import { cellsOf, isPlainAscii } from "./cells.js";
import { redact, secretMark, secretPlaces } from "./secrets.js";

// Patterns of Unicode's classes are inside functions: V8 builds their tables where it meets them first, which costs
// milliseconds, and most runs meet ASCII alone.

/** Cc, Cf, Cs, Co, Cn, line and paragraph separators, odd spaces, default ignorables: shown as escapes. */
const isUnsafe = (character: string): boolean =>
  /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u.test(character);
/**
 * What a CI runner reads as a command inside its log: GitHub's `::name` (its names all hold a letter that no
 * IPv6 address has), and `##[`, `##vso[`, `##teamcity[`, which some runners find anywhere in a line.
 */
const runnerCommand = /:(?=:[a-z-]*[g-z])|#(?=#[a-z]*\[)/gi;
const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escapeOf = (character: string): string => {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
};

/** Positions (UTF-16) that are dangerous only for what is around them. */
const dangerousPlaces = (text: string): Set<number> => {
  const places = new Set<number>();
  for (const match of text.matchAll(runnerCommand)) places.add(match.index + 1);
  for (const match of text.matchAll(/\p{M}{4,}/gu)) {
    let at = 0;
    for (const mark of match[0]) {
      if (at >= 3) places.add(match.index + at);
      at += mark.length;
    }
  }
  return places;
};

/** A character of the source and how it is shown. */
export interface Piece {
  /** UTF-16 offset in the source. */
  readonly at: number;
  readonly shown: string;
}

const emojiStyle = "\u{fe0f}";

/** The text, character by character, for callers that must keep columns (the caret excerpt). */
export const visiblePieces = (text: string): Piece[] => {
  const places = dangerousPlaces(text);
  const secrets = secretPlaces(text);
  const pieces: Piece[] = [];
  let at = 0;
  let previous = "";
  let secret = 0;
  for (const character of text) {
    while (at >= (secrets[secret]?.to ?? Number.POSITIVE_INFINITY)) secret += 1;
    const hidden = secrets[secret];
    if (hidden !== undefined && at >= hidden.from) {
      // One piece for the whole, so that nothing cuts it.
      if (at === hidden.from) pieces.push({ at, shown: secretMark });
      at += character.length;
      previous = "";
      continue;
    }
    const keeps = character === emojiStyle && /\p{Extended_Pictographic}/u.test(previous);
    const safe = keeps || (!isUnsafe(character) && !places.has(at));
    pieces.push({ at, shown: safe ? character : escapeOf(character) });
    at += character.length;
    previous = character;
  }
  return pieces;
};

/** Whether every character is shown as it is, as in nearly all texts. */
const isHarmless = (text: string): boolean =>
  isPlainAscii(text) && text.search(runnerCommand) < 0 && redact(text) === text;

/** One line of terminal text; also fit for the inside of a fence that is longer than any run of backticks. */
export const visible = (text: string): string =>
  isHarmless(text)
    ? text
    : visiblePieces(text)
        .map(({ shown }) => shown)
        .join("");

/** Room below which the remark is a number only: `…+94`. */
const narrow = 40;

const remark = (left: number, max: number): string =>
  max < narrow ? `…+${left}` : `… (${left.toLocaleString("en-US")} more characters)`;

/** Joins pieces up to `max` cells, whole escapes only, and says how many characters are left out. */
const joined = (pieces: readonly Piece[], max: number): string => {
  const all = pieces.map(({ shown }) => shown).join("");
  if (cellsOf(all) <= max) return all;
  const room = Math.max(1, max - remark(pieces.length, max).length);
  let used = 0;
  let taken = 0;
  for (const { shown } of pieces) {
    used += cellsOf(shown);
    if (used > room) break;
    taken += 1;
  }
  const head = pieces.slice(0, taken).map(({ shown }) => shown);
  return `${head.join("")}${remark(pieces.length - taken, max)}`;
};

/** One line of terminal text, at most `max` cells long. */
export const cut = (text: string, max: number): string =>
  text.length <= max && isHarmless(text) ? text : joined(visiblePieces(text), max);

/**
 * A file's name as a line that scripts match: as it is but for control characters, and for what a CI runner would read as a
 * command of its own.
 */
export const scriptLine = (file: string): string =>
  redact(file)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|#(?=#[a-z]*\[)/giu, escapeOf)
    .replace(/^(?=\s*::)/, "./");

/** Longest name or description shown in full, in cells. */
export const nameCells = 68;

/** A name in quotes; two different names never come out alike, unless cut. */
export const quoted = (name: string, max: number = nameCells): string => {
  if (name.length <= max && isHarmless(name) && !/[\\"]/.test(name)) return `"${name}"`;
  const pieces = visiblePieces(name).map(({ at, shown }) => ({
    at,
    shown: shown === "\\" || shown === '"' ? `\\${shown}` : shown,
  }));
  return `"${joined(pieces, max)}"`;
};

/** Longest message in formats that show it as one text: what is longer comes from somebody's 10,000 characters. */
export const messageCells = 1_000;

const asJsonEscapes = (text: string): string =>
  Array.from(
    { length: text.length },
    (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");

/** Keys are words of ours, so that only values are redacted. */
const stringified = (value: unknown, indent: 0 | 2): string => {
  const text = JSON.stringify(value, null, indent) ?? "null";
  if (redact(text) === text) return text;
  const shown = (_: string, one: unknown): unknown => (typeof one === "string" ? redact(one) : one);
  return JSON.stringify(value, shown, indent) ?? "null";
};

/** Everything that is unsafe to print raw as a JSON escape: the value stays the same for a reader of JSON. */
export const jsonText = (value: unknown, indent: 0 | 2 = 2): string =>
  stringified(value, indent)
    // The only line feeds are those between its rows.
    .replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, asJsonEscapes)
    // Colons and hashes in a row are only inside strings, where an escape means the same.
    .replace(runnerCommand, asJsonEscapes);

const longestBackticks = (text: string): number => {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
};

/**
 * Markdown: the text as a code span, in which no markup, HTML, mention, issue number or link is read.
 * A pipe is shown as an escape, since a table reads it even inside a code span.
 */
export const markdownCode = (text: string, max: number = nameCells): string => {
  const shown = cut(text, max).replaceAll("|", "\\x7c");
  if (shown.trim() === "") return `\`"${shown}"\``;
  const ticks = "`".repeat(longestBackticks(shown) + 1);
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${ticks}${pad}${shown}${pad}${ticks}`;
};

/** Lines (each neutralised) in a fence that they cannot close. */
export const markdownFence = (lines: readonly string[], language: string): string => {
  const body = lines.join("\n");
  const ticks = "`".repeat(Math.max(3, longestBackticks(body) + 1));
  return `${ticks}${language}\n${body}\n${ticks}\n`;
};

/** A word inside an HTML comment: nothing that could end the comment. */
export const commentWord = (text: string): string => text.replace(/[^A-Za-z0-9.:_-]/g, "_");

/** The message of a GitHub workflow command; `\n` stays a line break (as `%0A`). */
export const workflowData = (text: string): string =>
  text
    .split("\n")
    .map((line) => visible(line).replaceAll("%", "%25"))
    .join("%0A");

/** A property of a GitHub workflow command. */
export const workflowProperty = (text: string): string =>
  visible(text).replaceAll("%", "%25").replaceAll(":", "%3A").replaceAll(",", "%2C");

const csvQuoted = (text: string): string =>
  /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** A CSV field (RFC 4180) that no spreadsheet takes for a formula: an apostrophe goes in front. */
export const csvField = (text: string): string =>
  csvQuoted(/^\s*[=+\-@＝＋－＠]/.test(text) || /^[\t\r\n]/.test(text) ? `'${visible(text)}` : visible(text));

/** A value as JSON in a CSV field; text in it is in quotes, so that none can begin a formula. */
export const csvJson = (value: unknown): string => csvQuoted(jsonText(value, 0));

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text or attribute of XML 1.0 or HTML; `\n` stays a line break only when `lines` is set. */
export const markupText = (text: string, options: { readonly lines?: boolean } = {}): string => {
  const shown = options.lines === true ? text.split("\n").map(visible).join("\n") : visible(text);
  return shown.replace(/[&<>"']/g, (character) => entities[character] ?? character);
};
