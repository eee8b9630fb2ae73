/** From a receipt to what the audit log should hold: each step with its event type and the time it may lie in. */

import { present } from "../model/present.js";
import type { Receipt, ReceiptPlannedStep, ReceiptRecord } from "../model/receipt.js";
import { hourMs } from "../model/time.js";
import { hashState } from "../plan/state.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { AuditedStep } from "./verification.js";

const eventTypeOf = (action: ReceiptPlannedStep["action"]): string => {
  switch (action) {
    case "create":
      return ipRestrictionTypes.ruleAdded;
    case "update":
      return ipRestrictionTypes.ruleChanged;
    case "delete":
      return ipRestrictionTypes.ruleRemoved;
    case "enable":
    case "disable":
      return ipRestrictionTypes.toggled;
  }
};

/** An event is due (`applied`), may be there (`possible`: nobody knew how the call ended), or is not due. */
type Expectation = "due" | "possible" | "not-due";

/** How far an event's time may lie outside its call, in milliseconds. */
export interface Tolerance {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/**
 * An event may be stamped late, by a queue behind the API, but not early: what lies before the call is mostly the
 * event of an earlier apply. The seconds are for `Date`, which tells no smaller part, and for the service's machines.
 */
export const defaultTolerance: Tolerance = { beforeMs: 5_000, afterMs: 120_000 };

export interface TimedStep {
  readonly audited: AuditedStep;
  readonly expectation: Expectation;
  /** Milliseconds since 1970 by the server's clock: when the call can have begun, and when it had ended. */
  readonly from: number;
  readonly to: number;
}

const expectationOf = (record: ReceiptRecord | undefined): Expectation => {
  switch (record?.outcome) {
    case "applied":
    case "unknown":
    case "started":
      return "due";
    case "failed":
      // A part of it may have been taken (a partial answer), which leaves an event; a plain no leaves none.
      return record.unchanged === true ? "not-due" : "possible";
    default:
      return "not-due";
  }
};

/**
 * An account without rules does not show enforcement (docs/service.md, "The rule set"), so a step may have set it to
 * where it was already, and nobody knows whether the log notes that.
 */
const untoldSwitch = hashState({ enforcement: "unknown", rules: [] });

const isSwitch = ({ action }: ReceiptPlannedStep): boolean => action === "enable" || action === "disable";

/** How far the server's clock is ahead of this machine's: the median over the answers; undefined without any. */
export const clockAhead = (receipt: Receipt): number | undefined => {
  const differences = [...receipt.records.values()]
    .flatMap(({ at, serverAt }) => (serverAt === undefined ? [] : [Date.parse(serverAt) - Date.parse(at)]))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return differences[Math.floor(differences.length / 2)];
};

/**
 * The steps of a receipt in order. `fallbackAhead` (milliseconds): how far the server's clock is ahead, where the
 * receipt itself has no answer to tell it.
 */
export const timedSteps = (receipt: Receipt, fallbackAhead: number): readonly TimedStep[] => {
  const ahead = clockAhead(receipt) ?? fallbackAhead;
  let before = Date.parse(receipt.header.startedAt) + ahead;
  return receipt.header.steps.map((step): TimedStep => {
    const record = receipt.records.get(step.number);
    const at = record === undefined ? undefined : timeOf(record, ahead);
    const from = Math.min(before, at ?? before);
    before = Math.max(before, at ?? before);
    const audited: AuditedStep = {
      number: step.number,
      action: step.action,
      ...present({ rule: step.rule, renamedFrom: step.renamedFrom }),
      ...(record?.ruleId === undefined ? {} : { ruleId: record.ruleId }),
      outcome: record?.outcome ?? "not-begun",
      ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
      eventType: eventTypeOf(step.action),
    };
    const expectation = expectationOf(record);
    const mayBeSilent = isSwitch(step) && receipt.header.basis.state === untoldSwitch;
    return {
      audited,
      expectation: expectation === "due" && mayBeSilent ? "possible" : expectation,
      from,
      to: at ?? before,
    };
  });
};

/** Clocks that differ by less agree: `Date` tells whole seconds. */
const agreeMs = 2_000;
/** A clock that is further off than this is set wrong, not skewed: the `Date` header alone counts. */
const mostSkewMs = hourMs;

/**
 * The same steps by this machine's clock, for a `Date` header that is itself some minutes off; undefined where both
 * clocks agree, or differ by more than an hour.
 */
export const stepsByOwnClock = (receipt: Receipt): readonly TimedStep[] | undefined => {
  const off = Math.abs(clockAhead(receipt) ?? 0);
  if (off < agreeMs || off > mostSkewMs) return undefined;
  const records = [...receipt.records].map(
    ([number, { serverAt: _, ...record }]): [number, ReceiptRecord] => [number, record],
  );
  return timedSteps({ ...receipt, records: new Map(records) }, 0);
};

const timeOf = (record: ReceiptRecord, ahead: number): number =>
  record.serverAt === undefined ? Date.parse(record.at) + ahead : Date.parse(record.serverAt);
