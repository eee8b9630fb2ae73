/** What is on the account for a time: entries that end, and those that should be gone by now. */
import { formatPrefix } from "../address/prefix.js";
import { quoted } from "../model/escape.js";
import { onOrAt } from "../model/instant.js";
import { present } from "../model/present.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import type { DatedEntry } from "../plan/plan.js";

const line = (words: string, { prefix, rule, expires }: DatedEntry): string =>
  `${formatPrefix(prefix)} in rule ${quoted(rule)} ${words} ${onOrAt(expires)}`;

/** Each group with its title; nothing where there is none. What is overdue comes first. */
export const temporaryGroups = (
  entries: TemporaryEntries | undefined,
): readonly { readonly title: string; readonly rows: readonly string[] }[] =>
  [
    {
      title: "Overdue: to take out what has expired: dbt-ip-rules apply --only-expired",
      rows: (entries?.overdue ?? []).map((one) => line("expired", one)),
    },
    { title: "Temporary", rows: (entries?.temporary ?? []).map((one) => line("ends", one)) },
  ].filter(({ rows }) => rows.length > 0);

const asDocument = ({ rule, prefix, expires }: DatedEntry) => ({ rule, cidr: formatPrefix(prefix), expires });

/** The keys of a JSON document; absent where no policy says what is temporary. */
export const temporaryDocument = (entries: TemporaryEntries | undefined) =>
  present({ temporary: entries?.temporary.map(asDocument), overdue: entries?.overdue.map(asDocument) });
