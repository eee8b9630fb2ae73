/** What the page says of entries and verdicts, the same in the tree, in the table and in the answer. */
import { type Address, formatAddress, isIPv4, type Prefix } from "../../../address/prefix.js";
import type { RuleType } from "../../../model/rule.js";
import { dayMs } from "../../../model/time.js";
import { readableCount } from "../../../model/words.js";
import { type Entry, hasEffect, type Picture, type TreeNode, type Verdict } from "./picture.js";

/** Where the rule has another name before: both. */
export const ruleName = ({ rule }: Entry): string => {
  const [before = "", after = before] = rule.names;
  return before !== after ? `${after} (was ${before})` : after;
};

/** As the rule is called in this view. */
export const nameIn = ({ rule }: Entry, view: number): string => rule.names[view] ?? "";

export const typeIn = ({ rule }: Entry, view: number): RuleType => rule.types[view] ?? "deny";

/** The type in the last view that has the entry. */
export const typeOf = (entry: Entry): RuleType => typeIn(entry, entry.in === 1 ? 0 : 1);

export const isIn = ({ in: views }: Entry, view: number): boolean => (views >> view) % 2 === 1;

/** What the two views have of an entry; empty where it is the same. */
export const changeWords = (entry: Entry, { views }: Picture): string => {
  if (views.length < 2) return "";
  if (entry.in === 2) return hasEffect(entry, 1) ? "added" : "added, disabled";
  if (entry.in === 1) return "removed";
  const [was, is] = [hasEffect(entry, 0), hasEffect(entry, 1)];
  if (was !== is) return is ? "enabled" : "disabled";
  const [before, after] = entry.rule.types;
  return before === after ? "" : `was ${before}, becomes ${after}`;
};

/** `gains access`, `loses access`: what happens to addresses that no narrower prefix holds; empty where nothing does. */
export const accessWords = (verdicts: readonly Verdict[] | undefined): string => {
  const [before, after] = verdicts ?? [];
  if (before === undefined || after === undefined || before.allowed === after.allowed) return "";
  return after.allowed ? "gains access" : "loses access";
};

/** The same of a prefix: `the rest loses access` where narrower ones hold a part of it. */
export const nodeAccess = (node: TreeNode | undefined): string => {
  const words = accessWords(node?.verdicts);
  return words === "" || node?.children.length === 0 ? words : `the rest ${words}`;
};

/** Inside an allowed range, denied; or the other way round. By the last view that has an entry here. */
export const holeWords = (node: TreeNode): string => {
  const view = (node.verdicts?.length ?? 1) - 1;
  const own = node.verdicts?.[view];
  const around = node.parent?.verdicts?.[view];
  if (own?.by === undefined || around?.by === undefined || own.allowed === around.allowed) return "";
  return own.allowed ? "opening" : "hole";
};

/** How many addresses a prefix has, and how long its bar is: of the exponent, from 0 to 1. */
export const sizeOf = (prefix: Prefix): { readonly words: string; readonly part: number } => {
  const bits = 128 - prefix.length;
  const most = isIPv4(prefix) ? 32 : 128;
  return { words: readableCount(1n << BigInt(bits)), part: (bits + 1) / (most + 1) };
};

export const addressText = (prefix: Prefix, text: string): string =>
  prefix.length === 128 ? formatAddress(prefix.network as Address) : text;

/** Until when, as a date is said. */
export const untilWords = (expires: string, at: string | undefined): string => {
  if (expires === "") return "";
  return at !== undefined && Date.parse(expires) <= Date.parse(at)
    ? `expired ${expires}`
    : `until ${expires}`;
};

/** Not of what has expired by then: that is in no rule any more. */
export const isSoon = (expires: string, at: string | undefined, days: number): boolean => {
  if (expires === "" || at === undefined) return false;
  const left = Date.parse(expires) - Date.parse(at);
  return left > 0 && left <= days * dayMs;
};
