/** What a command may touch of the process; tests hand in their own. The only door to streams and the clock. */
import type { ExitCode } from "../model/failure.js";

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
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
}
