/**
 * The frame of a markdown report: a head that is always whole, folded sections of rows, and a size that holds.
 * Promises: nothing in a row can close its fence or fold; what is left out is counted where it is missing.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import type { Look } from "./look.js";
import { commentWord, markdownCode, markdownFence } from "./neutralise.js";
import { fenceWidth } from "./row.js";
import { plainStyle } from "./style.js";
import { counted } from "./words.js";

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
export const fenceLook: Look = { style: plainStyle, width: fenceWidth };

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
export const largest = (top: number, holds: (count: number) => boolean): number => {
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

export const fitsIn = (text: string, maxBytes: number): boolean => bytesOf(text) <= maxBytes;
