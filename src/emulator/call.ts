/** One authenticated call, and what an endpoint may touch of the emulator. */
import type { Address } from "../address/prefix.js";
import type { Clock } from "./clock.js";
import type { Influence } from "./faults.js";
import { type EmulatorReply, problem } from "./http.js";
import type { Settings } from "./settings.js";
import type { AccountStore } from "./state.js";
import type { Grant } from "./tokens.js";

export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: string;
  /** The body's bytes were no UTF-8. */
  readonly isDamaged: boolean;
  readonly grant: Grant;
  /** Of every token that the emulator knows. */
  readonly grants: readonly Grant[];
  readonly address: Address;
  readonly addressText: string;
  readonly influence: Influence;
}

export interface Account {
  readonly store: AccountStore;
  /** Saves, then takes it as the state; throws where it cannot be saved. */
  commit(store: AccountStore): void;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Where export downloads come from. */
  readonly downloadsUrl: string;
}

export const notFound = (): EmulatorReply =>
  problem(404, "The requested resource was not found. Please check that you have the proper permissions.");
