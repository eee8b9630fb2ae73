/** `audit`: the account's audit log. One file a subcommand; this one names them. */
import type { Command } from "commander";
import type { Io } from "../io.js";
import { configureEvents } from "./audit-catalogue.js";
import { configureExport } from "./audit-export.js";
import { configureList } from "./audit-list.js";
import { configureVerify } from "./audit-verify.js";
import { configureWatch } from "./audit-watch.js";

export const configure = (command: Command, io: Io): void => {
  configureVerify(
    command.command("verify").description("confirm every step of a receipt in the audit log"),
    io,
  );
  configureList(command.command("list").description("list events, newest first"), io);
  configureExport(command.command("export").description("save the log of a range, or all of it, as CSV"), io);
  configureWatch(command.command("watch").description("follow the log and print events as they come"), io);
  configureEvents(
    command.command("events").description("show the event types that the documentation names"),
    io,
  );
};
