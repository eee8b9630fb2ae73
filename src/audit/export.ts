/**
 * The audit log as a file: the CSV of a range, or the whole history in bulk (docs/service.md, "Audit log"):
 * submit, poll, get a link, download from another host without the token.
 *
 * Promises: the file appears whole or not at all; a bulk export that was interrupted goes on with the job that it
 * submitted; a download that is shorter or longer than announced is an error.
 */
import { Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { AuditQuery, AuditReader } from "./list-events.js";
import { isText, readStored, type Stored } from "./stored.js";

interface Account {
  readonly id: number;
  readonly host: string;
}

/** A submitted bulk export, kept beside the file until it is there. */
export interface ExportJob extends Stored {
  readonly format: "dbt-ip-rules/audit-export-job";
  readonly jobId: string;
  /** ISO 8601, UTC, by this machine's clock. */
  readonly submittedAt: string;
}

export interface ExportFiles {
  /** Writes to a temporary name, flushed; answers how many bytes. A failed write leaves nothing. */
  writeTemporary(chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** Gives the temporary file its name. */
  keep(): Promise<void>;
  /** Removes the temporary file. */
  discard(): Promise<void>;
  /** Undefined where there is none that can be read. */
  readJob(): Promise<ExportJob | undefined>;
  writeJob(job: ExportJob): Promise<void>;
  removeJob(): Promise<void>;
}

export type ExportProgress =
  | { readonly kind: "submitted"; readonly jobId: string }
  | { readonly kind: "resumed"; readonly jobId: string; readonly submittedAt: string }
  /** The service no longer knows the job of an earlier run: a new one is submitted. */
  | { readonly kind: "job-gone"; readonly jobId: string }
  | { readonly kind: "running"; readonly waitedMs: number }
  | { readonly kind: "downloading"; readonly bytes: number; readonly size?: number }
  | { readonly kind: "done"; readonly bytes: number };

export interface ExportPorts {
  readonly reader: AuditReader;
  readonly files: ExportFiles;
  now(): Date;
  /** Rejects when the run is interrupted. */
  sleep(milliseconds: number): Promise<void>;
  onProgress(progress: ExportProgress): void;
}

const firstPollMs = 1000;
const longestPollMs = 30_000;

/** A download that goes to disk as it comes: what is beyond these is no audit log. */
const downloadBounds = { bytes: 16 * 1024 ** 3, minutes: 6 * 60 } as const;

async function* watched(
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
  { onProgress, now }: Pick<ExportPorts, "onProgress" | "now">,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const latest = now().getTime() + downloadBounds.minutes * 60_000;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > downloadBounds.bytes) throw failure("download-endless", { bound: "bytes" });
    if (now().getTime() > latest) throw failure("download-endless", { bound: "minutes" });
    onProgress({ kind: "downloading", bytes, ...present({ size }) });
    yield chunk;
  }
}

type Saving = Pick<ExportPorts, "files" | "onProgress" | "now">;

const save = async (
  { files, ...ports }: Saving,
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
): Promise<number> => {
  const bytes = await files.writeTemporary(watched(body, size, ports));
  if (size !== undefined && size !== bytes) {
    await files.discard();
    throw failure("export-incomplete", { bytes, announced: size });
  }
  await files.keep();
  ports.onProgress({ kind: "done", bytes });
  return bytes;
};

/** The CSV of a range of dates, as the service writes it. Answers how many bytes. Throws `Failure`. */
export const exportRange = async (
  reader: Pick<AuditReader, "downloadCsv">,
  query: AuditQuery,
  ports: Saving,
): Promise<number> => save(ports, await reader.downloadCsv(query), undefined);

const submit = async (
  { id: accountId, host }: Account,
  { reader, files, now, onProgress }: ExportPorts,
): Promise<string> => {
  const submittedAt = now().toISOString();
  const jobId = await reader.startExport();
  await files.writeJob({
    format: "dbt-ip-rules/audit-export-job",
    version: 1,
    accountId,
    host,
    jobId,
    submittedAt,
  });
  onProgress({ kind: "submitted", jobId });
  return jobId;
};

const untilReady = async (
  timeoutMs: number,
  { reader, sleep, now, onProgress }: ExportPorts,
): Promise<void> => {
  const began = now().getTime();
  for (
    let pause = firstPollMs;
    await reader.exportIsRunning();
    pause = Math.min(longestPollMs, pause * 1.5)
  ) {
    const waitedMs = now().getTime() - began;
    if (waitedMs >= timeoutMs)
      throw failure("export-still-running", { seconds: Math.round(waitedMs / 1000) });
    onProgress({ kind: "running", waitedMs });
    await sleep(Math.min(pause, Math.max(1, timeoutMs - waitedMs)));
  }
};

const isGone = (error: unknown): boolean => error instanceof Failure && error.status === 404;

/** The link of the job; of a resumed job that the service has forgotten, the link of a new one. */
const linkOf = async (
  account: Account,
  job: ExportJob | undefined,
  timeoutMs: number,
  ports: ExportPorts,
) => {
  if (job !== undefined) {
    ports.onProgress({ kind: "resumed", jobId: job.jobId, submittedAt: job.submittedAt });
    try {
      await untilReady(timeoutMs, ports);
      return await ports.reader.exportUrl(job.jobId);
    } catch (error) {
      if (!isGone(error)) throw error;
      ports.onProgress({ kind: "job-gone", jobId: job.jobId });
      await ports.files.removeJob();
    }
  }
  const jobId = await submit(account, ports);
  await untilReady(timeoutMs, ports);
  return ports.reader.exportUrl(jobId);
};

/**
 * The whole history. `timeoutMs` bounds the waiting for the service, not the download. Answers how many bytes.
 * Throws `Failure`; the job stays on file then, and the next run goes on with it.
 */
export const exportEverything = async (
  account: Account,
  timeoutMs: number,
  ports: ExportPorts,
): Promise<number> => {
  const known = await ports.files.readJob();
  const job = known?.accountId === account.id && known.host === account.host ? known : undefined;
  const url = await linkOf(account, job, timeoutMs, ports);
  const { body, size } = await ports.reader.fetchExport(url);
  const bytes = await save(ports, body, size);
  await ports.files.removeJob();
  return bytes;
};

/** A stored job; undefined where the text is none, or one of another version. */
export const readExportJob = (text: string): ExportJob | undefined =>
  readStored<ExportJob>(text, "dbt-ip-rules/audit-export-job", { jobId: isText, submittedAt: isText });
