/** Codes of the audit log: reading it, checking receipts against it, exporting it. */
import { assertNever } from "../assert.js";
import { counted, grouped, listed } from "../words.js";
import { code } from "./code.js";

const mostColumns = 20;

const columns = (names: readonly string[]): string =>
  names.length === 0
    ? "none"
    : listed(
        names.map((name) => JSON.stringify(name)),
        mostColumns,
      );

export const auditCodes = {
  "audit-log-unreadable": code<{ readonly command: "verify" | "drift" }>({
    severity: "error",
    message: ({ command }) =>
      command === "verify"
        ? "The audit log could not be read, so nothing is confirmed, and nothing is ruled out"
        : "The audit log could not be read, so drift cannot say who made a change, and does not see changes to rules outside the policy",
    meaning: "The audit log could not be read.",
    fix: "See the next error.",
  }),
  "audit-log-unsteady": code({
    severity: "error",
    message: "The audit log changes faster than it can be read: its pages are inconsistent",
    hint: "Ask for a shorter range with --since and --until, or use: dbt-ip-rules audit export",
    fix: "Use `--since` and `--until`, or `audit export`.",
  }),
  "audit-several-actors": code<{ readonly file: string; readonly actors: number }>({
    severity: "warning",
    message: ({ file, actors }) =>
      `The steps of ${file} are recorded for ${actors} actors, although one token made them`,
    hint: "Look at the actors in the table: somebody else may have changed these rules at the same time",
    meaning: "The log has several actors for one receipt.",
    fix: "Find out who else changed these rules.",
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
        : `Enforcement was turned ${args.enabled === undefined ? "on or off" : args.enabled ? "on" : "off"} at ${args.at} by a call of this run, although no step should: somebody had changed it between a read and a write, and the write changed it back`,
    hint: (args) => {
      if (args.by === "reading")
        return `To change it back, write \`enforcement: ${args.before}\` in the policy, then type: dbt-ip-rules apply`;
      const wanted =
        args.enabled === undefined
          ? "`enforcement:`"
          : `\`enforcement: ${args.enabled ? "disabled" : "enabled"}\``;
      return `Find who changed it with dbt-ip-rules audit list --event ip_restrictions.toggled. To restore that, write ${wanted} in the policy, then type: dbt-ip-rules apply`;
    },
    meaning: "Enforcement changed during the run, and no step did it.",
    fix: "Write the value wanted under `enforcement`, then apply.",
  }),
  "unknown-event-type": code<{ readonly typed: string; readonly near: readonly string[] }>({
    severity: "warning",
    message: ({ typed }) => `The documentation has no event type ${JSON.stringify(typed)}`,
    hint: ({ near }) =>
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : "See all of them with: dbt-ip-rules audit events",
    meaning: "No documented event type has that name.",
    fix: "See `dbt-ip-rules audit events`.",
  }),
  "range-in-future": code<{ readonly since: string }>({
    severity: "warning",
    message: ({ since }) => `The range begins at ${since}, which is in the future by this machine's clock`,
    hint: "Give an earlier --since",
    meaning: "The range begins in the future.",
  }),
  "range-empty": code<{
    readonly since: string;
    readonly until: string;
    /** Whether nothing of a range is left before the time that is held out. */
    readonly heldOut?: true;
  }>({
    severity: "error",
    message: ({ since, until }) => `The range is empty: it begins at ${since} and ends at ${until}`,
    hint: ({ heldOut }) =>
      heldOut === true ? "Give --hold-out less than --from-traffic" : "Swap --since and --until",
    meaning: "`--since` is later than `--until`, or `--hold-out` leaves nothing of `--from-traffic`.",
    fix: "Swap the two, or hold out less.",
  }),
  "export-still-running": code<{ readonly seconds: number }>({
    severity: "error",
    message: ({ seconds }) => `The service has not finished the export after ${seconds} s`,
    hint: "Run the same command later: it continues with this job",
    meaning: "The service has not finished the export.",
    fix: "Run it again: it continues.",
  }),
  "export-incomplete": code<{ readonly bytes: number; readonly announced: number }>({
    severity: "error",
    message: ({ bytes, announced }) =>
      `The download has ${bytes} bytes instead of the announced ${announced}: the file was not kept`,
    hint: "Run it again: a bulk export continues with the job that it submitted",
    meaning: "The download has fewer bytes than announced.",
    fix: "Run it again.",
  }),
  "download-endless": code<{ readonly bound: "bytes" | "minutes" }>({
    severity: "error",
    message: ({ bound }) =>
      `The download ${bound === "bytes" ? "is larger than 16 GiB" : "has taken more than 6 hours"}, so it was ended: nothing was kept`,
    hint: "Ask for a shorter range with --since and --until, and check that the host is your dbt access URL",
    meaning: "The download is larger or slower than any real log.",
    fix: "Use `--since` and `--until`; check the host.",
  }),
  "export-link-refused": code<{ readonly host: string; readonly status: number }>({
    severity: "error",
    message: ({ host, status }) => `${host} refused the export's link (${status}): such links expire`,
    hint: "Run it again: the service keeps the export, and gives a new link",
    meaning: "The service refuses the export's link.",
    fix: "Run it again to get a new one.",
  }),
  "export-link-unusable": code({
    severity: "error",
    message: "The link that the service gave for the export is not an https URL",
    hint: "Run it again; if it happens again, download it from the audit log's page under Account settings",
    fix: "Run it again.",
  }),
  "cursor-unreadable": code<{ readonly file: string; readonly reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the cursor ${file}: ${reason}`,
    hint: "Check the permissions of the file, or name another with --cursor",
    meaning: "The cursor of `audit watch` cannot be read.",
    fix: "Check its permissions.",
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
    hint: "Name another file with --cursor; to start from an earlier time, add --since",
    meaning: "The cursor of `audit watch` is of another version or account.",
    fix: "Name another file with `--cursor`.",
  }),
  "traffic-file": code<
    | { readonly kind: "unreadable"; readonly file: string; readonly reason: string }
    | { readonly kind: "empty" | "not-text" | "json-list" | "no-header"; readonly file: string }
  >({
    severity: "error",
    message: (args) => {
      const what = {
        unreadable: "cannot be read",
        empty: "is empty",
        "not-text": "is not UTF-8 text",
        "json-list": "is a JSON list, not one JSON object per line",
        "no-header": "has no header line: its first line is not CSV",
      }[args.kind];
      return `${args.file} ${what}${args.kind === "unreadable" ? `: ${args.reason}` : ""}`;
    },
    hint: ({ kind }) =>
      kind === "unreadable"
        ? "Check the name after --from"
        : "Give CSV with a header line, or one JSON object per line",
    meaning: "A `--from` file is not a readable log.",
    fix: "Give an `audit export`, or CSV or NDJSON with `--columns`.",
  }),
  "traffic-columns": code<{
    readonly file: string;
    /** Absent: no `--columns`, and the file is not one of the audit log. */
    readonly missing: readonly string[] | undefined;
    readonly has: readonly string[];
  }>({
    severity: "error",
    message: ({ file, missing, has }) =>
      missing === undefined
        ? `${file} is not an audit log, and nothing says which of its columns are time and address. It has: ${columns(has)}`
        : `${file} has no column ${columns(missing)}. It has: ${columns(has)}`,
    hint: "Name its columns: --columns time=NAME,ip=NAME,who=NAME",
    meaning: "A `--from` file lacks columns or fields.",
    fix: "Name them with `--columns`.",
  }),
  "traffic-window-empty": code<{
    readonly since: string;
    readonly until: string;
    /** With an address or without; before and after the window; without a time. */
    readonly events: { readonly inside: number; readonly outside: number; readonly withoutTime: number };
    /** Of the events outside. */
    readonly span: { readonly first: string; readonly last: string } | undefined;
    /** What asked for the window: `--since` unless given, `import --from-traffic`, or a part of it with `--hold-out`. */
    readonly asked?: "since" | "from-traffic" | "draft" | "held-out";
  }>({
    severity: "error",
    message: ({ since, until, events: { inside, outside, withoutTime }, span }) => {
      const why =
        inside > 0
          ? `the ${grouped(inside)} events in it have no address`
          : outside > 0 && span !== undefined
            ? `all ${grouped(outside)} events are outside it, from ${span.first} to ${span.last}`
            : withoutTime > 0
              ? `none of ${grouped(withoutTime)} events has a time that can be read`
              : "no event is on record";
      return `There is no traffic from ${since} to ${until} to compare with: ${why}`;
    },
    hint: ({ since, events, span, asked = "since" }) => {
      if (events.inside > 0 || span === undefined)
        return "Check that this is the account's log: without traffic, nobody can be shown to keep access";
      const isEarlier = span.first < since;
      const [first, last] = [span.first.slice(0, 10), span.last.slice(0, 10)];
      switch (asked) {
        case "since":
          return isEarlier ? `Give a longer range: --since ${first}` : `Give a longer range: --until ${last}`;
        case "from-traffic":
          return `Give a longer range: --from-traffic ${first}`;
        case "draft":
          return isEarlier
            ? `Give a longer range: --from-traffic ${first}`
            : `Hold out less: the log begins on ${first}, within the time that is held out`;
        case "held-out":
          return `Hold out more: the newest event is from ${last}, before the time that is held out`;
        default:
          return assertNever(asked);
      }
    },
    meaning: "No event in the window has an address.",
    fix: "Give an earlier `--since`, or another log.",
  }),
  "traffic-incomplete": code<
    | { readonly source: "api"; readonly before: string }
    | {
        readonly source: "file";
        readonly file: string;
        readonly count: number;
        readonly lines: readonly number[];
        readonly problem: string;
      }
  >({
    severity: "error",
    message: (args) =>
      args.source === "api"
        ? `The log was read only in part: what is before ${args.before} is missing`
        : `${args.file} was read only in part: ${counted(args.count, "line")} could not be read, the first is line ${args.lines[0]}: ${args.problem}`,
    hint: "Somebody who is only in the missing part is not in this report",
    meaning: "Part of the log was not read. The report has the rest; the exit code is 1.",
    fix: "Give a later `--since`, or a whole file.",
  }),
  "traffic-list-unread": code<{ readonly list: "service tokens" | "users"; readonly reason: string }>({
    severity: "note",
    message: ({ list, reason }) =>
      `Which ${list} were active without an address on record is not known: their list could not be read (${reason})`,
    hint: "A token with Account Admin or Account Viewer may read it",
    meaning: "A list of users or service tokens could not be read.",
    fix: "Use a token that may read it.",
  }),
  "traffic-no-account": code({
    severity: "warning",
    message:
      "There is no token, so the account was not read: everybody counts as allowed before, and rules that only the account has are not counted",
    hint: "Set DBT_CLOUD_TOKEN to compare with the account as it is",
    fix: "Set `DBT_CLOUD_TOKEN`.",
  }),
  "draft-impossible": code<
    | { readonly kind: "nothing" }
    | { readonly kind: "too-many"; readonly addresses: number; readonly most: number }
  >({
    severity: "error",
    message: (args) =>
      args.kind === "nothing"
        ? "No address on record is fit for an entry: each was seen on one day only, or only in failed logins"
        : `The traffic has ${grouped(args.addresses)} addresses of actors; a draft is made of at most ${grouped(args.most)}`,
    hint: ({ kind }) =>
      kind === "nothing"
        ? "Take a longer window: --from-traffic 180d"
        : "Take a shorter window: --from-traffic 30d",
    meaning: "The recorded traffic gives no draft.",
    fix: "Choose another window with `--from-traffic`.",
  }),
};
