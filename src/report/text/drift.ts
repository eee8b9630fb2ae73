/** Drift as text: access first, then each difference with its cause and author, one closing line. */
import type { DriftCause, DriftReport } from "../../audit/differences.js";
import { visible } from "../../model/escape.js";
import { accessRows } from "../access-rows.js";
import { temporaryGroups } from "../account.js";
import { leftNotes, reviewNotes } from "../diagnostics.js";
import {
  accessTitle,
  causeTitles,
  differenceRows,
  driftClosing,
  driftNext,
  driftWording,
  unmanagedText,
} from "../drift.js";
import { type RenderContext, rowsText, section, wrap } from "../layout.js";
import { planReplayCaveat, planReplayRows, planReplayTitle } from "../plan-replay.js";
import { type DriftCommands, driftVerdict } from "../report.js";

const causeSection = (cause: DriftCause, { differences }: DriftReport, look: RenderContext): string[] =>
  section(
    causeTitles[cause],
    rowsText(differences.filter((one) => one.cause === cause).flatMap(differenceRows), look),
    look,
  );

const nextLines = (report: DriftReport, commands: DriftCommands): string[] => {
  const ways = driftNext(report, commands);
  return ways.length === 0
    ? []
    : [...ways.map(({ words, command }) => (command === undefined ? words : `${words}: ${command}`)), ""];
};

/** Whom a plan of the policy would cut off, in numbers. */
const replayLines = ({ replay, replayUnknown }: DriftReport, look: RenderContext): string[] => {
  if (replayUnknown !== undefined)
    return wrap(
      `Cannot tell who a plan of the policy would cut off: ${visible(replayUnknown)}`,
      look.width,
      2,
    );
  if (replay === undefined) return [];
  return section(
    `A plan of the policy: ${planReplayTitle(replay)}`,
    [...rowsText(planReplayRows(replay), look), `  ${planReplayCaveat}`],
    look,
  );
};

export const renderDriftText = (
  report: DriftReport,
  look: RenderContext & { readonly commands: DriftCommands },
): string => {
  const closing = driftClosing(report);
  const access = rowsText(accessRows(report.access, driftWording), look);
  return `${[
    `Account ${report.account.id} on ${visible(report.account.host)}, compared with ${visible(report.policyFile)}`,
    "",
    ...leftNotes(report.diagnostics, look),
    ...section(accessTitle(report), access, look),
    ...replayLines(report, look),
    ...causeSection("drift", report, look),
    ...causeSection("cannot-tell", report, look),
    ...causeSection("pending", report, look),
    ...section(
      "Unmanaged rules",
      unmanagedText(report).flatMap((text) => wrap(`    ${text}`, look.width, 8)),
      look,
    ),
    ...temporaryGroups(report.entries).flatMap(({ title, rows }) =>
      section(
        title,
        rows.flatMap((row) => wrap(`    ${row}`, look.width, 8)),
        look,
      ),
    ),
    ...reviewNotes(report.diagnostics, { ...look, policyFile: report.policyFile }),
    ...nextLines(report, look.commands),
    driftVerdict(report) === "no-drift" ? closing : look.style.error(closing),
  ].join("\n")}\n`;
};
