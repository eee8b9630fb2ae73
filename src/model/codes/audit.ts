/** Codes of the audit log: reading it, checking receipts against it, exporting it. */
import { code } from "./code.js";

export const auditCodes = {
  "audit-log-unreadable": code<{ readonly command: "verify" | "drift" }>({
    severity: "error",
    message: ({ command }) =>
      command === "verify"
        ? "The audit log could not be read, so this run neither confirms nor denies anything"
        : "The audit log could not be read: nobody can be named, and changes of rules outside the policy are not seen",
    meaning: "The log could not be read, so nothing is reported as confirmed or missing.",
    fix: "See the message after it.",
  }),
  "audit-log-unsteady": code({
    severity: "error",
    message: "The audit log changes faster than it can be read: its pages do not join",
    hint: "Ask for a shorter range with --since and --until, or use: dbt-ip-rules audit export",
    meaning: "The log changes faster than it can be read.",
    fix: "Ask for a shorter range, or use `dbt-ip-rules audit export`.",
  }),
  "audit-several-actors": code<{ readonly file: string; readonly actors: number }>({
    severity: "warning",
    message: ({ file, actors }) =>
      `The steps of ${file} are recorded for ${actors} actors, although one token made them`,
    hint: "Look at the actors in the table: somebody else may have changed the same rules at the same time",
    meaning: "A warning: the steps of one receipt were recorded for different actors.",
    fix: "Find out who changed the account at the same time.",
  }),
  "enforcement-flipped": code<
    /** Seen in the audit log; `enabled`: what the call made of it, where the log says. */
    | { readonly by: "log"; readonly at: string; readonly enabled: boolean | undefined }
    /** Seen in a reading during the run; `when`: "Before step 2". */
    | {
        readonly by: "reading";
        readonly when: string;
        readonly before: "enabled" | "disabled";
        readonly now: "enabled" | "disabled";
      }
  >({
    severity: "error",
    message: (args) =>
      args.by === "reading"
        ? `${args.when} enforcement was ${args.before}, and now it is ${args.now}: by a call of this run, or by somebody else`
        : `Enforcement was turned ${args.enabled === undefined ? "on or off" : args.enabled ? "on" : "off"} at ${args.at} by a call of this run, and no step should do that: somebody changed it between a reading and a write, and the write changed it back`,
    hint: (args) => {
      if (args.by === "reading")
        return `To change it back, write \`enforcement: ${args.before}\` in the policy, then type: dbt-ip-rules apply`;
      const wanted =
        args.enabled === undefined
          ? "`enforcement:`"
          : `\`enforcement: ${args.enabled ? "disabled" : "enabled"}\``;
      return `Find who changed it with dbt-ip-rules audit list --event ip_restrictions.toggled. To restore that, write ${wanted} in the policy, then type: dbt-ip-rules apply`;
    },
    meaning: "Enforcement changed while the steps ran, and no step of the plan did it.",
    fix: "Decide which it should be, write it under `enforcement` in the policy, then apply.",
  }),
  "unknown-event-type": code<{ readonly typed: string; readonly near: readonly string[] }>({
    severity: "warning",
    message: ({ typed }) => `The documentation has no event type ${JSON.stringify(typed)}`,
    hint: ({ near }) =>
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : "See all of them with: dbt-ip-rules audit events",
    meaning: "No documented event type has that name.",
    fix: "See them with `dbt-ip-rules audit events`.",
  }),
  "range-in-future": code<{ readonly since: string }>({
    severity: "warning",
    message: ({ since }) => `The range begins at ${since}, which is in the future by this machine's clock`,
    hint: "Give an earlier --since",
    meaning: "A warning: the range begins later than now by this machine's clock.",
    fix: "Give an earlier `--since`.",
  }),
  "range-empty": code<{ readonly since: string; readonly until: string }>({
    severity: "error",
    message: ({ since, until }) => `The range is empty: it begins at ${since} and ends at ${until}`,
    hint: "Swap --since and --until",
    meaning: "`--since` is later than `--until`.",
    fix: "Swap them.",
  }),
  "export-still-running": code<{ readonly seconds: number }>({
    severity: "error",
    message: ({ seconds }) => `The service has not finished the export after ${seconds} s`,
    hint: "Run the same command later: it continues with this job",
    meaning: "The service has not finished the export.",
    fix: "Run it again: it continues with the same job.",
  }),
  "export-incomplete": code<{ readonly bytes: number; readonly announced: number }>({
    severity: "error",
    message: ({ bytes, announced }) =>
      `The download has ${bytes} bytes instead of the announced ${announced}: nothing was kept`,
    hint: "Run it again: a bulk export continues with the job that it submitted",
    meaning: "The download has fewer bytes than were announced.",
    fix: "Run it again: it continues with the same job.",
  }),
  "export-link-refused": code<{ readonly host: string; readonly status: number }>({
    severity: "error",
    message: ({ host, status }) => `${host} refused the export's link (${status}): such links expire`,
    hint: "Run it again: the export itself is kept, and the service gives a new link",
    meaning: "The link to the export is not accepted.",
    fix: "Run it again: it gets a new one.",
  }),
  "export-link-unusable": code({
    severity: "error",
    message: "The link that the service gave for the export is not an https URL",
    hint: "Run it again; if it happens again, download it from the audit log's page under Account settings",
    meaning: "The link to the export cannot be used.",
    fix: "Run the command again.",
  }),
  "cursor-unreadable": code<{ readonly file: string; readonly reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the cursor ${file}: ${reason}`,
    hint: "Check the permissions of the file, or name another with --cursor",
    meaning: "The cursor of `audit watch` cannot be read.",
    fix: "Check the file's permissions.",
  }),
  "cursor-unusable": code<
    { readonly file: string } & (
      | { readonly problem: "not-a-cursor" }
      | { readonly problem: "other-account"; readonly theirs: string; readonly account: string }
    )
  >({
    severity: "error",
    message: (args) =>
      args.problem === "not-a-cursor"
        ? `${args.file} is not a cursor of this version of dbt-ip-rules`
        : `The cursor ${args.file} is of account ${args.theirs}, not of ${args.account}`,
    hint: "Name another file with --cursor; to go back when you start again, add --since",
    meaning: "The cursor of `audit watch` is of another version or account.",
    fix: "Name another file with `--cursor`.",
  }),
};
