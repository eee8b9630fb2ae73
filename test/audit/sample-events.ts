/** Events, receipts and a log in memory, for the tests of this folder. */
import type { AuditEvent } from "../../src/audit/event.js";
import type { AuditPage, AuditQuery } from "../../src/audit/list-events.js";
import type { AuditVerification } from "../../src/audit/verification.js";
import { type VerifyOptions, verifyReceipts } from "../../src/audit/verify.js";
import type { PageCost } from "../../src/model/listing-bounds.js";
import type { Receipt, ReceiptPlannedStep, ReceiptRecord, StepOutcome } from "../../src/model/receipt.js";

export const startMs = Date.parse("2026-03-02T10:00:00Z");
export const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();

export const pipeline = { id: "68602", name: "ci", type: "ACTOR_SERVICE_TOKEN", ip: "192.0.2.10" };
export const stranger = { id: "7", name: "stranger", type: "ACTOR_USER", ip: "203.0.113.77" };

let count = 0;
export const event = (
  type: string,
  seconds: number,
  context: unknown = {},
  more: Partial<AuditEvent> = {},
): AuditEvent => ({
  id: `e${++count}`,
  type,
  rawType: `v1.events.${type}`,
  at: at(seconds),
  actor: pipeline,
  source: "api",
  context,
  ...more,
});

/** The two shapes in which a rule was seen or may be expected in a context, and one that nests it deeply. */
export const ruleContexts = [
  (id: number, name: string) => ({
    ip_restriction_rule: { id, name, type: 1, cidrs: [{ id: 4522, enabled: true }] },
  }),
  (id: number, name: string) => ({ rule_id: id, rule_name: name }),
  (id: number, name: string) => ({ data: [{ after: { id: String(id), name, rule_set_enabled: false } }] }),
] as const;

export interface StepSpec {
  readonly action: ReceiptPlannedStep["action"];
  readonly rule?: string;
  readonly renamedFrom?: string;
  readonly ruleId?: number;
  readonly outcome?: StepOutcome | "none";
  /** When the answer came, by the server's clock. */
  readonly second: number;
  /** How far this machine's clock is ahead, in seconds. */
  readonly skew?: number;
  readonly noAnswer?: boolean;
}

export const receiptOf = (
  specs: readonly StepSpec[],
  options: { readonly end?: "done" | "midway"; readonly policyHash?: string; readonly skew?: number } = {},
): Receipt => {
  const records = new Map<number, ReceiptRecord>();
  specs.forEach((spec, index) => {
    if (spec.outcome === "none") return;
    records.set(index + 1, {
      step: index + 1,
      outcome: spec.outcome ?? "applied",
      at: at(spec.second + (spec.skew ?? 0)),
      ...(spec.noAnswer === true ? {} : { serverAt: at(spec.second) }),
      ...(spec.ruleId === undefined ? {} : { ruleId: spec.ruleId }),
    });
  });
  return {
    header: {
      format: "dbt-ip-rules/receipt",
      version: 1,
      tool: "dbt-ip-rules 0.0.0",
      account: { id: 66847, host: "ab123.us1.dbt.com" },
      startedAt: at((specs[0]?.second ?? 0) - 1 + (specs[0]?.skew ?? options.skew ?? 0)),
      basis: { state: "s", policy: options.policyHash ?? "p" },
      steps: specs.map(({ action, rule, renamedFrom }, index) => ({
        number: index + 1,
        action,
        ...(rule === undefined ? {} : { rule }),
        ...(renamedFrom === undefined ? {} : { renamedFrom }),
      })),
    },
    records,
    ...(options.end === undefined ? {} : { end: { end: options.end, at: at(99) } }),
  };
};

/** What a page costs a reader that bounds it. */
export const noCost: PageCost = { bytes: 0, milliseconds: 0 };

/** A log that pages as the service does: newest first, by offset, over whatever it holds at that moment. */
export class LogInMemory {
  events: AuditEvent[];
  /** Called before each page: the moment to change the log, or to throw. */
  onPage: (call: number) => void = () => {};
  serverAt: string | undefined;
  calls = 0;
  readonly queries: AuditQuery[] = [];

  constructor(events: readonly AuditEvent[]) {
    this.events = [...events];
  }

  readonly listPage = async (query: AuditQuery, offset: number): Promise<AuditPage> => {
    this.calls += 1;
    this.queries.push(query);
    this.onPage(this.calls);
    // As `dbt/` does: the server cuts by whole days and a day more, the exact cut comes after.
    const since = query.since === undefined ? "" : query.since.slice(0, 10);
    const until =
      query.until === undefined
        ? "9"
        : new Date(Date.parse(query.until) + 172_800_000).toISOString().slice(0, 10);
    const wide = this.events
      .filter((one) => one.at >= since && one.at < until && (query.types?.includes(one.type) ?? true))
      .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : -1));
    const raw = wide.slice(offset, offset + 100);
    const exact = raw.filter(
      (one) =>
        (query.since === undefined || one.at >= query.since) &&
        (query.until === undefined || one.at <= query.until),
    );
    return {
      events: exact,
      totalCount: wide.length,
      count: raw.length,
      cost: noCost,
      ...(this.serverAt === undefined ? {} : { serverAt: this.serverAt }),
    };
  };
}

export const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};

/** One receipt against events that were read for its time. */
export const verifyOne = (
  receipt: Receipt,
  events: readonly AuditEvent[],
  options: VerifyOptions = {},
): AuditVerification => verifyReceipts([{ file: "receipt", receipt }], events, options);
