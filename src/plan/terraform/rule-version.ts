/**
 * What a call of Terraform makes of a rule. A PUT sends the entries that Terraform knows, and what it does not name stays
 * (docs/service.md, "Rules"): so an entry that is on the account alone is left there.
 */
import { type Prefix, prefixKey } from "../../address/prefix.js";
import type { RuleType } from "../../model/rule.js";
import type { SnapshotEntry, SnapshotRule } from "../../model/snapshot.js";
import type { TerraformRule } from "../../terraform/plan.js";
import { prefixesOf, prefixKeys } from "../state.js";

/** A rule at one time, as far as it is known. */
export interface RuleVersion {
  readonly name: string;
  readonly type: RuleType | "unknown";
  readonly description: string;
  readonly prefixes: readonly Prefix[];
  readonly disabled: readonly Prefix[];
  /** Entries that may be there or not. */
  readonly uncertain: readonly Prefix[];
  /** Whether it has, or may have, entries of an unknown range. */
  readonly anyRange: boolean;
}

/** As the account has it. */
export const versionOf = ({ name, type, description, entries, disabled }: SnapshotRule): RuleVersion => ({
  name,
  type,
  description,
  prefixes: prefixesOf(entries),
  disabled: prefixesOf(disabled ?? []),
  uncertain: [],
  anyRange: false,
});

/** What a create makes of it. */
export const created = (after: TerraformRule, address: string): RuleVersion => ({
  name: after.name ?? address,
  type: after.type ?? "unknown",
  description: after.description ?? "",
  prefixes: prefixesOf(after.entries),
  disabled: [],
  uncertain: [],
  anyRange: after.unknownEntries !== "none",
});

/** What an update does to the entries that the account has. */
interface Merged {
  readonly kept: readonly SnapshotEntry[];
  /** Not named by the update, and so left there. */
  readonly left: readonly SnapshotEntry[];
  /** Named by Terraform's record, and gone unless the unknown list has them again. */
  readonly removed: readonly SnapshotEntry[];
  /** Named by an id that Terraform has on record with another range: nobody knows what the service makes of that. */
  readonly changed: readonly SnapshotEntry[];
}

export const mergeEntries = (
  entries: readonly SnapshotEntry[],
  before: TerraformRule | undefined,
  after: TerraformRule,
): Merged => {
  const [known, wanted] = [
    prefixKeys(prefixesOf(before?.entries ?? [])),
    prefixKeys(prefixesOf(after.entries)),
  ];
  const ids = new Set((before?.entries ?? []).flatMap(({ id }) => id ?? []));
  const roleOf = ({ id, prefix }: SnapshotEntry): keyof Merged => {
    const key = prefixKey(prefix);
    if (wanted.has(key)) return "kept";
    if (known.has(key)) return "removed";
    return ids.has(id) ? "changed" : "left";
  };
  const of = (role: keyof Merged): readonly SnapshotEntry[] =>
    entries.filter((entry) => roleOf(entry) === role);
  return { kept: of("kept"), left: of("left"), removed: of("removed"), changed: of("changed") };
};

/** What an update leaves of it. */
export const updated = (
  rule: SnapshotRule,
  before: TerraformRule | undefined,
  after: TerraformRule,
): RuleVersion => {
  const inForce = mergeEntries(rule.entries, before, after);
  const disabled = mergeEntries(rule.disabled ?? [], before, after);
  const off = prefixesOf([...disabled.kept, ...disabled.left, ...disabled.changed]);
  const onAccount = prefixKeys(prefixesOf([...rule.entries, ...(rule.disabled ?? [])]));
  const onRecord = prefixKeys(prefixesOf(before?.entries ?? []));
  const isNew = (prefix: Prefix): boolean => !onAccount.has(prefixKey(prefix));
  // Terraform keeps it by an id that the account no longer has.
  const isLost = (prefix: Prefix): boolean => isNew(prefix) && onRecord.has(prefixKey(prefix));
  const wanted = prefixesOf(after.entries);
  return {
    name: after.name ?? rule.name,
    type: after.type ?? "unknown",
    description: after.description ?? rule.description,
    prefixes: [
      ...prefixesOf([...inForce.kept, ...inForce.left]),
      ...wanted.filter((prefix) => isNew(prefix) && !isLost(prefix)),
    ],
    disabled: off,
    uncertain: [
      ...prefixesOf(inForce.changed),
      ...wanted.filter(isLost),
      ...(after.unknownEntries === "any" ? prefixesOf(inForce.removed) : []),
    ],
    anyRange: after.unknownEntries !== "none",
  };
};
