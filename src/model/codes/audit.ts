/** The codes of the audit log: reading it, and holding receipts against it. */
import { code } from "./code.js";

export const auditCodes = {
  "audit-several-actors": code<{ file: string; actors: number }>({
    severity: "warning",
    message: ({ file, actors }) =>
      `The steps of ${file} are recorded under ${actors} actors, though one token made them`,
    hint: "Look at the actors in the table: somebody else may have changed the same rules at the same time",
    meaning: "A warning: the steps of one receipt were recorded for different actors.",
    fix: "Find out who changed the account at the same time.",
  }),
};
