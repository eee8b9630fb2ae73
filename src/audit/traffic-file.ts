/**
 * Traffic from files: what `audit export`, `audit list` and the service's download give (CSV, NDJSON, or the JSON of
 * `audit list`), and the CSV or NDJSON of any proxy whose columns somebody names. From text in pieces, so that memory
 * does not grow with the file.
 */

import { failure } from "../model/failure.js";
import { CsvReader, type CsvRow, longestLine } from "./csv-rows.js";
import type { EventScope, TrafficEvent, TrafficSink } from "./traffic.js";
import {
  missingColumns,
  namedPlaces,
  ownPlaces,
  type Places,
  type TrafficColumns,
  type TrafficSource,
} from "./traffic-fields.js";
import { JsonEvents } from "./traffic-json.js";

/** Lines that could not be read. */
interface DamagedLines {
  readonly count: number;
  /** The first few, from 1. */
  readonly lines: readonly number[];
  readonly problem: string;
}

const mostLinesNamed = 3;

/** One file. Throws `Failure` where nothing in it can be understood. */
export class TrafficFile {
  readonly #source: TrafficSource;
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

/** Events from the rows of a CSV. */
class CsvEvents {
  readonly #source: TrafficSource;
  #scope: EventScope;
  #places: Places | undefined;
  #width = 0;

  constructor(source: TrafficSource) {
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
    const { columns } = this.#source;
    const names = Array.from({ length: header.count }, (_, field) => header.field(field));
    const isNamed = columns !== undefined && names.includes(columns.time) && names.includes(columns.ip);
    const places = isNamed ? namedPlaces(names, columns) : ownPlaces(names);
    if (places === undefined) throw missingColumns(this.#source, names);
    if (!isNamed) this.#scope = "audit-log";
    this.#places = places;
    this.#width = 1 + Math.max(places.time, places.address, places.actorId);
  }
}
