/**
 * What a replay says, in words and on its page. Promises: names, ids and addresses of people are in it only
 * where they were asked for; what stands for them otherwise is a number in this report; and nothing claims more than the
 * record shows.
 */

import { formatPrefix } from "../address/prefix.js";
import type { BlindSpot } from "../audit/blind-spots.js";
import { assertNever } from "../model/assert.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { quoted, visible } from "../model/escape.js";
import { present } from "../model/present.js";
import { utcDay } from "../model/time.js";
import { counted, grouped } from "../model/words.js";
import {
  actorsWith,
  Labels,
  lostTo,
  type Replay,
  type ReplayDecider,
  type ReplayedActor,
  type ReplayOutcome,
  replayOutcomes,
} from "../plan/replay.js";
import { diagnosticsCount } from "./diagnostics.js";
import type { AskedStates } from "./explain.js";
import type { Row, Sign } from "./layout.js";
import {
  diagnosticRows,
  foldedRows,
  foldedText,
  openRows,
  openText,
  type ReportPage,
  type Section,
  wrapped,
} from "./page.js";
import type { VerdictOf } from "./verdicts.js";

export interface ReplayReport {
  readonly kind: "replay";
  readonly replay: Replay;
  /** What was compared, for the HTML. */
  readonly asked: AskedStates;
  /** What was replayed: a policy's file, a saved plan, the account. */
  readonly candidate: string;
  /** Absent where files were replayed without an account. */
  readonly account?: { readonly id: number; readonly host: string };
  readonly blind: readonly BlindSpot[];
  /** Addresses that the internet does not route, and their events. */
  readonly privateAddresses: { readonly addresses: number; readonly events: number };
  /** Which parts of the log could not be read: not all that is on record is in the report. */
  readonly missing: readonly Diagnostic[];
  readonly diagnostics: readonly Diagnostic[];
  /** Names, ids and addresses of people (`--show-people`); markdown never has them. */
  readonly showPeople: boolean;
  /** Exit code 2 where somebody is cut off (`--detailed-exitcode`). */
  readonly detailed: boolean;
}

export const replayVerdict = ({
  replay,
  missing,
}: Pick<ReplayReport, "replay" | "missing">): VerdictOf<"replay"> => {
  if (missing.length > 0) return "incomplete";
  return actorsWith(replay, "cut_off").length > 0 ? "cut-off" : "nobody-cut-off";
};

export const isToken = ({ kind }: Pick<ReplayedActor, "kind">): boolean => kind === "service_token";

/** `2 people and 1 service token`; nobody is "nobody". */
export const actorsWords = (actors: readonly Pick<ReplayedActor, "kind">[]): string => {
  const tokens = actors.filter(isToken).length;
  const addresses = actors.filter(({ kind }) => kind === "address").length;
  const people = actors.length - tokens - addresses;
  const parts = [
    ...(people === 0 ? [] : [counted(people, "person", "people")]),
    ...(tokens === 0 ? [] : [counted(tokens, "service token")]),
    ...(addresses === 0 ? [] : [counted(addresses, "address without a name", "addresses without a name")]),
  ];
  const last = parts.pop();
  if (last === undefined) return "nobody";
  return parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
};

/** What a replay comes to, and for how many callers it cannot tell. */
export const replayClosing = ({
  replay,
  blind,
  missing,
}: Pick<ReplayReport, "replay" | "blind" | "missing">): string => {
  const words = (outcome: ReplayOutcome): string => actorsWords(actorsWith(replay, outcome));
  const partly = actorsWith(replay, "partly").length === 0 ? "" : `, and ${words("partly")} in part`;
  const once = replay.effective ? "" : " once enforcement is on";
  const unknown =
    blind.length === 0
      ? ""
      : ` Cannot tell for ${counted(blind.length, "caller")} with no address on record.`;
  const part = missing.length === 0 ? "" : " The log was read only in part.";
  return `By the addresses on record, ${words("cut_off")} would be cut off${once}${partly}.${unknown}${part}`;
};

/** What the log cannot show, in every report. */
export const blindSentence =
  "Cannot tell: the log has no event for reads, for the use of a token or for a blocked request.";

export const unusedSentence = "Absence from the log is no proof that nobody uses them.";

/** `2026-08-30 to 2026-11-28`. */
export const windowWords = ({ window }: Pick<Replay, "window">): string =>
  `${window.since.slice(0, 10)} to ${window.until.slice(0, 10)}`;

/** `person 3`, or with their name. Tokens are not people: they have their names in either case. */
export const actorWords = (
  actor: Pick<ReplayedActor, "kind" | "label" | "id" | "name">,
  showPeople: boolean,
): string => {
  if (!showPeople && !isToken(actor)) return actor.label;
  const name = actor.name === undefined ? "" : ` ${quoted(actor.name)}`;
  const id = actor.id === undefined || actor.id === actor.name ? "" : ` (${visible(actor.id)})`;
  return `${actor.label}${name}${id}`;
};

export const deciderWords = (decider: ReplayDecider): string => {
  switch (decider.kind) {
    case "entry":
      return `${decider.type} ${formatPrefix(decider.prefix)} of rule ${quoted(decider.rule)}`;
    case "default":
      return decider.allowed ? "no entry matches" : "no entry matches, and there are allow rules";
    case "enforcement-off":
      return "enforcement is off";
    case "not-subject":
      return "service tokens are not subject to the rules";
    default:
      return assertNever(decider);
  }
};

/** An entry of one address is the address of whoever it decides about: where people are not shown, no prefix of it. */
export const isOneAddress = (decider: ReplayDecider): boolean =>
  decider.kind === "entry" && decider.prefix.length === 128;

const deciderWithoutPeople = (decider: ReplayDecider): string =>
  decider.kind === "entry" && isOneAddress(decider)
    ? `${decider.type} rule ${quoted(decider.rule)}`
    : deciderWords(decider);

/**
 * `blocked: deny 10.0.0.0/8 of rule "X"; allowed now: …`, for each way in which addresses are lost. Without the address of
 * anybody.
 */
export const lostWords = (actor: ReplayedActor): string[] => [
  ...new Set(
    lostTo(actor).map(
      ({ before, after }) =>
        `blocked: ${deciderWithoutPeople(after)}; allowed now: ${deciderWithoutPeople(before)}`,
    ),
  ),
];

/** `2 of 3 addresses, 412 events, last on 2026-11-27`. */
export const activityWords = (actor: ReplayedActor): string => {
  const lost = actor.addresses.filter(
    ({ before, after }) => before === "allowed" && after === "blocked",
  ).length;
  const all = counted(actor.addresses.length, "address", "addresses");
  const addresses = lost === 0 || lost === actor.addresses.length ? all : `${grouped(lost)} of ${all}`;
  return `${addresses}, ${counted(actor.events, "event")}, last on ${utcDay(actor.lastSeen)}`;
};

export const outcomeTitles: Readonly<Record<ReplayOutcome, string>> = {
  cut_off: "Cut off: every address on record is blocked",
  partly: "Partly: some addresses on record are lost, some are allowed",
  gains: "Gains: some addresses on record get access, none is lost",
  blocked: "Blocked before and after",
  keeps: "Keeps: no address on record is lost",
};

/** What is to be known of the record before its figures are believed. */
export const recordNotes = ({ replay: { events }, privateAddresses }: ReplayReport): string[] => {
  const { withoutAddress, unreadableAddress, duplicates, withoutTime, outsideWindow, inFuture } = events;
  const unreadable =
    unreadableAddress === 0 ? "" : `, ${grouped(unreadableAddress)} of them with one that cannot be read`;
  return [
    ...(withoutAddress === 0 ? [] : [`${counted(withoutAddress, "event")} without an address${unreadable}`]),
    ...(withoutTime === 0
      ? []
      : [`${counted(withoutTime, "event")} without a time that can be read: left out`]),
    ...(duplicates === 0 ? [] : [`${counted(duplicates, "duplicate")} (by id): left out`]),
    ...(outsideWindow === 0 ? [] : [`${counted(outsideWindow, "event")} outside the window: left out`]),
    ...(inFuture === 0 ? [] : [`${counted(inFuture, "event")} in the future by this machine's clock`]),
    ...(privateAddresses.addresses === 0
      ? []
      : [
          `${counted(privateAddresses.events, "event")} from ${counted(privateAddresses.addresses, "private address", "private addresses")}, which the service never sees: is there a proxy in between?`,
        ]),
  ];
};

const enforcementWords = ({ enforcement, effective }: Replay): string => {
  if (enforcement.before === "disabled" && !effective)
    return 'Enforcement is off before and after: nobody is blocked yet. "Blocked" means: once it is on.';
  if (!effective) return 'Enforcement is off afterwards. "Blocked" means: once it is on.';
  return enforcement.before === "disabled" ? "Enforcement is off now, so that everybody is allowed now." : "";
};

const tokensWords = ({ serviceTokensSubject, actors }: Replay): string => {
  if (!actors.some(isToken) || serviceTokensSubject === true) return "";
  return serviceTokensSubject === false
    ? "Service tokens are not subject to the rules (enabled_for_service_tokens)."
    : "The account does not say whether service tokens are subject to the rules: they are shown as if they were. If they are not, each keeps access.";
};

/** `active on 2026-11-27, no address on record`. */
export const blindWords = ({ lastActive, unreadable }: BlindSpot): string =>
  `active on ${lastActive?.slice(0, 10)}, ${unreadable ? "no address on record that can be read" : "no address on record"}`;

/** A number for each user without an address on record; they have none among the actors. */
export const blindLabels = ({ replay, blind }: Pick<ReplayReport, "replay" | "blind">): readonly string[] => {
  const labels = new Labels();
  for (const { kind } of replay.actors) labels.next(kind);
  return blind.map(({ kind, name }) => (kind === "git_provider" ? name : labels.next(kind)));
};

/** In a comment tokens have numbers too: their names may be people's. */
const blindRow = (label: string, spot: BlindSpot): string =>
  spot.kind === "git_provider"
    ? `${visible(label)} is linked: its calls come from addresses of its own`
    : `${label}: ${blindWords(spot)}`;

export const unusedRows = ({ replay }: ReplayReport): string[] =>
  replay.unused.map(
    ({ rule, type, prefix }) =>
      `${type} ${formatPrefix(prefix)} of rule ${quoted(rule)}${type === "deny" ? " (a blocked request leaves no event)" : ""}`,
  );

/** What is to be known of enforcement and tokens. */
export const replayFacts = ({ replay, account }: ReplayReport): string[] =>
  [account === undefined ? "" : enforcementWords(replay), tokensWords(replay)].filter(
    (words) => words !== "",
  );

const signs: Readonly<Record<ReplayOutcome, Sign>> = {
  cut_off: "-",
  partly: "!",
  blocked: " ",
  gains: "+",
  keeps: " ",
};

/** Those of one outcome: numbers in the place of names, no address. */
const outcomeSection = ({ replay }: ReplayReport, outcome: ReplayOutcome): Section => {
  const actors = actorsWith(replay, outcome);
  const rows = actors.map((actor): Row[] => [
    { sign: signs[outcome], depth: 1, text: `${actor.label}: ${activityWords(actor)}` },
    ...lostWords(actor).map((text): Row => ({ sign: " ", depth: 2, text })),
  ]);
  const title = `${outcomeTitles[outcome]}: ${actorsWords(actors)}`;
  if (outcome === "cut_off") return openRows(title, "bad", rows);
  if (outcome === "partly") return openRows(title, "warn", rows);
  return { ...foldedRows(title, rows), ...(outcome === "keeps" ? { only: "html" as const } : {}) };
};

/** Numbers only, whatever the terminal may show: a page leaves it. */
export const replayPage = (report: ReplayReport): ReportPage => {
  const { replay, account, blind, missing, diagnostics } = report;
  const labels = blindLabels(report);
  const unused = unusedRows(report);
  return {
    kind: "replay",
    ...present({ account }),
    title: "traffic on record, replayed",
    closing: () => replayClosing(report),
    facts: [
      ...(account === undefined ? ["No account was read"] : []),
      `${counted(replay.events.read, "event")}, ${windowWords(replay)}. People are numbered, never named, here`,
      ...replayFacts(report),
      blindSentence,
    ],
    sections: [
      openText("The log was read only in part", "bad", diagnosticRows(missing)),
      ...replayOutcomes.map((outcome) => outcomeSection(report, outcome)),
      openText(
        `No address on record: ${counted(blind.length, "caller")}`,
        "warn",
        blind.map((spot, at) => wrapped(blindRow(labels[at] ?? "", spot))),
      ),
      foldedText(
        "Of the record",
        recordNotes(report).map((note) => wrapped(note)),
      ),
      foldedText(
        `Unused: ${counted(unused.length, "entry", "entries")}. ${unusedSentence}`,
        unused.map((row) => wrapped(row)),
      ),
      foldedText(`Notes: ${diagnosticsCount(diagnostics)}`, diagnosticRows(diagnostics)),
    ],
    whole: (spell) => `all of them: ${spell("dbt-ip-rules replay --format json")}`,
  };
};
