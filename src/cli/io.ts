/** What a command may touch of the process: tests hand in their own. The only door to streams and clock. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  now(): Date;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}
