/** What a command may touch of the process; tests hand in their own. The only door to streams and the clock. */
import type { ExitCode } from "../model/failure.js";

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** False: full; `drain` comes when there is room again. */
  write(text: string): boolean;
  once?(event: "drain" | "close", listener: () => void): unknown;
  /** False: closed by its reader (`| head`), so nothing more can be written. Absent: it cannot be closed. */
  readonly writable?: boolean;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  now(): Date;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** What the process will exit with: a command sets it, `main` hands it over. */
  exitCode: ExitCode;
  /**
   * Set where this run is one of several policies: takes every rendering, so that all can be joined. `target` 0 is
   * what goes to standard output or `--output`, then those of `--write` in order.
   */
  readonly collect?: (target: number, text: string) => void;
}
