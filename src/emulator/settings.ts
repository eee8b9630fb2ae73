/** What a caller of the emulator can choose. Settings may change while it runs; options may not. */

import { present } from "../model/present.js";
import { type Micros, microsPerSecond } from "./clock.js";
import type { AuditShape } from "./events.js";
import type { Fault } from "./faults.js";
import type { Seed } from "./seed.js";
import type { TokenOption } from "./tokens.js";

export interface Settings {
  /** Deleted rules and removed entries stay in the answers, with `state` 2. */
  readonly listDeleted: boolean;
  readonly auditShape: AuditShape;
  /** Milliseconds until the log shows an event; null: never. */
  readonly auditLagMs: number | null;
  /** `none`: events do not say which rule. */
  readonly auditContext: "full" | "none";
  /** The validate answers bare, as the OpenAPI description has them, or in an envelope. */
  readonly validateShape: "bare" | "enveloped";
  /** A collection path without the slash is answered as it is, or by a redirect to the one with it. */
  readonly slash: "accept" | "redirect";
  /** Every answer waits this long. */
  readonly latencyMs: number;
  /** How often the status of an export says that it still runs. */
  readonly exportPolls: number;
  /** Counts as the caller's address where no `X-Forwarded-For` says another; absent: the peer's. */
  readonly clientIp?: string;
  /** No caller is blocked or kept from locking itself out: for rehearsals with accounts of any kind. */
  readonly exemptCaller: boolean;
}

const defaultSettings: Settings = {
  listDeleted: false,
  auditShape: "current",
  auditLagMs: 0,
  auditContext: "full",
  validateShape: "bare",
  slash: "accept",
  latencyMs: 0,
  exportPolls: 1,
  exemptCaller: false,
};

export interface EmulatorOptions extends Partial<Settings> {
  readonly accountId: number;
  readonly tokens: readonly TokenOption[];
  /** Kept in this file across runs, saved before each write is answered. */
  readonly stateFile?: string;
  /** What the account holds where no state file does. */
  readonly seed?: Seed;
  readonly faults?: readonly Fault[];
  /** Default 5,000. */
  readonly requestsPerMinute?: number;
  /** Default 300. */
  readonly cooldownSeconds?: number;
  readonly now?: () => Date;
  /** Told what went wrong in the emulator itself and was answered with a 500: a full disk, a bug. */
  readonly onProblem?: (message: string) => void;
}

// `clientIp` has no default, and is not left out for that.
const settingNames = Object.keys({ ...defaultSettings, clientIp: "" }) as readonly (keyof Settings)[]; // Of that literal.

/** The settings among options, which hold tokens too. */
export const settingsOf = (options: Partial<Settings>): Settings => ({
  ...defaultSettings,
  ...present(Object.fromEntries(settingNames.map((name) => [name, options[name]]))),
});

// 5,000 requests a minute an account, then a five-minute cooldown (docs/service.md, "Answers and limits").

interface RateLimitOptions {
  readonly requestsPerMinute: number;
  readonly cooldownSeconds: number;
}

export interface RateLimit {
  /** Counts a request; the seconds to wait where it is one too many. */
  check(now: Micros): number | undefined;
  reset(): void;
}

export const createRateLimit = ({ requestsPerMinute, cooldownSeconds }: RateLimitOptions): RateLimit => {
  let windowStart = Number.NEGATIVE_INFINITY;
  let count = 0;
  let closedUntil = Number.NEGATIVE_INFINITY;
  const reset = (): void => {
    windowStart = Number.NEGATIVE_INFINITY;
    count = 0;
    closedUntil = Number.NEGATIVE_INFINITY;
  };
  return {
    reset,
    check: (now) => {
      if (now < closedUntil) return Math.ceil((closedUntil - now) / microsPerSecond);
      if (now - windowStart >= 60 * microsPerSecond || now < windowStart) {
        windowStart = now;
        count = 0;
      }
      count += 1;
      if (count <= requestsPerMinute) return undefined;
      closedUntil = now + cooldownSeconds * microsPerSecond;
      windowStart = Number.NEGATIVE_INFINITY;
      return Math.max(1, cooldownSeconds);
    },
  };
};
