/**
 * Events from the lines of NDJSON: of the account's own log in either form of its records, of what `audit list` writes,
 * or of any program whose fields somebody names.
 */
import { isObject, type JsonObject, readJson } from "../model/json.js";
import { longestLine } from "./csv-rows.js";
import type { EventScope, TrafficEvent } from "./traffic.js";
import { missingColumns, type NamedParts, namedParts, type TrafficSource } from "./traffic-fields.js";

/** The JSON document of `audit list --format json` has an event a line between these. */
const documentHead = /^\{"format":"dbt-ip-rules\/audit-events","version":\d+,"events":\[$/;
const documentTail = /^\],"complete":(true|false)[,}]/;

/** Events from the lines of NDJSON, or of the document of `audit list`. */
export class JsonEvents {
  readonly #source: TrafficSource;
  #rest = "";
  #line = 0;
  #skipping = false;
  #document: "open" | "closed" | undefined;
  /** Of the first record: all lines of a file have one shape, or both of the log's. */
  #shape: Shape | undefined;
  #hasAddress = false;

  constructor(source: TrafficSource) {
    this.#source = source;
  }

  push(piece: string): void {
    const text = this.#rest + piece;
    let at = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", at)) {
      this.#readLine(text.slice(at, end));
      at = end + 1;
    }
    this.#rest = text.slice(at);
    if (this.#rest.length <= longestLine) return;
    if (!this.#skipping) this.#source.damaged(this.#line + 1, "it is longer than 1 MiB");
    this.#skipping = true;
    this.#rest = "";
  }

  end(): void {
    if (this.#rest !== "") this.#readLine(this.#rest);
    // One line may lack an address; where all do, the name is wrong.
    if (this.#shape !== undefined && !this.#hasAddress) throw missingColumns(this.#source, this.#shape.names);
    if (this.#document === "open")
      this.#source.damaged(this.#line, "the document ends before its end: it is cut off");
  }

  #readLine(line: string): void {
    this.#line += 1;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    const text = line.trim();
    if (text === "" || this.#isOfDocument(text)) return;
    const json = this.#document === "open" ? text.replace(/,$/, "") : text;
    const value = readJson(json);
    if (isObject(value)) this.#add(value, json);
    else this.#source.damaged(this.#line, "it is not a JSON object");
  }

  /** Whether the line is the head or the tail of the document of `audit list`. */
  #isOfDocument(text: string): boolean {
    if (this.#line === 1 && documentHead.test(text)) {
      this.#document = "open";
      return true;
    }
    const tail = this.#document === "open" ? documentTail.exec(text) : null;
    if (tail === null) return false;
    this.#document = "closed";
    if (tail[1] === "false")
      this.#source.damaged(this.#line, "the log broke off while this document was written");
    return true;
  }

  #add(record: JsonObject, json: string): void {
    this.#shape ??= shapeOf(record, this.#source);
    const { eventOf, hasAddress, scope } = this.#shape;
    this.#hasAddress ||= hasAddress(record);
    const event = eventOf(record);
    this.#source.sink.add(isRounded(event) ? eventOf(withAllDigits(json)) : event, scope);
  }
}

interface Shape {
  /** Of the fields. */
  readonly names: readonly string[];
  readonly scope: EventScope;
  readonly eventOf: (record: JsonObject) => TrafficEvent;
  /** Whether the field of the address is there, be it empty; the account's log knows events without one. */
  readonly hasAddress: (record: JsonObject) => boolean;
}

const shapeOf = (record: JsonObject, source: TrafficSource): Shape => {
  const { columns, scope } = source;
  const names = fieldNames(record);
  if (columns !== undefined && fieldOf(record, columns.time) !== undefined) {
    const named = namedParts(columns);
    return {
      names,
      scope,
      eventOf: (one) => namedEvent(one, named),
      hasAddress: (one) => fieldOf(one, columns.ip) !== undefined,
    };
  }
  const isOwn = isObject(record["actor"]) || "actor_ip" in record || "actor_id" in record;
  if (!isOwn || ownEvent(record).time === "") throw missingColumns(source, names);
  return { names, scope: "audit-log", eventOf: ownEvent, hasAddress: () => true };
};

/** A field, or by `a.b` a field of a field. */
const fieldOf = (record: JsonObject, name: string): unknown => {
  if (name in record) return record[name];
  let value: unknown = record;
  for (const part of name.split(".")) {
    if (!isObject(value)) return undefined;
    value = value[part];
  }
  return value;
};

const wordOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : "";
};

/** The first that is a word. */
const firstWord = (...values: readonly unknown[]): string => {
  for (const value of values) {
    const word = wordOf(value);
    if (word !== "") return word;
  }
  return "";
};

/** Whether a number that JSON.parse has rounded may name the event or its actor: ids of 64 bits that differ would be one. */
const isRounded = ({ id, actorId, actorName }: TrafficEvent): boolean =>
  isBeyondExact(id) || isBeyondExact(actorId) || isBeyondExact(actorName);

/** The text of a number has 24 characters at most and begins with a digit or a minus: others need not be read as one. */
const isBeyondExact = (word: string): boolean =>
  word.length <= 24 && word < ":" && Math.abs(Number(word)) > Number.MAX_SAFE_INTEGER;

/** A line that JSON.parse takes, with whole numbers of 16 digits and more as texts. */
const withAllDigits = (json: string): JsonObject =>
  JSON.parse(
    json.replace(/"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      /^-?\d{16,}$/.test(token) ? `"${token}"` : token,
    ),
  );

/** The names of the fields, of objects within as `actor.ip`: what a message shows of a line that does not fit. */
const fieldNames = (record: JsonObject): string[] =>
  Object.entries(record).flatMap(([name, value]) =>
    isObject(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name],
  );

const noActor: JsonObject = {};

/** Of either form of a record, or of an event that this program wrote; by names in the code, which V8 finds fast. */
const ownEvent = (record: JsonObject): TrafficEvent => {
  const actor = isObject(record["actor"]) ? record["actor"] : noActor;
  return {
    time: firstWord(record["at"], record["logged_at"], record["created_at"]),
    address: firstWord(
      ...[actor["ip"], actor["actor_ip"], actor["ip_address"], record["actor_ip"], record["ip_address"]],
    ),
    id: firstWord(record["uuid"], record["id"]),
    actorType: firstWord(actor["type"], actor["actor_type"], actor["kind"], record["actor_type"]),
    actorId: firstWord(
      ...[actor["id"], actor["actor_id"], actor["user_id"], actor["service_token_id"], record["actor_id"]],
    ),
    actorName: firstWord(
      ...[actor["name"], actor["actor_name"], actor["full_name"], actor["email"], record["actor_name"]],
    ),
    type: firstWord(record["event_type"], record["routing_key"], record["type"]),
    context: record["event_context"] ?? record["context"] ?? record["metadata"],
  };
};

const namedEvent = (record: JsonObject, named: NamedParts): TrafficEvent => {
  const word = (name: string | undefined): string =>
    name === undefined ? "" : wordOf(fieldOf(record, name));
  return {
    time: word(named.time),
    address: word(named.address),
    id: word(named.id),
    actorType: word(named.actorType),
    actorId: word(named.actorId),
    actorName: word(named.actorName),
    type: "",
    context: undefined,
  };
};
