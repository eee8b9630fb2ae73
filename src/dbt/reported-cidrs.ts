/** What an answer to a write lists as not saved (docs/service.md, "Rules"). */
import { isRecord, shorten } from "./answer.js";

export interface ReportedCidrs {
  /** Not saved: no range, or one that a rule of the other type has. */
  readonly failed: readonly string[];
  /** Skipped: the rule has the range already. */
  readonly existing: readonly string[];
}

/** Longer than any range; what is longer is shortened, and so is none. */
const longestShown = 120;

/** Of an envelope's `extra`; each text shortened. */
export const reportedCidrs = (extra: unknown): ReportedCidrs =>
  isRecord(extra)
    ? { failed: listOf(extra.failed_cidrs), existing: listOf(extra.cidrs_already_exists) }
    : { failed: [], existing: [] };

/** The form of these lists is not published beyond "a list": texts, or objects that hold a `cidr`. */
const listOf = (value: unknown): readonly string[] => {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : isRecord(value)
      ? Object.values(value).flat()
      : [value];
  return list.map((item) => shorten(textOf(item), longestShown));
};

const textOf = (item: unknown): string => {
  if (typeof item === "string") return item;
  return isRecord(item) && typeof item.cidr === "string" ? item.cidr : JSON.stringify(item);
};

/** For messages: the first ten, each shortened. */
export const shownCidrs = (texts: readonly string[]): string => {
  const first = texts.slice(0, 10).map((text) => shorten(text, 60));
  return texts.length > first.length
    ? `${first.join(", ")} and ${texts.length - first.length} more`
    : first.join(", ");
};
