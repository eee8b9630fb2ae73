/** Codes of what ends or is undone: entries that expire, grants, rollbacks, changes that nobody confirmed. */
import { onOrAt } from "../instant.js";
import { code } from "./code.js";

export const undoCodes = {
  "expired-deny-waits": code<{ prefix: string; rule: string; expires: string }>({
    severity: "warning",
    message: ({ prefix, rule, expires }) =>
      `The deny entry ${prefix} in \`${rule}\` expired ${onOrAt(expires)} and stays on the account: taking it out may let somebody in`,
    hint: "To see who, and to take it out: dbt-ip-rules apply",
    meaning: "A deny entry has expired. `--only-expired` takes out allow entries alone.",
    fix: "Run `dbt-ip-rules apply` without `--only-expired`, and read who gains access.",
  }),
  "other-changes-wait": code<{ changes: number }>({
    severity: "note",
    message: ({ changes }) =>
      `${changes === 1 ? "1 other change is" : `${changes} other changes are`} pending and left alone`,
    hint: "To see them: dbt-ip-rules plan",
    meaning: "The policy asks for more than the removals that `--only-expired` makes.",
    fix: "Nothing, or `dbt-ip-rules apply` for the rest.",
  }),
};
