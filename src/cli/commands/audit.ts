/** `audit`: the account's audit log. One file a subcommand; this one names them. */
import type { Command } from "commander";
import type { Program } from "../command.js";
import type { Io } from "../io.js";
import { configureEvents } from "./audit-catalogue.js";
import { configureExport } from "./audit-export.js";
import { configureList } from "./audit-list.js";
import { configureVerify } from "./audit-verify.js";
import { configureWatch } from "./audit-watch.js";

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
