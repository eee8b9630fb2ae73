/** Audit records of both shapes as events (docs/service.md, "Audit log"): the present one and that of 2022. */
import { normaliseType } from "../audit/catalogue.js";
import type { AuditEvent } from "../audit/event.js";
import { isRecord } from "./answer.js";
import { field, instant, optional, type Place, text, unexpected } from "./decode.js";

/** Throws `Failure` for a record without an id, a type or a time: nothing could be said of it. */
export const decodeEvent = (place: Place): AuditEvent => {
  const rawType = first(place, ["event_type", "routing_key"], "an event type");
  const id = idOf(place);
  const label = words(field(place, "event_label").value);
  const source = words(field(place, "source").value);
  const service = words(field(place, "service").value);
  return {
    id,
    type: normaliseType(rawType),
    rawType,
    at: timeOf(place),
    actor: actorOf(place),
    context: field(place, "event_context").value ?? field(place, "metadata").value ?? null,
    ...(label === undefined ? {} : { label }),
    ...(source === undefined ? {} : { source: normaliseSource(source) }),
    ...(service === undefined ? {} : { service }),
  };
};

const idOf = (place: Place): string => {
  const id = words(field(place, "id").value) ?? words(field(place, "uuid").value);
  if (id === undefined) throw unexpected(field(place, "id"), "an id");
  return id;
};

/** When it happened: the older shape has `logged_at` for that, and stored the record a little later. */
const timeOf = (place: Place): string =>
  optional(field(place, "logged_at"), instant) ?? instant(field(place, "created_at"));

const first = (place: Place, names: readonly string[], expected: string): string => {
  for (const name of names) {
    const value = optional(field(place, name), text);
    if (value !== undefined && value !== "") return value;
  }
  throw unexpected(field(place, names[0] ?? ""), expected);
};

/** The present shape has an `actor` whose fields are not published; the older one `actor_id` and so on. */
const actorOf = (place: Place): AuditEvent["actor"] => {
  const { value: record } = place;
  const actor = field(place, "actor").value;
  const inside = isRecord(actor) ? actor : {};
  const outside = isRecord(record) ? record : {};
  const pick = (...names: readonly string[]) =>
    names
      .map((name) => words(inside[name]) ?? words(outside[`actor_${name.replace(/^actor_/, "")}`]))
      .find((found) => found !== undefined);
  const id = pick("id", "actor_id", "user_id", "service_token_id");
  const name =
    pick("name", "actor_name", "full_name", "email") ?? (isRecord(actor) ? undefined : words(actor));
  const type = pick("type", "actor_type", "kind");
  const ip = pick("ip", "actor_ip", "ip_address");
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(ip === undefined ? {} : { ip }),
  };
};

/** `SOURCE_CLOUD_UI` and `dbt Cloud UI` → `ui`; the like for `api`; else the log's own word. */
const normaliseSource = (source: string): string => {
  const parts = source.toLowerCase().split(/[^a-z]+/);
  if (parts.includes("ui")) return "ui";
  return parts.includes("api") ? "api" : source;
};

const words = (value: unknown): string | undefined => {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
};
