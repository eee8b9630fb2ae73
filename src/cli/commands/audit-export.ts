/** `audit export`: the CSV of a range, or the whole history by the bulk workflow. The file appears whole or not at all. */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  type ExportFiles,
  type ExportProgress,
  exportEverything,
  exportRange,
  readExportJob,
} from "../../audit/export.js";
import { largest, readNamedText } from "../../files/read-file.js";
import { ownerOnly, WholeFile, writeWhole } from "../../files/write-file.js";
import { assertNever } from "../../model/assert.js";
import { visible } from "../../model/escape.js";
import { exitCodes, failure } from "../../model/failure.js";
import { duration as durationText, grouped } from "../../model/words.js";
import type { Report } from "../../report/report.js";
import { namedConnection } from "../accounts.js";
import {
  type AccountOptions,
  accountOptions,
  checkRange,
  debugOptions,
  duration,
  type RangeOptions,
  rangeOptions,
} from "../arguments/options.js";
import { interruptibleSleep } from "../audit-check.js";
import { type Program, runs } from "../command.js";
import { connectForWriting, withClient } from "../connect.js";
import { type Io, note } from "../io.js";

interface Options extends AccountOptions, RangeOptions {
  readonly output: string;
  readonly full?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export const configureExport = (command: Command, io: Io, program: Program): void => {
  const withOptions = rangeOptions(accountOptions(command), io)
    .requiredOption("-o, --output <file>", "the CSV file to write")
    .option("--full", "the whole history, as the bulk export gives it (needs a personal token)")
    .addOption(
      new Option("--timeout <time>", "how long to wait for a bulk export")
        .argParser(duration)
        .default(1_800_000, "30m"),
    );
  debugOptions(withOptions);
  runs(command, io, program, async (own: Io, options: Options): Promise<Report> => {
    await (options.full === true ? everything(own, options) : range(own, options));
    return { kind: "done", exitCode: exitCodes.done };
  });
};

const range = async (io: Io, options: Options): Promise<void> => {
  const query = checkRange(io, options);
  if (!isWholeDays(query))
    note(io, "The service exports whole UTC days: the first and the last are taken whole");
  await withClient(io, options, namedConnection(io, options), (client) =>
    exportRange(client, query, exportPorts(io, options.output)),
  );
};

const isWholeDays = ({ since, until }: RangeOptions): boolean =>
  since?.endsWith("T00:00:00.000Z") !== false && until?.endsWith("T23:59:59.999Z") !== false;

const everything = async (io: Io, options: Options): Promise<void> => {
  if (options.since !== undefined || options.until !== undefined)
    throw failure("bad-option", { kind: "full-and-range" });
  const connection = namedConnection(io, options);
  const client = connectForWriting(io, options, connection);
  try {
    await exportEverything({ id: connection.accountId, host: connection.host }, options.timeout, {
      ...exportPorts(io, options.output),
      reader: client,
      sleep: interruptibleSleep(io),
    });
  } finally {
    await client.close();
  }
};

const exportPorts = (io: Io, output: string) => ({
  files: exportFiles(io, output),
  now: () => io.now(),
  onProgress: progressNotes(io, output),
});

const exportFiles = (io: Io, output: string): ExportFiles => {
  const jobFile = `${output}.export-job.json`;
  let file: WholeFile | undefined;
  return {
    async writeTemporary(chunks) {
      file = await WholeFile.create(io, output, ownerOnly);
      try {
        for await (const chunk of chunks) await file.write(chunk);
        await file.settle();
      } catch (error) {
        await file.discard();
        throw error;
      }
      return file.bytes;
    },
    keep: async () => file?.keep(),
    discard: async () => file?.discard(),
    async readJob() {
      try {
        return readExportJob(readNamedText(io.cwd, jobFile, { most: largest.note }));
      } catch {
        return undefined;
      }
    },
    writeJob: (job) => writeWhole(io, jobFile, `${JSON.stringify(job)}\n`, ownerOnly),
    removeJob: () => rm(resolve(io.cwd, jobFile), { force: true }),
  };
};

const noteEveryBytes = 16_777_216;

const progressNotes = (io: Io, output: string): ((progress: ExportProgress) => void) => {
  let noted = 0;
  return (progress) => {
    if (progress.kind === "downloading") {
      if (progress.bytes - noted < noteEveryBytes) return;
      noted = progress.bytes;
    }
    note(io, progressText(progress, output));
  };
};

const progressText = (progress: ExportProgress, output: string): string => {
  switch (progress.kind) {
    case "submitted":
      return `Export submitted: job ${visible(progress.jobId)}`;
    case "resumed":
      return `Going on with job ${visible(progress.jobId)}, submitted ${progress.submittedAt}`;
    case "job-gone":
      return `The service no longer knows job ${visible(progress.jobId)}: a new one is submitted`;
    case "running":
      return `The export is being made (${durationText(progress.waitedMs)} so far)`;
    case "downloading":
      return `${grouped(progress.bytes)} bytes${progress.size === undefined ? "" : ` of ${grouped(progress.size)}`}`;
    case "done":
      return `Saved ${grouped(progress.bytes)} bytes: ${visible(output)}`;
    default:
      return assertNever(progress);
  }
};
