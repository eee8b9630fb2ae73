/**
 * Events of the audit log: a table, JSON, JSON lines, CSV. Each line can be made by itself, so that a long log
 * need not be in memory.
 */
import type { AuditEvent } from "../audit/event.js";
import { actorText, stampText } from "./audit-words.js";
import type { Look } from "./look.js";
import { csvField, csvJson, cut, jsonText } from "./neutralise.js";
import { columns, padCells } from "./width.js";
import { counted } from "./words.js";

export const eventJson = (event: AuditEvent) => ({
  id: event.id,
  type: event.type,
  raw_type: event.rawType,
  ...(event.label === undefined ? {} : { label: event.label }),
  at: event.at,
  actor: event.actor,
  ...(event.source === undefined ? {} : { source: event.source }),
  ...(event.service === undefined ? {} : { service: event.service }),
  context: event.context,
});

const typeCells = 28;

/** One event as a line, in columns that fit most events. */
export const eventLine = (event: AuditEvent, { style }: Look): string =>
  [
    style.faint(stampText(event.at)),
    padCells(cut(event.type, 60), typeCells),
    [actorText(event, 30), event.source === undefined ? "" : `by ${cut(event.source, 20)}`]
      .filter((part) => part !== "")
      .join(", "),
  ]
    .join("  ")
    .trimEnd();

export const renderEventsText = (events: readonly AuditEvent[], look: Look): string => {
  const rows = events.map((event) => [
    stampText(event.at),
    cut(event.type, 60),
    actorText(event, 30),
    event.source === undefined ? "" : cut(event.source, 20),
  ]);
  const [head = "", ...lines] = columns([["At (UTC)", "Event", "Actor", "Source"], ...rows]);
  const table = events.length === 0 ? [] : [look.style.strong(head), ...lines, ""];
  return `${[...table, `${counted(events.length, "event")}.`].join("\n")}\n`;
};

export const renderEventsJson = (events: readonly AuditEvent[]): string =>
  `${jsonText({ format: "dbt-ip-rules/audit-events", version: 1, events: events.map(eventJson) })}\n`;

/** One line of JSON; also the whole of `ndjson`, an event a line. */
export const eventNdjson = (event: AuditEvent): string => `${jsonText(eventJson(event), 0)}\n`;

export const renderEventsNdjson = (events: readonly AuditEvent[]): string => events.map(eventNdjson).join("");

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
export const eventsCsvHead: string = `${csvColumns.map(([name]) => name).join(",")},context\r\n`;

export const eventCsv = (event: AuditEvent): string =>
  `${csvColumns.map(([, value]) => csvField(value(event))).join(",")},${event.context === undefined ? "" : csvJson(event.context)}\r\n`;

export const renderEventsCsv = (events: readonly AuditEvent[]): string =>
  eventsCsvHead + events.map(eventCsv).join("");
