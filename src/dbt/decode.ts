/**
 * Reading a wire value field by field. Each function throws a `Failure` that says where in which answer
 * something else was found than expected; values themselves are not repeated in messages.
 */
import { type Failure, failure } from "../model/failure.js";
import { type Answer, type Envelope, isRecord, shorten } from "./answer.js";

/** A value and its place in an answer: `data[3].cidrs[0].id`. */
export interface Place {
  readonly value: unknown;
  readonly path: string;
  /** Whose answer, to what: `ab123.us1.dbt.com to GET /api/...`. */
  readonly answer: string;
}

export const dataOf = ({ host, request }: Answer, { data, enveloped }: Envelope): Place => ({
  value: data,
  path: enveloped ? "data" : "",
  answer: `${host} to ${request}`,
});

export const unexpected = ({ value, path, answer }: Place, expected: string): Failure =>
  failure(
    "answer-unexpected",
    `The answer of ${answer} has ${kindOf(value)} ${path === "" ? "" : `at ${path} `}where ${expected} was due`,
    "Check that the host is your dbt access URL; if it is, the API has changed: please report it",
  );

/** A 2xx whose envelope says that it is no success. */
export const brokenEnvelope = ({ host, request, status }: Answer, { status: said }: Envelope): Failure =>
  failure(
    "answer-contradicts-itself",
    `${host} answered ${request} with ${status}, but its envelope says no success${said.code === undefined ? "" : ` (${said.code})`}${said.userMessage ? `: ${shorten(said.userMessage, 300)}` : ""}`,
    "Run it again; if it stays, the message is the server's own",
  );

const kindOf = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

export const field = (place: Place, name: string): Place => {
  if (!isRecord(place.value)) throw unexpected(place, "an object");
  return { ...place, value: place.value[name], path: place.path === "" ? name : `${place.path}.${name}` };
};

export const items = (place: Place): readonly Place[] => {
  if (!Array.isArray(place.value)) throw unexpected(place, "a list");
  const list: readonly unknown[] = place.value;
  return list.map((value, index) => ({ ...place, value, path: `${place.path}[${index}]` }));
};

export const text = (place: Place): string => {
  if (typeof place.value !== "string") throw unexpected(place, "a text");
  return place.value;
};

/** A whole number that a double holds exactly. */
export const integer = (place: Place): number => {
  if (typeof place.value !== "number" || !Number.isSafeInteger(place.value)) {
    throw unexpected(place, "a whole number");
  }
  return place.value;
};

export const truth = (place: Place): boolean => {
  if (typeof place.value !== "boolean") throw unexpected(place, "true or false");
  return place.value;
};

/** Undefined for a field that is absent or null; else what `read` makes of it. */
export const optional = <T>(place: Place, read: (place: Place) => T): T | undefined =>
  place.value === undefined || place.value === null ? undefined : read(place);

/**
 * A timestamp as ISO 8601 UTC. Takes a space for the `T`, and reads a time without a zone as UTC
 * (API.md, "Rules"). Undefined where it is not one.
 */
export const isoInstant = (value: string): string | undefined => {
  const shape =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?$/i.exec(
      value.trim(),
    );
  if (shape === null) return undefined;
  const [, date, time, zone = "Z"] = shape;
  const offset = /^(?:z|utc)$/i.test(zone)
    ? "Z"
    : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const at = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

export const instant = (place: Place): string => {
  const iso = isoInstant(text(place));
  if (iso === undefined) throw unexpected(place, "a timestamp");
  return iso;
};
