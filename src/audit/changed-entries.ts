/**
 * Which entries an event of a rule added, removed, and wrote again, where its context says so. The context's shape is
 * not published (docs/service.md, "Audit log"): a list before and one after, lists of what was added and removed, or the
 * rule as it then was, whose entries show by their times which of them this write touched. Nothing is guessed: what no
 * form of these shows is left out. Pure.
 */
import { isObject, type JsonObject } from "../model/json.js";
import type { AuditEvent } from "./event.js";

interface ChangedEntries {
  /** As the log spells them. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** They were there before, and this write enabled or disabled them, or wrote them as they were. */
  readonly rewritten: readonly { readonly cidr: string; readonly enabled: boolean }[];
}

const none: ChangedEntries = { added: [], removed: [], rewritten: [] };

/** Objects that are looked at, and how deep: a context is small. */
const mostObjects = 2_000;
const mostDepth = 8;

/** The context's objects, from the outside in. */
const objectsIn = (context: unknown): readonly JsonObject[] => {
  const found: JsonObject[] = [];
  let level: readonly unknown[] = [context];
  for (let depth = 0; depth < mostDepth && found.length < mostObjects; depth += 1) {
    const own = level.filter(isObject).slice(0, mostObjects - found.length);
    found.push(...own);
    level = own.flatMap((fields) => Object.values(fields)).flat();
  }
  return found;
};

interface Entry {
  readonly cidr: string;
  readonly isDeleted: boolean;
  /** Undefined where the log does not say. */
  readonly enabled: boolean | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Empty where there is none. */
const timeOf = (value: unknown): string => (typeof value === "string" && value.length < 60 ? value : "");

/** Whether one time is not before the other; of one spelling they compare to the microsecond, as texts. */
const isSince = (time: string, at: string): boolean => {
  if (time === "" || at === "") return false;
  if (time.length === at.length) return time >= at;
  return Date.parse(time.replace(" ", "T")) >= Date.parse(at.replace(" ", "T"));
};

const entriesIn = (value: unknown): readonly Entry[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  return (value as readonly unknown[]).flatMap((item): Entry[] => {
    const fields = isObject(item) ? item : { cidr: item };
    const { cidr } = fields;
    if (typeof cidr !== "string" || cidr.length > 60) return [];
    return [
      {
        cidr,
        isDeleted: fields["state"] === 2,
        enabled: typeof fields["enabled"] === "boolean" ? fields["enabled"] : undefined,
        createdAt: timeOf(fields["created_at"]),
        updatedAt: timeOf(fields["updated_at"]),
      },
    ];
  });
};

/** The list under one of these keys, itself or as the `cidrs` of what is there. */
const listUnder = (fields: JsonObject, keys: readonly string[]): readonly Entry[] | undefined => {
  for (const key of keys) {
    const value = fields[key];
    const entries = entriesIn(isObject(value) ? value["cidrs"] : value);
    if (entries !== undefined) return entries.filter(({ isDeleted }) => !isDeleted);
  }
  return undefined;
};

const cidrsOf = (entries: readonly Entry[] = []): readonly string[] => entries.map(({ cidr }) => cidr);

const withEnabled = (entries: readonly Entry[]): ChangedEntries["rewritten"] =>
  entries.flatMap(({ cidr, enabled }) => (enabled === undefined ? [] : [{ cidr, enabled }]));

const explicit = (fields: JsonObject): ChangedEntries | undefined => {
  const before = listUnder(fields, ["before", "old", "previous"]);
  const after = listUnder(fields, ["after", "new", "current"]);
  if (before !== undefined && after !== undefined) {
    const old = new Map(before.map((entry) => [entry.cidr, entry]));
    const now = new Set(cidrsOf(after));
    return {
      added: cidrsOf(after).filter((cidr) => !old.has(cidr)),
      removed: cidrsOf(before).filter((cidr) => !now.has(cidr)),
      rewritten: withEnabled(
        after.filter(({ cidr, enabled }) => old.has(cidr) && old.get(cidr)?.enabled === !enabled),
      ),
    };
  }
  const added = listUnder(fields, ["added", "cidrs_added", "added_cidrs"]);
  const removed = listUnder(fields, ["removed", "cidrs_removed", "removed_cidrs"]);
  return added === undefined && removed === undefined
    ? undefined
    : { added: cidrsOf(added), removed: cidrsOf(removed), rewritten: [] };
};

/** From the rule as the event's context has it: what is not older than its last change was a part of that change. */
const ofRule = (type: string, fields: JsonObject, entries: readonly Entry[]): ChangedEntries => {
  const live = entries.filter(({ isDeleted }) => !isDeleted);
  if (type.endsWith(".added")) return { ...none, added: cidrsOf(live) };
  if (type.endsWith(".removed")) return { ...none, removed: cidrsOf(live) };
  const at = timeOf(fields["updated_at"]);
  const isNow = (time: string): boolean => isSince(time, at);
  const kept = live.filter(({ createdAt }) => !isNow(createdAt));
  const written = kept.filter(({ updatedAt }) => isNow(updatedAt));
  return {
    added: cidrsOf(live.filter(({ createdAt }) => isNow(createdAt))),
    removed: cidrsOf(entries.filter(({ isDeleted, updatedAt }) => isDeleted && isNow(updatedAt))),
    // A service that writes all entries of a rule each time shows nothing by that.
    rewritten: written.length > 1 && written.length === kept.length ? [] : withEnabled(written),
  };
};

/** Nothing for an event that is not of a rule. */
export const changedEntries = ({ type, context }: AuditEvent): ChangedEntries => {
  if (!type.startsWith("ip_restrictions.rule.")) return none;
  const objects = objectsIn(context);
  for (const fields of objects) {
    const said = explicit(fields);
    if (said !== undefined) return said;
  }
  for (const fields of objects) {
    const entries = entriesIn(fields["cidrs"]);
    if (entries !== undefined) return ofRule(type, fields, entries);
  }
  return none;
};
