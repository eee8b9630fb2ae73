/** Drift for people: access first, then each difference with its cause and author, one closing line. */
import type { DriftCause, DriftDifference, DriftReport } from "../audit/differences.js";
import { accessRows } from "./access-rows.js";
import { ruleBrief } from "./change-rows.js";
import {
  attributionText,
  type DriftCommands,
  differenceText,
  driftClosing,
  driftNext,
  driftVerbs,
  reasonWords,
  signOf,
} from "./drift-words.js";
import type { Look } from "./look.js";
import { visible } from "./neutralise.js";
import { driftVerdict } from "./report.js";
import { reviewNotes } from "./review-notes.js";
import { type Row, rowLines } from "./row.js";
import { wrap } from "./width.js";

export const causeTitles: Readonly<Record<DriftCause, string>> = {
  drift: "Changed on the account",
  pending: "Changed in the policy, not applied yet",
  "cannot-tell": "Different; whether the account or the policy changed is not known",
};

/** A change of the policy has nobody to name on the account, and a log that was not asked nothing to tell. */
const tellsWho = ({ cause, attribution }: DriftDifference): boolean =>
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
      ...(difference.severity === "error" ? { broadens: true } : {}),
    },
    { sign: " ", depth: 2, text: reasonWords[difference.reason] },
  ];
  if (tellsWho(difference)) rows.push({ sign: " ", depth: 2, text: attributionText(difference.attribution) });
  return rows;
};

const section = (title: string, lines: readonly string[], look: Look): string[] =>
  lines.length === 0 ? [] : [...wrap(title, look.width, 2).map(look.style.strong), ...lines, ""];

const causeSection = (cause: DriftCause, { differences }: DriftReport, look: Look): string[] =>
  section(
    causeTitles[cause],
    differences
      .filter((one) => one.cause === cause)
      .flatMap(differenceRows)
      .flatMap((row) => rowLines(row, look)),
    look,
  );

export const unmanagedText = ({ unmanaged }: DriftReport): string[] =>
  unmanaged.map((rule) => `${ruleBrief(rule)} kept`);

export const accessTitle = ({ effective }: DriftReport): string =>
  effective
    ? "Access differs between the account and the policy"
    : "Access (enforcement is off: this is what it would mean once enabled)";

const nextLines = (report: DriftReport, commands: DriftCommands): string[] => {
  const ways = driftNext(report, commands);
  return ways.length === 0
    ? []
    : [...ways.map(({ words, command }) => (command === undefined ? words : `${words}: ${command}`)), ""];
};

export const renderDriftText = (
  report: DriftReport,
  look: Look & { readonly commands: DriftCommands },
): string => {
  const closing = driftClosing(report, visible(report.policyFile));
  const access = accessRows(report.access, { verbs: driftVerbs }).flatMap((row) => rowLines(row, look));
  return `${[
    `Account ${report.account.id} on ${visible(report.account.host)}, compared with ${visible(report.policyFile)}`,
    "",
    ...section(accessTitle(report), access, look),
    ...causeSection("drift", report, look),
    ...causeSection("cannot-tell", report, look),
    ...causeSection("pending", report, look),
    ...section(
      "Unmanaged rules",
      unmanagedText(report).flatMap((text) => wrap(`    ${text}`, look.width, 8)),
      look,
    ),
    ...reviewNotes(report.diagnostics, { ...look, policyFile: report.policyFile }),
    ...nextLines(report, look.commands),
    driftVerdict(report) === "no-drift" ? closing : look.style.error(closing),
  ].join("\n")}\n`;
};
