/**
 * Traffic from files: what `audit export`, `audit list` and the service's download give (CSV, NDJSON, or the JSON of
 * `audit list`), and the CSV or NDJSON of any proxy whose columns somebody names. From bytes in pieces, so that memory
 * does not grow with the file.
 */
import { failure } from "../model/failure.js";
import { CsvReader, type CsvRow, joined, longestLine, Texts, textOf } from "./csv-rows.js";
import { emptySpan, type Span } from "./event-time.js";
import { JsonFields } from "./json-fields.js";
import type { EventScope, TrafficRow, TrafficSink } from "./traffic.js";

/** Which columns (of NDJSON which fields, `a.b` for a field of a field) hold what. */
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

/** Lines that could not be read. */
export interface DamagedLines {
  readonly count: number;
  /** The first few, from 1. */
  readonly lines: readonly number[];
  readonly problem: string;
}

const mostLinesNamed = 3;

/** For each role, the names that the log's own files use, the better first. */
const ownNames = {
  time: ["at", "logged_at", "created_at"],
  ip: ["actor_ip", "actor.ip", "ip_address"],
  id: ["uuid", "id"],
  actorType: ["actor_type", "actor.type"],
  actorId: ["actor_id", "actor.id"],
  actorName: ["actor_name", "actor.name"],
  eventType: ["event_type", "routing_key", "type"],
  context: ["event_context", "context", "metadata"],
} as const;

type Role = keyof typeof ownNames;
type Roles<Place> = Readonly<Record<Role, Place>>;

const isOwnLog = (names: ReadonlySet<string>): boolean =>
  ownNames.time.some((name) => names.has(name)) && ownNames.ip.some((name) => names.has(name));

/** The names to look for; undefined where these columns cannot be told. */
const rolesOf = (names: readonly string[], columns: TrafficColumns | undefined) => {
  const present = new Set(names);
  if (columns !== undefined && present.has(columns.time) && present.has(columns.ip))
    return { kind: "named", columns } as const;
  return isOwnLog(present) ? ({ kind: "own" } as const) : undefined;
};

/** What the named columns are in the terms of an event. */
const namedRoles = ({ time, ip, who, id, name, kind }: TrafficColumns): Partial<Record<Role, string>> => ({
  time,
  ip,
  ...(id === undefined ? {} : { id }),
  ...(who === undefined ? {} : { actorId: who }),
  ...(name === undefined ? {} : { actorName: name }),
  ...(kind === undefined ? {} : { actorType: kind }),
});

const newline = 0x0a;
const openBrace = 0x7b;
const openBracket = 0x5b;

const nothing = (): string => "";

/** One file. Throws `Failure` where nothing in it can be understood. */
export class TrafficFile {
  readonly #file: string;
  readonly #columns: TrafficColumns | undefined;
  readonly #gatherer: TrafficSink;
  readonly #own: EventScope;
  #begun: { push(piece: Uint8Array): void; end(): void } | undefined;
  #head: Uint8Array = new Uint8Array(0);
  #damaged = 0;
  readonly #lines: number[] = [];
  #problem = "";

  /** `number`: of the file, since an id means something in its own log only. `file`: for messages. */
  constructor(file: string, number: number, columns: TrafficColumns | undefined, gatherer: TrafficSink) {
    this.#file = file;
    this.#columns = columns;
    this.#gatherer = gatherer;
    this.#own = `file ${number}`;
  }

  push(piece: Uint8Array): void {
    if (this.#begun !== undefined) {
      this.#begun.push(piece);
      return;
    }
    this.#head = new Uint8Array(joined(this.#head, piece));
    if (this.#head.includes(newline) || this.#head.length > longestLine) this.#begin();
  }

  /** What could not be read; undefined where all could. */
  end(): DamagedLines | undefined {
    if (this.#begun === undefined) this.#begin();
    this.#begun?.end();
    if (this.#damaged === 0) return undefined;
    return { count: this.#damaged, lines: this.#lines, problem: this.#problem };
  }

  #begin(): void {
    let head = this.#head;
    this.#head = new Uint8Array(0);
    // Windows programs put a byte order mark in front.
    if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) head = head.subarray(3);
    if (head.length === 0) throw failure("traffic-file", { kind: "empty", file: this.#file });
    if (head.includes(0)) throw failure("traffic-file", { kind: "not-text", file: this.#file });
    const first = head.find((byte) => byte > 0x20);
    if (first === openBracket) throw failure("traffic-file", { kind: "json-list", file: this.#file });
    const damaged = (line: number, problem: string): void => this.#note(line, problem);
    this.#begun =
      first === openBrace
        ? new JsonLines(this.#file, this.#columns, this.#gatherer, this.#own, damaged)
        : this.#csv(head);
    this.#begun.push(head);
  }

  #csv(head: Uint8Array): CsvReader {
    const end = head.indexOf(newline);
    return new CsvReader(
      delimiterOf(head.subarray(0, end < 0 ? head.length : end)),
      new CsvEvents(this.#file, this.#columns, this.#gatherer, this.#own, (line, problem) =>
        this.#note(line, problem),
      ),
    );
  }

  #note(line: number, problem: string): void {
    this.#damaged += 1;
    if (this.#lines.length < mostLinesNamed) this.#lines.push(line);
    if (this.#problem === "") this.#problem = problem;
  }
}

/** A comma, or the semicolon or tab that stands in the header more often. */
const delimiterOf = (header: Uint8Array): number => {
  const count = (byte: number): number => header.reduce((sum, one) => sum + Number(one === byte), 0);
  const [comma, semicolon, tab] = [count(0x2c), count(0x3b), count(0x09)];
  if (semicolon > comma && semicolon >= tab) return 0x3b;
  return tab > comma ? 0x09 : 0x2c;
};

const csvProblems = {
  quotes: "its quotes do not fit",
  "too-long": "it is longer than 1 MiB",
  "cut-off": "the file ends inside a quoted field: it is cut off",
} as const;

type Note = (line: number, problem: string) => void;

class CsvEvents {
  readonly #file: string;
  readonly #columns: TrafficColumns | undefined;
  readonly #gatherer: TrafficSink;
  readonly #note: Note;
  #scope: EventScope;
  #fields: Roles<number> | undefined;
  #width = 0;
  #current: CsvRow | undefined;
  readonly #event: TrafficRow = {
    time: emptySpan(),
    address: emptySpan(),
    eventId: emptySpan(),
    actorType: "",
    actorId: "",
    actorName: () => this.#text("actorName"),
    eventType: "",
    context: () => this.#text("context"),
  };

  constructor(
    file: string,
    columns: TrafficColumns | undefined,
    gatherer: TrafficSink,
    own: EventScope,
    note: Note,
  ) {
    this.#file = file;
    this.#columns = columns;
    this.#gatherer = gatherer;
    this.#scope = own;
    this.#note = note;
  }

  damaged(line: number, problem: keyof typeof csvProblems): void {
    if (this.#fields === undefined) throw failure("traffic-file", { kind: "no-header", file: this.#file });
    this.#note(line, csvProblems[problem]);
  }

  row(row: CsvRow): void {
    const fields = this.#fields;
    if (fields === undefined) {
      this.#begin(row);
      return;
    }
    if (row.count < this.#width) {
      this.#note(row.line, "it has too few columns");
      return;
    }
    const event = this.#event;
    this.#current = row;
    row.span(fields.time, event.time);
    row.span(fields.ip, event.address);
    row.span(fields.id, event.eventId);
    event.actorType = row.text(fields.actorType);
    event.actorId = row.text(fields.actorId);
    event.eventType = row.text(fields.eventType);
    this.#gatherer.add(event, this.#scope);
  }

  #text(role: Role): string {
    return this.#current?.text(this.#fields?.[role] ?? -1) ?? "";
  }

  #begin(header: CsvRow): void {
    const names = Array.from({ length: header.count }, (_, field) => header.text(field));
    const found = rolesOf(names, this.#columns);
    if (found === undefined) throw missingColumns(this.#file, names, this.#columns);
    const wanted = found.kind === "named" ? namedRoles(found.columns) : undefined;
    const place = (role: Role): number => {
      const [first] = (wanted === undefined ? ownNames[role] : [wanted[role] ?? ""]).filter((name) =>
        names.includes(name),
      );
      return first === undefined ? -1 : names.indexOf(first);
    };
    if (wanted !== undefined) {
      const absent = Object.values(wanted).filter((name) => !names.includes(name));
      if (absent.length > 0) throw missingColumns(this.#file, names, this.#columns);
    } else this.#scope = "audit-log";
    this.#fields = {
      time: place("time"),
      ip: place("ip"),
      id: place("id"),
      actorType: place("actorType"),
      actorId: place("actorId"),
      actorName: place("actorName"),
      eventType: place("eventType"),
      context: place("context"),
    };
    this.#width = 1 + Math.max(this.#fields.time, this.#fields.ip, this.#fields.actorId);
  }
}

const missingColumns = (file: string, has: readonly string[], columns: TrafficColumns | undefined) =>
  failure("traffic-columns", {
    file,
    missing:
      columns === undefined
        ? undefined
        : [...new Set(Object.values(columns))].filter((name) => name !== undefined && !has.includes(name)),
    has,
  });

type JsonRecord = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A field, or by `a.b` a field of a field. */
const fieldOf = (record: JsonRecord, name: string): unknown => {
  if (name in record) return record[name];
  let value: unknown = record;
  for (const part of name.split(".")) {
    if (!isRecord(value)) return undefined;
    value = value[part];
  }
  return value;
};

const wordOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : "";
};

const firstWord = (record: JsonRecord, names: readonly string[]): string => {
  for (const name of names) {
    const word = wordOf(record[name]);
    if (word !== "") return word;
  }
  return "";
};

/** The names of the fields, of objects within as `actor.ip`: what a message shows of a line that does not fit. */
const fieldNames = (record: JsonRecord): string[] =>
  Object.entries(record).flatMap(([name, value]) =>
    isRecord(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name],
  );

/** The JSON document of `audit list --format json` has an event a line between these. */
const documentHead = /^\{"format":"dbt-ip-rules\/audit-events","version":\d+,"events":\[$/;
const documentTail = /^\],"complete":(true|false)[,}]/;

class JsonLines {
  readonly #file: string;
  readonly #columns: TrafficColumns | undefined;
  readonly #gatherer: TrafficSink;
  readonly #own: EventScope;
  readonly #note: Note;
  #rest: Uint8Array = new Uint8Array(0);
  #line = 0;
  #skipping = false;
  #kind: "named" | "own" | undefined;
  #document: "open" | "closed" | undefined;
  /** For all but the first line, where it can. */
  #quick: QuickLines | undefined;
  /** Of the first record, for a message. */
  #names: readonly string[] = [];
  #hasAddress = false;
  #record: JsonRecord = {};
  readonly #event: TrafficRow = {
    time: emptySpan(),
    address: emptySpan(),
    eventId: emptySpan(),
    actorType: "",
    actorId: "",
    actorName: nothing,
    eventType: "",
    context: () => JSON.stringify(fieldOfAny(this.#record, ownNames.context)) ?? "",
  };

  constructor(
    file: string,
    columns: TrafficColumns | undefined,
    gatherer: TrafficSink,
    own: EventScope,
    note: Note,
  ) {
    this.#file = file;
    this.#columns = columns;
    this.#gatherer = gatherer;
    this.#own = own;
    this.#note = note;
  }

  push(piece: Uint8Array): void {
    const bytes = joined(this.#rest, piece);
    let at = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      this.#readLine(bytes, at, end);
      at = end + 1;
    }
    // A copy, as in csv-rows.ts.
    this.#rest = new Uint8Array(bytes.subarray(at));
    if (this.#rest.length <= longestLine) return;
    if (!this.#skipping) this.#note(this.#line + 1, "it is longer than 1 MiB");
    this.#skipping = true;
    this.#rest = new Uint8Array(0);
  }

  end(): void {
    const rest = this.#rest;
    if (rest.length > 0) this.#readLine(rest, 0, rest.length);
    // One line may lack an address; where all do, the name is wrong.
    if (this.#kind === "named" && !this.#hasAddress)
      throw missingColumns(this.#file, this.#names, this.#columns);
    if (this.#document === "open") this.#note(this.#line, "the document ends before its end: it is cut off");
  }

  #readLine(bytes: Uint8Array, start: number, end: number): void {
    this.#line += 1;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (
      this.#quick?.add(bytes, start, this.#document === "open" ? withoutComma(bytes, start, end) : end) ===
      true
    )
      return;
    const text = textOf(bytes, start, end).trim();
    if (text === "") return;
    if (this.#line === 1 && documentHead.test(text)) {
      this.#document = "open";
      return;
    }
    const tail = this.#document === "open" ? documentTail.exec(text) : null;
    if (tail !== null) {
      this.#document = "closed";
      if (tail[1] === "false") this.#note(this.#line, "the log broke off while this document was written");
      return;
    }
    const value = parsed(this.#document === "open" ? text.replace(/,$/, "") : text);
    if (!isRecord(value)) {
      this.#note(this.#line, "it is not a JSON object");
      return;
    }
    this.#addRecord(value);
  }

  #addRecord(record: JsonRecord): void {
    if (this.#kind === undefined) {
      this.#kind = this.#kindOf(record);
      this.#quick = quickReader(
        this.#kind === "named" ? this.#columns : undefined,
        this.#gatherer,
        this.#own,
      );
    }
    const { columns, event } = { columns: this.#columns, event: this.#event };
    this.#record = record;
    if (this.#kind === "named" && columns !== undefined) {
      const word = (name: string | undefined): string =>
        name === undefined ? "" : wordOf(fieldOf(record, name));
      spell(event.time, word(columns.time));
      spell(event.address, word(columns.ip));
      spellExactly(event.eventId, word(columns.id));
      this.#hasAddress ||= fieldOf(record, columns.ip) !== undefined;
      event.actorId = word(columns.who);
      event.actorType = word(columns.kind);
      event.actorName = () => word(columns.name);
      event.eventType = "";
      this.#gatherer.add(event, this.#own);
      return;
    }
    const actor = isRecord(record["actor"]) ? record["actor"] : {};
    const of = (inside: readonly string[], outside: readonly string[]): string =>
      firstWord(actor, inside) || firstWord(record, outside);
    spell(event.time, firstWord(record, ownNames.time));
    spell(event.address, of(["ip", "actor_ip", "ip_address"], ownNames.ip));
    spellExactly(event.eventId, firstWord(record, ownNames.id));
    event.actorId = of(["id", "actor_id", "user_id", "service_token_id"], ownNames.actorId);
    event.actorType = of(["type", "actor_type", "kind"], ownNames.actorType);
    event.actorName = () => of(["name", "actor_name", "full_name", "email"], ownNames.actorName);
    event.eventType = firstWord(record, ownNames.eventType);
    this.#gatherer.add(event, "audit-log");
  }

  /** By the first line: all lines of a file have one shape, or both of the log's. */
  #kindOf(record: JsonRecord): "named" | "own" {
    const columns = this.#columns;
    this.#names = fieldNames(record);
    if (columns !== undefined && fieldOf(record, columns.time) !== undefined) return "named";
    const hasTime = firstWord(record, ownNames.time) !== "";
    if (hasTime && (isRecord(record["actor"]) || "actor_ip" in record || "actor_id" in record)) return "own";
    throw missingColumns(this.#file, this.#names, columns);
  }
}

const comma = 0x2c;

const withoutComma = (bytes: Uint8Array, start: number, end: number): number => {
  let last = end;
  while (last > start && bytes[last - 1]! <= 0x20) last -= 1;
  return last > start && bytes[last - 1] === comma ? last - 1 : last;
};

/** For each part of an event, the fields of either record form that may hold it, the better first. */
const ownPaths = {
  time: ownNames.time,
  address: ["actor.ip", "actor.actor_ip", "actor.ip_address", "actor_ip", "ip_address"],
  eventId: ownNames.id,
  actorType: ["actor.type", "actor.actor_type", "actor.kind", "actor_type"],
  actorId: ["actor.id", "actor.actor_id", "actor.user_id", "actor.service_token_id", "actor_id"],
  actorName: ["actor.name", "actor.actor_name", "actor.full_name", "actor.email", "actor_name"],
  eventType: ownNames.eventType,
} as const;

type Part = keyof typeof ownPaths;

/** Undefined where a column is deeper in its record than `JsonFields` looks. */
const quickReader = (
  columns: TrafficColumns | undefined,
  gatherer: TrafficSink,
  own: EventScope,
): QuickLines | undefined => {
  if (columns === undefined) return new QuickLines(ownPaths, gatherer, "audit-log");
  const one = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);
  const paths = {
    time: [columns.time],
    address: [columns.ip],
    eventId: one(columns.id),
    actorType: one(columns.kind),
    actorId: one(columns.who),
    actorName: one(columns.name),
    eventType: [],
  };
  // A name with a dot may be one field's whole name as well.
  return Object.values(paths)
    .flat()
    .some((name) => name.includes("."))
    ? undefined
    : new QuickLines(paths, gatherer, own);
};

/** Events from the bytes of their lines, without an object for each. */
class QuickLines {
  readonly #fields: JsonFields;
  readonly #spans: Readonly<Record<Part, readonly Span[]>>;
  readonly #gatherer: TrafficSink;
  readonly #scope: EventScope;
  readonly #event: Mutable<TrafficRow>;
  #line: Span = emptySpan();
  hasAddress = false;

  constructor(paths: Readonly<Record<Part, readonly string[]>>, gatherer: TrafficSink, scope: EventScope) {
    const fields = new JsonFields(Object.values(paths).flat());
    const of = (part: Part): readonly Span[] => paths[part].map((name) => fields.span(name));
    this.#fields = fields;
    this.#spans = {
      time: of("time"),
      address: of("address"),
      eventId: of("eventId"),
      actorType: of("actorType"),
      actorId: of("actorId"),
      actorName: of("actorName"),
      eventType: of("eventType"),
    };
    this.#gatherer = gatherer;
    this.#scope = scope;
    this.#event = {
      time: emptySpan(),
      address: emptySpan(),
      eventId: emptySpan(),
      actorType: "",
      actorId: "",
      actorName: () => wordIn(this.#spans.actorName),
      eventType: "",
      // All of the line: which Git provider it names is looked for in its text.
      context: () => textOf(this.#line.bytes, this.#line.start, this.#line.end),
    };
  }

  /** False: the line is not plain enough, and was not added. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#fields.read(bytes, start, end)) return false;
    const spans = this.#spans;
    const event = this.#event;
    event.time = firstSpan(spans.time);
    event.address = firstSpan(spans.address);
    event.eventId = firstSpan(spans.eventId);
    event.actorType = wordIn(spans.actorType);
    event.actorId = wordIn(spans.actorId);
    event.eventType = wordIn(spans.eventType);
    this.#line = { bytes, start, end };
    this.hasAddress ||= event.address.end > event.address.start;
    this.#gatherer.add(event, this.#scope);
    return true;
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const nowhere = emptySpan();

const firstSpan = (spans: readonly Span[]): Span => {
  for (const span of spans) if (span.end > span.start) return span;
  return nowhere;
};

const texts = new Texts();

const wordIn = (spans: readonly Span[]): string => {
  const { bytes, start, end } = firstSpan(spans);
  return texts.of(bytes, start, end);
};

const fieldOfAny = (record: JsonRecord, names: readonly string[]): unknown =>
  names.map((name) => record[name]).find((value) => value !== undefined);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Every byte of it: two ids are never alike. */
const spellExactly = (into: Span, text: string): void => {
  const bytes = Buffer.from(text);
  into.bytes = bytes;
  into.start = 0;
  into.end = bytes.length;
};

/** Texts longer than any time, address or id that is one. */
const longestWord = 256;

/** The text as bytes; what is not ASCII becomes 0x80, which no time and no address takes. */
export const spell = (into: Span, text: string): void => {
  const length = Math.min(text.length, longestWord);
  const bytes = into.bytes.length >= longestWord ? into.bytes : new Uint8Array(longestWord);
  let start = 0;
  for (let at = 0; at < length; at += 1) bytes[at] = Math.min(text.charCodeAt(at), 0x80);
  while (start < length && bytes[start] === 0x20) start += 1;
  into.bytes = bytes;
  into.start = start;
  into.end = length;
  while (into.end > start && bytes[into.end - 1] === 0x20) into.end -= 1;
};
