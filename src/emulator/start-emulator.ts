/** The emulator, listening. */
import { existsSync, realpathSync } from "node:fs";
import { createEmulator, type Emulator } from "./emulator.js";
import { listenWith } from "./listener.js";
import type { EmulatorOptions } from "./settings.js";
import { claimState, type StateClaim } from "./state-claim.js";

export interface StartOptions extends EmulatorOptions {
  /** Default 0: a free one. */
  readonly port?: number;
}

export interface RunningEmulator extends Emulator {
  /** `http://127.0.0.1:PORT`, without a slash behind. */
  readonly url: string;
  readonly port: number;
  /** Ends all connections; the state is saved. */
  close(): Promise<void>;
}

/**
 * Throws `Failure` where the port is taken, the state file belongs to another running emulator, or the state
 * file or the seed cannot be used.
 */
export const startEmulator = async (options: StartOptions): Promise<RunningEmulator> => {
  const { stateFile, ...others } = options;
  if (stateFile === undefined) return startClaimed(others, undefined);
  // By any name it is one file: a link is followed, and stays a link when the file is replaced.
  const file = existsSync(stateFile) ? realpathSync(stateFile) : stateFile;
  const claim = await claimState(file);
  try {
    return await startClaimed({ ...others, stateFile: file }, claim);
  } catch (error) {
    await claim.release();
    throw error;
  }
};

const startClaimed = async (
  { port = 0, ...options }: StartOptions,
  claim: StateClaim | undefined,
): Promise<RunningEmulator> => {
  const emulator = createEmulator(options);
  const listener = await listenWith(emulator, port);
  const close = async (): Promise<void> => {
    await listener.close();
    try {
      emulator.commit(emulator.state());
    } finally {
      await claim?.release();
    }
  };
  return Object.assign(emulator, { url: `http://127.0.0.1:${listener.port}`, port: listener.port, close });
};
