/**
 * `audit list`: events, newest first, as they are read: memory does not grow with the log. A failure after the first
 * event leaves machine formats whole: JSON is closed and says that it is not complete, and the exit code is 1.
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { actorFilter, eventFilter } from "../../audit/catalogue.js";
import type { AuditEvent } from "../../audit/event.js";
import { listEvents, meansNoMore, streamBounds } from "../../audit/list-events.js";
import type { Sink } from "../../files/write-file.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { counted } from "../../model/words.js";
import { type EventFormat, type EventFrame, eventFrame } from "../../report/events.js";
import { fileLook } from "../../report/layout.js";
import type { Report } from "../../report/report.js";
import { namedConnection } from "../accounts.js";
import {
  type AccountOptions,
  accountOptions,
  checkRange,
  debugOptions,
  eventOption,
  type RangeOptions,
  rangeOptions,
} from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { connectReadOnly } from "../connect.js";
import { fitted, type Io, lookOf, note, noteDiagnostics, sinkFor } from "../io.js";

const formats: readonly EventFormat[] = ["text", "json", "ndjson", "csv"];

interface Options extends AccountOptions, RangeOptions {
  readonly format: EventFormat;
  readonly output?: string;
  readonly event?: readonly string[];
  readonly actor?: string;
  readonly limit?: number;
}

const positive = (text: string): number => {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1.");
  return Number(text);
};

export const configureList = (command: Command, io: Io, program: Program): void => {
  const withFilters = eventOption(
    rangeOptions(accountOptions(command), io),
    "only these: a type, a glob such as 'ip_restrictions.*', or a group (see: audit events)",
  )
    .option("--actor <who>", "only this actor: a name (* for any part), an id, or an address")
    .addOption(new Option("--limit <count>", "at most this many events, the newest").argParser(positive))
    .addOption(new Option("-f, --format <format>", "what to print").choices(formats).default("text"))
    .option("-o, --output <file>", "write to this file instead of standard output");
  debugOptions(withFilters);
  runs(command, io, program, list);
};

async function* selected(
  io: Io,
  options: Options,
  matches: (event: AuditEvent) => boolean,
): AsyncGenerator<AuditEvent> {
  const client = connectReadOnly(io, options, namedConnection(io, options));
  const { types } = eventFilter(options.event ?? []);
  const query = { ...checkRange(io, options), ...present({ types }) };
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  try {
    const events = listEvents(client, query, {
      now: io.now().toISOString(),
      bounds: streamBounds,
      endsAt: meansNoMore,
      onEarlyEnd: (oldest) =>
        note(
          io,
          `The API gives no events before ${oldest.slice(0, 10)}; for older ones: dbt-ip-rules audit export --full`,
        ),
    });
    for await (const event of events) {
      if (!matches(event)) continue;
      yield event;
      left -= 1;
      if (left <= 0) return;
    }
  } finally {
    await client.close();
  }
}

const list = async (io: Io, options: Options): Promise<Report> => {
  const filter = eventFilter(options.event ?? []);
  noteDiagnostics(io, filter.diagnostics, options);
  const isActor = options.actor === undefined ? () => true : actorFilter(options.actor);
  const events = selected(io, options, (event) => filter.matches(event.type) && isActor(event));
  const first = await events.next();
  const look = options.output === undefined ? lookOf(io, io.stdout, options) : fileLook;
  const ownFrame = eventFrame(options.format, look);
  const frame =
    options.format === "text" && options.output === undefined ? fittedFrame(io, ownFrame) : ownFrame;
  const sink = await sinkFor(io, options.output);
  const { count, problem } = await pour(events, first, frame, sink);
  if (problem !== undefined) {
    noteDiagnostics(io, problem.diagnostics, options);
    return { kind: "done", exitCode: exitCodes.error };
  }
  if (options.output !== undefined) note(io, `Saved ${counted(count, "event")}: ${visible(options.output)}`);
  return { kind: "done", exitCode: exitCodes.done };
};

const fittedFrame = (io: Io, { head, event, tail }: EventFrame): EventFrame => ({
  head,
  event: (one, index) => fitted(io, io.stdout, event(one, index)),
  tail,
});

/** How many were written, and the failure that ended them early, if one did; a file is not kept then. */
const pour = async (
  events: AsyncGenerator<AuditEvent>,
  first: IteratorResult<AuditEvent>,
  frame: EventFrame,
  sink: Sink,
): Promise<{ readonly count: number; readonly problem?: Failure }> => {
  let count = 0;
  let problem: Failure | undefined;
  await sink.write(frame.head);
  try {
    for (let next = first; next.done !== true && !sink.closed; next = await events.next())
      await sink.write(frame.event(next.value, count++));
    await events.return(undefined);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problem = error;
  }
  await sink.write(frame.tail(count, problem === undefined));
  if (problem === undefined) await sink.close();
  else await sink.discard();
  return { count, ...present({ problem }) };
};
