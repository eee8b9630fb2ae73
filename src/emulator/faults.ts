/**
 * Faults: what the emulator does wrong on request, to which requests, and how often. They take effect between the
 * request and its answer; `when` says whether the request took effect first.
 */

import { dateOf, type Micros } from "./clock.js";
import { type EmulatorReply, html, json, problem, reply } from "./http.js";

interface FaultMatch {
  /** Absent: any. */
  readonly method?: string;
  /** Of the path without the query; `*` matches any characters. Absent: any. */
  readonly path?: string;
  /** Text that the request's body must hold. */
  readonly bodyHas?: string;
  /** Hits from the nth matching request on, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many requests it hits; 0: every one from the nth on. Default 1. */
  readonly times?: number;
}

type FaultMoment = "before" | "after";

export type FaultAction =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text is sent as it is, anything else as JSON; absent: an error envelope. */
      readonly body?: unknown;
      /** An HTML page in place of the envelope. */
      readonly html?: boolean;
      /** Seconds for `Retry-After`, as a number or (`retryAfterForm: "date"`) as an HTTP date. */
      readonly retryAfter?: number;
      readonly retryAfterForm?: "seconds" | "date" | "x-header";
      readonly when?: FaultMoment;
    }
  | { readonly kind: "reset"; readonly when?: FaultMoment }
  /** No answer; the connection stays open for `ms`, or until the client gives up. */
  | { readonly kind: "hang"; readonly when?: FaultMoment; readonly ms?: number }
  /** The answer breaks off after `bytes` (default: half of it). */
  | { readonly kind: "truncate"; readonly bytes?: number }
  /** Took effect, answered 200 with this JSON. */
  | { readonly kind: "wrong-body"; readonly body: unknown }
  /** Took effect, answered 200 with an HTML page. */
  | { readonly kind: "not-json" }
  /** A 2xx that leaves out a range (default: the first that is sent without an id); `silently`: and does not say so. */
  | { readonly kind: "partial"; readonly cidr?: string; readonly silently?: boolean }
  /** The listing leaves out all rules but those whose name begins with `except` (absent: all), in its count too. */
  | { readonly kind: "hide-rules"; readonly except?: string }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  | { readonly kind: "latency"; readonly ms: number }
  /** The audit events of the request come late, or (null) never. */
  | { readonly kind: "audit-lag"; readonly ms: number | null }
  /** The answer's `Date` header is off. */
  | { readonly kind: "date-skew"; readonly ms: number }
  /** Foreign events enter the audit log just before the answer is made: pages shift. */
  | { readonly kind: "events"; readonly count: number; readonly type?: string };

export type Fault = FaultMatch & FaultAction;

interface FaultRecord {
  readonly id: number;
  readonly fault: Fault;
  /** Requests that matched, and those of them that it hit. */
  readonly matched: number;
  readonly struck: number;
}

export interface FaultList {
  add(fault: Fault): number;
  list(): readonly FaultRecord[];
  remove(id: number): boolean;
  clear(): void;
  /** The faults that hit this request; counts it. */
  take(request: { readonly method: string; readonly path: string; readonly body: string }): readonly Fault[];
}

const pathPattern = (glob: string): RegExp =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

const matches = (fault: Fault, request: { method: string; path: string; body: string }): boolean =>
  (fault.method === undefined || fault.method.toUpperCase() === request.method) &&
  (fault.path === undefined || pathPattern(fault.path).test(request.path)) &&
  (fault.bodyHas === undefined || request.body.includes(fault.bodyHas));

export const createFaults = (): FaultList => {
  let records: FaultRecord[] = [];
  let nextId = 1;
  return {
    add: (fault) => {
      const id = nextId;
      nextId += 1;
      records.push({ id, fault, matched: 0, struck: 0 });
      return id;
    },
    list: () => records,
    remove: (id) => {
      const before = records.length;
      records = records.filter((record) => record.id !== id);
      return records.length < before;
    },
    clear: () => {
      records = [];
    },
    take: (request) => {
      const struck: Fault[] = [];
      records = records.map((record) => {
        const { fault } = record;
        if (!matches(fault, request)) return record;
        const matched = record.matched + 1;
        const { nth = 1, times = 1 } = fault;
        if (matched < nth || (times > 0 && record.struck >= times)) return { ...record, matched };
        struck.push(fault);
        return { ...record, matched, struck: record.struck + 1 };
      });
      return struck;
    },
  };
};

// What faults do to a call: before it (in its place), during it (its influence), and to its answer.

/** What faults change about how a call takes effect. */
export interface Influence {
  /** Overrides the setting; null: its events never show. */
  readonly auditLagMs?: number | null;
  /** The listing leaves out all rules but those whose name begins so. */
  readonly hideRules?: { readonly except?: string };
  readonly drop?: { readonly cidr?: string; readonly silently: boolean };
}

interface FaultEffects {
  /** Given in place of the call, which takes no effect. */
  readonly instead?: EmulatorReply;
  readonly influence: Influence;
  /** Makes the answer of a call that took effect into what goes out. */
  finish(answer: EmulatorReply): EmulatorReply;
}

type StatusFault = Extract<FaultAction, { kind: "status" }>;

const retryHeaders = (fault: StatusFault, now: Micros): Record<string, string> => {
  const { retryAfter, retryAfterForm = "seconds" } = fault;
  if (retryAfter === undefined) return {};
  if (retryAfterForm === "x-header") return { "x-rate-limit-retry-after-seconds": String(retryAfter) };
  const date = new Date(dateOf(now).getTime() + retryAfter * 1000);
  return { "retry-after": retryAfterForm === "date" ? date.toUTCString() : String(retryAfter) };
};

const statusReply = (fault: StatusFault, now: Micros): EmulatorReply => {
  const headers = { ...retryHeaders(fault, now), ...fault.headers };
  if (fault.html === true) return html(fault.status, headers);
  if (typeof fault.body === "string") return reply(fault.status, headers, fault.body);
  if (fault.body !== undefined) return json(fault.status, fault.body, headers);
  return problem(fault.status, `Injected status ${fault.status}`, { headers });
};

const unsent = (delivery: EmulatorReply["delivery"]): EmulatorReply => ({ ...reply(200, {}, ""), delivery });

/** The answer that a fault gives by itself; undefined for one that only bends the real answer. */
const ownReply = (fault: Fault, now: Micros): EmulatorReply | undefined => {
  switch (fault.kind) {
    case "status":
      return statusReply(fault, now);
    case "reset":
      return unsent({ kind: "reset" });
    case "hang":
      return unsent(fault.ms === undefined ? { kind: "hang" } : { kind: "hang", ms: fault.ms });
    case "redirect":
      return reply(fault.status ?? 302, { location: fault.location }, "");
    case "wrong-body":
      return json(200, fault.body);
    case "not-json":
      return html(200);
    default:
      return undefined;
  }
};

const comesBefore = (fault: Fault): boolean => {
  switch (fault.kind) {
    case "status":
    case "reset":
    case "hang":
      return (fault.when ?? "before") === "before";
    default:
      return fault.kind === "redirect";
  }
};

const influenceOf = (faults: readonly Fault[]): Influence => {
  let influence: Influence = {};
  for (const fault of faults) {
    if (fault.kind === "audit-lag") influence = { ...influence, auditLagMs: fault.ms };
    if (fault.kind === "hide-rules") {
      const { except } = fault;
      influence = { ...influence, hideRules: except === undefined ? {} : { except } };
    }
    if (fault.kind === "partial") {
      const { cidr, silently = false } = fault;
      influence = { ...influence, drop: cidr === undefined ? { silently } : { cidr, silently } };
    }
  }
  return influence;
};

const alter = (answer: EmulatorReply, fault: Fault, now: Micros): EmulatorReply => {
  switch (fault.kind) {
    case "truncate":
      return {
        ...answer,
        delivery: fault.bytes === undefined ? { kind: "truncate" } : { kind: "truncate", bytes: fault.bytes },
      };
    case "latency":
      return { ...answer, delayMs: answer.delayMs + fault.ms };
    case "date-skew":
      return {
        ...answer,
        headers: { ...answer.headers, date: new Date(dateOf(now).getTime() + fault.ms).toUTCString() },
      };
    default:
      return answer;
  }
};

export const faultEffects = (faults: readonly Fault[], now: Micros): FaultEffects => {
  const alterAll = (answer: EmulatorReply): EmulatorReply =>
    faults.reduce((altered, fault) => alter(altered, fault, now), answer);
  const first = faults.find(comesBefore);
  const instead = first && ownReply(first, now);
  return {
    ...(instead === undefined ? {} : { instead: alterAll(instead) }),
    influence: influenceOf(faults),
    finish: (answer) => {
      const after = faults.find((fault) => !comesBefore(fault) && ownReply(fault, now) !== undefined);
      return alterAll((after && ownReply(after, now)) ?? answer);
    },
  };
};
