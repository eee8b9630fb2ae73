/** An account as JSON, and what is on it for a time. */
import { formatPrefix } from "../../address/prefix.js";
import { present } from "../../model/present.js";
import type { Snapshot, SnapshotEntry } from "../../model/snapshot.js";
import type { TemporaryEntries } from "../../plan/expiry.js";
import type { DatedEntry } from "../../plan/plan.js";
import { sortedEntries } from "../account.js";
import type { VerdictOf } from "../verdicts.js";

const asDocument = ({ rule, prefix, expires }: DatedEntry) => ({ rule, cidr: formatPrefix(prefix), expires });

/** The keys of a document; absent where no policy says what is temporary. */
export const temporaryDocument = (entries: TemporaryEntries | undefined) =>
  present({ temporary: entries?.temporary.map(asDocument), overdue: entries?.overdue.map(asDocument) });

const entryJson = ({ id, prefix, text }: SnapshotEntry) => ({ id, cidr: formatPrefix(prefix), text });

/** What `show --format json` prints of an account. */
export const accountDocument = (snapshot: Snapshot, entries?: TemporaryEntries) => ({
  format: "dbt-ip-rules/account" as const,
  version: 1 as const,
  verdict: "ok" satisfies VerdictOf<"account">,
  account: { id: snapshot.accountId, host: snapshot.host },
  enforcement: snapshot.enforcement,
  ...present({
    rule_set_id: snapshot.ruleSetId,
    enabled_for_service_tokens: snapshot.enabledForServiceTokens,
  }),
  ...temporaryDocument(entries),
  rules: snapshot.rules.map((rule) => ({
    id: rule.id,
    name: rule.name,
    type: rule.type,
    description: rule.description,
    ...present({ created_at: rule.createdAt, updated_at: rule.updatedAt }),
    entries: sortedEntries(rule.entries).map(entryJson),
    ...present({ disabled_entries: rule.disabled && sortedEntries(rule.disabled).map(entryJson) }),
  })),
});
