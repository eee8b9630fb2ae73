/**
 * The frame of a markdown report: a head that is always whole, folded sections of rows, and a size that holds.
 * Promises: nothing in a row can close its fence or fold; what is left out is counted where it is missing.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import { commentWord, markdownCode, markdownFence } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { AccessChange } from "../plan/plan.js";
import { type AccessVerbs, accessGroups, rowsOfGroups } from "./access-rows.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { plainStyle, type RenderContext } from "./layout.js";
import { diffRow, fenceWidth, type Row } from "./row.js";

/** A GitHub comment holds 65,536 characters; a wrapper may add a little. */
export const defaultMaxBytes = 60_000;

export interface Section {
  /** The program's own words and numbers only: it stands in a `<summary>`, unescaped. */
  readonly title: string;
  readonly language: "diff" | "text";
  /** Each is kept or left out as a whole; it may be several lines, neutralised. */
  readonly rows: readonly string[];
  /** Shown unfolded. */
  readonly open?: boolean;
  /** Rows to keep, or everything: set while fitting. */
  readonly keep?: number;
}

export interface MarkdownPage {
  /** What finds this comment again: `<!-- dbt-ip-rules:plan:HOST:ID -->`. */
  readonly marker?: string;
  /** Markdown, already safe. */
  readonly head: string;
  readonly sections: readonly Section[];
}

export interface Account {
  readonly id: number;
  readonly host: string;
}

/** One line, the same for every run on an account. */
export const markerOf = (kind: string, { id, host }: Account): string =>
  `<!-- dbt-ip-rules:${commentWord(kind)}:${commentWord(host)}:${id} -->`;

export const accountLine = ({ id, host }: Account): string => `Account ${id} on ${markdownCode(host)}`;

/** How what is wrapped comes into a fence. */
export const fenceLook: RenderContext = { style: plainStyle, width: fenceWidth };

/** Diagnostics as rows of a section. */
export const diagnosticRows = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map((one) => renderDiagnosticsText([one], fenceLook).trimEnd());

const sectionText = ({ title, language, rows, open, keep = rows.length }: Section): string => {
  const left = rows.length - keep;
  const missing = left > 0 ? `\n_${counted(left, "row")} left out here for length._\n` : "";
  const body = keep === 0 ? "" : markdownFence(rows.slice(0, keep), language);
  if (open === true) return `**${title}**\n\n${body}${missing}`;
  return `<details><summary>${title}</summary>\n\n${body}${missing}\n</details>\n`;
};

const assemble = ({ marker, head, sections }: MarkdownPage): string =>
  [
    marker === undefined ? head : `${marker}\n${head}`,
    ...sections.filter(({ rows }) => rows.length > 0).map((section) => sectionText(section)),
  ].join("\n");

const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8");

/** The largest of 0..top that `holds`, which must be true up to some point and false after; -1 for none. */
const largest = (top: number, holds: (count: number) => boolean): number => {
  if (holds(top)) return top;
  let low = -1;
  let high = top;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
};

/** The report in at most `maxBytes` bytes of UTF-8 if leaving out rows can do it; the last section gives first. */
export const fitReport = (report: MarkdownPage, maxBytes: number): string => {
  let sections = report.sections;
  const tryWith = (index: number, keep: number): Section[] =>
    sections.map((section, at) => (at === index ? { ...section, keep } : section));
  for (let index = sections.length - 1; index >= 0; index--) {
    if (bytesOf(assemble({ ...report, sections })) <= maxBytes) break;
    const fits = (keep: number): boolean =>
      bytesOf(assemble({ ...report, sections: tryWith(index, keep) })) <= maxBytes;
    sections = tryWith(index, Math.max(0, largest(sections[index]?.rows.length ?? 0, fits)));
  }
  return assemble({ ...report, sections });
};

const fitsIn = (text: string, maxBytes: number): boolean => bytesOf(text) <= maxBytes;

/** The access change as the open part of a markdown report: whole where it fits, and loud where it does not. */

const fenceOf = (rows: readonly Row[]): string =>
  rows.length === 0 ? "" : markdownFence(rows.map(diffRow), "diff");

const warning = (marks: string): string =>
  `> **This text is too short for every range that gains access.** ${marks} Read the whole plan before you approve it.\n\n`;

/** Prefixes of a narrowing row that are tried, one after the other. */
const narrowingSizes = [12, 3, 0] as const;

/** Bytes that a prefix takes in a list at least: `::/1, `. */
const shortestPrefix = 6;

/**
 * Builds the report with its access block, in at most `maxBytes`: first other sections' rows give way, then
 * what narrows, and only if that cannot do, ranges that broaden, with a warning above them.
 * `build` puts the block into the head.
 */
export const fitWithAccess = (
  change: AccessChange,
  maxBytes: number,
  build: (block: string) => MarkdownPage,
  verbs?: AccessVerbs,
): string => {
  const words = verbs === undefined ? {} : { verbs };
  const groups = accessGroups(change);
  for (const narrowing of change.newlyBlocked.isEmpty() ? [0] : narrowingSizes) {
    const text = fitReport(build(fenceOf(rowsOfGroups(groups, { ...words, narrowing }))), maxBytes);
    if (fitsIn(text, maxBytes)) return text;
  }
  const gaining = groups.filter(({ verdict }) => verdict === "allowed");
  const withRanges = (broadening: number): string => {
    const rows = rowsOfGroups(gaining, { ...words, broadening });
    return fitReport(build(warning("The counts are exact, the lists are cut.") + fenceOf(rows)), maxBytes);
  };
  const most = Math.min(change.newlyAllowed.prefixes().length, Math.ceil(maxBytes / shortestPrefix));
  const ranges = largest(most, (count) => fitsIn(withRanges(count), maxBytes));
  if (ranges >= 0) return withRanges(ranges);
  return fitReport(build(warning("There is no room for the list.")), maxBytes);
};
