/** Writes into the audit log: what a write drafted becomes events with a time, an actor and a context. */

import { sha256 } from "../model/sha256.js";
import { formatSeconds, formatTimestamp, type Micros } from "./clock.js";
import { ruleSetView, ruleView } from "./rule-views.js";
import type { EventDraft } from "./rule-writes.js";
import type { AccountStore, StoredActor, StoredEvent } from "./state.js";

/** Names of events: the ones of IP restrictions, their labels, and how the log's spellings compare. */

/** Without `v1.events.` in front, in lower case (docs/service.md, "Audit log"). */
export const normalEventType = (name: string): string => name.toLowerCase().replace(/^v1\.events\./, "");

/** As the earlier record shape and the routing-key filter spell it. */
const routingKey = (type: string): string =>
  `v1.events.${type.replace(/\.([a-z])([^.]*)$/, (_, first: string, rest: string) => `.${first.toUpperCase()}${rest}`)}`;

const labels: Readonly<Record<string, string>> = {
  "ip_restrictions.toggled": "IP Restrictions Toggled",
  "ip_restrictions.rule.added": "IP Restrictions Rule Added",
  "ip_restrictions.rule.changed": "IP Restrictions Rule Changed",
  "ip_restrictions.rule.removed": "IP Restrictions Rule Removed",
  "job_definition.added": "Job Added",
  "job_definition.changed": "Job Changed",
  "job_definition.removed": "Job Removed",
};

/** For a type outside the table: its words with capitals. */
export const eventLabel = (type: string): string =>
  labels[type] ??
  type
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");

/** How the log takes the events of a write. */
interface Recording {
  readonly actor: StoredActor;
  readonly source: string;
  /** Milliseconds until the log shows them; null: never. */
  readonly lagMs: number | null;
  /** `none` leaves out which rule it was. */
  readonly context: "full" | "none";
  tick(): Micros;
}

/** The shape is not published [assumed]: the object of the event as the API prints it. */
const contextOf = (store: AccountStore, draft: EventDraft): unknown =>
  draft.rule === undefined
    ? { ip_restrictions: ruleSetView(store) }
    : { ip_restriction_rule: ruleView(store, draft.rule, true) };

const visibility = (at: Micros, lagMs: number | null): Pick<StoredEvent, "visibleAt"> => {
  if (lagMs === null) return { visibleAt: null };
  return lagMs === 0 ? {} : { visibleAt: at + lagMs * 1000 };
};

export const recordEvents = (
  store: AccountStore,
  drafts: readonly EventDraft[],
  recording: Recording,
): AccountStore => {
  const events = drafts.map((draft, index): StoredEvent => {
    const at = recording.tick();
    return {
      sequence: store.next.event + index,
      type: draft.type,
      label: eventLabel(draft.type),
      at,
      ...visibility(at, recording.lagMs),
      actor: recording.actor,
      source: recording.source,
      context: recording.context === "none" ? {} : contextOf(store, draft),
    };
  });
  return appendEvents(store, events);
};

/** The events' sequences must be the store's next ones. */
const appendEvents = (store: AccountStore, events: readonly StoredEvent[]): AccountStore =>
  events.length === 0
    ? store
    : {
        ...store,
        log: { ...store.log, events: [...store.log.events, ...events] },
        next: { ...store.next, event: store.next.event + events.length },
      };

// Stored events in the two record shapes (docs/service.md, "Audit log"), and as CSV.

/** `current` as the API is described now, `2022` as it was recorded then, `mixed` both in one list. */
export type AuditShape = "current" | "2022" | "mixed";
export const auditShapes: readonly AuditShape[] = ["current", "2022", "mixed"];

const service = "SERVICE_DBT_CLOUD";

/** The same event has the same id in every answer. */
const eventUuid = (accountId: number, sequence: number): string => {
  const hex = sha256(`${accountId}/${sequence}`);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
};

/** What `actor` and `event_context` hold inside is not published: [assumed]. */
const currentView = (accountId: number, event: StoredEvent) => ({
  id: eventUuid(accountId, event.sequence),
  account_id: accountId,
  source: event.source,
  service,
  actor: { ...event.actor },
  event_type: event.type,
  event_label: event.label,
  event_context: event.context,
  created_at: formatTimestamp(event.at),
});

const view2022 = (accountId: number, event: StoredEvent) => ({
  account_id: accountId,
  service,
  source: event.source,
  routing_key: routingKey(event.type),
  actor_type: event.actor.type,
  actor_name: event.actor.name,
  actor_id: event.actor.id,
  logged_at: formatSeconds(event.at),
  uuid: eventUuid(accountId, event.sequence),
  actor_ip: event.actor.ip,
  metadata: event.context,
  internal: false,
  id: event.sequence,
  state: 1,
  created_at: formatTimestamp(event.at),
  updated_at: formatTimestamp(event.at),
});

export const eventView = (accountId: number, event: StoredEvent, shape: AuditShape) =>
  shape === "2022" || (shape === "mixed" && event.sequence % 2 === 0)
    ? view2022(accountId, event)
    : currentView(accountId, event);

/** The fields that the documentation lists for an event. */
const csvColumns = [
  "account_id",
  "actor_id",
  "actor_ip",
  "actor_name",
  "actor_type",
  "created_at",
  "event_type",
  "event_label",
  "event_context",
  "id",
  "service",
  "source",
] as const;

const csvField = (value: unknown): string => {
  const text =
    typeof value === "string" ? value : typeof value === "number" ? String(value) : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const csvRow = (accountId: number, event: StoredEvent): string => {
  const view = currentView(accountId, event);
  const { actor } = event;
  const row: Readonly<Record<(typeof csvColumns)[number], unknown>> = {
    ...view,
    actor_id: actor.id,
    actor_ip: actor.ip,
    actor_name: actor.name,
    actor_type: actor.type,
  };
  return `${csvColumns.map((column) => csvField(row[column])).join(",")}\r\n`;
};

/** RFC 4180, a chunk a page, made while it is read. */
export function* csvOf(
  accountId: number,
  total: number,
  page: (offset: number, limit: number) => readonly StoredEvent[],
): Generator<string> {
  yield `${csvColumns.join(",")}\r\n`;
  for (let offset = 0; offset < total; offset += 500)
    yield page(offset, 500)
      .map((event) => csvRow(accountId, event))
      .join("");
}
