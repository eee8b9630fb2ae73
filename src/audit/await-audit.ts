/**
 * Looks into the audit log until every step of the receipts is there, or the time is up: the log runs behind.
 * Promises: asks at growing intervals; judges times by the server's clock; says `could-not-check` where the log
 * cannot be read; asks once more without a filter before it calls a step missing; looks once more when all steps are
 * there, if there is time, for events that no step explains.
 */

import { Failure } from "../model/failure.js";
import type { ListingBounds } from "../model/listing-bounds.js";
import { present } from "../model/present.js";
import { dayMs } from "../model/time.js";
import type { Tolerance } from "./audited-steps.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { AuditEvent } from "./event.js";
import {
  boundedReader,
  isLasting,
  listEvents,
  type PageReader,
  unreadableDiagnostics,
} from "./list-events.js";
import type { AuditVerification } from "./verification.js";
import {
  type NamedReceipt,
  neededStretches,
  type Stretch,
  type VerifyOptions,
  verifyReceipts,
} from "./verify.js";

// The server's time: this machine's clock, corrected by the `Date` header of each answer.

interface ServerClock {
  /** Reads through to the one given, and learns the time from each answer. */
  readonly reader: PageReader;
  /** How far the server is ahead of this machine, in milliseconds; 0 until an answer told. */
  readonly aheadMs: () => number;
  readonly now: () => Date;
}

/** Header and clock count seconds and milliseconds: a difference below this is none. */
const resolutionMs = 2000;

export const serverClock = (reader: PageReader, localNow: () => Date): ServerClock => {
  let ahead = 0;
  return {
    reader: {
      async listPage(query, offset) {
        const page = await reader.listPage(query, offset);
        const told = Date.parse(page.serverAt ?? "") - localNow().getTime();
        if (Number.isFinite(told)) ahead = Math.abs(told) < resolutionMs ? 0 : told;
        return page;
      },
    },
    aheadMs: () => ahead,
    now: () => new Date(localNow().getTime() + ahead),
  };
};

interface AuditPorts {
  readonly reader: PageReader;
  /** This machine's clock. */
  now(): Date;
  /** Rejects when the run is interrupted. */
  sleep(milliseconds: number): Promise<void>;
}

interface AwaitOptions {
  /** How long to wait for events that are not there yet; 0: one look. */
  readonly timeoutMs: number;
  readonly tolerance?: Tolerance;
  /** Told before each wait. */
  readonly onWait?: (state: { readonly missing: number; readonly milliseconds: number }) => void;
}

const firstWaitMs = 1000;
const longestWaitMs = 15_000;
/** Events this late are not late: waiting for them helps nobody. */
const hopelessAfterMs = dayMs;
/** The service keeps events for at least 12 months (docs/service.md, "Audit log"). */
const retentionMs = 365 * dayMs;

/** Of all looks together, since what they found is kept. How long they take is bounded by the timeout. */
const bounds: ListingBounds = {
  pages: 20_000,
  bytes: 256 * 1024 * 1024,
  milliseconds: Number.POSITIVE_INFINITY,
};

const types = Object.values(ipRestrictionTypes);

/** Adds what the log shows now to what was seen before. */
const look = async (
  reader: PageReader,
  stretches: readonly Stretch[],
  filtered: boolean,
  events: Map<string, AuditEvent>,
): Promise<void> => {
  for (const { from, to } of stretches) {
    const query = { since: new Date(from).toISOString(), until: new Date(to).toISOString() };
    for await (const event of listEvents(reader, filtered ? { ...query, types } : query))
      events.set(event.id, event);
  }
};

const missingIn = (result: AuditVerification): readonly string[] =>
  result.receipts.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === "missing" ? [step.step.at ?? ""] : [])),
  );

const isRecent = (receipts: readonly NamedReceipt[], now: Date): boolean =>
  receipts.some(({ receipt }) =>
    [...receipt.records.values()].some(({ at }) => now.getTime() - Date.parse(at) <= hopelessAfterMs),
  );

/** Of these receipts something is still missing. */
const incomplete = (receipts: readonly NamedReceipt[], result: AuditVerification) =>
  receipts.filter((_, index) => result.receipts[index]?.verdict === "missing");

export const awaitAudit = async (
  receipts: readonly NamedReceipt[],
  ports: AuditPorts,
  options: AwaitOptions,
): Promise<AuditVerification> => {
  const began = ports.now().getTime();
  const deadline = began + options.timeoutMs;
  const clock = serverClock(boundedReader(ports.reader, bounds), ports.now);
  const events = new Map<string, AuditEvent>();
  const verifyOptions = (): VerifyOptions => ({
    aheadMs: clock.aheadMs(),
    waitedMs: ports.now().getTime() - began,
    ...present({ tolerance: options.tolerance }),
    keptSince: clock.now().getTime() - retentionMs,
  });
  let stretches = neededStretches(receipts, verifyOptions());
  let filtered = true;
  let complete = false;
  for (let pause = firstWaitMs; ; pause = Math.min(longestWaitMs, Math.round(pause * 1.5))) {
    let result: AuditVerification | undefined;
    try {
      await look(clock.reader, stretches, filtered, events);
      result = verifyReceipts(receipts, [...events.values()], verifyOptions());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (isLasting(error) || ports.now().getTime() >= deadline)
        return verifyReceipts(receipts, [], {
          ...verifyOptions(),
          unreadable: true,
          diagnostics: unreadableDiagnostics(error),
        });
    }
    const missing = result === undefined ? [] : missingIn(result);
    if (result !== undefined && missing.length === 0) {
      if (complete || !isRecent(receipts, clock.now()) || ports.now().getTime() >= deadline) return result;
      // An event that no step explains may be logged after those of the steps: one more look, at everything.
      complete = true;
      stretches = neededStretches(receipts, verifyOptions());
      options.onWait?.({ missing: 0, milliseconds: firstWaitMs });
      await ports.sleep(firstWaitMs);
      continue;
    }
    const hopeless =
      result !== undefined && missing.every((at) => clock.now().getTime() - Date.parse(at) > hopelessAfterMs);
    const left = deadline - ports.now().getTime();
    if (result !== undefined && (hopeless || left <= 0)) {
      if (!filtered) return result;
      filtered = false;
      pause = firstWaitMs;
    } else {
      const milliseconds = Math.max(1, Math.min(pause, left));
      options.onWait?.({ missing: missing.length, milliseconds });
      await ports.sleep(milliseconds);
    }
    if (result !== undefined) stretches = neededStretches(incomplete(receipts, result), verifyOptions());
  }
};
