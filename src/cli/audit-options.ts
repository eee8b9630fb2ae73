/** What the audit commands share: options, ports, and the account that receipts are of. */
import { setTimeout as wait } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseMoment } from "../audit/time-range.js";
import { diagnostic } from "../model/diagnostic.js";
import { failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { counted } from "../model/words.js";
import type { DebugOptions } from "./arguments/options.js";
import { type Io, isLive, note, noteDiagnostics } from "./io.js";

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

export const sinceOption = (command: Command, io: Io, otherwise: string): Command =>
  command.addOption(
    new Option(
      "--since <when>",
      `from this date, UTC time, or so long ago: 2026-03-01, 2026-03-01T14:00, 24h, 7d (default: ${otherwise})`,
    ).argParser(moment("start", io)),
  );

export const rangeOptions = (command: Command, io: Io): Command =>
  sinceOption(command, io, "90 days ago").addOption(
    new Option("--until <when>", "until then, inclusive (default: now)").argParser(moment("end", io)),
  );

/** Throws `Failure` where the range is empty; warns where it has not begun. */
export const checkRange = (io: Io, { since, until, color }: RangeOptions & DebugOptions): RangeOptions => {
  if (since !== undefined && until !== undefined && since > until)
    throw failure("range-empty", { since, until });
  if (since !== undefined && since > io.now().toISOString())
    noteDiagnostics(io, [diagnostic("range-in-future", { since })], color === undefined ? {} : { color });
  return { ...present({ since, until }) };
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
      throw failure("interrupted", { at: "wait" }, { cause: error });
    }
  };

/** On a terminal each wait, in a log only the first. */
export const waitingNote = (io: Io) => {
  let told = false;
  return ({ missing }: { readonly missing: number }): void => {
    if (told && !isLive(io)) return;
    told = true;
    note(
      io,
      missing === 0
        ? "Waiting for the audit log"
        : `Waiting for the audit log: ${counted(missing, "event")} to come`,
    );
  };
};
