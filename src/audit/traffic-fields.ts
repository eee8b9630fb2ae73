/**
 * Which columns of a file of events, or which fields of its records, hold what: those of the account's own log in all its
 * forms, or those that somebody names.
 */
import { failure } from "../model/failure.js";
import type { TrafficEvent } from "./traffic.js";

/** Columns that somebody names (of NDJSON fields, `a.b` for a field of a field). */
export interface TrafficColumns {
  readonly time: string;
  readonly ip: string;
  /** Whom the line is about: a name, an address for mail, an id. */
  readonly who?: string;
  /** The line's own id, for lines that come twice. */
  readonly id?: string;
  readonly name?: string;
  /** `user` or `service_token`. */
  readonly kind?: string;
}

export const columnRoles = ["time", "ip", "who", "id", "name", "kind"] as const;

/** What an event is made of. */
export type Part = keyof TrafficEvent;

/** Which part each role is. */
const partOfRole = {
  time: "time",
  ip: "address",
  who: "actorId",
  id: "id",
  name: "actorName",
  kind: "actorType",
} as const satisfies Record<(typeof columnRoles)[number], Part>;

/** The name of the column that holds a part; undefined where nobody named one. */
export const namedColumns = (columns: TrafficColumns): Readonly<Partial<Record<Part, string>>> =>
  Object.fromEntries(
    columnRoles.flatMap((role) => {
      const name = columns[role];
      return name === undefined ? [] : [[partOfRole[role], name]];
    }),
  );

/** Columns of the account's own log as CSV, the better first. */
export const ownColumns: Readonly<Record<Part, readonly string[]>> = {
  time: ["at", "logged_at", "created_at"],
  address: ["actor_ip", "actor.ip", "ip_address"],
  id: ["uuid", "id"],
  actorType: ["actor_type", "actor.type"],
  actorId: ["actor_id", "actor.id"],
  actorName: ["actor_name", "actor.name"],
  type: ["event_type", "routing_key", "type"],
  context: ["event_context", "context", "metadata"],
};

/** `has`: the names that are in the file. */
export const missingColumns = (file: string, has: readonly string[], columns: TrafficColumns | undefined) =>
  failure("traffic-columns", {
    file,
    missing:
      columns === undefined
        ? undefined
        : [...new Set(Object.values(columns))].filter((name) => name !== undefined && !has.includes(name)),
    has,
  });
