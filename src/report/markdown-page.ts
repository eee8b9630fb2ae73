/**
 * The frame of a markdown report: a head that is always whole, folded sections of rows, and a size that holds.
 * Promises: nothing in a row can close its fence or fold; what is left out is counted where it is missing.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import { commentWord, markdownCode, markdownFence } from "../model/escape.js";
import { addressCount, counted, type FamilyCounts } from "../model/words.js";
import type { AccessChange } from "../plan/access-change.js";
import { isAboutLeftRule } from "../plan/left-rules.js";
import { type AccessWording, accessGroups, isFolded, ledRow, prefixRows } from "./access-rows.js";
import { isUnconfirmed, renderDiagnosticsText } from "./diagnostics-text.js";
import { plainStyle, type RenderContext } from "./layout.js";
import { diffRow, fenceWidth } from "./row.js";

/** A GitHub comment holds 65,536 characters; a wrapper may add a little. */
export const defaultMaxBytes = 60_000;

export interface Section {
  /** The program's own words and numbers only: it is put into a `<summary>`, unescaped. */
  readonly title: string;
  readonly language: "diff" | "text";
  /** Each is kept or left out as a whole; it may be several lines, neutralised. */
  readonly rows: readonly string[];
  /** What a row is, for saying how many are left out; a row by default. */
  readonly rowName?: readonly [one: string, many: string];
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
  /** Where all of it is, for when something is left out; markdown, already safe: "all of them are in `plan.json`". */
  readonly whole: string;
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

const sectionText = (
  { title, language, rows, rowName: [one, many] = ["row", "rows"], open, keep = rows.length }: Section,
  whole: string,
): string => {
  const left = rows.length - keep;
  const missing = left > 0 ? `\n_${counted(left, one, many)} left out here for length; ${whole}._\n` : "";
  const body = keep === 0 ? "" : markdownFence(rows.slice(0, keep), language);
  if (open === true) return `**${title}**\n\n${body}${missing}`;
  return `<details><summary>${title}</summary>\n\n${body}${missing}\n</details>\n`;
};

const assemble = ({ marker, head, whole, sections }: MarkdownPage): string =>
  [
    marker === undefined ? head : `${marker}\n${head}`,
    ...sections.filter(({ rows }) => rows.length > 0).map((section) => sectionText(section, whole)),
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

/** The report in at most `maxBytes` bytes of UTF-8 if leaving out rows can do it; the last section gives way first. */
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

/** Rules that left the policy but stay on the account. */
export const unconfirmedSection = (diagnostics: readonly Diagnostic[]): Section => {
  const waiting = diagnostics.filter(isUnconfirmed);
  return {
    title: `Not confirmed: ${counted(waiting.length, "change")}`,
    language: "text",
    rows: diagnosticRows(waiting),
    rowName: ["change", "changes"],
    open: true,
  };
};

export const leftSection = (diagnostics: readonly Diagnostic[]): Section => {
  const left = diagnostics.filter(isAboutLeftRule);
  return {
    title: `Left the file, but ${left.length === 1 ? "stays" : "stay"} on the account: ${counted(left.length, "rule")}`,
    language: "text",
    rows: diagnosticRows(left),
    rowName: ["rule", "rules"],
    open: true,
  };
};

export interface AccessTitles {
  readonly lost: string;
  readonly gained: string;
}

/** Who loses and who gains access: a group for each rule and reason, the largest first. */
export const accessSides = (change: AccessChange, titles: AccessTitles, wording?: AccessWording) => {
  const all = [...accessGroups(change, wording)].sort((a, b) => compareCounts(b.counts, a.counts));
  const sides = [
    { verdict: "blocked", title: titles.lost, set: change.newlyBlocked },
    { verdict: "allowed", title: titles.gained, set: change.newlyAllowed },
  ] as const;
  return sides.map(({ verdict, title, set }) => {
    const groups = all.filter((group) => group.verdict === verdict);
    const count = groups.some(({ isRest }) => isRest)
      ? "every address that nothing allows"
      : addressCount(set.count());
    return { verdict, title, count, groups };
  });
};

/**
 * Who loses and who gains access, for a reader with little time: open, a row for each rule and reason, the largest
 * first, long lists of prefixes cut to the widest; then, folded, every prefix of those lists.
 */
export const accessSections = (
  change: AccessChange,
  titles: AccessTitles,
  wording?: AccessWording,
): { readonly open: readonly Section[]; readonly folded: readonly Section[] } => {
  const sides = accessSides(change, titles, wording);
  const open = sides.map(
    ({ title, count, groups }): Section => ({
      title: `${title}: ${count}`,
      language: "diff",
      rows: groups.map((group) => diffRow(ledRow(group, wording))),
      rowName: ["rule or reason", "rules or reasons"],
      open: true,
    }),
  );
  // What gains access gives way last.
  const folded = [...sides].reverse().map(({ title, groups }): Section => {
    const long = groups.filter(isFolded);
    return {
      title: `Every prefix of the long lists above: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
      language: "diff",
      rows: long.flatMap(prefixRows).map(diffRow),
      rowName: ["prefix", "prefixes"],
    };
  });
  return { open, folded };
};

const compareCounts = (a: FamilyCounts, b: FamilyCounts): number =>
  // By IPv4 first: one IPv6 network of a site has more addresses than all of IPv4.
  a.ipv4 === b.ipv4 ? Number(a.ipv6 > b.ipv6) - Number(a.ipv6 < b.ipv6) : a.ipv4 > b.ipv4 ? 1 : -1;
