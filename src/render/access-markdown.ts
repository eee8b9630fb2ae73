/** The access change as the open part of a markdown report: whole where it fits, and loud where it does not. */
import type { AccessChange } from "../plan/plan.js";
import { type AccessVerbs, accessRows } from "./access-rows.js";
import { fitReport, fitsIn, largest, type Report } from "./markdown.js";
import { markdownFence } from "./neutralise.js";
import { diffLines, type Row } from "./row.js";

const fenceOf = (rows: readonly Row[]): string =>
  rows.length === 0 ? "" : markdownFence(rows.flatMap(diffLines), "diff");

const warning = (marks: string): string =>
  `> **This text is too short for every range that gains access.** ${marks} Read the whole plan before you approve it.\n\n`;

/** Prefixes of a narrowing row that are tried, one after the other. */
const narrowingSizes = [12, 3, 0] as const;

/**
 * Builds the report with its access block, in at most `maxBytes`: first other sections' rows give way, then
 * what narrows, and only if that cannot do, ranges that broaden, with a warning above them.
 * `build` puts the block into the head.
 */
export const fitWithAccess = (
  change: AccessChange,
  maxBytes: number,
  build: (block: string) => Report,
  verbs?: AccessVerbs,
): string => {
  const words = verbs === undefined ? {} : { verbs };
  for (const narrowing of narrowingSizes) {
    const text = fitReport(build(fenceOf(accessRows(change, { ...words, narrowing }))), maxBytes);
    if (fitsIn(text, maxBytes)) return text;
  }
  const withRanges = (broadening: number): string => {
    const rows = accessRows(change, { ...words, narrowing: 0, broadening }).filter(
      ({ sign }) => sign === "+",
    );
    return fitReport(build(warning("The counts are exact, the lists are cut.") + fenceOf(rows)), maxBytes);
  };
  const most = change.newlyAllowed.prefixes().length;
  const ranges = largest(most, (count) => fitsIn(withRanges(count), maxBytes));
  if (ranges >= 0) return withRanges(ranges);
  return fitReport(build(warning("There is no room for the list.")), maxBytes);
};
