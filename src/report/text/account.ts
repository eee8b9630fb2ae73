/** An account as it is, as text: enforcement, the table of rules, what is to be known of them. */
import { visible } from "../../model/escape.js";
import type { Snapshot } from "../../model/snapshot.js";
import type { TemporaryEntries } from "../../plan/expiry.js";
import {
  descriptionLines,
  enforcementLine,
  nameNotes,
  tableLines,
  temporaryGroups,
  totals,
} from "../account.js";
import { type RenderContext, section, wrap } from "../layout.js";

export const renderAccountText = (
  snapshot: Snapshot,
  look: RenderContext,
  entries?: TemporaryEntries,
): string => {
  const { rules } = snapshot;
  const [head = "", ...lines] = tableLines(rules);
  const listed = (title: string, list: readonly string[]): string[] =>
    section(
      title,
      list.flatMap((line) => wrap(`  ${line}`, look.width, 4)),
      look,
    );
  return `${[
    `Account ${snapshot.accountId} on ${visible(snapshot.host)}`,
    ...wrap(enforcementLine(snapshot), look.width, 2).map(look.style.faint),
    "",
    ...section(
      `  ${head}`,
      lines.map((line) => `  ${line}`),
      look,
    ),
    ...listed("Descriptions", descriptionLines(rules)),
    ...listed("Names that look alike", nameNotes(rules)),
    ...temporaryGroups(entries).flatMap((group) => listed(group.title, group.rows)),
    totals(rules),
  ].join("\n")}\n`;
};
