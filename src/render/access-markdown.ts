/** The access change as the open part of a markdown report: whole where it fits, and loud where it does not. */
import type { AccessChange } from "../plan/plan.js";
import { type AccessVerbs, accessGroups, rowsOfGroups } from "./access-rows.js";
import { fitReport, fitsIn, largest, type MarkdownPage } from "./markdown.js";
import { markdownFence } from "./neutralise.js";
import { diffRow, type Row } from "./row.js";

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
