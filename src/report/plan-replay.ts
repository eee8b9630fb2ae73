/** The traffic on record as a part of a plan or of a drift report: numbers and counts, never a name. */
import { counted, grouped } from "../model/words.js";
import type { PlanLoser, PlanReplay } from "../plan/cut-off.js";
import type { Row } from "./layout.js";
import { type Section, single } from "./page.js";
import { actorsWords } from "./replay.js";

const losersWith = ({ losers }: PlanReplay, outcome: PlanLoser["outcome"]): readonly PlanLoser[] =>
  losers.filter((one) => one.outcome === outcome);

/** `By the addresses on record, 2 people would be cut off; 1 person in part; 14 keep access; 412 events from … to …` */
export const planReplayTitle = (replay: PlanReplay): string => {
  const { window, events, effective, counts, unreadable } = replay;
  const partly = losersWith(replay, "partly");
  const once = effective ? "" : " once enforcement is on";
  return [
    `By the addresses on record, ${actorsWords(losersWith(replay, "cut_off"))} would be cut off${once}`,
    ...(partly.length === 0 ? [] : [`${actorsWords(partly)} in part`]),
    ...(unreadable.length === 0
      ? []
      : [`cannot tell: ${actorsWords(unreadable)} without an address on record that can be read`]),
    `${grouped(counts.keeps)} keep access`,
    `${counted(events.read, "event")} from ${window.since.slice(0, 10)} to ${window.until.slice(0, 10)}`,
  ].join("; ");
};

export const planReplayRows = ({ losers, unreadable }: PlanReplay): Row[] => [
  ...losers.map(({ label, outcome, addresses, lost, events, lastSeen }): Row => {
    const all = counted(addresses, "address", "addresses");
    const which = outcome === "cut_off" ? `all of ${all}` : `${grouped(lost)} of ${all}`;
    return {
      sign: outcome === "cut_off" ? "-" : "!",
      depth: 1,
      text: `${label} loses ${which}: ${counted(events, "event")}, the last on ${lastSeen}`,
    };
  }),
  ...unreadable.map(
    ({ label, events, lastSeen }): Row => ({
      sign: "!",
      depth: 1,
      text: `${label}: cannot tell, no address on record can be read: ${counted(events, "event")}, the last on ${lastSeen}`,
    }),
  ),
];

/** What no figure above can show. */
export const planReplayCaveat =
  "Cannot tell: the log shows no reads and no use of tokens. More: dbt-ip-rules replay";

export const replaySections = (replay: PlanReplay | undefined): readonly Section[] => {
  if (replay === undefined) return [];
  const rows = planReplayRows(replay);
  return [
    {
      title: `${planReplayTitle(replay)}. People are numbered, never named, here`,
      tone: rows.length > 0 ? "bad" : "plain",
      folded: rows.length === 0,
      kind: "rows",
      rows: single([...rows, { sign: " ", depth: 1, text: planReplayCaveat }]),
    },
  ];
};
