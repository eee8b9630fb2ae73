/** What a command may touch of the process; tests hand in their own. The only door to streams and the clock. */
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
  /** Waits between the tries of a way back, in milliseconds; by the real clock where absent. */
  pause?(ms: number): Promise<void>;
  /** From now on the process survives the loss of its terminal. Absent where there is no process of its own. */
  ignoreHangup?(): void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether it is; asking does not yet take signals from the process, as asking for `signal` does. */
  isInterrupted(): boolean;
}
