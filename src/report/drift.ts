/** What a drift report says: differences, their causes and authors, what to do about them; and the page of it. */
import { formatPrefix } from "../address/prefix.js";
import type {
  Attribution,
  DriftCause,
  DriftDetail,
  DriftDifference,
  DriftReason,
  DriftReport,
} from "../audit/differences.js";
import { assertNever } from "../model/assert.js";
import { cut, quoted, visible } from "../model/escape.js";
import { yamlName } from "../model/shell.js";
import { addressCount, counted } from "../model/words.js";
import type { AccessPart } from "../plan/access-change.js";
import { type AccessCause, type AccessWording, decidedBefore } from "./access-rows.js";
import { temporarySections } from "./account.js";
import { actorText, stampText } from "./audit.js";
import { enforcementWord, ruleBrief } from "./change-rows.js";
import { isShownFirst } from "./diagnostics.js";
import type { Row, Sign } from "./layout.js";
import {
  accessSections,
  type CommandLine,
  diagnosticRows,
  firstSections,
  foldedText,
  openText,
  type ReportPage,
  type Section,
  type Spell,
  wrapped,
} from "./page.js";
import { replaySections } from "./plan-replay.js";
import { leftWords, matchEnd, unmanagedAccessWords } from "./plan-summary.js";
import { type DriftCommands, driftVerdict } from "./report.js";

const signs: Readonly<Record<DriftDetail["kind"], Sign>> = {
  "rule-added": "+",
  "rule-removed": "-",
  "name-changed": "~",
  "entry-added": "+",
  "entry-removed": "-",
  "entry-enabled-changed": "~",
  "type-changed": "~",
  "description-changed": "~",
  "enforcement-changed": "~",
};

const signOf = ({ detail }: DriftDifference): Sign => signs[detail.kind];

const abled = (enabled: boolean): string => (enabled ? "enabled" : "disabled");

const offWords = ({ enabled }: { readonly enabled?: false }): string =>
  enabled === false ? " (disabled)" : "";

/** What differs, in one sentence: `198.51.100.0/24 in rule "Corporate VPN" (allow)`. */
export const differenceText = ({ detail, rule }: DriftDifference): string => {
  const name = `rule ${quoted(rule ?? "")}`;
  switch (detail.kind) {
    case "rule-added":
      return `${name} (${detail.rule.type}, ${counted(detail.rule.prefixes.length, "entry", "entries")}) is on the account, not in the policy`;
    case "rule-removed":
      return `${name} (${detail.rule.type}, ${counted(detail.rule.prefixes.length, "entry", "entries")}) is missing on the account`;
    case "entry-added":
      return `${formatPrefix(detail.prefix)} is in ${detail.type} ${name} on the account${offWords(detail)}, not in the policy`;
    case "entry-removed":
      return `${formatPrefix(detail.prefix)}${offWords(detail)} is missing from ${detail.type} ${name} on the account`;
    case "entry-enabled-changed":
      return `${formatPrefix(detail.prefix)} in ${detail.type} ${name} is ${abled(detail.account)} on the account, ${abled(detail.policy)} in the policy`;
    case "name-changed":
      return `${name} is called ${quoted(detail.account)} on the account`;
    case "type-changed":
      return `${name} is a ${detail.account} rule on the account, a ${detail.policy} rule in the policy`;
    case "description-changed":
      return `${name} is described as ${quoted(detail.account)} on the account, ${quoted(detail.policy)} in the policy`;
    case "enforcement-changed":
      return `enforcement is ${enforcementWord(detail.account)} on the account, ${detail.policy} in the policy`;
    default:
      return assertNever(detail);
  }
};

export const reasonWords: Readonly<Record<DriftReason, string>> = {
  "base-agrees-with-policy": "changed on the account: the policy says the same as when it was last applied",
  "base-agrees-with-account": "changed in the policy: the account is as the last applied policy says",
  "both-changed": "the account and the policy both changed since the last apply",
  "policy-unchanged-since-receipt": "changed outside the policy since the last apply",
  "no-event-since-receipt":
    "changed in the policy: the audit log shows no change of the account since the last apply",
  "undone-by-rollback": "undone by the last run, a rollback",
  "turned-off-by-apply": "turned off by the last run, apply --disable-enforcement",
  "event-since-receipt": "since the last apply the policy changed, and the account too (audit log)",
  "unmanaged-rule-changed":
    "the policy keeps rules that it does not name, but this one was created or changed since the last apply (audit log)",
  "entry-expired": "the entry has expired",
  "receipt-unfinished": "the last apply did not finish, so its receipt does not say what it left",
  "receipt-unproven": "the audit log does not confirm the receipt of the last apply",
  "no-base": "no receipt of an apply was found; name the policy as last applied with --base POLICY",
};

const unknownWords = {
  "no-event": "the audit log holds no event that fits",
  ambiguous: "several events of the audit log fit",
  "log-unreadable": "the audit log could not be read",
  "not-asked": "the audit log was not asked",
  "not-drift": "nobody changed the account",
} as const;

/** Who did it, as far as the audit log shows. */
export const attributionText = (attribution: Attribution): string => {
  if (attribution.kind === "unknown") return `changed by: unknown, ${unknownWords[attribution.reason]}`;
  const { event, strength, through, others } = attribution;
  const by = `by ${actorText(event)}${through === undefined ? "" : ` through ${cut(through, 20)}`}`;
  const sure = strength === "strong" ? "the event names it" : "weak: it fits, but does not name it";
  const more = others === 0 ? "" : `; ${counted(others, "older event fits", "older events fit")} too`;
  return `${by}, ${stampText(event.at)} UTC (${sure}${more})`;
};

/** Which rule of which side decides; the rules of the other side only where they decide otherwise. */
const sideCause = (part: AccessPart): AccessCause => {
  const { verdict, before, after } = part;
  const allowed = verdict === "allowed";
  switch (after.kind) {
    case "entry":
      return {
        how: allowed ? "" : "denied by",
        rule: after.rule,
        rest: ` on the account${decidedBefore(part, "", " in the policy")}`,
      };
    case "default":
      if (before.kind === "entry")
        return {
          how: `${allowed ? "denied" : "allowed"} by`,
          rule: before.rule,
          rest: " in the policy alone",
        };
      if (allowed)
        return { how: "the account has no allow entry, so every address that no entry denies is allowed" };
      return {
        how:
          before.kind === "enforcement-off"
            ? "enforcement is on, and nothing on the account allows them"
            : "the account has an allow entry, so whatever none allows is denied; the policy has none",
      };
    case "enforcement-off":
      return { how: "enforcement is off on the account" };
    default:
      return assertNever(after);
  }
};

/** From the policy to the account: two sides, and no change in time. */
export const driftWording: AccessWording = {
  allowed: [
    "are allowed on the account, blocked by the policy",
    "is allowed on the account, blocked by the policy",
  ],
  blocked: [
    "are allowed by the policy, blocked on the account",
    "is allowed by the policy, blocked on the account",
  ],
  cause: sideCause,
};

/** The same as titles. */
const driftSides = {
  lost: "Allowed by the policy, blocked on the account",
  gained: "Allowed on the account, blocked by the policy",
} as const;

const accessSentence = ({ access, effective }: DriftReport): string => {
  if (access.direction === "none") return "Access is the same.";
  const sides = [
    access.newlyAllowed.isEmpty()
      ? ""
      : `allows ${addressCount(access.newlyAllowed.count())} that the policy blocks`,
    access.newlyBlocked.isEmpty()
      ? ""
      : `blocks ${addressCount(access.newlyBlocked.count())} that the policy allows`,
  ];
  const words = sides.filter((side) => side !== "").join(", and ");
  return effective ? `The account ${words}.` : `Enforcement is off; once it is on, the account ${words}.`;
};

/** What to do about it, each way out with the command to type, where one does it; none where nothing differs. */
export const driftNext = (report: DriftReport, commands: DriftCommands): readonly CommandLine[] => {
  if (driftVerdict(report) === "no-drift") return [];
  // What the policy tolerates no plan removes.
  const tolerated = report.differences.filter(({ reason }) => reason === "unmanaged-rule-changed");
  const names = [
    ...new Set(
      tolerated.flatMap(({ rule, detail }) =>
        detail.kind === "rule-removed" || rule === undefined ? [] : [visible(yamlName(rule))],
      ),
    ),
  ];
  const restore =
    tolerated.length < report.differences.length
      ? [{ words: "To make the account match the policy", command: commands.plan }]
      : [];
  const remove =
    names.length > 0
      ? [
          {
            words: "To remove an unmanaged rule, add to the policy",
            command: `removed_rules: [${names.join(", ")}]`,
          },
        ]
      : [];
  if (report.counts.drift + report.counts.cannotTell === 0) return restore;
  const isLacking = report.differences.some(({ detail }) => detail.kind === "rule-added");
  return [
    ...restore,
    ...remove,
    isLacking
      ? { words: "To add the rules that the policy lacks", command: commands.merge }
      : { words: "To keep what the account has instead, write it into the policy" },
  ];
};

/** The one line that says what was found; `spell` makes the name of the policy safe for a format. */
export const driftClosing = (report: DriftReport, spell: Spell = visible): string => {
  if (driftVerdict(report) === "no-drift")
    return `No drift. The account matches ${spell(report.policyFile)}${matchEnd(report, report.unmanaged.length)}`;
  const { drift, pending, cannotTell } = report.counts;
  const parts = [
    drift > 0 ? `${drift} changed on the account` : "",
    pending > 0 ? `${pending} in the policy not applied yet` : "",
    cannotTell > 0 ? `${cannotTell} changed on an unknown side` : "",
  ].filter((part) => part !== "");
  return `${counted(report.differences.length, "difference")}: ${parts.join(", ")}. ${accessSentence(report)}`;
};

export const causeTitles: Readonly<Record<DriftCause, string>> = {
  drift: "Changed on the account",
  pending: "In the policy, not applied yet",
  "cannot-tell": "Different; whether the account or the policy changed is not known",
};

/** A change of the policy has nobody to name on the account, and a log that was not asked nothing to tell. */
const namesActor = ({ cause, attribution }: DriftDifference): boolean =>
  cause !== "pending" &&
  !(
    attribution.kind === "unknown" &&
    (attribution.reason === "not-asked" || attribution.reason === "not-drift")
  );

/** The difference, why it is called what it is called, and who did it. */
export const differenceRows = (difference: DriftDifference): Row[] => {
  const rows: Row[] = [
    {
      sign: signOf(difference),
      depth: 1,
      text: differenceText(difference),
    },
    { sign: " ", depth: 2, text: reasonWords[difference.reason] },
  ];
  if (namesActor(difference))
    rows.push({ sign: " ", depth: 2, text: attributionText(difference.attribution) });
  return rows;
};

export const unmanagedText = ({ unmanaged }: DriftReport): string[] =>
  unmanaged.map((rule) => `${ruleBrief(rule)} kept`);

export const accessTitle = ({ effective }: DriftReport): string =>
  effective
    ? "Access differs between the account and the policy"
    : "Access (enforcement is off: this is what it would mean once enabled)";

/** More differences than this are folded. */
const mostUnfolded = 10;

const causeSection = (cause: DriftCause, { differences }: DriftReport): Section => {
  const own = differences.filter((one) => one.cause === cause);
  return {
    title: `${causeTitles[cause]}: ${counted(own.length, "difference")}`,
    tone: "bad",
    folded: own.length > mostUnfolded,
    kind: "rows",
    rows: own.map(differenceRows),
  };
};

/** Why nobody can tell whom a plan of the policy would cut off. */
const unknownReplay = ({ replayUnknown }: DriftReport): readonly Section[] =>
  replayUnknown === undefined
    ? []
    : [
        openText("Cannot tell who a plan of the policy would cut off", "warn", [
          wrapped(visible(replayUnknown)),
        ]),
      ];

/** Verdict and access first, then differences by cause, folded where they are many. */
export const driftPage = (report: DriftReport, commands: DriftCommands): ReportPage => {
  const differs = driftVerdict(report) === "differences";
  const left = leftWords(report) || (differs ? "" : unmanagedAccessWords(report));
  const access = accessSections(report.access, driftSides, driftWording);
  return {
    kind: "drift",
    account: report.account,
    title: `${differs ? "the account differs from the policy" : "no drift"}${left === "" ? "" : `, but ${left}`}`,
    closing: (spell) => driftClosing(report, spell),
    facts: report.access.direction === "none" ? [] : [accessTitle(report)],
    commands: driftNext(report, commands),
    sections: [
      ...firstSections(report.diagnostics),
      ...access.open,
      ...unknownReplay(report),
      ...replaySections(report.replay),
      ...temporarySections(report.entries),
      causeSection("drift", report),
      ...access.folded,
      causeSection("cannot-tell", report),
      causeSection("pending", report),
      foldedText(
        `Unmanaged: ${counted(report.unmanaged.length, "rule")}`,
        unmanagedText(report).map((text) => wrapped(text)),
      ),
      foldedText("Notes", diagnosticRows(report.diagnostics.filter((one) => !isShownFirst(one)))),
    ],
    whole: (spell) => `all of them: ${spell("dbt-ip-rules drift --format json")}`,
  };
};
