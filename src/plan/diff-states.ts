/**
 * The differences between two states of an account: a rule each, keyed by name, entries keyed by prefix, so
 * that an inserted prefix never shifts others. Deletes of rules can only come from `after` leaving them out,
 * and unmanaged rules were copied into it before.
 */
import jsonPatch from "fast-json-patch";
import { formatPrefix, type Prefix } from "../address/prefix.js";
import { isStaleTemporary } from "../model/reserved-names.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { Change, DeleteReason } from "./plan.js";
import { rulesByName, sameRules, withoutPrefixes } from "./state.js";

/** New name to the name on the account, for rules that keep their identity under another name. */
export type Renames = ReadonlyMap<string, string>;

/** What becomes of the single entries of a rule; each list is sorted, and no prefix is in two of them. */
interface EntryChanges {
  /** New, and in force. */
  readonly added: readonly Prefix[];
  /** Was in force, and is gone. */
  readonly removed: readonly Prefix[];
  /** Was disabled, is in force. */
  readonly enabled: readonly Prefix[];
  /** Was in force, is disabled. */
  readonly disabled: readonly Prefix[];
  /** New, and without effect. */
  readonly addedDisabled: readonly Prefix[];
  /** Was without effect, and is gone. */
  readonly removedDisabled: readonly Prefix[];
}

type Entries = Pick<Rule, "prefixes" | "disabled">;
const none: Entries = { prefixes: [] };

/** Of a rule that is created or deleted, one side is absent. */
export const entryChanges = (before: Entries = none, after: Entries = none): EntryChanges => {
  const [wasDisabled, isDisabled] = [before.disabled ?? [], after.disabled ?? []];
  const come = withoutPrefixes(after.prefixes, before.prefixes);
  const gone = withoutPrefixes(before.prefixes, after.prefixes);
  const added = withoutPrefixes(come, wasDisabled);
  const removed = withoutPrefixes(gone, isDisabled);
  const newlyDisabled = withoutPrefixes(isDisabled, wasDisabled);
  const disabledNoMore = withoutPrefixes(wasDisabled, isDisabled);
  return {
    added,
    removed,
    enabled: withoutPrefixes(come, added),
    disabled: withoutPrefixes(gone, removed),
    addedDisabled: withoutPrefixes(newlyDisabled, before.prefixes),
    removedDisabled: withoutPrefixes(disabledNoMore, after.prefixes),
  };
};

const updateOf = (before: Rule, after: Rule): Change | undefined =>
  sameRules(before, after)
    ? undefined
    : {
        kind: "update",
        before,
        after,
        added: withoutPrefixes(after.prefixes, before.prefixes),
        removed: withoutPrefixes(before.prefixes, after.prefixes),
      };

const reasonOf = (rule: Rule, removed: ReadonlySet<string>): DeleteReason => {
  if (isStaleTemporary(rule)) return "left-over";
  return removed.has(rule.name) ? "removed" : "unmanaged";
};

const ruleChanges = (
  before: AccountState,
  after: AccountState,
  renames: Renames,
  removed: ReadonlySet<string>,
): Change[] => {
  const left = rulesByName(before.rules);
  const changes: Change[] = [];
  for (const rule of after.rules) {
    const oldName = renames.get(rule.name) ?? rule.name;
    const old = left.get(oldName);
    left.delete(oldName);
    const change: Change | undefined = old === undefined ? { kind: "create", rule } : updateOf(old, rule);
    if (change !== undefined) changes.push(change);
  }
  for (const rule of left.values()) {
    changes.push({ kind: "delete", rule, reason: reasonOf(rule, removed) });
  }
  return changes;
};

/**
 * `removed`: names that the policy's `removed_rules` holds, the reason of a delete.
 * Creates and updates in the order of the new names, then deletes in the order of theirs; enforcement first
 * where it is disabled, last where it is enabled.
 */
export const diffStates = (
  before: AccountState,
  after: AccountState,
  renames: Renames = new Map(),
  removed: ReadonlySet<string> = new Set(),
): Change[] => {
  const changes = ruleChanges(before, after, renames, removed);
  if (after.enforcement === before.enforcement || after.enforcement === "unknown") return changes;
  const change: Change = { kind: "enforcement", before: before.enforcement, after: after.enforcement };
  return after.enforcement === "disabled" ? [change, ...changes] : [...changes, change];
};

/** How many rules are created, updated and deleted. */
export const countsByKind = (changes: readonly Change[]) => {
  const count = (kind: Change["kind"]): number => changes.filter((change) => change.kind === kind).length;
  return { create: count("create"), update: count("update"), delete: count("delete") };
};

/** The canonical document of a rule: entries as an object keyed by prefix, those in force first. */
export const ruleDocument = ({
  name,
  type,
  description,
  prefixes,
  disabled = [],
}: Rule): Record<string, unknown> => ({
  name,
  type,
  description,
  cidrs: Object.fromEntries([
    ...prefixes.map((prefix) => [formatPrefix(prefix), { enabled: true }]),
    ...disabled.map((prefix) => [formatPrefix(prefix), { enabled: false }]),
  ]),
});

/** What a comparison is made of, in the words of RFC 6902. A type of ours, since consumers have no fast-json-patch. */
type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

// `compare` makes these three and no others; its type names all that a patch may hold.
const compared = (before: object, after: object) => jsonPatch.compare(before, after) as PatchOperation[];

/**
 * The change field by field: an RFC 6902 patch over the rule's canonical document, or over
 * `{"enforcement": …}` for enforcement. Computed by fast-json-patch.
 */
export const patchOf = (change: Change): PatchOperation[] => {
  switch (change.kind) {
    case "create":
      return [{ op: "add", path: "", value: ruleDocument(change.rule) }];
    case "update":
      return compared(ruleDocument(change.before), ruleDocument(change.after));
    case "delete":
      return [{ op: "remove", path: "" }];
    case "enforcement":
      return compared({ enforcement: change.before }, { enforcement: change.after });
  }
};
