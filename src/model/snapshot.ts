/** The account as fetched: active rules and their entries, with the ids that writes need. */
import type { Prefix } from "../address/prefix.js";
import type { Enforcement, RuleType } from "./rule.js";

export interface SnapshotEntry {
  readonly id: number;
  readonly prefix: Prefix;
  /** As the API echoes it, which is as somebody typed it: `1.6.7.10/24`. */
  readonly text: string;
}

export interface SnapshotRule {
  readonly id: number;
  readonly name: string;
  readonly type: RuleType;
  /** Empty when the API gives none. */
  readonly description: string;
  readonly entries: readonly SnapshotEntry[];
  /**
   * Entries that are disabled: without effect, but the API keeps their ranges, so adding one of those means enabling
   * it. Absent where there are none.
   */
  readonly disabled?: readonly SnapshotEntry[];
  /** ISO 8601, UTC; absent where the API gives none. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

export interface Snapshot {
  readonly accountId: number;
  readonly host: string;
  readonly enforcement: Enforcement;
  /** Of the rule set; absent while no rule shows it. */
  readonly ruleSetId?: number;
  /** Whether service tokens are subject to the rules too; absent while no rule shows it. */
  readonly enabledForServiceTokens?: boolean;
  /** When it was read, by the service's clock: its `Date` header, ISO 8601, UTC; absent where it gave none. */
  readonly serverAt?: string;
  /** In the order of the API. Names may repeat here: whoever needs them unique checks. */
  readonly rules: readonly SnapshotRule[];
}
