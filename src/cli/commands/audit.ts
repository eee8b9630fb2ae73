/** `audit`: the account's audit log. One file a subcommand; this one names them. */
import type { Command } from "commander";
import { catalogue, eventFilter } from "../../audit/catalogue.js";
import type { Report } from "../../report/report.js";
import { type OutputOptions, outputOptions } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { type Io, noteDiagnostics } from "../io.js";
import { configureExport } from "./audit-export.js";
import { configureList } from "./audit-list.js";
import { configureVerify } from "./audit-verify.js";
import { configureWatch } from "./audit-watch.js";

/** `audit events`: the event types that the documentation names. Needs no account and no token. */
const events = async (io: Io, options: OutputOptions, typed: readonly string[]): Promise<Report> => {
  const filter = eventFilter(typed);
  noteDiagnostics(io, filter.diagnostics, options);
  return { kind: "event-types", events: catalogue.filter(({ type }) => filter.matches(type)) };
};

const configureEvents = (command: Command, io: Io, program: Program): void => {
  outputOptions(command, "event-types").argument(
    "[types...]",
    "only these: a type, a glob such as ip_restrictions.*, or a group",
  );
  runs(command, io, program, events);
};

export const configure = (command: Command, io: Io, program: Program): void => {
  configureVerify(
    command.command("verify").description("confirm every step of a receipt in the audit log"),
    io,
    program,
  );
  configureList(command.command("list").description("list events, newest first"), io, program);
  configureExport(
    command.command("export").description("save the log of a range, or all of it, as CSV"),
    io,
    program,
  );
  configureWatch(
    command.command("watch").description("follow the log and print events as they come"),
    io,
    program,
  );
  configureEvents(
    command.command("events").description("show the event types that the documentation names"),
    io,
    program,
  );
};
