/**
 * Which columns of a file of events, or which fields of its records, hold what: those of the account's own log in all its
 * forms, or those that somebody names.
 */
import { failure } from "../model/failure.js";
import type { EventScope, TrafficEvent, TrafficSink } from "./traffic.js";

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
type Part = keyof TrafficEvent;

/** Which part each role is. */
const partOfRole = {
  time: "time",
  ip: "address",
  who: "actorId",
  id: "id",
  name: "actorName",
  kind: "actorType",
} as const satisfies Record<(typeof columnRoles)[number], Part>;

/** A file of events, whatever its format. */
export interface TrafficSource {
  /** For messages. */
  readonly file: string;
  readonly columns: TrafficColumns | undefined;
  readonly sink: TrafficSink;
  /** Of lines that are not of the account's log: an id means something in its own file only. */
  readonly scope: EventScope;
  /** `line`: from 1. */
  damaged(line: number, problem: string): void;
}

/** The name of the column or field that holds a part; absent where nobody named one. */
export type NamedParts = Readonly<Partial<Record<Part, string>>>;

export const namedParts = (columns: TrafficColumns): NamedParts =>
  Object.fromEntries(
    columnRoles.flatMap((role) => {
      const name = columns[role];
      return name === undefined ? [] : [[partOfRole[role], name]];
    }),
  );

/** Columns of the account's own log as CSV, the better first. */
const ownColumns: Readonly<Record<Part, readonly string[]>> = {
  time: ["at", "logged_at", "created_at"],
  address: ["actor_ip", "actor.ip", "ip_address"],
  id: ["uuid", "id"],
  actorType: ["actor_type", "actor.type"],
  actorId: ["actor_id", "actor.id"],
  actorName: ["actor_name", "actor.name"],
  type: ["event_type", "routing_key", "type"],
  context: ["event_context", "context", "metadata"],
};

/** The index of the column of each part; -1 where there is none. */
export type Places = Readonly<Record<Part, number>>;

const placesIn = (header: readonly string[], namesOf: (part: Part) => readonly string[]): Places =>
  Object.fromEntries(
    // An object's names are what its type says, since it is written out above.
    (Object.keys(ownColumns) as Part[]).map((part) => {
      const name = namesOf(part).find((one) => header.includes(one));
      return [part, name === undefined ? -1 : header.indexOf(name)];
    }),
  ) as Places;

/** Undefined where one of the columns is not in the header. */
export const namedPlaces = (header: readonly string[], columns: TrafficColumns): Places | undefined => {
  const named = namedParts(columns);
  if (Object.values(named).some((name) => !header.includes(name))) return undefined;
  return placesIn(header, (part) => (named[part] === undefined ? [] : [named[part]]));
};

/** Undefined where these are not the columns of the account's log. */
export const ownPlaces = (header: readonly string[]): Places | undefined => {
  const places = placesIn(header, (part) => ownColumns[part]);
  return places.time < 0 || places.address < 0 ? undefined : places;
};

/** `has`: the names that are in the file. */
export const missingColumns = (
  { file, columns }: Pick<TrafficSource, "file" | "columns">,
  has: readonly string[],
) =>
  failure("traffic-columns", {
    file,
    missing:
      columns === undefined
        ? undefined
        : [...new Set(Object.values(columns))].filter((name) => name !== undefined && !has.includes(name)),
    has,
  });
