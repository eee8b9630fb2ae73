/** A replay as text: who is cut off first, who keeps access folded. */

import { formatAddress, formatPrefix } from "../../address/prefix.js";
import { quoted, visible } from "../../model/escape.js";
import { utcDay } from "../../model/time.js";
import { counted } from "../../model/words.js";
import {
  actorsWith,
  type ReplayedActor,
  type ReplayedAddress,
  type ReplayOutcome,
  replayOutcomes,
} from "../../plan/replay.js";
import { renderDiagnosticsText } from "../diagnostics.js";
import { type RenderContext, type Role, wrap } from "../layout.js";
import {
  activityWords,
  actorsWords,
  actorWords,
  blindLabels,
  blindSentence,
  blindWords,
  deciderWords,
  lostWords,
  outcomeTitles,
  type ReplayReport,
  recordNotes,
  replayClosing,
  replayFacts,
  unusedRows,
  unusedSentence,
  windowWords,
} from "../replay.js";

const mostLosers = 100;
const mostOthers = 10;
const mostAddresses = 20;
const mostUnused = 30;

const roles: Readonly<Record<ReplayOutcome, Role>> = {
  cut_off: "error",
  partly: "warning",
  blocked: "faint",
  gains: "added",
  keeps: "faint",
};

const more = (left: number, noun: string, plural?: string): string[] =>
  left > 0 ? [`  … and ${counted(left, noun, plural)} more: --format json has all of them`] : [];

/** What decides: of an address that is lost also what let it in. */
const reasonOf = (one: ReplayedAddress): string => {
  const verdict = one.before === one.after ? one.after : `${one.before} -> ${one.after}`;
  const was = one.before === one.after ? "" : ` (now: ${deciderWords(one.beforeBy)})`;
  return `${verdict} by: ${deciderWords(one.afterBy)}${was}`;
};

const seenWords = (one: ReplayedAddress): string =>
  `${formatAddress(one.address)}: ${counted(one.events, "event")}, ${utcDay(one.firstSeen)} to ${utcDay(one.lastSeen)}`;

/** Each reason once, with its addresses under it. */
const addressLines = ({ addresses }: ReplayedActor, width: number): string[] => {
  const shown = addresses.slice(0, mostAddresses);
  const reasons = [...new Set(shown.map(reasonOf))];
  return [
    ...reasons.flatMap((reason) => {
      const [only, ...others] = shown.filter((one) => reasonOf(one) === reason);
      if (only === undefined) return [];
      if (others.length === 0) return wrap(`    ${seenWords(only)}, ${reason}`, width, 6);
      return [
        ...wrap(`    ${reason}`, width, 6),
        ...[only, ...others].flatMap((one) => wrap(`      ${seenWords(one)}`, width, 8)),
      ];
    }),
    ...more(addresses.length - mostAddresses, "address", "addresses").map((line) => `  ${line}`),
  ];
};

const letInWords = ({ wouldLetIn }: ReplayedActor, showPeople: boolean): string => {
  const prefixes = counted(wouldLetIn.length, "prefix", "prefixes");
  const are = wouldLetIn.length === 1 ? "lets" : "let";
  if (!showPeople)
    return `${prefixes} would ${are === "lets" ? "let" : are} them in (named with --show-people)`;
  const shown = wouldLetIn.slice(0, mostAddresses).map(formatPrefix).join(", ");
  return `to let them in: ${shown}${wouldLetIn.length > mostAddresses ? ", …" : ""}`;
};

const isLoser = ({ outcome }: ReplayedActor): boolean => outcome === "cut_off" || outcome === "partly";

const actorLines = (actor: ReplayedActor, showPeople: boolean, width: number): string[] => [
  ...wrap(`  ${actorWords(actor, showPeople)}: ${activityWords(actor)}`, width, 4),
  ...(isLoser(actor) && !showPeople ? lostWords(actor).flatMap((line) => wrap(`    ${line}`, width, 6)) : []),
  ...(showPeople && actor.outcome !== "keeps" ? addressLines(actor, width) : []),
  ...(actor.wouldLetIn.length === 0 ? [] : wrap(`    ${letInWords(actor, showPeople)}`, width, 6)),
];

const outcomeLines = (
  report: ReplayReport,
  outcome: ReplayOutcome,
  { style, width }: RenderContext,
): string[] => {
  const actors = actorsWith(report.replay, outcome);
  if (actors.length === 0) return [];
  const title = `${outcomeTitles[outcome]} (${actorsWords(actors)})`;
  // Who keeps access is folded, whatever is shown of the others.
  if (outcome === "keeps") return [...wrap(title, width, 2), ""];
  const most = outcome === "cut_off" || outcome === "partly" ? mostLosers : mostOthers;
  return [
    ...wrap(title, width, 2).map(style[roles[outcome]]),
    ...actors.slice(0, most).flatMap((actor) => actorLines(actor, report.showPeople, width)),
    ...more(actors.length - most, "actor"),
    "",
  ];
};

/** Those whom no event shows, each with when it was last active. */
const blindRows = (report: ReplayReport, showPeople: boolean): string[] => {
  const labels = blindLabels(report);
  return report.blind.map((spot, at) => {
    const { kind, id, name } = spot;
    if (kind === "git_provider")
      return `${visible(name)} is linked: its calls come from addresses of its own`;
    const who =
      kind === "service_token"
        ? `service token ${quoted(name)} (${visible(id ?? "")})`
        : showPeople
          ? `user ${quoted(name)} (${visible(id ?? "")})`
          : (labels[at] ?? "");
    return `${who}: ${blindWords(spot)}`;
  });
};

const blindLines = (report: ReplayReport, { style, width }: RenderContext): string[] => {
  const rows = blindRows(report, report.showPeople);
  return [
    ...wrap(blindSentence, width, 2).map(style.strong),
    ...rows.slice(0, mostLosers).flatMap((row) => wrap(`  ${row}`, width, 4)),
    ...more(rows.length - mostLosers, "caller"),
    "",
  ];
};

const unusedLines = (report: ReplayReport, { style, width }: RenderContext): string[] => {
  const rows = unusedRows(report);
  if (rows.length === 0) return [];
  const title = `Unused: ${counted(rows.length, "entry", "entries")} decided about no address on record. ${unusedSentence}`;
  return [
    ...wrap(title, width, 2).map(style.strong),
    ...rows.slice(0, mostUnused).flatMap((row) => wrap(`  ${row}`, width, 4)),
    ...more(rows.length - mostUnused, "entry", "entries"),
    "",
  ];
};

/** Names the candidate, the record and what is to be known of both. */
const heading = (report: ReplayReport): string[] => {
  const { replay, account } = report;
  const where =
    account === undefined ? "no account was read" : `account ${account.id} on ${visible(account.host)}`;
  return [
    `Replay of ${visible(report.candidate)}: ${counted(replay.events.read, "event")}, ${windowWords(replay)}; ${where}`,
  ];
};

export const renderReplayText = (report: ReplayReport, look: RenderContext): string => {
  const { width, style } = look;
  const closing = replayClosing(report);
  const cut = actorsWith(report.replay, "cut_off").length > 0;
  const diagnostics = [...report.missing, ...report.diagnostics];
  return `${[
    ...heading(report).flatMap((line) => wrap(line, width, 2)),
    ...recordNotes(report).flatMap((line) => wrap(`  ${line}`, width, 4)),
    ...replayFacts(report).flatMap((line) => wrap(line, width, 2)),
    "",
    ...replayOutcomes.flatMap((outcome) => outcomeLines(report, outcome, look)),
    ...blindLines(report, look),
    ...unusedLines(report, look),
    ...(diagnostics.length === 0 ? [] : [renderDiagnosticsText(diagnostics, look).trimEnd(), ""]),
    ...wrap(closing, width, 2).map(cut ? style.error : style.strong),
  ].join("\n")}\n`;
};
