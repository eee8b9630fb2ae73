/**
 * Reading a wire value field by field. Each function throws a `Failure` that says where in which answer
 * something else was found than expected; values themselves are not repeated in messages.
 */
import { type Failure, failure } from "../model/failure.js";
import { type Answer, type Envelope, isRecord, shorten } from "./answer.js";
import type { Redact } from "./redact.js";

/** A value and its way up, from which messages make its path: `data[3].cidrs[0].id`. */
export interface Place {
  readonly value: unknown;
  /** The field's name or the item's index; empty for a bare answer. */
  readonly key: string | number;
  /** What it stands in; at the top whose answer it is, and to what: `ab123.us1.dbt.com to GET /api/...`. */
  readonly within: Place | string;
}

export const dataOf = ({ host, request }: Answer, { data, enveloped }: Envelope): Place => ({
  value: data,
  key: enveloped ? "data" : "",
  within: `${host} to ${request}`,
});

const pathOf = ({ key, within }: Place): string => {
  const front = typeof within === "string" ? "" : pathOf(within);
  if (typeof key === "number") return `${front}[${key}]`;
  return front === "" ? key : `${front}.${key}`;
};

const answerOf = ({ within }: Place): string => (typeof within === "string" ? within : answerOf(within));

export const unexpected = (place: Place, expected: string): Failure => {
  const path = pathOf(place);
  return failure(
    "answer-unexpected",
    `The answer of ${answerOf(place)} has ${kindOf(place.value)} ${path === "" ? "" : `at ${path} `}where ${expected} was due`,
    "Check that the host is your dbt access URL; if it is, the API has changed: please report it",
  );
};

/** A 2xx whose envelope says that it is no success. Redacts before it shortens, which could cut the token in two. */
export const brokenEnvelope = (
  { host, request, status }: Answer,
  { status: said }: Envelope,
  redact: Redact,
): Failure => {
  const code = said.code === undefined ? "" : ` (${said.code})`;
  const words = said.userMessage ? `: ${shorten(redact(said.userMessage), 300)}` : "";
  return failure(
    "answer-contradicts-itself",
    `${host} answered ${request} with ${status}, but its envelope says no success${code}${words}`,
    "Run it again; if it stays, the message is the server's own",
  );
};

const kindOf = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

export const field = (place: Place, name: string): Place => {
  if (!isRecord(place.value)) throw unexpected(place, "an object");
  return { value: place.value[name], key: name, within: place };
};

export const items = (place: Place): readonly Place[] => {
  if (!Array.isArray(place.value)) throw unexpected(place, "a list");
  const list: readonly unknown[] = place.value;
  return list.map((value, key) => ({ value, key, within: place }));
};

/** Characters of one text; names, descriptions and ranges are far shorter, and everything after relies on it. */
const longestText = 100_000;

export const text = (place: Place): string => {
  if (typeof place.value !== "string") throw unexpected(place, "a text");
  if (place.value.length > longestText)
    throw unexpected(place, `a text of at most ${longestText} characters`);
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

const longestInstant = 60;

/**
 * A timestamp as ISO 8601 UTC. Takes a space for the `T`, and reads a time without a zone as UTC
 * (docs/service.md, "Rules"). Undefined where it is not one.
 */
export const isoInstant = (value: string): string | undefined => {
  if (value.length > longestInstant) return undefined;
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
