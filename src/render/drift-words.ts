/** Differences between account and policy, their causes and authors in words, the same for every format. */
import { formatPrefix } from "../address/prefix.js";
import type {
  Attribution,
  DriftDetail,
  DriftDifference,
  DriftReason,
  DriftReport,
} from "../audit/differences.js";
import { assertNever } from "../model/assert.js";
import { type AccessVerbs, accessWords } from "./access-rows.js";
import { actorText, stampText } from "./audit-words.js";
import { enforcementWord } from "./change-rows.js";
import { cut, quoted } from "./neutralise.js";
import { driftVerdict } from "./report.js";
import type { Sign } from "./row.js";
import { counted } from "./words.js";

const signs: Readonly<Record<DriftDetail["kind"], Sign>> = {
  "rule-added": "+",
  "rule-removed": "-",
  "name-changed": "~",
  "entry-added": "+",
  "entry-removed": "-",
  "type-changed": "~",
  "description-changed": "~",
  "enforcement-changed": "~",
};

export const signOf = ({ detail }: DriftDifference): Sign => signs[detail.kind];

/** What differs, in one sentence: `198.51.100.0/24 in rule "Corporate VPN" (allow)`. */
export const differenceText = ({ detail, rule }: DriftDifference): string => {
  const name = `rule ${quoted(rule ?? "")}`;
  switch (detail.kind) {
    case "rule-added":
      return `${name} (${detail.rule.type}, ${counted(detail.rule.prefixes.length, "entry", "entries")}) is on the account, not in the policy`;
    case "rule-removed":
      return `${name} (${detail.rule.type}, ${counted(detail.rule.prefixes.length, "entry", "entries")}) is missing on the account`;
    case "entry-added":
      return `${formatPrefix(detail.prefix)} is in ${detail.type} ${name} on the account, not in the policy`;
    case "entry-removed":
      return `${formatPrefix(detail.prefix)} is missing from ${detail.type} ${name} on the account`;
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
  "base-agrees-with-policy": "the policy last applied said what today's says, so the account changed",
  "base-agrees-with-account": "the account is as the policy last applied said, so the policy changed",
  "both-changed": "the account and the policy both changed since the last apply",
  "policy-unchanged-since-receipt": "the policy has not changed since the last apply, so the account did",
  "no-event-since-receipt":
    "the audit log shows no change of the account since the last apply: the policy changed",
  "event-since-receipt": "since the last apply the policy changed, and the account too (audit log)",
  "entry-expired": "the entry's date has come",
  "receipt-unfinished": "the last apply did not finish, so its receipt does not say what it left",
  "receipt-unproven": "the audit log does not confirm the receipt of the last apply",
  "no-base": "no receipt of an apply is here; --base POLICY names the policy as last applied",
};

const unknownWords = {
  "no-event": "the audit log holds no event that fits",
  ambiguous: "several events of the audit log fit",
  "log-unreadable": "the audit log could not be read",
  "not-asked": "the audit log was not asked",
  "not-drift": "nobody changed the account",
} as const;

/** Who did it, as far as the audit log tells. */
export const attributionText = (attribution: Attribution): string => {
  if (attribution.kind === "unknown") return `by whom is unknown: ${unknownWords[attribution.reason]}`;
  const { event, strength, through, others } = attribution;
  const by = `by ${actorText(event)}${through === undefined ? "" : ` through ${cut(through, 20)}`}`;
  const sure = strength === "strong" ? "the event names it" : "weak: only type and time fit";
  const more = others === 0 ? "" : `; ${counted(others, "older event fits", "older events fit")} too`;
  return `${by}, ${stampText(event.at)} UTC (${sure}${more})`;
};

export const driftVerbs: AccessVerbs = {
  allowed: ["get in on the account, not by the policy", "gets in on the account, not by the policy"],
  blocked: ["get in by the policy, not on the account", "gets in by the policy, not on the account"],
};

const accessSentence = ({ access, effective }: DriftReport): string => {
  if (access.direction === "none") return "Access is the same.";
  const words = accessWords(access);
  return effective
    ? `The account's access ${words}.`
    : `Enforcement is off; once it is on, the account's access ${words}.`;
};

const kept = ({ unmanaged }: DriftReport): string =>
  unmanaged.length === 0 ? "" : `, ${counted(unmanaged.length, "unmanaged rule")} kept`;

/** The commands that a drift report tells the user to type, neutralised and quoted for a shell. */
export interface DriftCommands {
  readonly plan: string;
  readonly merge: string;
}

/** What to do about it, each way out with the command to type, where one does it; none where nothing differs. */
export const driftNext = (
  report: DriftReport,
  commands: DriftCommands,
): readonly { readonly words: string; readonly command?: string }[] => {
  if (driftVerdict(report) === "no-drift") return [];
  const restore = { words: "For the account to be as the policy says", command: commands.plan };
  if (report.counts.drift + report.counts.cannotTell === 0) return [restore];
  const isLacking = report.differences.some(({ detail }) => detail.kind === "rule-added");
  return [
    restore,
    isLacking
      ? { words: "To keep the rules that the policy lacks", command: commands.merge }
      : { words: "To keep what the account has instead, write it into the policy" },
  ];
};

/** The one line that says how it stands; `file` is safe for its format. */
export const driftClosing = (report: DriftReport, file: string): string => {
  if (driftVerdict(report) === "no-drift") return `No drift. The account matches ${file}${kept(report)}.`;
  const { drift, pending, cannotTell } = report.counts;
  const parts = [
    drift > 0 ? `${drift} changed on the account` : "",
    pending > 0 ? `${pending} in the policy not applied yet` : "",
    cannotTell > 0 ? `${cannotTell} changed on an unknown side` : "",
  ].filter((part) => part !== "");
  return `${counted(report.differences.length, "difference")}: ${parts.join(", ")}. ${accessSentence(report)}`;
};
