/** What the audit commands share: options, ports, and the account that receipts are of. */
import { setTimeout as wait } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseMoment } from "../audit/time-range.js";
import { failure } from "../model/failure.js";
import type { Io } from "./io.js";

export interface RangeOptions {
  /** ISO 8601 UTC. */
  readonly since?: string;
  readonly until?: string;
}

const moment =
  (edge: "start" | "end", io: Io) =>
  (text: string): string => {
    const at = parseMoment(text, edge, io.now());
    if (at === undefined)
      throw new InvalidArgumentError(
        "Give a date (2026-03-01), a UTC time (2026-03-01T14:00), or how long ago (24h, 7d).",
      );
    return at;
  };

export const rangeOptions = (command: Command, io: Io): Command =>
  command
    .addOption(
      new Option(
        "--since <when>",
        "from this date, time, or so long ago: 2026-03-01, 24h, 7d (default: 90 days)",
      ).argParser(moment("start", io)),
    )
    .addOption(
      new Option("--until <when>", "until then, inclusive (default: now)").argParser(moment("end", io)),
    );

/** Throws `Failure` where the range is empty. */
export const checkRange = ({ since, until }: RangeOptions): RangeOptions => {
  if (since !== undefined && until !== undefined && since > until)
    throw failure(
      "range-empty",
      `The range is empty: it begins at ${since} and ends at ${until}`,
      "Swap --since and --until",
    );
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
};

export const eventOption = (command: Command, meaning: string): Command =>
  command.addOption(new Option("--event <types...>", meaning));

/** A wait that an interrupt ends, with a failure that says so. */
export const interruptibleSleep =
  (io: Io) =>
  async (milliseconds: number): Promise<void> => {
    try {
      await wait(milliseconds, undefined, { signal: io.signal });
    } catch (error) {
      if (!io.signal.aborted) throw error;
      throw failure("interrupted", "Interrupted", undefined, { cause: error });
    }
  };
