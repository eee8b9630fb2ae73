/** `audit events`: the event types that the documentation names. Needs no account and no token. */
import type { Command } from "commander";
import { catalogue, eventFilter } from "../../audit/catalogue.js";
import type { Report } from "../../render/report.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";
import { type OutputOptions, outputOptions } from "../options.js";
import { noteDiagnostics } from "../output.js";

const formats = ["text", "json"] as const;
type Options = OutputOptions<(typeof formats)[number]>;

const events = async (io: Io, options: Options, typed: readonly string[]): Promise<Report> => {
  const filter = eventFilter(typed);
  noteDiagnostics(io, filter.diagnostics, options);
  return { kind: "event-types", events: catalogue.filter(({ type }) => filter.matches(type)) };
};

export const configureEvents = (command: Command, io: Io, program: Program): void => {
  outputOptions(command, formats).argument(
    "[types...]",
    "only these: a type, a glob such as ip_restrictions.*, or a group",
  );
  runs(command, io, program, events);
};
