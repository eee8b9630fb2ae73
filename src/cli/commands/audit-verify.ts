/** `audit verify`: every step of one receipt, or of a folder of them, checked against the audit log. */
import { type Command, Option } from "commander";
import { visible } from "../../model/escape.js";
import { failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Report } from "../../report/report.js";
import { connectionOf } from "../accounts.js";
import {
  type ConnectionOptions,
  connectionOptions,
  duration,
  type OutputOptions,
  outputOptions,
} from "../arguments/options.js";
import { verifyInLog } from "../audit-check.js";
import { type Program, runs } from "../command.js";
import { withClient } from "../connect.js";
import { type Io, note, noteDiagnostics } from "../io.js";
import { newestReceipt, readReceipts, receiptFolder } from "../receipts.js";

interface Options extends ConnectionOptions, OutputOptions {
  readonly receipt?: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly skew?: number;
}

export const configureVerify = (command: Command, io: Io, program: Program): void => {
  outputOptions(connectionOptions(command), "audit")
    .option(
      "--receipt <files...>",
      "receipts of `apply`, or folders of them (default: the newest in .dbt-ip-rules/receipts)",
    )
    .addOption(
      new Option("--timeout <time>", "how long to wait for events that come late")
        .argParser(duration)
        .default(60_000, "60s"),
    )
    .addOption(
      new Option(
        "--skew <time>",
        "how far an event's time may lie outside its call (default: 5s before, 2m after)",
      ).argParser(duration),
    );
  runs(command, io, program, verify);
};

/** Of whatever account: what was applied last is what one asks about. */
const newest = async (io: Io): Promise<string> => {
  const found = await newestReceipt(io);
  if (found === undefined) throw failure("no-receipts", { folder: receiptFolder });
  note(io, `The newest receipt: ${visible(found.file)}`);
  return found.file;
};

const verify = async (io: Io, options: Options): Promise<Report> => {
  const { receipts, account, diagnostics } = await readReceipts(io, options.receipt ?? [await newest(io)]);
  noteDiagnostics(io, diagnostics, options);
  if (options.account !== undefined && Number(options.account) !== account.id)
    throw failure("receipt-of-other-account", {
      kind: "of-the-flag",
      theirs: account.id,
      asked: options.account,
    });
  const { timeout: timeoutMs, skew } = options;
  const tolerance = skew === undefined ? undefined : { beforeMs: skew, afterMs: skew };
  const connection = connectionOf(io, options, { account, from: "receipt" });
  const verification = await withClient(io, options, connection, (client) =>
    verifyInLog(io, client, receipts, { timeoutMs, ...present({ tolerance }) }),
  );
  return { kind: "audit", verification };
};
