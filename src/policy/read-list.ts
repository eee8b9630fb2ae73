/**
 * The one reader of lists of prefixes: those that a policy names by `file`, and what a published list's host answers.
 * Whatever the form, the entries are brought into lines of text, which the bulk reader of `address/` parses:
 *
 *     text   as it is: a prefix, address or range a line, comments behind `#` and `;`
 *     JSON   `select`, a JSONPath (RFC 9535), names the texts; in NDJSON it applies to each line
 *     CSV    `column`, a name of the first record or a number from 1; a blank cell is no entry, nor is a title
 *
 * Nothing is guessed: what `select` finds and is no text, a column that is not there and a text that is no prefix are
 * reported, each with its place.
 */
import vm from "node:vm";
import { CsvError, parse as parseCsv } from "csv-parse/sync";
import { type JsonValue, query } from "jsonpath-rfc9535";
import { parsePrefix } from "../address/prefix.js";
import { type ParsedLines, parsePrefixLines } from "../address/prefix-lines.js";
import { type ArgsOf, type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { doubledKey } from "./doubled-key.js";
import type { LocatedText } from "./raw-policy.js";
import { decodeText, type SourceText } from "./source-text.js";

/** How the entries are found; with neither, the list is text. */
export interface ListFormat {
  readonly select?: string;
  readonly column?: string | number;
}

export interface ReadList {
  /** Prefixes in the order of the list; repeated ones are all there. */
  readonly lines: ParsedLines;
  /** The entry of a line, as written. */
  textAt(line: number): LocatedText;
}

type ListResult =
  | ({ readonly ok: true } & ReadList)
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** `file` is how messages name the list. No more than `maxProblems` lines with a problem are kept. */
export const readList = (
  bytes: Uint8Array,
  file: string,
  format: ListFormat,
  { maxProblems }: { readonly maxProblems: number },
): ListResult => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) return decoded;
  const { source } = decoded;
  try {
    if (format.column !== undefined) return ofCells(cellsOf(source, format.column), source, maxProblems);
    if (format.select !== undefined) return ofTexts(selected(source, format.select), source, maxProblems);
    const kind = otherKind(source.text);
    if (kind !== undefined) throw new Unreadable(diagnostic("list-not-text", { file, kind }, start(source)));
    return { ok: true, lines: parsePrefixLines(bytes, { maxProblems }), textAt: writtenAt(source) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, diagnostic: error.diagnostic };
    throw error;
  }
};

/** Thrown and caught in this file alone. */
class Unreadable extends Error {
  readonly diagnostic: Diagnostic;

  constructor(found: Diagnostic) {
    super(found.code);
    this.diagnostic = found;
  }
}

const start = (source: SourceText) => source.range(0, 0);

const unreadable = (source: SourceText, args: ArgsOf<"list-unreadable">, line = 1): Unreadable =>
  new Unreadable(diagnostic("list-unreadable", args, source.rangeOfLine(line)));

// --- Text ---

/** The entry of a line of a text list, without the blanks and the comment around it. */
const writtenAt =
  (source: SourceText) =>
  (line: number): LocatedText => {
    const whole = source.rangeOfLine(line);
    const comment = whole.lineText.search(/[#;]/);
    const before = comment < 0 ? whole.lineText : whole.lineText.slice(0, comment);
    const value = before.trim();
    const column = before.length - before.trimStart().length + 1;
    return { value, offset: 0, source: { ...whole, column, endColumn: column + value.length } };
  };

/** Of a list's first lines with text, so many decide what the file is. */
const linesLookedAt = 5;

const firstLines = (text: string): string[] => {
  const found: string[] = [];
  for (let at = 0; at < text.length && found.length < linesLookedAt; ) {
    const feed = text.indexOf("\n", at);
    const end = feed < 0 ? text.length : feed;
    // A line may be as long as the file.
    const line = text.slice(at, Math.min(end, at + 500)).replace(/[#;].*/, "");
    if (line.trim() !== "") found.push(line.trim());
    at = end + 1;
  }
  return found;
};

/** A file of another kind would be an error in each of its lines; it is one. */
const otherKind = (text: string): ArgsOf<"list-not-text">["kind"] | undefined => {
  const lines = firstLines(text);
  const [first = ""] = lines;
  if (/^(?:\{|\[(?![0-9A-Fa-f:.]+\]))/.test(first)) return "JSON";
  if (/^<(?:!doctype|html|\?xml)/i.test(first)) return "HTML";
  if (lines.length < 2 || lines.some((line) => parsePrefix(line).ok)) return undefined;
  return lines.every((line) => line.includes(",")) ? "CSV" : undefined;
};

// --- Entries found in a list of another form ---

/** What can be in a prefix or a range; the bulk reader would take `#`, `;` and line ends for its own. */
const isOneLine = (text: string): boolean => text !== "" && !/[#;\n\r]/.test(text);

interface Cell {
  readonly text: string;
  /** Its line in the list. */
  readonly line: number;
}

const encoder = new TextEncoder();

/** The entries as lines of text, `textAt` with the places that they have in the list. */
const ofLines = (
  texts: readonly string[],
  maxProblems: number,
  textAt: (index: number) => LocatedText,
): ListResult => ({
  ok: true,
  lines: parsePrefixLines(encoder.encode(texts.map((text) => `${isOneLine(text) ? text : "?"}\n`).join("")), {
    maxProblems,
  }),
  textAt: (line) => textAt(line - 1),
});

const ofCells = (cells: readonly Cell[], source: SourceText, maxProblems: number): ListResult =>
  ofLines(
    cells.map(({ text }) => text),
    maxProblems,
    (index) => {
      const { text, line } = cells[index]!;
      return placedIn(source, line, text);
    },
  );

/** In its line, where it is there as it is. */
const placedIn = (source: SourceText, line: number, value: string): LocatedText => {
  const whole = source.rangeOfLine(line);
  const at = whole.lineText.indexOf(value);
  if (at < 0) return { value, source: whole };
  return { value, offset: 0, source: { ...whole, column: at + 1, endColumn: at + 1 + value.length } };
};

/** JSON does not say where a text is: its place is the first one with this text. */
const ofTexts = (texts: readonly string[], source: SourceText, maxProblems: number): ListResult => {
  let places: Map<string, number> | undefined;
  return ofLines(texts, maxProblems, (index) => {
    const value = texts[index]!;
    places ??= new Map([...source.text.matchAll(/"([^"\\]*)"/g)].reverse().map((m) => [m[1]!, m.index + 1]));
    const at = places.get(value);
    if (at === undefined) return { value, source: start(source) };
    return { value, offset: 0, source: source.range(at, at + value.length) };
  });
};

// --- CSV ---

const cellsOf = (source: SourceText, column: string | number): Cell[] => {
  const cells: Cell[] = [];
  let index = typeof column === "number" ? column - 1 : undefined;
  for (const { record, info } of records(source)) {
    if (index === undefined) {
      index = record.indexOf(String(column));
      if (index < 0 || record.indexOf(String(column), index + 1) >= 0)
        throw new Unreadable(
          diagnostic("no-column", { column, names: record.slice(0, 20), twice: index >= 0 }, start(source)),
        );
      continue;
    }
    const text = record[index];
    if (text === undefined)
      throw new Unreadable(
        diagnostic("no-column", { column, has: record.length }, source.rangeOfLine(info.lines)),
      );
    const isFirst = info.records === 1;
    if (text !== "" && !(isFirst && isTitle(text))) cells.push({ text, line: info.lines });
  }
  return cells;
};

/** The title of a column given by its number; without a dot, a colon and a slash it can be no address at all. */
const isTitle = (text: string): boolean => /^[A-Za-z][\w -]*$/.test(text);

interface CsvRecord {
  readonly record: readonly string[];
  /** Both from 1. */
  readonly info: { readonly lines: number; readonly records: number };
}

const records = (source: SourceText): readonly CsvRecord[] => {
  try {
    // With `info`, each record comes with its line; the types of the library know of none of its options.
    return parseCsv(source.text, {
      info: true,
      trim: true,
      comment: "#",
      comment_no_infix: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as readonly CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(Reflect.get(error, "lines"));
    const problem = error.message.split("\n")[0]!.slice(0, 200);
    throw unreadable(source, { file: source.file, kind: "CSV", problem }, Number.isFinite(line) ? line : 1);
  }
};

// --- JSON ---

/** Milliseconds that a selection may take: a pattern of `match()` can take for ever, and `..` grows with each. */
const longestSelection = 5_000;
/** Characters of a selection. */
const longestPath = 2_000;

const selected = (source: SourceText, path: string): string[] => {
  const { file } = source;
  const documents = jsonIn(source);
  const fail = (problem: ArgsOf<"bad-select">["problem"], said?: string, line?: number): Unreadable =>
    new Unreadable(
      diagnostic(
        "bad-select",
        { file, path: path.slice(0, 200), problem, said },
        line === undefined ? start(source) : source.rangeOfLine(line),
      ),
    );
  if (path.length > longestPath) throw fail("too-long");
  let found: readonly unknown[][];
  try {
    found = within(longestSelection, () => documents.map(({ value }) => query(value, path)));
  } catch (error) {
    // The time-out's error may be of another realm than this module's.
    const { code, name, message } = Object(error) as { code?: unknown; name?: unknown; message?: unknown };
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw fail("too-slow");
    if (name === "RangeError") throw fail("too-deep");
    throw fail("syntax", String(message).slice(0, 300));
  }
  // A filter is meant to pass by what it does not match.
  const empty = path.includes("?") ? -1 : found.findIndex((one) => one.length === 0);
  const { line } = documents[empty] ?? {};
  if (line !== undefined) throw fail("nothing-in-line", `line ${line}`, line);
  const texts = found.flat();
  const other = texts.find((one) => typeof one !== "string");
  if (other !== undefined) throw fail("not-text", shown(other));
  return texts.map(String);
};

/** What is no text, in short. Its insides may be nested deeper than anything can write. */
const shown = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
};

/**
 * Ends work that runs for longer, also in the middle of a regular expression. The one clock in this folder: a pattern that
 * backtracks takes for ever on a short list and a short path, so that no limit on sizes holds it, and nothing but the
 * engine can stop it. It decides about nothing but that a selection is refused.
 */
const within = <T>(milliseconds: number, work: () => T): T =>
  vm.runInNewContext("work()", { work }, { timeout: milliseconds }) as T;

interface JsonDocument {
  readonly value: JsonValue;
  /** Of NDJSON, from 1. */
  readonly line?: number;
}

/** One JSON text, or one a line. */
const jsonIn = (source: SourceText): readonly JsonDocument[] => {
  const { text, file } = source;
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const documents = jsonLines(source);
    if (documents !== undefined) return documents;
    const kind = /^\s*</.test(text) ? "HTML" : "JSON";
    const problem = error instanceof Error ? error.message.slice(0, 200) : "";
    throw unreadable(source, { file, kind, problem });
  }
  requireSingleKeys(source, text, 0);
  return [{ value }];
};

/** `text` begins at `start` of the list. */
const requireSingleKeys = (source: SourceText, text: string, start: number): void => {
  const doubled = doubledKey(text);
  if (doubled === undefined) return;
  const problem = doubled.key.slice(0, 100);
  const at = start + doubled.index;
  throw new Unreadable(
    diagnostic(
      "list-unreadable",
      { file: source.file, kind: "doubled-key", problem },
      source.range(at, at + 1),
    ),
  );
};

/** Undefined where already the first line is no JSON text; then the list is no NDJSON. */
const jsonLines = (source: SourceText): readonly JsonDocument[] | undefined => {
  const documents: JsonDocument[] = [];
  let line = 0;
  let end = 0;
  for (const text of source.text.split("\n")) {
    line += 1;
    const start = end;
    end += text.length + 1;
    if (text.trim() === "") continue;
    try {
      documents.push({ value: JSON.parse(text), line });
    } catch (error) {
      if (documents.length === 0) return undefined;
      const problem = error instanceof Error ? error.message.slice(0, 200) : "";
      throw unreadable(source, { file: source.file, kind: "NDJSON", problem }, line);
    }
    requireSingleKeys(source, text, start);
  }
  return documents.length === 0 ? undefined : documents;
};
