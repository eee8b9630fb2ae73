/** A replay for people, as text and as markdown: who is cut off first, who keeps access folded. */
import { formatAddress, formatPrefix } from "../address/prefix.js";
import { quoted, visible } from "../model/escape.js";
import { counted } from "../model/words.js";
import { actorsWith, type ReplayedActor, type ReplayedAddress, type ReplayOutcome } from "../plan/replay.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { type RenderContext, type Role, wrap } from "./layout.js";
import {
  accountLine,
  defaultMaxBytes,
  diagnosticRows,
  fitReport,
  markerOf,
  type Section,
} from "./markdown-page.js";
import {
  activityWords,
  actorsWords,
  actorWords,
  blindLabels,
  blindSentence,
  blindWords,
  day,
  deciderWords,
  enforcementWords,
  lostWords,
  outcomeTitles,
  type ReplayReport,
  recordNotes,
  replayClosing,
  tokensWords,
  unusedSentence,
  windowWords,
} from "./replay.js";
import { fenceWidth } from "./row.js";

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
  `${formatAddress(one.address)}: ${counted(one.events, "event")}, ${day(one.firstSeen)} to ${day(one.lastSeen)}`;

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

const unusedRows = ({ replay }: ReplayReport): string[] =>
  replay.unused.map(
    ({ rule, type, prefix }) =>
      `${type} ${formatPrefix(prefix)} of rule ${quoted(rule)}${type === "deny" ? " (a blocked request leaves no event)" : ""}`,
  );

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

const facts = ({ replay, account }: ReplayReport): string[] =>
  [account === undefined ? "" : enforcementWords(replay), tokensWords(replay)].filter(
    (words) => words !== "",
  );

const outcomes: readonly ReplayOutcome[] = ["cut_off", "partly", "blocked", "gains", "keeps"];

export const renderReplayText = (report: ReplayReport, look: RenderContext): string => {
  const { width, style } = look;
  const closing = replayClosing(report);
  const cut = actorsWith(report.replay, "cut_off").length > 0;
  const diagnostics = [...report.missing, ...report.diagnostics];
  return `${[
    ...heading(report).flatMap((line) => wrap(line, width, 2)),
    ...recordNotes(report).flatMap((line) => wrap(`  ${line}`, width, 4)),
    ...facts(report).flatMap((line) => wrap(line, width, 2)),
    "",
    ...outcomes.flatMap((outcome) => outcomeLines(report, outcome, look)),
    ...blindLines(report, look),
    ...unusedLines(report, look),
    ...(diagnostics.length === 0 ? [] : [renderDiagnosticsText(diagnostics, look).trimEnd(), ""]),
    ...wrap(closing, width, 2).map(cut ? style.error : style.strong),
  ].join("\n")}\n`;
};

/** Rows of those who lose, for a comment: numbers in the place of names, no address. */
const markdownRows = (actors: readonly ReplayedActor[]): string[] =>
  actors.map((actor) =>
    [
      ...wrap(`${actor.label}: ${activityWords(actor)}`, fenceWidth, 2),
      ...lostWords(actor).flatMap((line) => wrap(`  ${line}`, fenceWidth, 4)),
    ].join("\n"),
  );

const markdownSection = (report: ReplayReport, outcome: ReplayOutcome): Section => {
  const actors = actorsWith(report.replay, outcome);
  return {
    title: `${outcomeTitles[outcome]}: ${actorsWords(actors)}`,
    language: "text",
    rows: markdownRows(actors),
    open: outcome === "cut_off" || outcome === "partly",
  };
};

/** In a comment tokens have numbers too: their names may be people's. */
const markdownBlind = (report: ReplayReport): string[] => {
  const labels = blindLabels(report);
  return report.blind.map((spot, at) =>
    spot.kind === "git_provider"
      ? `${visible(labels[at] ?? "")} is linked: its calls come from addresses of its own`
      : `${labels[at]}: ${blindWords(spot)}`,
  );
};

export const renderReplayMarkdown = (report: ReplayReport): string =>
  fitReport(
    {
      marker: markerOf("replay", report.account ?? { id: 0, host: "" }),
      whole: "all of them: `dbt-ip-rules replay --format json`",
      head: [
        "### dbt IP restrictions: traffic on record, replayed\n",
        `**${replayClosing(report)}**\n`,
        ...(report.account === undefined ? [] : [`${accountLine(report.account)}\n`]),
        `${counted(report.replay.events.read, "event")}, ${windowWords(report.replay)}. People are numbered, never named, here.\n`,
        ...facts(report).map((line) => `${line}\n`),
        `${blindSentence}\n`,
      ].join("\n"),
      sections: [
        ...outcomes.filter((one) => one !== "keeps").map((outcome) => markdownSection(report, outcome)),
        {
          title: `No address on record: ${counted(report.blind.length, "caller")}`,
          language: "text",
          rows: markdownBlind(report),
          open: true,
        },
        { title: "Of the record", language: "text", rows: recordNotes(report) },
        {
          title: `Unused: ${counted(report.replay.unused.length, "entry", "entries")}. ${unusedSentence}`,
          language: "text",
          rows: unusedRows(report),
        },
        {
          title: "Notes",
          language: "text",
          rows: diagnosticRows([...report.missing, ...report.diagnostics]),
          open: report.missing.length > 0,
        },
      ],
    },
    defaultMaxBytes,
  );
