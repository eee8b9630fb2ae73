/** An account as it is, for a comment or a job summary: the switch and the counts first, then the table of rules. */
import type { Snapshot } from "../model/snapshot.js";
import { descriptionLines, nameNotes, switchLine, tableLines, totals } from "./account.js";
import { accountLine, defaultMaxBytes, fitReport, markerOf } from "./markdown.js";
import { fenceWidth } from "./row.js";
import { counted } from "./words.js";

export const renderAccountMarkdown = (snapshot: Snapshot): string => {
  const { rules } = snapshot;
  const account = { id: snapshot.accountId, host: snapshot.host };
  return fitReport(
    {
      marker: markerOf("account", account),
      head: [
        "### dbt IP restrictions: the account as it is\n",
        `**${switchLine(snapshot)}. ${totals(rules)}**\n`,
        `${accountLine(account)}\n`,
      ].join("\n"),
      sections: [
        { title: "Names to look at twice", language: "text", rows: nameNotes(rules, fenceWidth), open: true },
        { title: counted(rules.length, "rule"), language: "text", rows: tableLines(rules), open: true },
        { title: "Descriptions", language: "text", rows: descriptionLines(rules, fenceWidth) },
      ],
    },
    defaultMaxBytes,
  );
};
