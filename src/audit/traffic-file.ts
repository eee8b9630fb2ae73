/**
 * Traffic from files: what `audit export`, `audit list` and the service's download give (CSV, NDJSON, or the JSON of
 * `audit list`), and the CSV or NDJSON of any proxy whose columns somebody names. From text in pieces, so that memory
 * does not grow with the file.
 */

import { failure } from "../model/failure.js";
import { isObject, type JsonObject } from "../model/json.js";
import { CsvReader, type CsvRow, longestLine } from "./csv-rows.js";
import type { EventScope, TrafficEvent, TrafficSink } from "./traffic.js";
import {
  missingColumns,
  namedColumns,
  ownColumns,
  type Part,
  type TrafficColumns,
} from "./traffic-fields.js";

/** Lines that could not be read. */
interface DamagedLines {
  readonly count: number;
  /** The first few, from 1. */
  readonly lines: readonly number[];
  readonly problem: string;
}

const mostLinesNamed = 3;

/** What the readers of both formats need. */
interface Source {
  /** For messages. */
  readonly file: string;
  readonly columns: TrafficColumns | undefined;
  readonly sink: TrafficSink;
  /** Of lines that are not of the account's log: an id means something in its own file only. */
  readonly scope: EventScope;
  damaged(line: number, problem: string): void;
}

/** One file. Throws `Failure` where nothing in it can be understood. */
export class TrafficFile {
  readonly #source: Source;
  #reader: { push(piece: string): void; end(): void } | undefined;
  #head = "";
  #damaged = 0;
  readonly #lines: number[] = [];
  #problem = "";

  /** `number`: of the file among those of a run. */
  constructor(file: string, number: number, columns: TrafficColumns | undefined, sink: TrafficSink) {
    this.#source = {
      file,
      columns,
      sink,
      scope: `file ${number}`,
      damaged: (line, problem) => {
        this.#damaged += 1;
        if (this.#lines.length < mostLinesNamed) this.#lines.push(line);
        if (this.#problem === "") this.#problem = problem;
      },
    };
  }

  push(piece: string): void {
    if (this.#reader !== undefined) {
      this.#reader.push(piece);
      return;
    }
    this.#head += piece;
    if (piece.includes("\n") || this.#head.length > longestLine) this.#begin();
  }

  /** What could not be read; undefined where all could. */
  end(): DamagedLines | undefined {
    if (this.#reader === undefined) this.#begin();
    this.#reader?.end();
    if (this.#damaged === 0) return undefined;
    return { count: this.#damaged, lines: this.#lines, problem: this.#problem };
  }

  #begin(): void {
    const { file } = this.#source;
    // Windows programs put a byte order mark in front.
    const head = this.#head.replace(/^\ufeff/, "");
    this.#head = "";
    if (head === "") throw failure("traffic-file", { kind: "empty", file });
    if (head.includes("\0")) throw failure("traffic-file", { kind: "not-text", file });
    const first = head.trimStart()[0];
    if (first === "[") throw failure("traffic-file", { kind: "json-list", file });
    this.#reader =
      first === "{"
        ? new JsonEvents(this.#source)
        : new CsvReader(delimiterOf(head), new CsvEvents(this.#source));
    this.#reader.push(head);
  }
}

/** A comma, or the semicolon or tab that the first line has more often. */
const delimiterOf = (head: string): "," | ";" | "\t" => {
  const header = head.split("\n", 1)[0] ?? "";
  const count = (delimiter: string): number => header.split(delimiter).length;
  const [comma, semicolon, tab] = [count(","), count(";"), count("\t")];
  if (semicolon > comma && semicolon >= tab) return ";";
  return tab > comma ? "\t" : ",";
};

const csvProblems = {
  quotes: "its quotes do not fit",
  "too-long": "it is longer than 1 MiB",
  "cut-off": "the file ends inside a quoted field: it is cut off",
} as const;

/** The index of the column of each part; -1 where there is none. */
type Places = Readonly<Record<Part, number>>;

/** Events from the rows of a CSV. */
class CsvEvents {
  readonly #source: Source;
  #scope: EventScope;
  #places: Places | undefined;
  #width = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#scope = source.scope;
  }

  damaged(line: number, problem: keyof typeof csvProblems): void {
    if (this.#places === undefined)
      throw failure("traffic-file", { kind: "no-header", file: this.#source.file });
    this.#source.damaged(line, csvProblems[problem]);
  }

  row(row: CsvRow): void {
    const places = this.#places;
    if (places === undefined) {
      this.#begin(row);
      return;
    }
    if (row.count < this.#width) {
      this.#source.damaged(row.line, "it has too few columns");
      return;
    }
    const event: TrafficEvent = {
      time: row.field(places.time),
      address: row.field(places.address),
      id: row.field(places.id),
      actorType: row.field(places.actorType),
      actorId: row.field(places.actorId),
      actorName: row.field(places.actorName),
      type: row.field(places.type),
      context: row.raw(places.context),
    };
    this.#source.sink.add(event, this.#scope);
  }

  #begin(header: CsvRow): void {
    const { file, columns } = this.#source;
    const names = Array.from({ length: header.count }, (_, field) => header.field(field));
    const isNamed = columns !== undefined && names.includes(columns.time) && names.includes(columns.ip);
    const places = isNamed ? namedPlaces(names, columns) : ownPlaces(names);
    if (places === undefined) throw missingColumns(file, names, columns);
    if (!isNamed) this.#scope = "audit-log";
    this.#places = places;
    this.#width = 1 + Math.max(places.time, places.address, places.actorId);
  }
}

const placesOf = (placeOf: (part: Part) => number): Places => ({
  time: placeOf("time"),
  address: placeOf("address"),
  id: placeOf("id"),
  actorType: placeOf("actorType"),
  actorId: placeOf("actorId"),
  actorName: placeOf("actorName"),
  type: placeOf("type"),
  context: placeOf("context"),
});

/** Undefined where a named column is missing. */
const namedPlaces = (names: readonly string[], columns: TrafficColumns): Places | undefined => {
  const named = namedColumns(columns);
  if (Object.values(named).some((name) => !names.includes(name))) return undefined;
  return placesOf((part) => {
    const name = named[part];
    return name === undefined ? -1 : names.indexOf(name);
  });
};

/** Undefined where these are not the columns of the account's log. */
const ownPlaces = (names: readonly string[]): Places | undefined => {
  const places = placesOf((part) => {
    const name = ownColumns[part].find((one) => names.includes(one));
    return name === undefined ? -1 : names.indexOf(name);
  });
  return places.time < 0 || places.address < 0 ? undefined : places;
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

const isBeyondExact = (word: string): boolean => Math.abs(Number(word)) > Number.MAX_SAFE_INTEGER;

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

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The JSON document of `audit list --format json` has an event a line between these. */
const documentHead = /^\{"format":"dbt-ip-rules\/audit-events","version":\d+,"events":\[$/;
const documentTail = /^\],"complete":(true|false)[,}]/;

/** Events from the lines of NDJSON, or of the document of `audit list`. */
class JsonEvents {
  readonly #source: Source;
  #rest = "";
  #line = 0;
  #skipping = false;
  #document: "open" | "closed" | undefined;
  /** Of the first record: all lines of a file have one shape, or both of the log's. */
  #shape: { readonly kind: "own" | "named"; readonly names: readonly string[] } | undefined;
  #hasAddress = false;

  constructor(source: Source) {
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
    const { file, columns, damaged } = this.#source;
    if (this.#rest !== "") this.#readLine(this.#rest);
    // One line may lack an address; where all do, the name is wrong.
    if (this.#shape?.kind === "named" && !this.#hasAddress)
      throw missingColumns(file, this.#shape.names, columns);
    if (this.#document === "open") damaged(this.#line, "the document ends before its end: it is cut off");
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
    const value = parsed(json);
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
    this.#shape ??= this.#shapeOf(record);
    const { columns, sink, scope } = this.#source;
    if (this.#shape.kind === "own" || columns === undefined) {
      const event = ownEvent(record);
      sink.add(isRounded(event) ? ownEvent(withAllDigits(json)) : event, "audit-log");
      return;
    }
    this.#hasAddress ||= fieldOf(record, columns.ip) !== undefined;
    const event = namedEvent(record, columns);
    sink.add(isRounded(event) ? namedEvent(withAllDigits(json), columns) : event, scope);
  }

  #shapeOf(record: JsonObject): { kind: "own" | "named"; names: readonly string[] } {
    const { file, columns } = this.#source;
    const names = fieldNames(record);
    if (columns !== undefined && fieldOf(record, columns.time) !== undefined) return { kind: "named", names };
    const hasTime = ownEvent(record).time !== "";
    if (hasTime && (isObject(record["actor"]) || "actor_ip" in record || "actor_id" in record))
      return { kind: "own", names };
    throw missingColumns(file, names, columns);
  }
}

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

const namedEvent = (record: JsonObject, columns: TrafficColumns): TrafficEvent => {
  const word = (name: string | undefined): string =>
    name === undefined ? "" : wordOf(fieldOf(record, name));
  return {
    time: word(columns.time),
    address: word(columns.ip),
    id: word(columns.id),
    actorType: word(columns.kind),
    actorId: word(columns.who),
    actorName: word(columns.name),
    type: "",
    context: undefined,
  };
};
