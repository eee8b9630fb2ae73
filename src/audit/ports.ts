/** What the audit check needs of the outside; `dbt/` implements it. */
import type { AuditEvent } from "./event.js";

export interface AuditQuery {
  /** Inclusive instants, ISO 8601 UTC. The API takes dates; the implementation asks wide and filters exactly. */
  readonly since?: string;
  readonly until?: string;
  /** Normalised event types; absent: all. */
  readonly types?: readonly string[];
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly totalCount: number;
  /** How many records the answer held before the exact filter. */
  readonly count: number;
  /** ISO 8601 UTC, from the answer's `Date` header. */
  readonly serverAt?: string;
}

export interface AuditReader {
  /** One page, newest first, at most 100 events. Throws `Failure` when the log cannot be read. */
  listPage(query: AuditQuery, offset: number): Promise<AuditPage>;
  /** The CSV of a range of dates, as a stream of bytes. */
  downloadCsv(query: AuditQuery): Promise<AsyncIterable<Uint8Array>>;
  startExport(): Promise<string>;
  exportIsRunning(): Promise<boolean>;
  exportUrl(jobId: string): Promise<string>;
  /** Fetches an export's URL, on another host, without the token. `size` from Content-Length, where told. */
  fetchExport(url: string): Promise<{ readonly size?: number; readonly body: AsyncIterable<Uint8Array> }>;
}
