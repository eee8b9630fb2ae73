/**
 * Events of the audit log: a table, JSON, JSON lines, CSV. Each line can be made by itself, so that a long log
 * need not be in memory.
 */

import { changedEntries } from "../audit/changed-entries.js";
import type { AuditEvent } from "../audit/event.js";
import { contextFacts } from "../audit/evidence.js";
import { assertNever } from "../model/assert.js";
import { csvField, csvJson, cut, jsonText, quoted } from "../model/escape.js";
import { present } from "../model/present.js";
import { counted } from "../model/words.js";
import { actorText, stampText } from "./audit.js";
import { padCells, type RenderContext } from "./layout.js";
import type { VerdictOf } from "./verdicts.js";

export const eventJson = (event: AuditEvent) => ({
  id: event.id,
  type: event.type,
  raw_type: event.rawType,
  ...present({ label: event.label }),
  at: event.at,
  actor: event.actor,
  ...present({ source: event.source, service: event.service }),
  context: event.context,
});

const typeCells = 28;

/** Ranges of one event that its line has room for. */
const mostChanges = 4;

/** `+203.0.113.0/24, -198.51.100.7, 192.0.2.44 now disabled`. */
const changesText = (event: AuditEvent): string => {
  const { added, removed, rewritten } = changedEntries(event);
  const all = [
    ...added.map((cidr) => `+${cut(cidr, 44)}`),
    ...removed.map((cidr) => `-${cut(cidr, 44)}`),
    ...rewritten.map(({ cidr, enabled }) => `${cut(cidr, 44)} now ${enabled ? "enabled" : "disabled"}`),
  ];
  const left = all.length - mostChanges;
  return [...all.slice(0, mostChanges), ...(left > 0 ? [`${left} more`] : [])].join(", ");
};

/** `rule "Corporate VPN" (+203.0.113.0/24)`, where the event's context says which. */
const ruleText = (event: AuditEvent): string => {
  const names = [...contextFacts(event).ruleNames];
  const changes = changesText(event);
  if (names.length === 0) return changes;
  return `rule ${names.map((name) => quoted(name, 40)).join(", ")}${changes === "" ? "" : ` (${changes})`}`;
};

/** One event as one line: when, what, and of which rule by whom. */
export const eventLine = (event: AuditEvent, { style }: RenderContext): string =>
  [
    style.faint(stampText(event.at)),
    padCells(cut(event.type, 60), typeCells),
    [ruleText(event), actorText(event, 30), event.source === undefined ? "" : `by ${cut(event.source, 20)}`]
      .filter((part) => part !== "")
      .join(", "),
  ]
    .join("  ")
    .trimEnd();

/** One line of JSON; also the whole of `ndjson`, an event a line. */
export const eventNdjson = (event: AuditEvent): string => `${jsonText(eventJson(event), 0)}\n`;

const csvColumns: readonly (readonly [string, (event: AuditEvent) => string])[] = [
  ["id", ({ id }) => id],
  ["at", ({ at }) => at],
  ["type", ({ type }) => type],
  ["label", ({ label }) => label ?? ""],
  ["actor_id", ({ actor }) => actor.id ?? ""],
  ["actor_name", ({ actor }) => actor.name ?? ""],
  ["actor_type", ({ actor }) => actor.type ?? ""],
  ["actor_ip", ({ actor }) => actor.ip ?? ""],
  ["source", ({ source }) => source ?? ""],
  ["service", ({ service }) => service ?? ""],
];

/** RFC 4180: lines end with CR LF. */
const csvHead = `${csvColumns.map(([name]) => name).join(",")},context\r\n`;

const eventCsv = (event: AuditEvent): string =>
  `${csvColumns.map(([, value]) => csvField(value(event))).join(",")},${event.context === undefined ? "" : csvJson(event.context)}\r\n`;

export type EventFormat = "text" | "json" | "ndjson" | "csv";

/** What is written before, for and after the events of a format, so that each can be written when it is read. */
export interface EventFrame {
  readonly head: string;
  readonly event: (event: AuditEvent, index: number) => string;
  /** `complete`: false where the log broke off. */
  readonly tail: (count: number, complete: boolean) => string;
}

const eventsVerdict = (complete: boolean): VerdictOf<"audit-events"> => (complete ? "ok" : "incomplete");

export const eventFrame = (format: EventFormat, look: RenderContext): EventFrame => {
  switch (format) {
    case "text":
      return {
        head: "",
        event: (event) => `${eventLine(event, look)}\n`,
        tail: (count, complete) =>
          `${counted(count, "event")}${complete ? "" : ", and the log broke off"}. Times are UTC.\n`,
      };
    case "json":
      return {
        head: `{"format":"dbt-ip-rules/audit-events","version":1,"events":[`,
        event: (event, index) => `${index === 0 ? "" : ","}\n${jsonText(eventJson(event), 0)}`,
        tail: (_, complete) => `\n],"complete":${complete},"verdict":"${eventsVerdict(complete)}"}\n`,
      };
    case "ndjson":
      return { head: "", event: eventNdjson, tail: () => "" };
    case "csv":
      return { head: csvHead, event: eventCsv, tail: () => "" };
    default:
      return assertNever(format);
  }
};
